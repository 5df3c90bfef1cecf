//! Admission requests as the API server and the policy server write them.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Operation, Request, ReviewError};
use crate::finding::shortened;
use crate::kinds::Kind;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawReview {
    #[serde(default)]
    pub(super) api_version: String,
    #[serde(default)]
    pub(super) kind: String,
    pub(super) request: Option<RawRequest>,
}

/// What a policy server sends.
#[derive(Deserialize)]
pub(super) struct RawPayload {
    pub(super) request: Option<RawRequest>,
    #[serde(default)]
    pub(super) settings: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawRequest {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    kind: RawKind,
    #[serde(default, deserialize_with = "null_is_absent")]
    resource: RawResource,
    #[serde(default, deserialize_with = "null_is_absent")]
    sub_resource: String,
    #[serde(default, deserialize_with = "null_is_absent")]
    name: String,
    #[serde(default, deserialize_with = "null_is_absent")]
    namespace: String,
    #[serde(default)]
    operation: String,
    #[serde(default, deserialize_with = "null_is_absent")]
    user_info: RawUser,
    #[serde(default, deserialize_with = "null_is_absent")]
    dry_run: bool,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
}

impl RawRequest {
    /// Whether an audit scanner made it up: a real request names the resource, not the kind, and has a uid of its own.
    pub(super) fn is_audit(&self) -> bool {
        let uid = self.object.pointer("/metadata/uid").and_then(Value::as_str);
        self.operation == "CREATE" && self.resource.resource == self.kind.kind && uid == Some(self.uid.as_str())
    }

    pub(super) fn into_request(self) -> Result<Request, ReviewError> {
        if self.uid.is_empty() {
            return Err(ReviewError::NoUid);
        }
        let kind = Kind::find(&self.kind.group, &self.kind.kind).filter(|_| self.sub_resource.is_empty());
        for object in [&self.object, &self.old_object] {
            self.kind.must_be_kind_of(object)?;
        }
        let operation = match self.operation.as_str() {
            "CREATE" => Operation::Create,
            "UPDATE" => Operation::Update,
            "DELETE" => Operation::Delete,
            "CONNECT" => Operation::Connect,
            other => return Err(ReviewError::Operation(shortened(other))),
        };
        if self.object.is_null() && matches!(operation, Operation::Create | Operation::Update) {
            return Err(ReviewError::NoObject(self.operation));
        }
        Ok(Request {
            uid: self.uid,
            kind,
            operation,
            name: self.name,
            namespace: self.namespace,
            user: self.user_info.username,
            dry_run: self.dry_run,
            object: self.object,
            old_object: Some(self.old_object).filter(|old| !old.is_null()),
        })
    }
}

/// Go takes a null for nothing at all.
fn null_is_absent<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(value: D) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}

#[derive(Default, Deserialize)]
struct RawKind {
    #[serde(default)]
    group: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    kind: String,
}

#[derive(Default, Deserialize)]
struct RawResource {
    #[serde(default)]
    resource: String,
}

#[derive(Default, Deserialize)]
struct RawUser {
    #[serde(default, deserialize_with = "null_is_absent")]
    username: String,
}

impl RawKind {
    fn must_be_kind_of(&self, object: &Value) -> Result<(), ReviewError> {
        if object.is_null() {
            return Ok(());
        }
        let text = |field| object.get(field).and_then(Value::as_str).unwrap_or_default();
        let api_version =
            if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) };
        if text("apiVersion") == api_version && text("kind") == self.kind {
            return Ok(());
        }
        Err(ReviewError::Kind {
            request: shortened(&format!("{api_version} {}", self.kind)),
            object: shortened(&format!("{} {}", text("apiVersion"), text("kind"))),
        })
    }
}

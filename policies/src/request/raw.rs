//! Admission requests as the API server and the policy server write them.

use serde_json::Value;

use super::sub_resource::judged_as;
use super::{Operation, Request, ReviewError};
use crate::json::{Reader, TypeErrors};
use crate::kinds::LONGEST_NAME;
use crate::text::shortened;

/// What the API server sends.
pub(super) struct RawReview {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) request: Option<RawRequest>,
}

/// What a policy server sends.
pub(super) struct RawPayload {
    pub(super) request: Option<RawRequest>,
    pub(super) settings: Value,
}

pub(super) struct RawRequest {
    uid: String,
    kind: RawKind,
    resource: String,
    sub_resource: String,
    name: String,
    namespace: String,
    operation: String,
    username: String,
    dry_run: bool,
    object: Value,
    old_object: Value,
}

struct RawKind {
    group: String,
    version: String,
    kind: String,
}

impl RawReview {
    /// Takes a review apart, or says which field has the wrong type.
    pub(super) fn of(review: Value) -> Result<Self, String> {
        read(review, |review, request| Self {
            api_version: review.at("apiVersion").string(),
            kind: review.at("kind").string(),
            request,
        })
    }
}

impl RawPayload {
    /// Takes a payload apart, or says which field has the wrong type.
    pub(super) fn of(mut payload: Value) -> Result<Self, String> {
        let settings = payload.get_mut("settings").map(Value::take).unwrap_or_default();
        read(payload, |_, request| Self { request, settings })
    }
}

/// Reads what holds a request. Null is nothing at all, as it is in Go; the objects are moved, for they may be large.
fn read<T>(mut all: Value, rest: impl FnOnce(&Reader, Option<RawRequest>) -> T) -> Result<T, String> {
    let mut taken = |path| all.pointer_mut(path).map(Value::take).unwrap_or_default();
    let objects = [taken("/request/object"), taken("/request/oldObject")];
    let errors = TypeErrors::default();
    let top = Reader::new(&all, &errors);
    let request = top.at("request");
    let request = request.map().map(|_| RawRequest::read(&request, objects));
    let read = rest(&top, request);
    match errors.into_sorted().first() {
        Some(wrong) => Err(format!("{} {}", wrong.field, wrong.detail()).trim_start().to_owned()),
        None => Ok(read),
    }
}

impl RawRequest {
    fn read(request: &Reader, [object, old_object]: [Value; 2]) -> Self {
        let kind = request.at("kind");
        Self {
            uid: request.at("uid").string(),
            kind: RawKind {
                group: kind.at("group").string(),
                version: kind.at("version").string(),
                kind: kind.at("kind").string(),
            },
            resource: request.at("resource").at("resource").string(),
            sub_resource: request.at("subResource").string(),
            name: request.at("name").string(),
            namespace: request.at("namespace").string(),
            operation: request.at("operation").string(),
            username: request.at("userInfo").at("username").string(),
            dry_run: request.at("dryRun").flag(),
            object,
            old_object,
        }
    }

    /// Whether an audit scanner made it up: a real request names the resource, not the kind, and has a uid of its own.
    pub(super) fn is_audit(&self) -> bool {
        let uid = self.object.pointer("/metadata/uid").and_then(Value::as_str);
        self.operation == "CREATE" && self.resource == self.kind.kind && uid == Some(self.uid.as_str())
    }

    pub(super) fn into_request(self) -> Result<Request, ReviewError> {
        if self.uid.is_empty() {
            return Err(ReviewError::NoUid);
        }
        if self.namespace.len() > LONGEST_NAME {
            return Err(ReviewError::Namespace(self.namespace.len()));
        }
        let kind = judged_as(&self.kind.group, &self.kind.kind, &self.sub_resource);
        for object in [&self.object, &self.old_object] {
            self.kind.must_be_kind_of(object)?;
        }
        let operation = Operation::of_review(&self.operation);
        let operation = operation.ok_or_else(|| ReviewError::Operation(shortened(&self.operation)))?;
        if self.object.is_null() && matches!(operation, Operation::Create | Operation::Update) {
            return Err(ReviewError::NoObject(self.operation));
        }
        Ok(Request {
            uid: self.uid,
            kind,
            operation,
            name: self.name,
            namespace: self.namespace,
            user: self.username,
            dry_run: self.dry_run,
            settled: false,
            object: self.object,
            old_object: Some(self.old_object).filter(|old| !old.is_null()),
        })
    }
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

//! An admission request, as the API server, a policy server or a folder of manifests makes it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::finding::shortened;
use crate::kinds::{Kind, Object, ObjectRef};

/// What is asked about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is to be stored for the first time.
    Create,
    /// It is to replace an older version.
    Update,
    /// It is stored already, and audited.
    AtRest,
    /// It is to be removed. No rule has anything to say to that.
    Delete,
    /// Somebody opens a connection to it. No rule has anything to say to that.
    Connect,
}

impl Operation {
    /// What the API server calls it; `audit` for what it does not ask.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::AtRest => "audit",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the API server calls this request.
    pub uid: String,
    /// The kind of the object; none for kinds that no rule reads.
    pub kind: Option<Kind>,
    /// What is asked.
    pub operation: Operation,
    /// The name; empty while the API server has yet to make one up.
    pub name: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Who asks; empty where nobody is known, as for files.
    pub user: String,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// The object; null where there is none.
    pub object: Value,
    /// The version that it replaces.
    pub old_object: Option<Value>,
}

impl Request {
    /// The request that `kubectl apply` would make of this object: a CREATE, or an UPDATE of an older version.
    pub fn of_object(object: Value, old_object: Option<Value>) -> Self {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = Kind::of(&object);
        let namespace = match text("/metadata/namespace") {
            none if none.is_empty() && kind.is_some_and(Kind::is_namespaced) => "default".to_owned(),
            namespace => namespace,
        };
        Self {
            uid: String::new(),
            kind,
            operation: if old_object.is_some() { Operation::Update } else { Operation::Create },
            name: text("/metadata/name"),
            namespace,
            user: String::new(),
            dry_run: false,
            object,
            old_object,
        }
    }

    /// An audit of an object that is stored.
    pub fn at_rest(object: Value) -> Self {
        Self { operation: Operation::AtRest, ..Self::of_object(object, None) }
    }

    /// Parses the body that the API server posts to a webhook.
    ///
    /// # Errors
    ///
    /// Why the body is no request that can be answered: an HTTP 400.
    pub fn from_review(body: &[u8]) -> Result<Self, ReviewError> {
        let body = std::str::from_utf8(body).map_err(|error| ReviewError::NotUtf8(error.valid_up_to()))?;
        let review: RawReview = serde_json::from_str(body).map_err(|error| ReviewError::NotJson(error.to_string()))?;
        if review.kind != "AdmissionReview" || !review.api_version.starts_with("admission.k8s.io/") {
            let (kind, api_version) = (shortened(&review.kind), shortened(&review.api_version));
            return Err(ReviewError::NotAReview { kind, api_version });
        }
        if review.api_version != "admission.k8s.io/v1" {
            return Err(ReviewError::Version(shortened(&review.api_version)));
        }
        Self::from_raw(review.request.ok_or(ReviewError::NoRequest)?)
    }

    fn from_raw(raw: RawRequest) -> Result<Self, ReviewError> {
        if raw.uid.is_empty() {
            return Err(ReviewError::NoUid);
        }
        let kind = Kind::find(&raw.kind.group, &raw.kind.kind).filter(|_| raw.sub_resource.is_empty());
        for object in [&raw.object, &raw.old_object] {
            raw.kind.must_be_kind_of(object)?;
        }
        let operation = match raw.operation.as_str() {
            "CREATE" => Operation::Create,
            "UPDATE" => Operation::Update,
            "DELETE" => Operation::Delete,
            "CONNECT" => Operation::Connect,
            other => return Err(ReviewError::Operation(shortened(other))),
        };
        if raw.object.is_null() && matches!(operation, Operation::Create | Operation::Update) {
            return Err(ReviewError::NoObject(raw.operation));
        }
        Ok(Self {
            uid: raw.uid,
            kind,
            operation,
            name: raw.name,
            namespace: raw.namespace,
            user: raw.user_info.username,
            dry_run: raw.dry_run,
            object: raw.object,
            old_object: Some(raw.old_object).filter(|old| !old.is_null()),
        })
    }

    /// Names the object, as reports do.
    pub fn object_ref(&self) -> Option<ObjectRef> {
        let kind = self.kind?;
        let text = |path: &str| self.object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let name = match (text("/metadata/name"), text("/metadata/generateName")) {
            ("", "") => String::new(),
            ("", prefix) => format!("{prefix}*"),
            (name, _) => name.to_owned(),
        };
        Some(if kind.is_namespaced() {
            ObjectRef::namespaced(kind, &self.namespace, &name)
        } else {
            ObjectRef::new(kind, &name)
        })
    }

    /// The namespace of the object, which is the object's own name for a Namespace.
    pub(crate) fn namespace_of<'a>(&'a self, object: &'a Object) -> &'a str {
        match object {
            Object::Namespace(namespace) => &namespace.meta.name,
            _ => &self.namespace,
        }
    }
}

/// Why a body is no admission request that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Not text.
    #[error("the body is not UTF-8: an invalid byte follows after {0} bytes")]
    NotUtf8(usize),
    /// Not JSON, or not of the shape of an AdmissionReview.
    #[error("the body is not an AdmissionReview in JSON: {0}")]
    NotJson(String),
    /// JSON, but something else.
    #[error("the body is not an AdmissionReview: apiVersion is {api_version:?}, kind is {kind:?}")]
    NotAReview {
        /// What it says that it is.
        kind: String,
        /// In which version.
        api_version: String,
    },
    /// A version that the API server has not used since 1.16.
    #[error("apiVersion {0:?} is not supported: set admissionReviewVersions of the webhook configuration to [\"v1\"]")]
    Version(String),
    /// An answer, perhaps.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// Nothing to answer to.
    #[error("request.uid is missing")]
    NoUid,
    /// An operation that Kubernetes does not have.
    #[error("request.operation is {0:?}, which is none of CREATE, UPDATE, DELETE, CONNECT")]
    Operation(String),
    /// Nothing to review.
    #[error("request.object is missing in a request to {0}")]
    NoObject(String),
    /// The request speaks of another kind than the object does.
    #[error("request.kind is {request}, but the object is {object}")]
    Kind {
        /// What the request says.
        request: String,
        /// What the object says.
        object: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReview {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<RawRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRequest {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    kind: RawKind,
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
struct RawUser {
    #[serde(default)]
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn review(change: impl FnOnce(&mut Value)) -> Result<Request, ReviewError> {
        let mut review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "u",
                "kind": {"group": "kubeovn.io", "version": "v1", "kind": "Subnet"},
                "operation": "CREATE",
                "userInfo": {"username": "me"},
                "object": {"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"}},
            },
        });
        change(&mut review);
        Request::from_review(review.to_string().as_bytes())
    }

    #[test]
    fn a_request_is_read() {
        let request = review(|_| {}).unwrap();
        assert_eq!((request.uid.as_str(), request.user.as_str()), ("u", "me"));
        assert_eq!((request.kind, request.operation), (Some(Kind::Subnet), Operation::Create));
        assert_eq!(request.object_ref(), Some(ObjectRef::new(Kind::Subnet, "a")));
    }

    #[test]
    fn each_malformed_body_says_what_is_wrong() {
        let message = |change: fn(&mut Value)| review(change).unwrap_err().to_string();
        assert_eq!(message(|r| r["request"]["uid"] = json!("")), "request.uid is missing");
        assert_eq!(
            message(|r| r["kind"] = json!("Pod")),
            r#"the body is not an AdmissionReview: apiVersion is "admission.k8s.io/v1", kind is "Pod""#
        );
        assert!(message(|r| r["apiVersion"] = json!("admission.k8s.io/v1beta1")).contains("admissionReviewVersions"));
        assert_eq!(message(|r| r["request"] = Value::Null), "the AdmissionReview has no request");
        assert_eq!(
            message(|r| r["request"]["object"] = Value::Null),
            "request.object is missing in a request to CREATE"
        );
        assert_eq!(
            message(|r| r["request"]["object"]["kind"] = json!("Vpc")),
            "request.kind is kubeovn.io/v1 Subnet, but the object is kubeovn.io/v1 Vpc"
        );
        assert!(message(|r| r["request"]["operation"] = json!("PATCH")).contains("none of CREATE"));
        assert!(message(|r| r["request"]["uid"] = json!(5)).contains("invalid type: integer"));
        assert_eq!(Request::from_review(b"{\"kind\": \"\xff\"}").unwrap_err(), ReviewError::NotUtf8(10));
        assert!(matches!(Request::from_review(b"{"), Err(ReviewError::NotJson(_))));
        let deep = format!("{{\"request\": {}{}}}", "[".repeat(1000), "]".repeat(1000));
        assert!(Request::from_review(deep.as_bytes()).is_err());
    }

    #[test]
    fn a_null_is_no_value() {
        let nulled = |r: &mut Value| {
            for field in ["subResource", "namespace", "name", "dryRun", "userInfo", "oldObject"] {
                r["request"][field] = Value::Null;
            }
        };
        assert_eq!(review(nulled).unwrap().kind, Some(Kind::Subnet));
    }

    #[test]
    fn a_subresource_is_no_business_of_the_rules() {
        assert_eq!(review(|r| r["request"]["subResource"] = json!("status")).unwrap().kind, None);
    }
}

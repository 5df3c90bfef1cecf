//! An admission request, as the API server, a policy server or a folder of manifests makes it.

mod error;
mod exempt;
mod head;
mod raw;
mod sub_resource;
mod typed;
mod using;
mod waiting;

use std::borrow::Cow;

use serde_json::Value;

use crate::kinds::{Kind, Object, ObjectRef};
use crate::text::shortened;
use raw::{RawPayload, RawReview};

pub use error::ReviewError;
pub(crate) use exempt::is_exempt;
pub use head::{About, Head};
pub use sub_resource::sub_resources;
pub use typed::{TypedObject, TypedRequest};
pub use using::Using;
pub use waiting::{Awaited, MOST_WAITING};

/// What is asked about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is to be stored for the first time.
    Create,
    /// It is to replace an older version.
    Update,
    /// It is stored already, and audited.
    AtRest,
    /// It is to be removed.
    Delete,
    /// Somebody opens a connection to it. No rule has anything to say to that.
    Connect,
}

impl Operation {
    /// The one that the API server calls so.
    fn of_review(name: &str) -> Option<Self> {
        match name {
            "CREATE" => Some(Operation::Create),
            "UPDATE" => Some(Operation::Update),
            "DELETE" => Some(Operation::Delete),
            "CONNECT" => Some(Operation::Connect),
            _ => None,
        }
    }

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

/// What is asked, by whom and where: all of a request but its objects.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// The kind of the object.
    pub kind: Kind,
    /// What is asked.
    pub operation: Operation,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: &'a str,
    /// Who asks; empty where nobody is known, as for files.
    pub user: &'a str,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// Whether all that belongs to the object is there already, as in a folder that was read to its end. In a cluster objects
    /// come one after the other, and what comes later is not missing yet.
    pub settled: bool,
}

impl<'a> Attributes<'a> {
    /// What `kubectl apply` would ask about an object of this kind.
    pub fn of_object(kind: Kind, object: &'a Value, operation: Operation) -> Self {
        let namespace = namespace_of(Some(kind), object);
        Self { kind, operation, namespace, user: "", dry_run: false, settled: false }
    }

    /// Names the object, as reports do.
    pub fn object_ref(&self, object: &Value) -> ObjectRef {
        let name = match (metadata(object, "name"), metadata(object, "generateName")) {
            ("", prefix) if !prefix.is_empty() => Cow::Owned(format!("{prefix}*")),
            (name, _) => Cow::Borrowed(name),
        };
        if self.kind.is_namespaced() {
            ObjectRef::namespaced(self.kind, self.namespace, &name)
        } else {
            ObjectRef::new(self.kind, &name)
        }
    }

    /// The namespace of the object, which is the object's own name for a Namespace.
    pub(crate) fn namespace_of<'s>(&'s self, object: &'s Object) -> &'s str {
        match object {
            Object::Namespace(namespace) => &namespace.meta.name,
            _ => self.namespace,
        }
    }
}

/// A text of an object's metadata; empty where there is none.
fn metadata<'v>(object: &'v Value, field: &str) -> &'v str {
    object.get("metadata").and_then(|metadata| metadata.get(field)?.as_str()).unwrap_or_default()
}

/// The namespace that an object is applied in.
fn namespace_of(kind: Option<Kind>, object: &Value) -> &str {
    match metadata(object, "namespace") {
        "" if kind.is_some_and(Kind::is_namespaced) => "default",
        namespace => namespace,
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
    /// Whether all that belongs to the object is there already, as in a folder that was read to its end.
    pub settled: bool,
    /// The object as it is to be stored; null where there is none, as in a DELETE.
    pub object: Value,
    /// The version that it replaces, or that is to be removed.
    pub old_object: Option<Value>,
}

impl Request {
    /// The request that `kubectl apply` would make of this object: a CREATE, or an UPDATE of an older version.
    pub fn of_object(object: Value, old_object: Option<Value>) -> Self {
        let kind = Kind::of(&object);
        Self {
            uid: String::new(),
            kind,
            operation: if old_object.is_some() { Operation::Update } else { Operation::Create },
            name: metadata(&object, "name").to_owned(),
            namespace: namespace_of(kind, &object).to_owned(),
            user: String::new(),
            dry_run: false,
            settled: false,
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
    /// Why the body is not a request that can be answered: an HTTP 400.
    pub fn from_review(body: &[u8]) -> Result<Self, ReviewError> {
        let body = std::str::from_utf8(body).map_err(|error| ReviewError::NotUtf8(error.valid_up_to()))?;
        let review = serde_json::from_str(body).map_err(|error| ReviewError::NotJson(error.to_string()))?;
        let review = RawReview::of(review).map_err(ReviewError::NotJson)?;
        if review.kind != "AdmissionReview" || !review.api_version.starts_with("admission.k8s.io/") {
            let (kind, api_version) = (shortened(&review.kind), shortened(&review.api_version));
            return Err(ReviewError::NotAReview { kind, api_version });
        }
        if review.api_version != "admission.k8s.io/v1" {
            return Err(ReviewError::TypedObject(shortened(&review.api_version)));
        }
        review.request.ok_or(ReviewError::NoRequest)?.into_request()
    }

    /// Parses what a Kubewarden policy server sends to a policy: a request, and the policy's settings. Its audit scanner asks
    /// about an object that is stored as if somebody created it, and gives the request the object's own uid.
    ///
    /// # Errors
    ///
    /// Why it is not a request that can be answered.
    pub fn from_policy_server(payload: &[u8]) -> Result<(Self, Value), ReviewError> {
        let payload = serde_json::from_slice(payload).map_err(|error| ReviewError::NotAPayload(error.to_string()))?;
        let payload = RawPayload::of(payload).map_err(ReviewError::NotAPayload)?;
        let raw = payload.request.ok_or(ReviewError::NoRequest)?;
        let is_audit = raw.is_audit();
        let request = raw.into_request()?;
        let request = if is_audit { Self { operation: Operation::AtRest, ..request } } else { request };
        Ok((request, payload.settings))
    }

    /// The request that `kubectl delete` would make of this object.
    pub fn to_delete(object: Value) -> Self {
        let request = Self::of_object(object, None);
        Self { operation: Operation::Delete, old_object: Some(request.object), object: Value::Null, ..request }
    }

    /// The object that it is about: in a DELETE, the one that goes.
    pub fn subject(&self) -> &Value {
        match (self.operation, &self.old_object) {
            (Operation::Delete, Some(old)) => old,
            _ => &self.object,
        }
    }

    /// Names the object, as reports do.
    pub fn object_ref(&self) -> Option<ObjectRef> {
        self.attributes().map(|attributes| attributes.object_ref(self.subject()))
    }

    /// All of it but the objects; none for a kind that no rule reads.
    pub(crate) fn attributes(&self) -> Option<Attributes<'_>> {
        let Self { operation, namespace, user, .. } = self;
        let (dry_run, settled) = (self.dry_run, self.settled);
        Some(Attributes { kind: self.kind?, operation: *operation, namespace, user, dry_run, settled })
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
        assert_eq!(message(|r| r["request"] = Value::Null), "there is no request");
        assert_eq!(
            message(|r| r["request"]["object"] = Value::Null),
            "request.object is missing in a request to CREATE"
        );
        assert_eq!(
            message(|r| r["request"]["object"]["kind"] = json!("Vpc")),
            "request.kind is kubeovn.io/v1 Subnet, but the object is kubeovn.io/v1 Vpc"
        );
        assert!(message(|r| r["request"]["operation"] = json!("PATCH")).contains("none of CREATE"));
        assert!(
            message(|r| r["request"]["uid"] = json!(5))
                .ends_with("in JSON: request.uid must be a string, not a number")
        );
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
    fn an_audit_of_a_policy_server_is_no_creation() {
        let request = |uid: &str, resource: &str| {
            let request = json!({
                "uid": uid, "operation": "CREATE", "userInfo": {"username": null},
                "kind": {"group": "kubeovn.io", "version": "v1", "kind": "Subnet"},
                "resource": {"group": "kubeovn.io", "version": "v1", "resource": resource},
                "object": {"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a", "uid": "4711"}},
            });
            let payload = json!({"request": request, "settings": {}}).to_string();
            Request::from_policy_server(payload.as_bytes()).map(|(request, _)| request.operation)
        };
        assert_eq!(request("4711", "Subnet"), Ok(Operation::AtRest));
        assert_eq!(request("4711", "subnets"), Ok(Operation::Create));
        assert_eq!(request("4712", "Subnet"), Ok(Operation::Create));
        let error = |payload: &[u8]| Request::from_policy_server(payload).unwrap_err().to_string();
        let mistyped = error(br#"{"request": {"uid": []}}"#);
        assert!(mistyped.ends_with("that can be read: request.uid must be a string, not a list"), "{mistyped}");
        assert_eq!(error(b"{}"), "there is no request");
    }

    #[test]
    fn a_subresource_is_judged_where_metadata_is_stored_by_it() {
        let kind = |kind: &str, sub_resource: &str| {
            let request = review(|r| {
                r["request"]["kind"] = json!({"group": "", "version": "v1", "kind": kind});
                r["request"]["object"] = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
                r["request"]["subResource"] = json!(sub_resource);
            });
            request.unwrap().kind
        };
        for (parent, judged) in
            [("Pod", &["status"][..]), ("Service", &["status"]), ("Namespace", &["status", "finalize"]), ("Node", &[])]
        {
            for sub_resource in ["status", "finalize", "scale", "ephemeralcontainers", "resize", "eviction"] {
                let wanted = judged.contains(&sub_resource).then(|| Kind::find("", parent).unwrap());
                assert_eq!(kind(parent, sub_resource), wanted, "{parent} {sub_resource}");
            }
        }
        assert_eq!(review(|r| r["request"]["subResource"] = json!("status")).unwrap().kind, None);
    }
}

//! What a request changes if it is admitted.

use serde_json::Value;
use vpcguard_policies::{Inventory, Kind, Operation, Request};

/// What the cluster would look like afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change<'a> {
    /// The object of this kind is stored.
    Store(Kind),
    /// The object of this kind and name is gone.
    Remove(Kind, &'a str),
}

impl<'a> Change<'a> {
    /// The change to an inventory; none where nothing that it keeps would change.
    pub(super) fn of(request: &'a Request) -> Option<Self> {
        let kind = request.kind.filter(|kind| Inventory::keeps(*kind) && !request.dry_run)?;
        match request.operation {
            // Without a name the API server has yet to make one up, and never tells.
            Operation::Create | Operation::Update if !name_of(&request.object).is_empty() => Some(Self::Store(kind)),
            Operation::Delete => {
                let old = request.old_object.as_ref().map(name_of).unwrap_or_default();
                let name = if old.is_empty() { &request.name } else { old };
                Some(Self::Remove(kind, name))
            }
            _ => None,
        }
    }

    /// Makes it.
    pub(super) fn make(self, inventory: &mut Inventory, request: &Request) {
        match self {
            Self::Store(kind) => inventory.apply(kind, &request.object),
            Self::Remove(kind, name) => inventory.remove(kind, &request.namespace, name),
        }
    }
}

fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// A request about a Subnet.
    pub(crate) fn request(fields: &Value) -> Request {
        let mut review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "u",
                "kind": {"group": "kubeovn.io", "version": "v1", "kind": "Subnet"},
                "operation": "CREATE",
            },
        });
        let into = review["request"].as_object_mut().unwrap();
        into.extend(fields.as_object().unwrap().clone());
        Request::from_review(review.to_string().as_bytes()).unwrap()
    }

    /// A Subnet of the default VPC.
    pub(crate) fn subnet(name: &str, cidr: &str) -> Value {
        let gateway = cidr.split('/').next().unwrap().trim_end_matches('0').to_owned() + "1";
        json!({
            "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name},
            "spec": {"protocol": "IPv4", "cidrBlock": cidr, "gateway": gateway},
        })
    }

    #[test]
    fn only_what_is_stored_changes_anything() {
        let subnet = subnet("a", "10.1.0.0/16");
        let change = |fields| Change::of(&request(&fields)).is_some();
        assert!(change(json!({"object": subnet})));
        assert!(change(json!({"operation": "UPDATE", "object": subnet, "oldObject": subnet})));
        assert!(!change(json!({"object": subnet, "dryRun": true})));
        assert!(!change(json!({"object": subnet, "subResource": "status"})));
        let unnamed = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"generateName": "a-"}});
        assert!(!change(json!({"object": unnamed, "name": "a"})));
        assert!(!change(json!({"operation": "CONNECT", "name": "a"})));
    }

    #[test]
    fn a_deletion_names_its_object_twice() {
        let removed = |fields| match Change::of(&request(&fields)) {
            Some(Change::Remove(Kind::Subnet, name)) => name.to_owned(),
            other => panic!("{other:?}"),
        };
        let old = subnet("a", "10.1.0.0/16");
        assert_eq!(removed(json!({"operation": "DELETE", "oldObject": old, "name": "b"})), "a");
        assert_eq!(removed(json!({"operation": "DELETE", "name": "b"})), "b");
    }
}

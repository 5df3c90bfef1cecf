//! Who has an address of a Subnet that is to be deleted: a runner that can read Pods and IPs looks for them at that moment.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kinds::{ALLOCATED_SUFFIX, Kind, KubeOvn, LOGICAL_SWITCH_SUFFIX, Object, key};
use crate::request::{Operation, Request};

/// How the names end of ports that are Kube-OVN's own, and of no Pod: of the router in an underlay, and of who asks for groups.
const OWN_PORTS: [&str; 2] = ["u2o-interconnection.", "mcast-querier."];

/// A Subnet that is to go although addresses of it are in use.
#[derive(Clone, Debug)]
pub struct Using {
    subnet: String,
    /// All Pods that were seen.
    pods: BTreeSet<String>,
}

impl Using {
    /// What a request deletes that may be in use, by its own status; nothing where it deletes no such thing.
    pub fn by(request: &Request, kube_ovn: &KubeOvn) -> Option<Self> {
        let is_asked = request.kind == Some(Kind::Subnet) && request.operation == Operation::Delete;
        let stored = request.old_object.as_ref().filter(|_| is_asked)?;
        let (Object::Subnet(subnet), _) = Object::read(Kind::Subnet, stored, kube_ovn) else { return None };
        let is_used = subnet.used_addresses > 0 && !subnet.meta.deleting;
        is_used.then(|| Self { subnet: subnet.meta.name.clone(), pods: BTreeSet::new() })
    }

    /// Takes a Pod in, and says whether it has an address of the Subnet that it does not give back already.
    pub fn pod(&mut self, pod: &Value) -> bool {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        self.pods.insert(key(text("/metadata/namespace"), text("/metadata/name")));
        let is_over = matches!(text("/status/phase"), "Succeeded" | "Failed");
        if is_over || pod.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
            return false;
        }
        let annotations = pod.pointer("/metadata/annotations").and_then(Value::as_object);
        let mut switches = annotations.into_iter().flatten().filter_map(|(key, value)| {
            let provider = key.strip_suffix(LOGICAL_SWITCH_SUFFIX)?;
            (value.as_str() == Some(self.subnet.as_str())).then_some(provider)
        });
        // Without it Kube-OVN has given it none yet.
        switches.any(|provider| {
            let allocated = annotations.and_then(|all| all.get(&format!("{provider}{ALLOCATED_SUFFIX}")));
            allocated.and_then(Value::as_str) == Some("true")
        })
    }

    /// Whether an IP is of the Subnet and of no Pod that was seen. All Pods must have been taken in before it is read: one that
    /// has gone since is among them.
    pub fn ip(&self, ip: &Value) -> bool {
        let text = |pointer: &str| ip.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (namespace, pod) = (text("/spec/namespace"), text("/spec/podName"));
        let is_of_pod = !namespace.is_empty() && !pod.is_empty() && !OWN_PORTS.iter().any(|own| pod.starts_with(own));
        let is_going = ip.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null());
        text("/spec/subnet") == self.subnet && is_of_pod && !is_going && !self.pods.contains(&key(namespace, pod))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn using() -> Using {
        let subnet = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "s"}, "status": {"v4usingIPs": 1}});
        Using::by(&Request::to_delete(subnet), &KubeOvn::default()).unwrap()
    }

    fn pod(annotations: &Value) -> Value {
        json!({"metadata": {"name": "web", "namespace": "ns", "annotations": annotations}})
    }

    fn ip(spec: &Value) -> Value {
        json!({"metadata": {"name": "web.ns"}, "spec": spec})
    }

    #[test]
    fn only_a_subnet_that_goes_and_is_used_is_looked_for() {
        let subnet = |status: Value| {
            let object =
                json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "s"}, "status": status});
            Using::by(&Request::to_delete(object), &KubeOvn::default()).is_some()
        };
        assert!(subnet(json!({"v6usingIPs": 1})));
        assert!(!subnet(json!({})) && !subnet(json!({"v4usingIPs": 1, "u2oInterconnectionIP": "10.0.0.2"})));
        let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "s"}});
        assert!(Using::by(&Request::to_delete(vpc), &KubeOvn::default()).is_none());
        let created = json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "s"}, "status": {"v4usingIPs": 1}});
        assert!(Using::by(&Request::of_object(created, None), &KubeOvn::default()).is_none());
    }

    #[test]
    fn a_pod_has_an_address_once_it_was_given_one() {
        let given = json!({"ovn.kubernetes.io/logical_switch": "s", "ovn.kubernetes.io/allocated": "true"});
        assert!(using().pod(&pod(&given)));
        let second = json!({"net.ns.kubernetes.io/logical_switch": "s", "net.ns.kubernetes.io/allocated": "true"});
        assert!(using().pod(&pod(&second)));
        for none in [
            json!({"ovn.kubernetes.io/logical_switch": "s"}),
            json!({"ovn.kubernetes.io/logical_switch": "t", "ovn.kubernetes.io/allocated": "true"}),
            json!({"net.ns.kubernetes.io/logical_switch": "s", "ovn.kubernetes.io/allocated": "true"}),
            json!({}),
        ] {
            assert!(!using().pod(&pod(&none)), "{none}");
        }
        let mut going = pod(&given);
        going["metadata"]["deletionTimestamp"] = json!("2026-04-02T09:00:00Z");
        let mut over = pod(&given);
        over["status"] = json!({"phase": "Succeeded"});
        assert!(!using().pod(&going) && !using().pod(&over));
    }

    #[test]
    fn an_ip_counts_where_it_has_no_pod() {
        let of = |subnet: &str, namespace: &str, pod: &str| {
            ip(&json!({"subnet": subnet, "namespace": namespace, "podName": pod}))
        };
        let mut seen = using();
        assert!(seen.ip(&of("s", "ns", "web")));
        seen.pod(&pod(&json!({})));
        assert!(!seen.ip(&of("s", "ns", "web")) && seen.ip(&of("s", "ns", "db")));
        // Of another Subnet, of a node, of the router.
        assert!(!seen.ip(&of("t", "ns", "db")) && !seen.ip(&of("s", "", "")));
        assert!(!seen.ip(&of("s", "default", "u2o-interconnection.v.s")));
        let mut going = of("s", "ns", "db");
        going["metadata"]["deletionTimestamp"] = json!("2026-04-02T09:00:00Z");
        assert!(!seen.ip(&going));
    }
}

//! Which requests pass without review.

use super::{Attributes, Operation};
use crate::kinds::{Kind, Object};
use crate::settings::Settings;

/// Whether a request passes without review, whatever it holds.
pub(crate) fn is_exempt(attributes: &Attributes<'_>, object: &Object, settings: &Settings) -> bool {
    let (kind, kube_ovn) = (attributes.kind, &settings.kube_ovn);
    let name = object.meta().name.as_str();
    let made_by_kube_ovn = match kind {
        Kind::Vpc => name == kube_ovn.default_vpc,
        Kind::Subnet => kube_ovn.is_own_subnet(name),
        _ => false,
    };
    // In a folder it is what a user is going to change.
    let is_made = made_by_kube_ovn && attributes.operation == Operation::Create && !attributes.settled;
    let is_deleter = attributes.operation == Operation::Delete && settings.exempts_deleter(attributes.user);
    let by_namespace =
        kind.has_pod_template() || matches!(kind, Kind::VpcEgressGateway | Kind::Namespace | Kind::Binding);
    settings.exempts_user(attributes.user)
        || is_deleter
        || is_made
        || (by_namespace && settings.exempts_namespace(attributes.namespace_of(object)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::support::testing::{Cluster, create};

    #[test]
    fn what_kube_ovn_makes_passes_and_what_stands_in_a_folder_does_not() {
        let object = |kind: &str, name: &str, spec: serde_json::Value| {
            create(&json!({"kind": kind, "name": name, "spec": spec}))
        };
        let route = json!({"action": "drop", "match": "tcp and udp", "priority": 1});
        let acl = json!({"action": "accept", "direction": "to-lport", "match": "tcp", "priority": 1});
        for (rule, made) in [
            ("policy-route-match", object("Vpc", "ovn-cluster", json!({"policyRoutes": [route]}))),
            ("subnet-acl-syntax", object("Subnet", "ovn-default", json!({"acls": [acl]}))),
            ("subnet-acl-syntax", object("Subnet", "join", json!({"acls": [acl]}))),
        ] {
            assert!(Cluster::of(rule).verdict(&made).allowed, "{}", made.name);
            assert!(!Cluster::of(rule).settled().verdict(&made).allowed, "{}", made.name);
        }
    }
}

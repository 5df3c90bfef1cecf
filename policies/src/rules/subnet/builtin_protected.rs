//! Keeps the Vpc and the two Subnets that Kube-OVN makes for itself.
//!
//! These are the default VPC, the default Subnet, and the Subnet between nodes and Pods: `defaultVpc`, `defaultSubnet` and
//! `nodeSwitch` of the settings. Kube-OVN makes them when it starts, and only then. While one of them is gone, Pods that belong
//! to no other network get none, or nodes do not reach Pods. Nobody but Kube-OVN deletes them, or gives one of the Subnets
//! another `vpc`, `provider` or `vlan`. Everything else of them may change.
//!
//! Who is listed in `exempt.deleters` of the [settings](settings.md) is not kept from deleting. A deletion never waits for
//! vpcguard: while that is away, nobody judges it.
//!
//! ```yaml bad
//! # bad: an update moves Kube-OVN's default Subnet to a VLAN
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: ovn-default}
//! spec: {cidrBlock: 10.16.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: ovn-default}
//! spec: {cidrBlock: 10.16.0.0/16, vlan: vlan7}
//! ```
//!
//! ```yaml good
//! # good: a new Subnet on that VLAN
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: ovn-default}
//! spec: {cidrBlock: 10.16.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: office}
//! spec: {cidrBlock: 192.168.7.0/24, vlan: vlan7}
//! ```
//!
//! Where it has to be, as Kube-OVN's own documentation says of a new CIDR for `join`, say so first, and then delete the object:
//! `kubectl annotate subnet join vpcguard.io/allow=builtin-protected`. Kube-OVN's `cleanup.sh` needs no such word: it deletes the
//! Subnets once more with their definition.

use crate::kinds::{KubeOvn, Object, Subnet};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "builtin-protected",
    summary: "the default VPC, the default Subnet or the one between nodes and Pods is deleted or moved",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[
        Check::Deletion(&[Kind::Vpc, Kind::Subnet], deletion),
        Check::Subnet(&[Read::Field("spec.vpc"), Read::Field("spec.provider"), Read::Field("spec.vlan")], change),
    ],
};

const HELP: &str = "If it has to be, annotate the object with vpcguard.io/allow: builtin-protected first, and restart kube-ovn-controller after.";

fn deletion(object: &Object, context: &mut Context<'_>) -> Outcome {
    let name = object.meta().name.as_str();
    let Some(role) = role(object, context.kube_ovn()) else { return Ok(()) };
    let detail = format!("{role} may not be deleted: Kube-OVN makes it when it starts, and needs it until then");
    context.deny(Finding::forbidden(FieldPath::of("metadata.name"), name, detail).help(HELP));
    Ok(())
}

fn change(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(Object::Subnet(old)) = context.old else { return Ok(()) };
    let Some(role) = role_of_subnet(&subnet.meta.name, context.kube_ovn()) else { return Ok(()) };
    let provider =
        |subnet: &Subnet| if subnet.provider.is_empty() { "ovn".to_owned() } else { subnet.provider.clone() };
    let mut changes =
        vec![("spec.provider", provider(subnet), provider(old)), ("spec.vlan", subnet.vlan.clone(), old.vlan.clone())];
    // Without an OVN provider there is none, which is said already.
    if let (Some(new), Some(old)) = (&subnet.vpc, &old.vpc) {
        changes.push(("spec.vpc", new.clone(), old.clone()));
    }
    for (field, new, old) in changes.iter().filter(|(_, new, old)| new != old) {
        let detail = format!("may not change in {role}, which was made with {}", quoted(old));
        context.deny(Finding::invalid(FieldPath::of(field), new, detail).help(HELP));
    }
    Ok(())
}

/// What Kube-OVN needs an object for; none where it is not one of the three.
pub(crate) fn role(object: &Object, kube_ovn: &KubeOvn) -> Option<&'static str> {
    match object {
        Object::Vpc(vpc) => (vpc.meta.name == kube_ovn.default_vpc).then_some("the default VPC"),
        Object::Subnet(subnet) => role_of_subnet(&subnet.meta.name, kube_ovn),
        _ => None,
    }
}

fn role_of_subnet(name: &str, kube_ovn: &KubeOvn) -> Option<&'static str> {
    match name {
        _ if name == kube_ovn.default_subnet => Some("the default Subnet"),
        _ if name == kube_ovn.node_switch => Some("the Subnet between nodes and Pods"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::request::Request;
    use crate::rules::support::testing::{Cluster, delete, update};

    fn said(request: &Request, settings: &Value) -> Vec<String> {
        let verdict = Cluster::of(super::RULE.id).settings(settings).verdict(request);
        verdict.findings.iter().map(ToString::to_string).collect()
    }

    fn of(kind: &str, name: &str) -> Value {
        json!({"kind": kind, "name": name})
    }

    #[test]
    fn the_three_stay() {
        let wanted = |role: &str| {
            format!(
                "metadata.name: Forbidden: {role} may not be deleted: Kube-OVN makes it when it starts, and needs it until then [builtin-protected]"
            )
        };
        for (kind, name, role) in [
            ("Vpc", "ovn-cluster", "the default VPC"),
            ("Subnet", "ovn-default", "the default Subnet"),
            ("Subnet", "join", "the Subnet between nodes and Pods"),
        ] {
            assert_eq!(said(&delete(&of(kind, name)), &json!({})), [wanted(role)]);
        }
        for (kind, name) in [("Vpc", "join"), ("Subnet", "ovn-cluster"), ("Subnet", "other"), ("Vpc", "other")] {
            assert!(said(&delete(&of(kind, name)), &json!({})).is_empty());
        }
        let settings = json!({"kubeOvn": {"defaultSubnet": "pods"}});
        assert!(said(&delete(&of("Subnet", "ovn-default")), &settings).is_empty());
        assert_eq!(said(&delete(&of("Subnet", "pods")), &settings), [wanted("the default Subnet")]);
    }

    #[test]
    fn a_deletion_passes_where_it_is_known_or_allowed() {
        let by = |user: &str| Request { user: user.to_owned(), ..delete(&of("Subnet", "join")) };
        for user in ["system:serviceaccount:kube-system:ovn", "system:serviceaccount:kube-system:namespace-controller"]
        {
            assert!(said(&by(user), &json!({})).is_empty(), "{user}");
        }
        assert_eq!(said(&by("admin"), &json!({})).len(), 1);
        assert!(said(&by("admin"), &json!({"exempt": {"deleters": ["admin"]}})).is_empty());
        let mut going = of("Subnet", "join");
        going["metadata"] = json!({"deletionTimestamp": "2026-04-02T09:00:00Z"});
        assert!(said(&delete(&going), &json!({})).is_empty());
        let allowing =
            json!({"kind": "Subnet", "name": "join", "annotations": {"vpcguard.io/allow": "builtin-protected"}});
        let verdict = Cluster::of(super::RULE.id).verdict(&delete(&allowing));
        assert!(verdict.allowed && verdict.warnings.iter().all(crate::finding::Reported::is_suppressed));
        assert_eq!(verdict.warnings.len(), 1);
    }

    #[test]
    fn where_it_is_does_not_change() {
        let change = |name: &str, old: Value, new: Value| {
            let subnet = |spec: Value| json!({"kind": "Subnet", "name": name, "spec": spec});
            said(&update(&subnet(old), &subnet(new)), &json!({}))
        };
        assert_eq!(
            change("join", json!({}), json!({"vlan": "v7"})),
            [
                r#"spec.vlan: Invalid value: "v7": may not change in the Subnet between nodes and Pods, which was made with "" [builtin-protected]"#
            ]
        );
        let all = change("ovn-default", json!({}), json!({"vpc": "w", "provider": "nad.ns.ovn", "vlan": "v7"}));
        assert_eq!(all.len(), 3);
        assert!(change("other", json!({}), json!({"vlan": "v7"})).is_empty());
        // What Kube-OVN fills in is written out, and all else may change.
        assert!(change("join", json!({}), json!({"vpc": "ovn-cluster", "provider": "ovn"})).is_empty());
        assert!(change("join", json!({"cidrBlock": "10.0.0.0/16"}), json!({"cidrBlock": "10.0.0.0/15"})).is_empty());
    }
}

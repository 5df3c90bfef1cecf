//! Warns of a change to a live NAT gateway that Kube-OVN ignores.
//!
//! Kube-OVN makes a gateway's StatefulSet from `vpc`, `subnet` and `lanIp`. A change of these alone it does not look
//! at: the StatefulSet keeps the old values, while the object shows the new ones, in newer releases than v1.16.2 in
//! `status.lanIp` too. By its source they count at the next change of another field, such as `selector`, or after a
//! restart of the gateway's container, when nobody expects it. An empty field that gets a value is Kube-OVN's own
//! doing.
//!
//! ```yaml bad
//! # bad: an update changes the lanIp
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.254}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.253}
//! ```
//!
//! ```yaml good
//! # good: a new gateway has the new address, and the old one is deleted
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.253}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw-2}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.253}
//! ```
//!
//! Create a new gateway and delete this one.

use crate::kinds::{NatGateway, Object};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-immutable",
    summary: "the vpc, subnet or lanIp of a live NAT gateway changes, which Kube-OVN ignores",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::NatGateway(
        &[Read::Field("spec.vpc"), Read::Field("spec.subnet"), Read::Field("spec.lanIp")],
        check,
    )],
};

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let Some(Object::NatGateway(old)) = context.old else { return Ok(()) };
    // Another spelling of the address is not a change.
    let same_lan_ip = gateway.lan_ip.addresses == old.lan_ip.addresses && !old.lan_ip.addresses.is_empty();
    for (field, new, old, is_same) in [
        ("spec.vpc", &gateway.vpc, &old.vpc, gateway.vpc == old.vpc),
        ("spec.subnet", &gateway.subnet, &old.subnet, gateway.subnet == old.subnet),
        ("spec.lanIp", &gateway.lan_ip.text, &old.lan_ip.text, same_lan_ip || gateway.lan_ip.text == old.lan_ip.text),
    ] {
        if !is_same && !old.is_empty() {
            let detail = format!("was {}: Kube-OVN ignores the change, and reports it as done", quoted(old));
            let finding = Finding::invalid(FieldPath::of(field), new, detail);
            context.deny(finding.help("Create a new gateway and delete this one."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, update};

    fn warnings(old: Value, new: Value) -> Vec<String> {
        let gateway = |spec: Value| json!({"kind": "VpcNatGateway", "spec": spec});
        let verdict = Cluster::of(super::RULE.id).verdict(&update(&gateway(old), &gateway(new)));
        let own = verdict.warnings.iter().filter(|finding| finding.rule() == RULE.id);
        own.map(ToString::to_string).collect()
    }

    #[test]
    fn a_change_that_does_nothing_is_told() {
        let old = json!({"vpc": "v", "subnet": "s", "lanIp": "10.0.1.5"});
        let wanted = |field: &str, new: &str, old: &str| {
            format!(
                "spec.{field}: {new:?}: was {old:?}: Kube-OVN ignores the change, and reports it as done [gateway-immutable]"
            )
        };
        let new = json!({"vpc": "w", "subnet": "t", "lanIp": "10.0.1.6"});
        assert_eq!(
            warnings(old.clone(), new),
            [wanted("lanIp", "10.0.1.6", "10.0.1.5"), wanted("subnet", "t", "s"), wanted("vpc", "w", "v")]
        );
        assert!(warnings(json!({"vpc": "v", "subnet": "s"}), old).is_empty());
        assert!(warnings(json!({"lanIp": "fd00:0::5"}), json!({"lanIp": "fd00::5"})).is_empty());
        assert_eq!(warnings(json!({"lanIp": "x"}), json!({"lanIp": "y"})).len(), 1);
    }
}

//! Refuses to delete a Subnet in which Pods have addresses, and edits that take the network away under them.
//!
//! `rules: {subnet-in-use: warn}` in the [settings](settings.md) lets them all pass, with a warning.
//!
//! A Subnet that is deleted while addresses of it are in use hangs in its finalizer until the last is given back, and cannot be
//! called back. The webhook looks at that moment for Pods with such addresses, and for IPs without a Pod, and refuses the deletion
//! where it finds some. Where it finds none, and elsewhere, in files and in a policy server, what the status counts is a warning.
//! So are gateways, EIPs, Vips and name servers in the Subnet, which go in their own order, and IPPools, SwitchLBRules and Vpcs that
//! name it.
//!
//! Of an UPDATE, while addresses are in use:
//!
//! | change | |
//! |---|---|
//! | the gateway becomes an address that a Vip, an EIP, an egress gateway or a Pod has | refused |
//! | a Subnet on a VLAN gets a `cidrBlock`, or loses it | refused |
//! | another gateway: running Pods keep the old one until they are made anew | warning |
//! | a `cidrBlock` that does not hold the old one: running Pods keep their addresses | warning |
//!
//! A gateway that changes together with the `cidrBlock` and lies in it, as Kube-OVN's documentation has it of the default Subnet, is
//! nothing to speak of, and neither is what Kube-OVN fills in itself.
//!
//! ```yaml bad
//! # bad: an update makes a Vip's address the gateway of a Subnet with Pods
//! apiVersion: kubeovn.io/v1
//! kind: Vip
//! metadata: {name: shared}
//! spec: {subnet: apps, v4ip: 10.17.0.9}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24, gateway: 10.17.0.1}
//! status: {v4usingIPs: 4}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24, gateway: 10.17.0.9}
//! status: {v4usingIPs: 4}
//! ```
//!
//! ```yaml good
//! # good: nobody has an address
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24, gateway: 10.17.0.1}
//! status: {v4usingIPs: 0}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/24, gateway: 10.17.0.9}
//! status: {v4usingIPs: 0}
//! ```
//!
//! End the Pods first, and then what else is in the Subnet: `vpcguard explain delete subnet apps` prints the commands in their order.
//! Nothing is ever refused to Kube-OVN, to `exempt.deleters`, or of a Subnet that is being deleted already; and while vpcguard is away,
//! nobody judges a deletion. Where it has to be: `kubectl annotate subnet apps vpcguard.io/allow=subnet-in-use`.

mod change;
mod pods;

use crate::finding::Action;
use crate::kinds::Object;
use crate::rule::prelude::*;
use crate::rules::support::in_use::{Saying, Tie, tied, users};

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-in-use",
    summary: "a Subnet with addresses in use is deleted, or loses its gateway or prefix",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::InUse,
    asks: &[
        Kind::Vpc,
        Kind::VpcNatGateway,
        Kind::VpcEgressGateway,
        Kind::IptablesEip,
        Kind::OvnEip,
        Kind::SwitchLbRule,
        Kind::VpcDns,
        Kind::IpPool,
        Kind::Vip,
        Kind::Ip,
    ],
    checks: &[
        Check::Deletion(&[Kind::Subnet], deletion),
        Check::Subnet(
            &[Read::Field("spec.cidrBlock"), Read::Field("spec.gateway"), Read::Field("spec.vlan")],
            change::change,
        ),
    ],
};

fn deletion(object: &Object, context: &mut Context<'_>) -> Outcome {
    let Object::Subnet(subnet) = object else { return Ok(()) };
    let is_said = pods::found(subnet, context);
    if !is_said && subnet.used_addresses > 0 {
        let (count, name) = (subnet.used_addresses, subnet.meta.name.as_str());
        let (addresses, are) = if count == 1 { ("address", "is") } else { ("addresses", "are") };
        let detail = format!(
            "{count} {addresses} of it {are} in use by its status: it stays, and cannot be called back, until there is none"
        );
        let help =
            format!("kubectl get ips -l ovn.kubernetes.io/subnet={name} shows who has them: end those Pods first.");
        context.warn(Finding::forbidden(FieldPath::of("metadata.name"), name, detail).help(help));
    }
    let users = users(object, context.cluster, context.kube_ovn())?;
    let saying = || Saying { rule: RULE.id, action: Action::Warn, object, rests_on: &[] };
    saying().of(&tied(&users, |tie| tie == Tie::Waits), context, |who, is_one| {
        let (have, they) = if is_one { ("has", "it goes") } else { ("have", "they go") };
        format!("{who} {have} an address in it: it stays until {they} too")
    });
    saying().of(&tied(&users, |tie| tie == Tie::Names), context, |who, is_one| {
        let name = if is_one { "names" } else { "name" };
        format!("{who} {name} it, which is not there then")
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, delete};

    fn said(others: &[Value], object: &Value) -> (Vec<String>, Vec<String>) {
        let cluster = others.iter().cloned().fold(Cluster::of(super::RULE.id), Cluster::with);
        let verdict = cluster.verdict(&delete(object));
        let lines = |all: &[crate::finding::Reported]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        (lines(&verdict.findings), lines(&verdict.warnings))
    }

    fn subnet(status: Value) -> Value {
        json!({"kind": "Subnet", "name": "s", "spec": {"cidrBlock": "10.0.0.0/24"}, "status": status})
    }

    #[test]
    fn what_the_status_counts_is_a_warning_alone() {
        let warned = |status: Value| {
            let (denials, warnings) = said(&[], &subnet(status));
            assert!(denials.is_empty());
            warnings
        };
        assert_eq!(
            warned(json!({"v4usingIPs": 2})),
            [
                "metadata.name: 2 addresses of it are in use by its status: it stays, and cannot be called back, until there is none [subnet-in-use]"
            ]
        );
        assert!(warned(json!({"v4usingIPs": 1, "u2oInterconnectionIP": "10.0.0.9"})).is_empty());
        assert!(warned(json!({})).is_empty());
    }

    #[test]
    fn what_stands_in_it_is_a_warning() {
        let of = |kind: &str, spec: Value| json!({"kind": kind, "name": "x", "spec": spec});
        for user in [
            of("VpcNatGateway", json!({"vpc": "v", "subnet": "s"})),
            of("IptablesEIP", json!({"natGwDp": "g", "externalSubnet": "s"})),
            of("OvnEip", json!({"externalSubnet": "s"})),
            of("Vip", json!({"subnet": "s"})),
            of("VpcDns", json!({"vpc": "v", "subnet": "s"})),
            of("IPPool", json!({"subnet": "s", "ips": ["10.0.0.9"]})),
            of("Vpc", json!({"defaultSubnet": "s"})),
            json!({"kind": "VpcEgressGateway", "name": "x", "namespace": "ns", "spec": {"externalSubnet": "s"}}),
            json!({"kind": "SwitchLBRule", "name": "x", "spec": {"vip": "10.0.0.9"}, "annotations": {
                "ovn.kubernetes.io/logical_router": "v", "ovn.kubernetes.io/logical_switch": "s"}}),
        ] {
            let (denials, warnings) = said(std::slice::from_ref(&user), &subnet(json!({})));
            assert_eq!((denials.len(), warnings.len()), (0, 1), "{user}: {denials:?} {warnings:?}");
        }
    }

    #[test]
    fn what_stands_elsewhere_says_nothing() {
        let others = [
            json!({"kind": "Vip", "name": "x", "spec": {"subnet": "other"}}),
            json!({"kind": "VpcNatGateway", "name": "x", "spec": {"vpc": "v", "subnet": "other"}}),
            json!({"kind": "SwitchLBRule", "name": "x", "spec": {"vip": "10.0.0.9"}}),
        ];
        assert_eq!(said(&others, &subnet(json!({}))), (vec![], vec![]));
    }
}

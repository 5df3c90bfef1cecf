//! Keeps two NAT gateways of one Subnet from having one `lanIp`.
//!
//! Kube-OVN gives the address to whichever Pod asks first; the other stays in ContainerCreating. A gateway that is being deleted holds
//! its address until it is gone. The same `lanIp` in two Subnets, or two VPCs, is legal (kube-ovn issue 4952).
//!
//! ```yaml bad
//! # bad: both have 10.0.1.254
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
//! metadata: {name: blue-gw-2}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.254}
//! ```
//!
//! ```yaml good
//! # good: each has its own, and the traffic of some addresses
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254}]
//!   policyRoutes: [{action: reroute, match: ip4.src == 10.0.1.128/25, priority: 10, nextHopIP: 10.0.1.253}]
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
//! metadata: {name: blue-gw-2}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.253}
//! ```
//!
//! Choose another free address of the Subnet. The refusal names the nearest that no NAT gateway has; which addresses Pods have,
//! only Kube-OVN knows.

use std::collections::BTreeSet;

use super::free;
use crate::gather::gathered;
use crate::kinds::NatGateway;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "lan-ip-unique",
    summary: "another NAT gateway of the same Subnet has this lanIp",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatGatewayLanIp,
    asks: &[Kind::Subnet, Kind::VpcNatGateway],
    checks: &[Check::NatGateway(&[Read::Field("spec.lanIp"), Read::Field("spec.subnet")], check)],
};

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let own: BTreeSet<_> = gathered(gateway.lan_ip.addresses.iter().copied());
    let mut help = None;
    for other in context.admitted.nat_gateways_of_subnet_until_gone(&gateway.subnet)? {
        if other.meta.name == gateway.meta.name {
            continue;
        }
        let taken: BTreeSet<_> = gathered(other.lan_ips());
        for address in taken.intersection(&own) {
            let mentioned = context.mention(Kind::VpcNatGateway, &other.meta.name);
            let until = if other.meta.deleting { " until it is gone, for it is being deleted" } else { "" };
            let detail = format!("{mentioned} in Subnet {} has it{until}", quoted(&gateway.subnet));
            let help = match &help {
                Some(help) => help,
                // Several addresses are refused as such, with advice of their own.
                None if own.len() > 1 => &None,
                None => help.insert(free::in_subnet(gateway, Some(*address), context)?),
            };
            let help = help.clone().unwrap_or_else(|| "Choose another free address of the Subnet.".to_owned());
            let finding = Finding::duplicate(FieldPath::of("spec.lanIp"), &address.to_string(), detail)
                .related(other.reference(), Some(FieldPath::of("spec.lanIp")))
                .in_conflict_with(&other.meta.name)
                .help(help);
            context.deny(finding);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn gateway(name: &str, subnet: &str, lan_ip: &str) -> Value {
        json!({"kind": "VpcNatGateway", "name": name, "spec": {"vpc": "v", "subnet": subnet, "lanIp": lan_ip}})
    }

    fn cluster() -> Cluster {
        let subnet = |name: &str| json!({"kind": "Subnet", "name": name, "spec": {"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/64"}});
        let config = |name: &str, data: Value| json!({"kind": "ConfigMap", "namespace": "kube-system", "name": name, "data": data});
        let route = json!([{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"}, {"cidr": "::/0", "nextHopIP": "fd00::5"}]);
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"staticRoutes": route},
                         "annotations": {"vpcguard.io/allow": "static-route-lan-ip"}}))
            .with(subnet("sn"))
            .with(subnet("other"))
            .with(config("ovn-vpc-nat-config", json!({"image": "x"})))
            .with(config("ovn-vpc-nat-gw-config", json!({"enable-vpc-nat-gw": "true"})))
    }

    #[test]
    fn an_address_is_taken_once_in_a_subnet() {
        let wanted = |address: &str| {
            format!(
                r#"spec.lanIp: Duplicate value: "{address}": VpcNatGateway "a" in Subnet "sn" has it [lan-ip-unique]"#
            )
        };
        let cluster = || cluster().with(gateway("a", "sn", "10.0.1.254"));
        cluster().refuses(&gateway("b", "sn", "10.0.1.254"), &[&wanted("10.0.1.254")]);
        cluster().accepts(&gateway("b", "sn", "10.0.1.253"));
        cluster().accepts(&gateway("b", "other", "10.0.1.254"));
        cluster().accepts(&gateway("a", "sn", "10.0.1.254"));
        let mut going = gateway("a", "sn", "10.0.1.254");
        going["metadata"] = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        let until = wanted("10.0.1.254").replace("has it", "has it until it is gone, for it is being deleted");
        cluster().with(going).refuses(&gateway("b", "sn", "10.0.1.254"), &[&until]);
        let mut reported = gateway("a", "sn", "");
        reported["status"] = json!({"lanIp": "fd00::5"});
        cluster().with(reported).refuses(&gateway("b", "sn", "fd00:0::5"), &[&wanted("fd00::5")]);
    }
}

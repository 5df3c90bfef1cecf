//! Wants a NAT gateway to stand in a Subnet of its VPC.
//!
//! Kube-OVN checks that both exist and that the Subnet has an OVN provider, and no more. A gateway in a Subnet of
//! another VPC is reached by no traffic of its own, and stands in somebody else's network. A Subnet without an OVN
//! provider is not a network at all, only addresses: Kube-OVN makes no gateway in it, with a line in its log.
//!
//! ```yaml bad
//! # bad: Subnet green-apps is of VPC green
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: green-apps}
//! spec: {vpc: green, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec: {vpc: blue, subnet: green-apps, lanIp: 10.0.1.254}
//! ```
//!
//! ```yaml good
//! # good
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
//! ```
//!
//! Name a Subnet of the gateway's VPC.

use crate::kinds::NatGateway;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-subnet-in-vpc",
    summary: "a NAT gateway's Subnet belongs to another VPC, or is not an OVN network",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatGatewayLanIp,
    asks: &[Kind::Subnet],
    checks: &[Check::NatGateway(&[Read::Field("spec.vpc"), Read::Field("spec.subnet")], check)],
};

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let Some(subnet) = context.cluster.subnet(&gateway.subnet)? else { return Ok(()) };
    let vpc = context.kube_ovn().vpc_or_default(&gateway.vpc);
    let detail = match subnet.vpc.as_deref() {
        Some(own) if own == vpc => return Ok(()),
        Some(other) => format!("belongs to {}, not to VPC {vpc:?}", context.mention(Kind::Vpc, other)),
        None => format!("has the provider {:?}, so OVN makes no network of it", subnet.provider),
    };
    let finding = Finding::invalid(FieldPath::of("spec.subnet"), &gateway.subnet, detail)
        .related(subnet.reference(), Some(FieldPath::of("spec.vpc")))
        .help("Name a Subnet of the gateway's VPC.");
    context.deny(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn verdict(subnet: Value) -> Vec<String> {
        let gateway = json!({"kind": "VpcNatGateway", "spec": {"vpc": "v", "subnet": "sn", "lanIp": "10.0.1.5"}});
        let cluster = Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "sn", "spec": subnet}));
        let verdict = cluster.verdict(&crate::rules::support::testing::create(&gateway));
        verdict.findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_subnet_is_of_the_vpc() {
        assert!(verdict(json!({"vpc": "v", "cidrBlock": "10.0.1.0/24"})).is_empty());
        let wanted = r#"spec.subnet: Invalid value: "sn": belongs to VPC "w", not to VPC "v" [gateway-subnet-in-vpc]"#;
        assert_eq!(verdict(json!({"vpc": "w", "cidrBlock": "10.0.1.0/24"})), [wanted]);
        let wanted = r#"spec.subnet: Invalid value: "sn": has the provider "nad.ns", so OVN makes no network of it [gateway-subnet-in-vpc]"#;
        assert_eq!(verdict(json!({"vpc": "v", "provider": "nad.ns", "cidrBlock": "10.0.1.0/24"})), [wanted]);
    }
}

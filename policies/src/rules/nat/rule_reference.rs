//! Wants a NAT rule to fit its address, its gateway and its VPC.
//!
//! Kube-OVN looks up what a NAT rule names, and little of what that is. It refuses in its log what can never work, and takes what works for
//! nobody:
//!
//! - a rule inside a VpcNatGateway (v1.7 to v1.9) for an `eip` that is not among that gateway's `eips`;
//! - an OvnEip of type `lsp`, which is the address of a gateway node: Kube-OVN tries for ever;
//! - an OvnEip of one address family for a target of the other;
//! - a DNAT rule of type `share` on an IptablesEIP that has IPv6 only;
//! - a QoSPolicy of a NAT gateway that is not shared or not for NAT gateways, and one that is not shared, of two IptablesEIPs.
//!
//! These are refused. It warns of
//!
//! - an internal address or range in no Subnet of the VPC, of its peers, its static routes, or the gateway's `internalCIDRs`,
//!   `internalSubnets` and `routes` (kube-ovn issue 2636);
//! - an IptablesEIP whose external Subnet is not the first of its gateway's, `ovn-vpc-external-network` where none is named: the
//!   gateway has no interface there (kube-ovn issue 7134), unless both are ranges of one network;
//! - an IptablesEIP in a Subnet without IPv4, which never gets ready, or with a QoSPolicy that is not for EIPs;
//! - one OvnEip in two VPCs: Kube-OVN keeps one of them in the EIP's status, the one that it looked at last.
//!
//! What an `ipName` leads to is known where IPs are seen: in files, or with the setting `readIPs`. Of what does not exist nothing is said here, nor of a VPC before its Subnets. An EIP may come before its gateway.
//!
//! ```yaml bad
//! # bad: this OvnEip is that of a gateway node
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {enableExternal: true}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {vlan: external, cidrBlock: 203.0.113.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: node-a}
//! spec: {type: lsp}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnFip
//! metadata: {name: web}
//! spec: {ovnEip: node-a, vpc: blue, v4Ip: 10.0.1.10}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {enableExternal: true}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {vlan: external, cidrBlock: 203.0.113.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: web}
//! spec: {type: nat}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnFip
//! metadata: {name: web}
//! spec: {ovnEip: web, vpc: blue, v4Ip: 10.0.1.10}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: out}
//! spec: {type: nat}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnSnatRule
//! metadata: {name: out}
//! spec: {ovnEip: out, vpcSubnet: blue-apps}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: RouterLBRule
//! metadata: {name: mail}
//! spec: {ovnEip: out, vpc: blue, endpoints: [10.0.1.11], ports: [{name: smtp, port: 25, targetPort: 25, protocol: TCP}]}
//! ```
//!
//! Name an address, a gateway and a target that belong together.

mod gateway;
mod iptables;
mod ovn;
mod qos;
#[cfg(test)]
mod tests;

use crate::finding::Action;
use crate::kinds::{LAST_APPLIED, ObjectRef};
use crate::net::Cidr;
use crate::rule::prelude::*;
use crate::rules::support::inside::Inside;
use crate::rules::support::nat::RULE_FIELDS;

/// The rule.
pub const RULE: Rule = Rule {
    id: "nat-rule-reference",
    summary: "a NAT rule, an EIP or a gateway names an address, target or QoSPolicy that does not fit it",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatRules,
    asks: &[
        Kind::Vpc,
        Kind::Subnet,
        Kind::Node,
        Kind::VpcNatGateway,
        Kind::IptablesEip,
        Kind::Vip,
        Kind::OvnEip,
        Kind::OvnFip,
        Kind::OvnDnatRule,
        Kind::OvnSnatRule,
        Kind::RouterLbRule,
        Kind::QosPolicy,
        Kind::Ip,
    ],
    checks: &[
        Check::NatGateway(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.qosPolicy"),
                Read::Field("spec.internalCIDRs"),
                Read::Field("spec.internalSubnets"),
                Read::Field("spec.routes"),
                Read::Field("spec.eips"),
                Read::Field("spec.floatingIpRules"),
                Read::Field("spec.dnatRules"),
                Read::Field("spec.snatRules"),
                Read::Annotation(LAST_APPLIED),
            ],
            gateway::check,
        ),
        Check::IptablesEip(
            &[Read::Field("spec.natGwDp"), Read::Field("spec.externalSubnet"), Read::Field("spec.qosPolicy")],
            iptables::eip,
        ),
        Check::IptablesFipRule(&[Read::Field("spec.eip"), Read::Field("spec.internalIp")], |rule, context| {
            iptables::target(&rule.eip, "spec.internalIp", &rule.internal_ip, context)
        }),
        Check::IptablesDnatRule(
            &[Read::Field("spec.eip"), Read::Field("spec.internalIp"), Read::Field("spec.type")],
            iptables::dnat_rule,
        ),
        Check::IptablesSnatRule(&[Read::Field("spec.eip"), Read::Field("spec.internalCIDR")], |rule, context| {
            iptables::target(&rule.eip, "spec.internalCIDR", &rule.internal_cidr, context)
        }),
        Check::OvnFip(RULE_FIELDS, ovn::fip),
        Check::OvnDnatRule(RULE_FIELDS, ovn::dnat_rule),
        Check::OvnSnatRule(RULE_FIELDS, ovn::snat_rule),
        Check::RouterLbRule(&[Read::Field("spec.ovnEip"), Read::Field("spec.vpc")], ovn::router_lb_rule),
    ],
};

/// A target that is in none of the networks that are known.
fn outside(inside: &Inside<'_>, field: FieldPath, written: &str, context: &mut Context<'_>) -> Outcome {
    outside_with(str::to_owned, inside, field, written, context)
}

/// The same, with more to the help.
fn outside_with(
    completed: fn(&str) -> String,
    inside: &Inside<'_>,
    field: FieldPath,
    written: &str,
    context: &mut Context<'_>,
) -> Outcome {
    let Some(prefix) = Cidr::parse_or_address(written.trim()).map(|prefix| prefix.network()) else { return Ok(()) };
    if context.has_enough(Action::Warn) || !inside.miss(prefix, context)? {
        return Ok(());
    }
    let detail =
        format!("lies in no network of {}, nor where its routes lead", context.mention(Kind::Vpc, inside.vpc()));
    let finding = Finding::invalid(field, written, detail).related(ObjectRef::new(Kind::Vpc, inside.vpc()), None);
    let is_address = prefix.prefix_len() == prefix.max_prefix_len();
    let help = if is_address {
        "Use an address of a Subnet of the VPC, or give the VPC a route there."
    } else {
        "Use a range of a Subnet of the VPC, or give the VPC a route there."
    };
    context.warn(finding.help(completed(help)));
    Ok(())
}

//! Keeps two NAT rules from taking the same of one address.
//!
//! Of a NAT gateway's address a port of a protocol leads to one place, unless all of its rules are of `type: share`, and a floating IP
//! takes the whole of it: DNAT rules beside it do nothing (kube-ovn issue 6412). Kube-OVN leaves the later rule out, with a line in its
//! log, or tells the gateway both. By OVN a port leads to one place, after v1.16 whatever the protocol, where v1.16 makes both rules
//! and OVN takes one of a protocol; and an OvnEip is of one OvnFip. An OvnDnatRule beside an OvnFip wins on its port, and is left
//! alone. tcp and udp may share a port of a NAT gateway's address, and any rule may stand beside source NAT.
//!
//! It warns where two source NAT rules are for the same prefix of one VPC or gateway: one of them does nothing (kube-ovn issue 6841).
//! Where prefixes overlap, the longest wins in OVN. In a gateway the rule that was made first does, up to v1.16.2, and the longest after
//! it: a rule for a part of what another EIP has already is a warning, and the reverse is not. When its Pod is made anew, a gateway of
//! these releases is told its rules in any order. What an OvnSnatRule's `ipName` stands for is not known here.
//!
//! In a gateway of v1.7 to v1.9 its own rules are compared. Two rules that are made at the same moment are kept apart by the webhook
//! alone, and not by the Kubewarden policy.
//!
//! ```yaml bad
//! # bad: port 443 of the address leads to two places
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: web}
//! spec: {externalSubnet: external, type: nat}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnDnatRule
//! metadata: {name: web}
//! spec: {ovnEip: web, vpc: ovn-cluster, v4Ip: 10.0.1.10, externalPort: "443", internalPort: "8443", protocol: tcp}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnDnatRule
//! metadata: {name: web-too}
//! spec: {ovnEip: web, vpc: ovn-cluster, v4Ip: 10.0.1.11, externalPort: "443", internalPort: "8443", protocol: udp}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: web}
//! spec: {externalSubnet: external, type: nat}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnDnatRule
//! metadata: {name: web}
//! spec: {ovnEip: web, vpc: ovn-cluster, v4Ip: 10.0.1.10, externalPort: "443", internalPort: "8443", protocol: tcp}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnDnatRule
//! metadata: {name: web-too}
//! spec: {ovnEip: web, vpc: ovn-cluster, v4Ip: 10.0.1.11, externalPort: "8443", internalPort: "8443", protocol: udp}
//! ```
//!
//! Take another port or another address, or make the rules of a port `type: share`.

mod inside;
mod iptables;
mod ovn;
#[cfg(test)]
mod tests;

use crate::kinds::LAST_APPLIED;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "nat-rule-conflict",
    summary: "another NAT rule takes the same of an address",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatRules,
    asks: &[
        Kind::Subnet,
        Kind::IptablesEip,
        Kind::IptablesFipRule,
        Kind::IptablesDnatRule,
        Kind::IptablesSnatRule,
        Kind::OvnFip,
        Kind::OvnDnatRule,
        Kind::OvnSnatRule,
        Kind::RouterLbRule,
    ],
    checks: &[
        Check::NatGateway(
            &[
                Read::Field("spec.floatingIpRules"),
                Read::Field("spec.dnatRules"),
                Read::Field("spec.snatRules"),
                Read::Annotation(LAST_APPLIED),
            ],
            inside::gateway,
        ),
        Check::IptablesFipRule(&[Read::Field("spec.eip")], iptables::fip),
        Check::IptablesDnatRule(
            &[
                Read::Field("spec.eip"),
                Read::Field("spec.externalPort"),
                Read::Field("spec.protocol"),
                Read::Field("spec.type"),
            ],
            iptables::dnat,
        ),
        Check::IptablesSnatRule(&[Read::Field("spec.eip"), Read::Field("spec.internalCIDR")], iptables::snat),
        Check::OvnFip(&[Read::Field("spec.ovnEip")], ovn::fip),
        Check::OvnDnatRule(&[Read::Field("spec.ovnEip"), Read::Field("spec.externalPort")], ovn::dnat),
        Check::OvnSnatRule(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.vpcSubnet"),
                Read::Field("spec.v4IpCidr"),
                Read::Field("spec.v6IpCidr"),
            ],
            ovn::snat,
        ),
        Check::RouterLbRule(&[Read::Field("spec.ovnEip"), Read::Field("spec.ports")], ovn::router_lb),
    ],
};

/// What to do where a port is taken.
const OTHER_PORT: &str = "Take another port or another EIP.";

//! Refuses a NAT rule that is not read as it is meant, or reaches a shell.
//!
//! An API server takes any text in a NAT rule and its address. Up to v1.14, and in v1.15.0, Kube-OVN hands the texts of NAT gateways
//! to a shell in a privileged Pod as they are: `10.0.0.5; …` runs what follows. Later releases leave such a rule out, with a line in
//! their logs, and so does NAT by OVN. So every text has one form, in all generations:
//!
//! - an address is one address of its family, a prefix has a length; `internalCIDR` may be an address, but no list;
//! - a port is a number from 1 to 65535, without a sign or zeros before it: another text is another rule to Kube-OVN;
//! - a protocol is `tcp` or `udp`, in any case; of an OvnDnatRule exactly `tcp`, `udp` or `sctp`, or OVN refuses the transaction;
//! - a name is one that an object can have;
//! - what a rule cannot be without is there: its EIP, its target with the VPC of it, ports and protocol. An OvnSnatRule is for
//!   exactly one of `vpcSubnet`, `ipName`, and `v4IpCidr` or `v6IpCidr`.
//!
//! The address of a gateway of v1.7 to v1.9 lies in the network of its `gateway`, and is another one. Of such a gateway it also judges
//! what `kubectl` applied and the API server of a later release has dropped.
//!
//! The `v4ip` of an IptablesEIP goes through IPAM, which takes addresses alone: a shell is given it by v1.10, with each rule of the EIP.
//!
//! An OvnEip asks for its addresses in `v4Ip` alone, whatever their family: one, or in a dual-stack Subnet both, the IPv4 address
//! first and a comma between (`"192.168.0.10,fd00::10"`). Its `v6Ip` Kube-OVN does not read and writes over, so that one which is
//! written is a warning. In the releases v1.13 to v1.16.2 no OvnEip gets ready that has an IPv6 address: they write it into a
//! label, in which no API server takes a colon.
//!
//! It also warns of what else Kube-OVN passes over: the `macAddress` and the `v6ip` of an IptablesEIP, and an IPv6 address in its
//! `v4ip`, which is never served, words that Kube-OVN takes for its default, and what loses against another field of an OvnSnatRule.
//!
//! ```yaml bad
//! # bad: two ports, and what follows runs in the gateway
//! apiVersion: kubeovn.io/v1
//! kind: IptablesDnatRule
//! metadata: {name: web}
//! spec: {eip: web, externalPort: "8888 9999", protocol: tcp, internalIp: "10.0.1.10; reboot", internalPort: "80"}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: ovn-vpc-external-network}
//! spec: {provider: ovn-vpc-external-network.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
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
//! metadata: {name: blue}
//! spec: {vpc: blue, subnet: blue-apps, lanIp: 10.0.1.254, externalSubnets: [ovn-vpc-external-network]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesEIP
//! metadata: {name: web}
//! spec: {natGwDp: blue, v4ip: 192.168.100.10}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesDnatRule
//! metadata: {name: web}
//! spec: {eip: web, externalPort: "8888", protocol: tcp, internalIp: 10.0.1.10, internalPort: "80"}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesSnatRule
//! metadata: {name: out}
//! spec: {eip: web, internalCIDR: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesEIP
//! metadata: {name: mail}
//! spec: {natGwDp: blue, v4ip: 192.168.100.11}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: IptablesFIPRule
//! metadata: {name: mail}
//! spec: {eip: mail, internalIp: 10.0.1.11}
//! ```
//!
//! Correct the field that the message names.

mod inside;
mod iptables;
mod ovn;
#[cfg(test)]
mod tests;
mod text;

use crate::kinds::LAST_APPLIED;
use crate::rule::prelude::*;

/// Whether the rule sees to it that a field is a name that an object can have.
pub(crate) fn judges_name(kind: Kind, field: &FieldPath) -> bool {
    let field = field.to_string();
    match kind {
        Kind::VpcNatGateway => field.starts_with("spec.externalSubnets[") || field == "spec.qosPolicy",
        Kind::IptablesEip
        | Kind::IptablesFipRule
        | Kind::IptablesDnatRule
        | Kind::IptablesSnatRule
        | Kind::OvnEip
        | Kind::OvnFip
        | Kind::OvnDnatRule
        | Kind::OvnSnatRule
        | Kind::RouterLbRule => true,
        _ => false,
    }
}

/// The rule.
pub const RULE: Rule = Rule {
    id: "nat-rule-syntax",
    summary: "a NAT rule or its address is not read as it is meant, or reaches a shell",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::NatRules,
    asks: &[],
    checks: &[
        Check::NatGateway(
            &[
                Read::Field("spec.eips"),
                Read::Field("spec.floatingIpRules"),
                Read::Field("spec.dnatRules"),
                Read::Field("spec.snatRules"),
                Read::Field("spec.externalSubnets"),
                Read::Field("spec.qosPolicy"),
                Read::Annotation(LAST_APPLIED),
            ],
            inside::gateway,
        ),
        Check::IptablesEip(&[Read::Field("spec")], iptables::eip),
        Check::IptablesFipRule(&[Read::Field("spec")], iptables::fip),
        Check::IptablesDnatRule(&[Read::Field("spec")], iptables::dnat),
        Check::IptablesSnatRule(&[Read::Field("spec")], iptables::snat),
        Check::OvnEip(&[Read::Field("spec")], ovn::eip),
        Check::OvnFip(&[Read::Field("spec")], ovn::fip),
        Check::OvnDnatRule(&[Read::Field("spec")], ovn::dnat),
        Check::OvnSnatRule(&[Read::Field("spec")], ovn::snat),
        Check::RouterLbRule(&[Read::Field("spec")], ovn::router_lb),
    ],
};

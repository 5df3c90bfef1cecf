//! Refuses a Subnet whose fields Kube-OVN cannot use.
//!
//! Kube-OVN validates a Subnet after it has stored it. Some faults end in a condition of the Subnet, some in the
//! controller's log, and an empty `cidrBlock` in older releases in a crash loop of its daemon on all nodes. Each fault
//! is reported at its field:
//!
//! | field | must be |
//! |---|---|
//! | `cidrBlock` | one prefix an address family, not a single address, no multicast, loopback, link-local or unspecified range, no whitespace |
//! | `gateway` | one address for each family of the `cidrBlock`, in it and in its order, lower case, neither its network address nor its last one |
//! | `excludeIps` | addresses and ranges `a..b` of one family in ascending order |
//! | `vips` | in the `cidrBlock`, lower case |
//! | `u2oInterconnectionIP` | the same with `u2oInterconnection`, one an address family, and not the gateway, the first or the last address; nothing without |
//! | `externalEgressGateway` | at most one address for each family of the `cidrBlock`, lower case, not with `natOutgoing` |
//! | `allowSubnets` | prefixes, lower case |
//! | `gatewayType` | `distributed` or `centralized` |
//! | `mtu` | 68 to 65535, which is what Linux takes; negative, Kube-OVN can read no Subnet of the cluster |
//! | `policyRoutingPriority` | 1 to 32765, before the rules that nodes have already |
//! | `policyRoutingTableID` | 1 to 2147483647, but for 252 to 255, which are Linux' own |
//! | `logicalGateway` | not with `u2oInterconnection` |
//! | `u2oFeatures.overlayOnlyRouting` | only with `u2oInterconnection` and `vlan` |
//! | `natOutgoingPolicyRules[].action` | `nat` or `forward`: Kube-OVN leaves out a rule with another |
//! | `natOutgoingPolicyRules[].match` | addresses and prefixes of one family, the same in `srcIPs` and `dstIPs` |
//!
//! An IPv4 address in the form of IPv6, such as `::ffff:10.0.0.1`, is no `gateway` and no `u2oInterconnectionIP`, for OVN reads no IPv4 address in it. Of
//! two families Kube-OVN wants both gateways, or that of IPv4 where its prefix comes first, and completes the other; what it makes of one
//! alone otherwise it cannot use. Where an underlay has a router of its own, one alone and one in that form are warnings, and the order
//! matters to `enableDHCP` only, a warning too.
//!
//! Up to v1.15 the definition of Subnets had the bounds of the three numbers and both actions. v1.16 has not, so that a wrong one
//! shows on the nodes alone; a 0 is as good as nothing. Beside `externalEgressGateway`, in the default VPC, nothing as `policyRoutingTableID` is
//! a warning: Kube-OVN then writes the route into the main table of nodes. Where `cidrBlock` is missing, a key such as `cidr` is named, which Kube-OVN does
//! not read.
//!
//! Kube-OVN v1.16.2 takes `excludeIps` of mixed families, but a Pod was then given the gateway's address. Three prefixes
//! end kube-ovn-controller, and end it again at each start; beyond 16 none is read.
//!
//! A Subnet with a `vlan` and no `cidrBlock`, which newer releases than v1.16.2 make a network of, gives out no
//! addresses, so it has no `gateway`, `excludeIps`, `vips` or `u2oInterconnectionIP`. These are warnings: upper case in
//! the `cidrBlock` or in `excludeIps`, which Kube-OVN lower-cases; a `protocol` that is none, which it overwrites; an
//! `mtu` below 1280 with IPv6, which its controller takes; and the first address of an IPv6 prefix as `gateway`: a
//! router may well have it, but Kube-OVN makes no Subnet of it.
//!
//! ```yaml bad
//! # bad: the gateway is in another network
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16, gateway: 10.18.0.1}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16, gateway: 10.17.0.1}
//! ```
//!
//! Correct the field that the message names.

mod addresses;
mod cidr_block;
mod options;

use crate::kinds::Subnet;
use crate::net::has_upper_case;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-syntax",
    summary: "a Subnet's field is not what Kube-OVN can use",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.cidrBlock"),
            Read::Field("spec.vlan"),
            Read::Field("spec.gateway"),
            Read::Field("spec.excludeIps"),
            Read::Field("spec.vips"),
            Read::Field("spec.u2oInterconnectionIP"),
            Read::Field("spec.externalEgressGateway"),
            Read::Field("spec.vpc"),
            Read::Field("spec.provider"),
            Read::Field("spec.natOutgoing"),
            Read::Field("spec.allowSubnets"),
            Read::Field("spec.gatewayType"),
            Read::Field("spec.protocol"),
            Read::Field("spec.mtu"),
            Read::Field("spec.policyRoutingPriority"),
            Read::Field("spec.policyRoutingTableID"),
            Read::Field("spec.logicalGateway"),
            Read::Field("spec.u2oInterconnection"),
            Read::Field("spec.u2oFeatures"),
            Read::Field("spec.enableDHCP"),
            Read::Field("spec.natOutgoingPolicyRules"),
        ],
        check,
    )],
};

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    options::check(subnet, context);
    if subnet.cidr_block.trim().is_empty() {
        cidr_block::check_absent(subnet, context);
    } else {
        cidr_block::check(subnet, context);
        addresses::check(subnet, context);
    }
    Ok(())
}

/// How to mend upper case.
fn in_lower_case(text: &str) -> String {
    format!("Write {}.", quoted(&text.to_ascii_lowercase()))
}

/// Kube-OVN fails on IPv6 addresses in upper case almost everywhere.
fn refuse_upper_case(context: &mut Context<'_>, field: FieldPath, text: &str) {
    if has_upper_case(text) {
        let finding = Finding::invalid(field, text, "must be in lower case");
        context.deny(finding.help(in_lower_case(text)));
    }
}

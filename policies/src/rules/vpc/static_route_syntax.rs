//! Refuses a static route that Kube-OVN cannot use.
//!
//! One route that does not parse, and Kube-OVN's controller gives up on the whole Vpc, with a line in its log. One
//! whose next hop is of another address family than its prefix is made, and OVN drops it, with a line in the log of
//! ovn-northd. A route needs a `cidr`, which may be a bare address, and one `nextHopIP` of the same address family;
//! `policy` is `policyDst`, `policySrc` or left out. In an IPv4 address in the form of IPv6, such as `::ffff:10.0.1.254`, OVN reads
//! none, and drops the route too.
//!
//! ```yaml bad
//! # bad: there is no such policy
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 172.16.0.0/12, nextHopIP: 10.0.1.254, policy: dst}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 172.16.0.0/12, nextHopIP: 10.0.1.254, policy: policyDst}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Correct the field that the message names.

use std::net::IpAddr;

use crate::kinds::{StaticRoute, Vpc};
use crate::net::{Cidr, Family, is_mapped, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::corrections;
use crate::text::shortened;

/// The rule.
pub const RULE: Rule = Rule {
    id: "static-route-syntax",
    summary: "a static route's cidr, nextHopIP or policy is not what Kube-OVN can use",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Vpc(&[Read::Field("spec.staticRoutes")], check)],
};

const POLICIES: &[&str] = &["policyDst", "policySrc"];

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    for (at, route) in vpc.static_routes.iter().enumerate() {
        let path = StaticRoute::path(at);
        if !matches!(route.policy.as_str(), "" | "policyDst" | "policySrc") {
            let field = path.clone().field("policy");
            let finding = Finding::not_supported(field, &route.policy, POLICIES);
            context.deny(finding.help(corrections::choice(&route.policy, POLICIES)));
        }
        let destination = cidr(context, path.clone().field("cidr"), &route.cidr);
        let field = path.field("nextHopIP");
        let hop = next_hop(context, field.clone(), &route.next_hop_ip);
        if let (Some(destination), Some(hop)) = (destination, hop)
            && destination != Family::of(hop)
        {
            let detail = format!("is {}, but the cidr is {}", Family::of(hop).name(), destination.name());
            let help = format!("Send {} to an {} address.", shortened(&route.cidr), destination.name());
            context.deny(Finding::invalid(field, &route.next_hop_ip, detail).help(help));
        }
    }
    Ok(())
}

fn cidr(context: &mut Context<'_>, field: FieldPath, text: &str) -> Option<Family> {
    if text.is_empty() {
        let finding = Finding::required(field, "a route needs a prefix or an address, as in 0.0.0.0/0");
        context.deny(finding.help("Write where the route leads: 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6."));
        return None;
    }
    if !text.contains('/') {
        let address = parse_ip(text);
        if address.is_none() {
            let finding = Finding::invalid(field, text, "is neither an address nor a prefix");
            context.deny(finding.help(corrections::address(text)));
        }
        return address.map(Family::of);
    }
    match Cidr::parse(text) {
        Ok(cidr) => Some(cidr.family()),
        Err(error) => {
            context.deny(Finding::invalid(field, text, error.to_string()).help(corrections::prefix(text, error)));
            None
        }
    }
}

fn next_hop(context: &mut Context<'_>, field: FieldPath, text: &str) -> Option<IpAddr> {
    if text.is_empty() {
        let finding = Finding::required(field, "a route needs the address of a next hop");
        context.deny(
            finding.help("Write the address of a router in one of the VPC's networks, as the lanIp of a NAT gateway."),
        );
        return None;
    }
    let hop = parse_ip(text);
    if hop.is_none() {
        let whitespace = parse_ip(text.trim()).is_some();
        let fault = if whitespace { "must not have whitespace around it" } else { "must be exactly one IP address" };
        context.deny(Finding::invalid(field, text, fault).help(corrections::address(text)));
    } else if is_mapped(text) {
        let fault = "must be written as the IPv4 address that it is: OVN reads none in it, and drops the route";
        context.deny(Finding::invalid(field, text, fault).help(corrections::address(text)));
    }
    hop
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    fn found(route: Value) -> Vec<String> {
        let vpc = json!({"kind": "Vpc", "spec": {"staticRoutes": [route]}});
        let verdict = Cluster::of(super::RULE.id).verdict(&create(&vpc));
        let own = verdict.findings.iter().filter(|finding| finding.rule() == RULE.id);
        own.map(ToString::to_string).collect()
    }

    #[test]
    fn each_fault_of_a_route_is_named() {
        for (route, wanted) in [
            (
                json!({"nextHopIP": "10.0.0.1"}),
                "cidr: Required value: a route needs a prefix or an address, as in 0.0.0.0/0",
            ),
            (json!({"cidr": "10.0.0.0/8"}), "nextHopIP: Required value: a route needs the address of a next hop"),
            (
                json!({"cidr": "10.0.0.0/33", "nextHopIP": "10.0.0.1"}),
                r#"cidr: Invalid value: "10.0.0.0/33": needs a prefix length from 0 to 32"#,
            ),
            (
                json!({"cidr": "10.0.0.0 ", "nextHopIP": "10.0.0.1"}),
                r#"cidr: Invalid value: "10.0.0.0 ": is neither an address nor a prefix"#,
            ),
            (
                json!({"cidr": "10.0.0.0/8", "nextHopIP": " 10.0.0.1"}),
                r#"nextHopIP: Invalid value: " 10.0.0.1": must not have whitespace around it"#,
            ),
            (
                json!({"cidr": "10.0.0.0/8", "nextHopIP": "10.0.0.1,10.0.0.2"}),
                r#"nextHopIP: Invalid value: "10.0.0.1,10.0.0.2": must be exactly one IP address"#,
            ),
            (
                json!({"cidr": "10.0.0.0/8", "nextHopIP": "::ffff:10.0.0.1"}),
                r#"nextHopIP: Invalid value: "::ffff:10.0.0.1": must be written as the IPv4 address that it is: OVN reads none in it, and drops the route"#,
            ),
            (
                json!({"cidr": "::/0", "nextHopIP": "10.0.0.1"}),
                r#"nextHopIP: Invalid value: "10.0.0.1": is IPv4, but the cidr is IPv6"#,
            ),
            (
                json!({"cidr": "10.0.0.0/8", "nextHopIP": "10.0.0.1", "policy": "dst"}),
                r#"policy: Unsupported value: "dst": supported values: "policyDst", "policySrc""#,
            ),
        ] {
            assert_eq!(found(route), [format!("spec.staticRoutes[0].{wanted} [static-route-syntax]")]);
        }
    }

    #[test]
    fn a_bare_address_is_a_destination() {
        assert!(found(json!({"cidr": "10.0.0.5", "nextHopIP": "10.0.0.1", "policy": "policySrc"})).is_empty());
        assert!(found(json!({"cidr": "fd00::/8", "nextHopIP": "fd00::1"})).is_empty());
    }
}

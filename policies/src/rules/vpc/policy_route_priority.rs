//! Points out a policy route that a policy of Kube-OVN's own comes before, or that takes its place.
//!
//! OVN asks the policies of a router in the order of their priorities, and Kube-OVN adds its own: in every VPC one at 31000 that
//! lets all through that goes to one of the VPC's Subnets. So a `drop` between two Subnets with a lower priority never sees a
//! packet, and nothing says so. In the default VPC a policy with the priority and the match of one of Kube-OVN's takes its
//! place. And where a NAT gateway has several replicas, Kube-OVN takes the gateway's policies away with each change
//! of the Vpc's, until it looks at the gateway again.
//!
//! ```yaml bad
//! # bad: traffic to blue-db is let through at 31000
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-db}
//! spec: {vpc: blue, cidrBlock: 10.0.2.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   policyRoutes:
//!   - {action: drop, match: ip4.src == 10.0.1.0/24 && ip4.dst == 10.0.2.0/24, priority: 1000}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-db}
//! spec: {vpc: blue, cidrBlock: 10.0.2.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   policyRoutes:
//!   - {action: drop, match: ip4.src == 10.0.1.0/24 && ip4.dst == 10.0.2.0/24, priority: 31500}
//! ```
//!
//! Give the policy a priority from 31001 to 32767.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::kinds::{Object, PolicyRoute, Subnet, Vpc};
use crate::net::{Cidr, Family};
use crate::ovn_match::packets::{Dimension, PacketBox, Version as IpVersion};
use crate::ovn_match::{Match, Version};
use crate::rule::prelude::*;
use crate::rules::support::matches::packets_of;

/// The rule.
pub const RULE: Rule = Rule {
    id: "policy-route-priority",
    summary: "a policy of Kube-OVN's own comes before a policy route, or gives way to it",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::OvnMatch,
    asks: &[Kind::Subnet, Kind::VpcNatGateway],
    checks: &[Check::Vpc(&[Read::Field("spec.policyRoutes")], check)],
};

/// That at which Kube-OVN lets through what goes to a Subnet of the VPC.
const TO_SUBNETS: i64 = 31_000;
/// That at which it lets through what goes to an underlay Subnet from the default VPC.
const TO_UNDERLAY: i64 = 29_400;
/// That at which it sends what leaves a Subnet of the default VPC to its node.
const FROM_SUBNETS: i64 = 29_000;

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if vpc.is_external() {
        return Ok(());
    }
    if let Some(Object::Vpc(old)) = context.old
        && old.policy_routes != vpc.policy_routes
    {
        gateways(vpc, context)?;
    }
    if vpc.policy_routes.is_empty() {
        return Ok(());
    }
    let mut subnets = context.cluster.subnets_of_vpc(&vpc.meta.name)?;
    subnets.retain(|subnet| subnet.is_on_router());
    if context.kube_ovn().is_custom_vpc(&vpc.meta.name) {
        too_late(vpc, &subnets, context);
    } else {
        replacing(vpc, &subnets, context);
    }
    Ok(())
}

/// The gateways whose policies go with those of the Vpc.
fn gateways(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    for gateway in context.cluster.nat_gateways_of_vpc(&vpc.meta.name)? {
        if gateway.replicas > 1 {
            let named = context.mention(Kind::VpcNatGateway, &gateway.meta.name);
            let detail = format!("with them Kube-OVN takes away the policies of {named}, until it looks at it again");
            let finding = Finding::forbidden(FieldPath::of("spec.policyRoutes"), "", detail);
            let finding = finding.related(gateway.reference(), Some(FieldPath::of("spec.replicas")));
            context.deny(finding.help("Change the gateway, if only by an annotation, once the Vpc has been changed."));
        }
    }
    Ok(())
}

/// Policies in a custom VPC that are asked for nothing.
fn too_late(vpc: &Vpc, subnets: &[Arc<Subnet>], context: &mut Context<'_>) {
    let let_through = Destinations::of(subnets);
    for (at, route) in vpc.policy_routes.iter().enumerate() {
        if route.priority >= TO_SUBNETS || !matches!(route.action.as_str(), "drop" | "reroute") {
            continue;
        }
        let Some(taken) = Match::parse(&route.matches, Version::default()).taken() else { continue };
        let boxes = taken.possibly.boxes();
        let Some(first) = boxes.first().filter(|_| boxes.iter().all(|one| let_through.hold(one))) else { continue };
        let Some(subnet) = subnets.iter().find(|subnet| holds(subnet, first)) else { continue };
        let named = context.mention(Kind::Subnet, &subnet.meta.name);
        let detail = format!("Kube-OVN lets traffic to {named} through at {TO_SUBNETS}, before this policy is asked");
        let finding = Finding::invalid_number(PolicyRoute::path(at).field("priority"), route.priority, detail);
        let finding = finding.related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
        let finding = finding.identified_by(format!("{} {}", route.priority, route.matches));
        context.deny(finding.help(format!("Choose a priority from {} to 32767.", TO_SUBNETS + 1)));
    }
}

fn holds(subnet: &Subnet, packets: &PacketBox) -> bool {
    let start = packets.range(Dimension::Destination).start();
    let is_of = |cidr: &Cidr| {
        let to = packets_of(Dimension::Destination, cidr.network());
        to.version() == packets.version() && to.range(Dimension::Destination).contains(start)
    };
    subnet.cidrs.iter().any(is_of)
}

/// The addresses to which Kube-OVN lets everything through, as ranges that do not touch.
struct Destinations(Vec<(IpVersion, RangeInclusive<u128>)>);

impl Destinations {
    fn of(subnets: &[Arc<Subnet>]) -> Self {
        let prefixes = subnets.iter().flat_map(|subnet| &subnet.cidrs);
        let mut ranges: Vec<_> = prefixes
            .map(|cidr| packets_of(Dimension::Destination, cidr.network()))
            .map(|to| (to.version(), to.range(Dimension::Destination).clone()))
            .collect();
        ranges.sort_by_key(|(version, range)| (*version, *range.start()));
        let mut merged: Vec<(IpVersion, RangeInclusive<u128>)> = Vec::new();
        for (version, range) in ranges {
            match merged.last_mut() {
                Some((of, last)) if *of == version && *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push((version, range)),
            }
        }
        Self(merged)
    }

    fn hold(&self, packets: &PacketBox) -> bool {
        let (version, to) = (packets.version(), packets.range(Dimension::Destination));
        let after = self.0.partition_point(|(of, range)| (*of, *range.start()) <= (version, *to.start()));
        let before = after.checked_sub(1).and_then(|at| self.0.get(at));
        before.is_some_and(|(of, range)| *of == version && range.contains(to.start()) && range.contains(to.end()))
    }
}

/// Policies in the default VPC that are taken for Kube-OVN's own.
fn replacing(vpc: &Vpc, subnets: &[Arc<Subnet>], context: &mut Context<'_>) {
    let own: BTreeSet<_> = subnets.iter().flat_map(|subnet| own_policies(subnet)).collect();
    for (at, route) in vpc.policy_routes.iter().enumerate() {
        if own.contains(&(route.priority, route.matches.clone())) {
            let detail =
                format!("is what a policy of Kube-OVN's own at {} matches, and takes its place", route.priority);
            let finding = Finding::invalid(PolicyRoute::path(at).field("match"), &route.matches, detail);
            context.deny(finding.help("Choose another priority."));
        }
    }
}

fn own_policies(subnet: &Subnet) -> impl Iterator<Item = (i64, String)> + '_ {
    subnet.cidrs.iter().flat_map(|cidr| {
        let (of, prefix) = (if cidr.family() == Family::V4 { "ip4" } else { "ip6" }, cidr.network());
        let mut policies = vec![(TO_SUBNETS, format!("{of}.dst == {prefix}"))];
        if subnet.gateway_type == "centralized" {
            policies.push((FROM_SUBNETS, format!("{of}.src == {prefix}")));
        }
        if subnet.u2o_interconnection {
            policies.push((TO_UNDERLAY, format!("{of}.dst == {prefix}")));
        }
        policies
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, update};

    fn vpc(name: &str, action: &str, text: &str, priority: i64) -> Value {
        let route = json!({"action": action, "match": text, "priority": priority, "nextHopIP": "10.0.1.9"});
        json!({"kind": "Vpc", "name": name, "spec": {"policyRoutes": [route]}})
    }

    fn subnet(name: &str, vpc: &str, cidrs: &str) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "cidrBlock": cidrs, "gatewayType": "centralized"}})
    }

    fn cluster() -> Cluster {
        Cluster::of(RULE.id)
            .with(subnet("a", "v", "10.0.0.0/24"))
            .with(subnet("b", "v", "10.0.1.0/24,fd00::/64"))
            .with(subnet("other", "w", "10.0.2.0/24"))
            .with(json!({"kind": "Subnet", "name": "plain", "spec": {"vpc": "v", "vlan": "x", "cidrBlock": "10.9.0.0/24"}}))
    }

    fn late(priority: i64, subnet: &str) -> String {
        format!(
            r#"spec.policyRoutes[0].priority: {priority}: Kube-OVN lets traffic to Subnet "{subnet}" through at 31000, before this policy is asked [policy-route-priority]"#
        )
    }

    #[test]
    fn what_kube_ovn_lets_through_before_is_pointed_out() {
        for (action, text, priority, subnet) in [
            ("drop", "ip4.dst == 10.0.0.0/24", 1000, "a"),
            ("reroute", "ip4.src == 10.0.0.0/24 && ip4.dst == 10.0.1.5", 30_999, "b"),
            // Two that touch.
            ("drop", "ip4.dst == 10.0.0.0/23 && tcp", 0, "a"),
            ("drop", "ip4.dst == 10.0.0.5 || ip6.dst == fd00::5", 0, "a"),
            // Whatever the mark is.
            ("drop", "ip6.dst == fd00::/64 && pkt.mark == 1", 0, "b"),
        ] {
            cluster().warns(&vpc("v", action, text, priority), &[&late(priority, subnet)]);
        }
    }

    #[test]
    fn what_is_asked_in_time_or_for_more_is_left_alone() {
        for (action, text, priority) in [
            ("reroute", "ip4.src == 10.0.0.0/24", 1000),
            ("drop", "ip4.dst == 10.0.0.0/24", 31_001),
            ("allow", "ip4.dst == 10.0.0.0/24", 1000),
            ("drop", "ip4.dst == 10.0.0.0/22", 1000),
            ("drop", "ip4.dst == 10.0.2.0/24", 1000),
            ("drop", "ip4.dst == 10.9.0.0/24", 1000),
            // What cannot be reckoned.
            ("drop", "ip4.dst == $set", 1000),
            ("drop", "ip4.dst[0..7] == 5", 1000),
            ("drop", "ip4.dst = 10.0.0.0/24", 1000),
            ("drop", "ip4 && ip6", 1000),
        ] {
            cluster().accepts(&vpc("v", action, text, priority));
        }
        Cluster::of(RULE.id).accepts(&vpc("v", "drop", "ip4.dst == 10.0.0.0/24", 1000));
    }

    #[test]
    fn in_the_default_vpc_nothing_takes_the_place_of_what_kube_ovn_wrote() {
        let cluster = || Cluster::of(RULE.id).with(subnet("a", "ovn-cluster", "10.16.0.0/16"));
        // Kube-OVN makes it, and users change it.
        let old = json!({"kind": "Vpc", "name": "ovn-cluster", "spec": {}});
        let warned = |text: &str, priority: i64| {
            let verdict = cluster().verdict(&update(&old, &vpc("ovn-cluster", "drop", text, priority)));
            verdict.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        for (text, priority) in [("ip4.dst == 10.16.0.0/16", 31_000), ("ip4.src == 10.16.0.0/16", 29_000)] {
            let wanted = format!(
                "spec.policyRoutes[0].match: {text:?}: is what a policy of Kube-OVN's own at {priority} matches, and takes its place [policy-route-priority]"
            );
            assert_eq!(warned(text, priority), [wanted]);
        }
        for (text, priority) in [
            ("ip4.dst == 10.16.0.0/16", 30_999),
            ("ip4.dst == 10.16.0.0/17", 31_000),
            ("ip4.dst == 10.16.0.0/16", 29_000),
        ] {
            assert_eq!(warned(text, priority), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_change_beside_a_gateway_with_replicas_is_pointed_out() {
        let gateway = |replicas: i64| json!({"kind": "VpcNatGateway", "name": "gw", "spec": {"vpc": "v", "subnet": "a", "replicas": replicas}});
        let (old, new) =
            (vpc("v", "drop", "ip4.src == 10.0.0.5", 31_500), vpc("v", "drop", "ip4.src == 10.0.0.6", 31_500));
        let warned = |replicas: i64, old: &Value, new: &Value| {
            let verdict = cluster().with(gateway(replicas)).verdict(&update(old, new));
            verdict.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let wanted = r#"spec.policyRoutes: with them Kube-OVN takes away the policies of VpcNatGateway "gw", until it looks at it again [policy-route-priority]"#;
        assert_eq!(warned(2, &old, &new), [wanted]);
        assert_eq!(warned(1, &old, &new), Vec::<String>::new());
        assert_eq!(warned(2, &old, &old), Vec::<String>::new());
    }
}

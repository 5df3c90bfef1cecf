//! Refuses a policy route that OVN does not take.
//!
//! Kube-OVN passes policy routes to OVN's database, which refuses an unknown `action` or a `priority` outside 0 to
//! 32767, and a list that names one next hop twice, and reads no IPv4 address in `::ffff:10.0.1.252`; a `reroute` without a usable next hop stops Kube-OVN from reconciling the
//! Vpc. Of two routes with the same priority and match one is kept.
//!
//! ```yaml bad
//! # bad: no next hop, and a priority above 32767
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   policyRoutes:
//!   - {action: reroute, match: ip4.src == 10.0.1.0/24, priority: 40000}
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
//! spec:
//!   policyRoutes:
//!   - {action: reroute, match: ip4.src == 10.0.1.0/24, priority: 10, nextHopIP: 10.0.1.252}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Correct the field that the message names.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{PolicyRoute, Vpc};
use crate::net::{is_mapped, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::corrections;

/// The rule.
pub const RULE: Rule = Rule {
    id: "policy-route-syntax",
    summary: "a policy route's action, priority or nextHopIP is not what OVN takes, or it stands twice",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Vpc(&[Read::Field("spec.policyRoutes")], check)],
};

/// The highest priority of OVN's `Logical_Router_Policy`.
const HIGHEST_PRIORITY: i64 = 32767;

const ACTIONS: &[&str] = &["allow", "drop", "reroute"];

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let mut seen = BTreeMap::<String, usize>::new();
    for (at, route) in vpc.policy_routes.iter().enumerate() {
        let path = PolicyRoute::path(at);
        if !(0..=HIGHEST_PRIORITY).contains(&route.priority) {
            let field = path.clone().field("priority");
            let finding = Finding::invalid_number(field, route.priority, "must be from 0 to 32767");
            context.deny(finding.help("Choose a number from 0 to 32767; the policy with the highest wins."));
        }
        match route.action.as_str() {
            "allow" | "drop" => {}
            "reroute" => next_hops(context, &path.clone().field("nextHopIP"), &route.next_hop_ip),
            other => {
                let field = path.clone().field("action");
                let finding = Finding::not_supported(field, other, ACTIONS);
                context.deny(finding.help(corrections::choice(other, ACTIONS)));
            }
        }
        let first = *seen.entry(format!("{} {}", route.priority, route.matches)).or_insert(at);
        if first < at {
            let detail = format!("stands in policyRoutes[{first}] with the same priority; OVN keeps the first");
            let finding = Finding::duplicate(path.field("match"), &route.matches, detail);
            context.deny(finding.help("Give the two different priorities, or keep one of them."));
        }
    }
    Ok(())
}

fn next_hops(context: &mut Context<'_>, field: &FieldPath, text: &str) {
    if text.trim().is_empty() {
        let finding = Finding::required(field.clone(), "a reroute needs the address of a next hop");
        context.deny(
            finding.help("Write the address of a router in one of the VPC's networks, as the lanIp of a NAT gateway."),
        );
        return;
    }
    let mut seen = BTreeSet::new();
    for part in text.split(',') {
        if is_mapped(part) {
            let fault = "must be written as the IPv4 address that it is: OVN reads none in it";
            context.deny(Finding::invalid(field.clone(), part, fault).help(corrections::address(part)));
        } else if parse_ip(part).is_some() {
            // As a text: OVN's database compares no addresses.
            if !seen.insert(part) {
                let finding = Finding::duplicate(field.clone(), part, "OVN takes no policy with one next hop twice");
                context.deny(finding.help("Name each next hop once."));
            }
        } else {
            let whitespace = parse_ip(part.trim()).is_some();
            let fault = if whitespace { "must not have whitespace around it" } else { "is not an IP address" };
            context.deny(Finding::invalid(field.clone(), part, fault).help(corrections::address(part)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    fn found(routes: Value) -> Vec<String> {
        let vpc = json!({"kind": "Vpc", "spec": {"policyRoutes": routes}});
        let verdict = Cluster::of(super::RULE.id).verdict(&create(&vpc));
        let own = verdict.findings.iter().filter(|finding| finding.rule() == RULE.id);
        own.map(ToString::to_string).collect()
    }

    #[test]
    fn each_fault_of_a_route_is_named() {
        for (route, wanted) in [
            (
                json!({"action": "deny", "match": "ip"}),
                r#"action: Unsupported value: "deny": supported values: "allow", "drop", "reroute""#,
            ),
            (json!({"match": "ip"}), r#"action: Unsupported value: "": supported values: "allow", "drop", "reroute""#),
            (
                json!({"action": "drop", "match": "ip", "priority": 32768}),
                "priority: Invalid value: 32768: must be from 0 to 32767",
            ),
            (
                json!({"action": "drop", "match": "ip", "priority": -1}),
                "priority: Invalid value: -1: must be from 0 to 32767",
            ),
            (
                json!({"action": "reroute", "match": "ip"}),
                "nextHopIP: Required value: a reroute needs the address of a next hop",
            ),
            (
                json!({"action": "reroute", "match": "ip", "nextHopIP": "10.0.0.1,x"}),
                r#"nextHopIP: Invalid value: "x": is not an IP address"#,
            ),
            (
                json!({"action": "reroute", "match": "ip", "nextHopIP": "fd00::1,fd00::2,fd00:0::1,fd00::1"}),
                r#"nextHopIP: Duplicate value: "fd00::1": OVN takes no policy with one next hop twice"#,
            ),
            (
                json!({"action": "reroute", "match": "ip", "nextHopIP": "10.0.0.1,::ffff:10.0.0.2"}),
                r#"nextHopIP: Invalid value: "::ffff:10.0.0.2": must be written as the IPv4 address that it is: OVN reads none in it"#,
            ),
            (
                json!({"action": "reroute", "match": "ip", "nextHopIP": "10.0.0.1, 10.0.0.2"}),
                r#"nextHopIP: Invalid value: " 10.0.0.2": must not have whitespace around it"#,
            ),
        ] {
            assert_eq!(found(json!([route])), [format!("spec.policyRoutes[0].{wanted} [policy-route-syntax]")]);
        }
    }

    #[test]
    fn what_ovn_takes_is_accepted() {
        let routes = json!([
            {"action": "drop", "match": "ip4", "priority": 0},
            {"action": "allow", "match": "ip4", "priority": 32767, "nextHopIP": "ignored"},
            {"action": "reroute", "match": "ip4", "priority": 5, "nextHopIP": "10.0.0.1,10.0.0.2"},
        ]);
        assert!(found(routes).is_empty());
    }

    #[test]
    fn the_second_of_a_priority_and_match_is_refused() {
        let route = |priority: i64| json!({"action": "drop", "match": "ip4", "priority": priority});
        let wanted = |at: usize| {
            format!(
                r#"spec.policyRoutes[{at}].match: Duplicate value: "ip4": stands in policyRoutes[0] with the same priority; OVN keeps the first [policy-route-syntax]"#
            )
        };
        assert_eq!(found(json!([route(1), route(2), route(1), route(1)])), [wanted(2), wanted(3)]);
    }
}

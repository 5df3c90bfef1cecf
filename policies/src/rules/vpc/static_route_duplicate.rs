//! Warns of two static routes for the same traffic.
//!
//! Kube-OVN keeps one route for each table, policy and prefix, unless both have a BFD session of their own: it deletes
//! the others when it adds one. With v1.16.2 the first of the list stayed each time that it was tried. A Vpc gets no
//! equal-cost routes that way.
//!
//! ```yaml bad
//! # bad: two routes to one prefix
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   staticRoutes:
//!   - {cidr: 172.16.0.0/12, nextHopIP: 10.0.1.253}
//!   - {cidr: 172.16.0.0/12, nextHopIP: 10.0.1.254}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good: one of them
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   staticRoutes:
//!   - {cidr: 172.16.0.0/12, nextHopIP: 10.0.1.253}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Keep one of the two, or give each its `bfdId`.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::kinds::{StaticRoute, Vpc};
use crate::net::{Cidr, parse_ip};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "static-route-duplicate",
    summary: "two static routes have the same table, policy and prefix",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Vpc(&[Read::Field("spec.staticRoutes")], check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let mut earlier: BTreeMap<String, Earlier<'_>> = BTreeMap::new();
    for (at, route) in vpc.static_routes.iter().enumerate() {
        let Some(prefix) = prefix(&route.cidr) else { continue };
        let policy = if route.policy.is_empty() { "policyDst" } else { route.policy.as_str() };
        let same = earlier.entry(format!("{policy} {prefix} {}", route.route_table)).or_default();
        if let Some(first) = same.first_like(&route.bfd_id) {
            let detail = format!("stands in staticRoutes[{first}] too; Kube-OVN keeps one of them");
            let finding = Finding::duplicate(StaticRoute::path(at).field("cidr"), &route.cidr, detail);
            context.deny(finding.help("Keep one of the two, or give each a bfdId of its own."));
        }
        same.add(at, &route.bfd_id);
    }
    Ok(())
}

/// The first routes to one prefix. Two with BFD sessions of their own are told apart; one without a session is like every other.
#[derive(Default)]
struct Earlier<'v> {
    first: Option<usize>,
    first_of: BTreeMap<&'v str, usize>,
}

impl<'v> Earlier<'v> {
    fn first_like(&self, bfd_id: &str) -> Option<usize> {
        if bfd_id.is_empty() {
            return self.first;
        }
        [self.first_of.get(""), self.first_of.get(bfd_id)].into_iter().flatten().min().copied()
    }

    fn add(&mut self, at: usize, bfd_id: &'v str) {
        self.first.get_or_insert(at);
        self.first_of.entry(bfd_id).or_insert(at);
    }
}

fn prefix(text: &str) -> Option<IpNet> {
    let text = text.trim();
    Cidr::parse(text).map(|cidr| cidr.network()).ok().or_else(|| parse_ip(text).map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    fn found(second: Value) -> Vec<String> {
        let first = json!({"cidr": "10.1.0.0/16", "nextHopIP": "10.0.0.1", "bfdId": "a"});
        let vpc = json!({"kind": "Vpc", "spec": {"staticRoutes": [first, second]}});
        let verdict = Cluster::of(super::RULE.id).verdict(&create(&vpc));
        let own = verdict.warnings.iter().filter(|finding| finding.rule() == RULE.id);
        own.map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_traffic_has_one_route() {
        for (cidr, policy) in [("10.1.0.0/16", ""), ("10.1.5.5/16", "policyDst")] {
            let wanted = format!(
                "spec.staticRoutes[1].cidr: {cidr:?}: stands in staticRoutes[0] too; Kube-OVN keeps one of them [static-route-duplicate]"
            );
            assert_eq!(found(json!({"cidr": cidr, "policy": policy, "nextHopIP": "10.0.0.2"})), [wanted]);
        }
        assert_eq!(found(json!({"cidr": "10.1.0.0/16", "bfdId": "a"})).len(), 1);
    }

    #[test]
    fn another_table_policy_prefix_or_bfd_session_is_another_route() {
        for second in [
            json!({"cidr": "10.1.0.0/16", "routeTable": "t"}),
            json!({"cidr": "10.1.0.0/16", "policy": "policySrc"}),
            json!({"cidr": "10.1.0.0/17"}),
            json!({"cidr": "10.1.0.0"}),
            json!({"cidr": "10.1.0.0/16", "bfdId": "b"}),
        ] {
            assert!(found(second).is_empty());
        }
    }

    #[test]
    fn the_first_that_is_like_it_is_named_with_sessions_or_without() {
        let routes = |ids: &[&str]| {
            let route = |id: &&str| json!({"cidr": "10.9.0.0/16", "nextHopIP": "10.0.0.5", "bfdId": id});
            let routes: Vec<Value> = ids.iter().map(route).collect();
            json!({"kind": "Vpc", "spec": {"staticRoutes": routes}})
        };
        let named = |ids: &[&str]| -> Vec<String> {
            let verdict = Cluster::of(RULE.id).verdict(&create(&routes(ids)));
            verdict.warnings.iter().map(ToString::to_string).collect()
        };
        assert!(named(&["a", "b", "c"]).is_empty());
        for (ids, first) in [(&["a", "b", "b"][..], 1), (&["a", "b", ""], 0), (&["a", "", ""], 0)] {
            let said = named(ids);
            let last = said.last().unwrap();
            assert!(last.contains(&format!("staticRoutes[{first}]")), "{ids:?}: {last}");
        }
    }
}

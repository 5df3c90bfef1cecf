//! Wants the next hop of a rerouting policy to be in a network of the VPC's router.
//!
//! OVN looks for a port of the router whose network holds the next hop, and drops the policy where there is none, with a
//! line in the log of ovn-northd. The networks, and the cases in which this is only a warning, are those of
//! `static-route-next-hop`. The gateway of an overlay Subnet of the VPC is the router's own address: OVN takes the policy, and
//! the packets go nowhere, which is always a warning.
//!
//! ```yaml bad
//! # bad: no network of the VPC has 10.0.3.252
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   policyRoutes:
//!   - {action: reroute, match: ip4.src == 10.0.1.0/24, priority: 10, nextHopIP: 10.0.3.252}
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
//! Use an address in one of the VPC's networks; create the Subnet first if that is what is missing.

use crate::kinds::{PolicyRoute, Vpc};
use crate::rule::prelude::*;
use crate::rules::support::networks::{self, Networks};

/// The rule.
pub const RULE: Rule = Rule {
    id: "policy-route-next-hop",
    summary: "the next hop of a rerouting policy is in none of the networks of the VPC's router, or the router itself",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Subnet],
    checks: &[Check::Vpc(&Networks::reads("spec.policyRoutes"), check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if vpc.policy_routes.iter().all(|route| route.next_hops().next().is_none()) || context.precedes_its_subnets(vpc)? {
        return Ok(());
    }
    let networks = Networks::of(vpc, context)?;
    let action = networks.action(vpc, context.kube_ovn());
    for (at, route) in vpc.policy_routes.iter().enumerate() {
        for (written, hop) in route.next_hops() {
            let field = PolicyRoute::path(at).field("nextHopIP");
            if !networks.contain(hop) {
                let (detail, help) = networks.outside("policy");
                let finding = Finding::invalid(field, written, detail);
                context.report(action, finding.unless_any(Kind::Subnet).help(help));
            } else if let Some(subnet) = networks.own_port(hop) {
                context.warn(networks::black_hole(field, written, subnet, context));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn vpc(action: &str, hops: &str) -> Value {
        let route = json!({"action": action, "match": "ip4", "priority": 5, "nextHopIP": hops});
        json!({"kind": "Vpc", "name": "v", "spec": {"policyRoutes": [route]}})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "a", "spec": {"vpc": "v", "cidrBlock": "10.0.1.0/24"}}))
    }

    const OUTSIDE: &str = r#""10.0.9.9": in none of the networks of the VPC's router, so OVN drops the policy; create the Subnet first if that is what is missing [policy-route-next-hop]"#;

    #[test]
    fn a_reroute_leads_into_a_network_of_the_router() {
        cluster().accepts(&vpc("reroute", "10.0.1.5"));
        cluster().accepts(&vpc("allow", "10.0.9.9"));
        let outside = |words: &str| format!("spec.policyRoutes[0].nextHopIP: {words}{OUTSIDE}");
        cluster().refuses(&vpc("reroute", "10.0.1.5, 10.0.9.9"), &[&outside("Invalid value: ")]);
        Cluster::of(super::RULE.id).settled().warns(&vpc("reroute", "10.0.9.9"), &[&outside("")]);
    }

    #[test]
    fn a_vpc_comes_before_its_subnets() {
        Cluster::of(super::RULE.id).accepts(&vpc("reroute", "10.0.9.9"));
    }

    #[test]
    fn the_routers_own_address_is_a_warning() {
        let own = r#"spec.policyRoutes[0].nextHopIP: "10.0.1.1": is the gateway of Subnet "a", the router's own port: the packets go nowhere [policy-route-next-hop]"#;
        cluster().warns(&vpc("reroute", "10.0.1.1"), &[own]);
        cluster().warns(&vpc("reroute", "10.0.1.5,10.0.1.1"), &[own]);
        cluster().accepts(&vpc("allow", "10.0.1.1"));
        // An underlay has a router of its own there.
        let underlay = json!({"vpc": "v", "vlan": "x", "cidrBlock": "10.0.2.0/24", "u2oInterconnection": true});
        cluster().with(json!({"kind": "Subnet", "name": "b", "spec": underlay})).accepts(&vpc("reroute", "10.0.2.1"));
    }
}

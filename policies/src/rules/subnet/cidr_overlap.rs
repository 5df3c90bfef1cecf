//! Keeps two Subnets of one VPC from having an address in common.
//!
//! Kube-OVN looks for overlaps after it has stored the Subnets, each time that it looks at one, and reports them in a
//! condition. Of Subnets that are stored together none gets a logical switch. One that comes later gets none either,
//! and breaks the one that was there: at its next reconcile it is no longer ready, and its changes are ignored.
//! Kube-OVN's own webhook compares `spec.vpc` as it is written, so it misses a Subnet that leaves the default VPC
//! unnamed, and two Subnets that are created together both pass.
//!
//! Only Subnets of the same VPC and the same VLAN are compared. The same addresses in two VPCs are what VPCs are for, and
//! are never reported. A Subnet that is being deleted still holds its addresses.
//!
//! ```yaml bad
//! # bad: 10.0.0.0/16 holds 10.0.2.0/24
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-db}
//! spec: {vpc: blue, cidrBlock: 10.0.2.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.0.0/16}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-db}
//! spec: {vpc: blue, cidrBlock: 10.0.2.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.1.0.0/16}
//! ```
//!
//! Choose a range that is free in the VPC, or another VPC. Where the refused one is private (RFC 1918, RFC 6598; RFC 4193), the
//! refusal ends in up to three of its length that are free, the nearest first: in the same private range, of `fc00::/7` in
//! the same /48, and in none that another Subnet of the VPC has or that `subnet-cidr-reserved` would
//! refuse. For an underlay none are named: what is free on a VLAN is known elsewhere.

use super::free::FreePrefixes;
use crate::finding::Action;
use crate::kinds::{ObjectRef, Subnet};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-cidr-overlap",
    summary: "a Subnet's CIDR overlaps that of another Subnet of the same VPC and VLAN",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Subnet, Kind::Node, Kind::ServiceCidr],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.cidrBlock"),
            Read::Field("spec.vpc"),
            Read::Field("spec.vlan"),
            Read::Field("spec.provider"),
        ],
        check,
    )],
};

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(shard) = subnet.shard() else { return Ok(()) };
    let vlan = if shard.vlan.is_empty() { String::new() } else { format!(" on VLAN {}", quoted(&shard.vlan)) };
    let vpc = quoted(&shard.vpc);
    let mut free = FreePrefixes::of(subnet);
    for cidr in subnet.distinct_cidrs() {
        for other in context.admitted.overlapping(&shard, cidr.network())? {
            if other.subnet == subnet.meta.name {
                continue;
            }
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let mentioned = context.mention(Kind::Subnet, &other.subnet) + &context.aside(&other.prefix);
            let detail = format!("overlaps {mentioned} in VPC {vpc}{vlan}");
            let help = free.near(cidr.network(), context)?;
            let finding = Finding::invalid(FieldPath::of("spec.cidrBlock"), &cidr.to_string(), detail)
                .related(ObjectRef::new(Kind::Subnet, &other.subnet), Some(FieldPath::of("spec.cidrBlock")))
                .in_conflict_with(&other.subnet)
                .help(help.unwrap_or_else(|| "Choose a range that no other Subnet of the VPC uses.".to_owned()));
            context.deny(finding);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn subnet(name: &str, spec: &Value) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": spec})
    }

    fn cluster(spec: &Value) -> Cluster {
        Cluster::of(super::RULE.id).with(json!({"kind": "Vpc", "name": "v"})).with(subnet("b", spec))
    }

    #[test]
    fn a_prefix_within_or_around_another_is_refused_in_either_family() {
        for (held, asked, part) in [
            ("10.0.4.0/24", "10.0.0.0/16", "10.0.0.0/16"),
            ("10.0.0.0/16", "10.0.4.9/24", "10.0.4.0/24"),
            ("10.0.0.0/16,fd00::/64", "10.1.0.0/16,fd00::/48", "fd00::/48"),
        ] {
            let verdict = cluster(&json!({"vpc": "v", "cidrBlock": held})).verdict(
                &crate::rules::support::testing::create(&subnet("a", &json!({"vpc": "v", "cidrBlock": asked}))),
            );
            let lines: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].starts_with(&format!(r#"spec.cidrBlock: Invalid value: "{part}": overlaps Subnet "b""#)));
        }
    }

    #[test]
    fn another_vpc_vlan_or_provider_is_another_address_space() {
        let held = json!({"vpc": "v", "cidrBlock": "10.0.0.0/16"});
        for asked in [
            json!({"cidrBlock": "10.0.0.0/16"}),
            json!({"vpc": "v", "vlan": "vlan1", "cidrBlock": "10.0.0.0/16"}),
            json!({"vpc": "v", "provider": "net.ns", "cidrBlock": "10.0.0.0/16"}),
        ] {
            cluster(&held).accepts(&subnet("a", &asked));
        }
    }

    #[test]
    fn an_unnamed_vpc_is_the_default_one() {
        let wanted = r#"spec.cidrBlock: Invalid value: "10.0.0.0/16": overlaps Subnet "b" (10.0.0.0/16) in VPC "ovn-cluster" [subnet-cidr-overlap]"#;
        cluster(&json!({"vpc": "ovn-cluster", "cidrBlock": "10.0.0.0/16"}))
            .refuses(&subnet("a", &json!({"cidrBlock": "10.0.0.0/16"})), &[wanted]);
    }

    #[test]
    fn an_overlap_that_was_there_before_is_a_warning() {
        let cluster = cluster(&json!({"vpc": "v", "cidrBlock": "10.0.0.0/16"}));
        let old = subnet("a", &json!({"vpc": "v", "cidrBlock": "10.0.4.0/24"}));
        let masked = subnet("a", &json!({"vpc": "v", "cidrBlock": "10.0.4.1/24"}));
        let moved = subnet("a", &json!({"vpc": "v", "cidrBlock": "10.0.5.0/24"}));
        assert!(cluster.verdict(&update(&old, &masked)).allowed);
        assert!(!cluster.verdict(&update(&old, &moved)).allowed);
    }

    #[test]
    fn the_same_prefix_in_conflict_with_another_subnet_is_another_violation() {
        let cluster = cluster(&json!({"vpc": "v", "cidrBlock": "10.0.0.0/16"}))
            .with(json!({"kind": "Vpc", "name": "w"}))
            .with(subnet("c", &json!({"vpc": "w", "cidrBlock": "10.0.0.0/16"})));
        let in_vpc = |vpc: &str| subnet("a", &json!({"vpc": vpc, "cidrBlock": "10.0.4.0/24"}));
        assert!(!cluster.verdict(&update(&in_vpc("v"), &in_vpc("w"))).allowed);
    }

    #[test]
    fn names_are_kept_back_where_they_are_not_disclosed() {
        let wanted =
            r#"spec.cidrBlock: Invalid value: "10.0.0.0/16": overlaps another Subnet in VPC "v" [subnet-cidr-overlap]"#;
        cluster(&json!({"vpc": "v", "cidrBlock": "10.0.0.0/16"}))
            .settings(&json!({"disclose": "none"}))
            .refuses(&subnet("a", &json!({"vpc": "v", "cidrBlock": "10.0.0.0/16"})), &[wanted]);
    }
}

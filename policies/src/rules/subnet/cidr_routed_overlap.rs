//! Warns of a Subnet that overlaps another network of its VPC's router.
//!
//! Kube-OVN compares Subnets of one VLAN. The router of a VPC also has ports in underlay networks with
//! `u2oInterconnection` or `logicalGateway`, and on the links to peered VPCs, whose Subnets it reaches through them. Two
//! networks with the same addresses leave the router to choose one: packets for the other are lost.
//!
//! ```yaml bad
//! # bad: the router of VPC blue has a port in underlay Subnet office
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: office}
//! spec: {vpc: blue, vlan: vlan7, u2oInterconnection: true, cidrBlock: 10.0.2.0/24}
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
//! metadata: {name: office}
//! spec: {vpc: blue, vlan: vlan7, u2oInterconnection: true, cidrBlock: 10.0.2.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.1.0.0/16}
//! ```
//!
//! Of a VPC's peerings the first 200 are looked at; where there are more, a warning says so.
//!
//! Choose a range that no network of the VPC's router has.

use crate::finding::Action;
use crate::kinds::{Peering, Subnet, Vpc};
use crate::net::{Cidr, overlap};
use crate::rule::prelude::*;
use crate::rules::support::MOST_PAIRED;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-cidr-routed-overlap",
    summary: "a Subnet overlaps an interconnected underlay, a peered VPC's Subnet or a peering link of its VPC",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Vpc, Kind::Subnet],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.cidrBlock"),
            Read::Field("spec.vpc"),
            Read::Field("spec.vlan"),
            Read::Field("spec.provider"),
            Read::Field("spec.logicalGateway"),
            Read::Field("spec.u2oInterconnection"),
        ],
        check,
    )],
};

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(vpc) = subnet.vpc.as_deref().filter(|_| subnet.is_on_router()) else { return Ok(()) };
    for cidr in subnet.distinct_cidrs() {
        for (other, prefix) in context.admitted.overlapping_in_vpc(vpc, cidr.network())? {
            // Those of the same VLAN are what subnet-cidr-overlap is about.
            if other.vlan != subnet.vlan && other.is_on_router() && other.meta.name != subnet.meta.name {
                if context.has_enough(Action::Deny) {
                    return Ok(());
                }
                let what = context.mention(Kind::Subnet, &other.meta.name) + &context.aside(&prefix);
                let what = format!("{what}, which the router of VPC {} also has", quoted(vpc));
                let finding = finding(cidr, &what, &other.meta.name);
                context.deny(finding.related(other.reference(), Some(FieldPath::of("spec.cidrBlock"))));
            }
        }
    }
    let Some(vpc) = context.admitted.vpc(vpc)? else { return Ok(()) };
    peerings(subnet, &vpc, context)
}

/// How many prefixes are compared with peerings: one an address family.
const MOST_PREFIXES: usize = 2;

/// Compares each prefix with each peering of the VPC, up to so many.
fn peerings(subnet: &Subnet, vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let cidrs: Vec<_> = subnet.distinct_cidrs().take(MOST_PREFIXES).collect();
    let peerings = vpc.peerings.iter().enumerate().take(MOST_PAIRED);
    for ((at, peering), cidr) in peerings.flat_map(|peering| cidrs.iter().map(move |cidr| (peering, *cidr))) {
        for link in peering.links().filter(|link| overlap(&link.network(), &cidr.network())) {
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let what = format!("{link}, a peering link of VPC {}", quoted(&vpc.meta.name));
            let field = Peering::path(at).field("localConnectIP");
            context.deny(finding(cidr, &what, &link.to_string()).related(vpc.reference(), Some(field)));
        }
        peered(cidr, peering, context)?;
    }
    // More prefixes are refused by `subnet-syntax`.
    if vpc.peerings.len() > MOST_PAIRED {
        let rest = format!("only the first {MOST_PAIRED} peerings of the VPC are looked at");
        context.not_judged(Action::Warn, FieldPath::of("spec.cidrBlock"), &rest);
    }
    Ok(())
}

fn peered(cidr: &Cidr, peering: &Peering, context: &mut Context<'_>) -> Outcome {
    for (other, prefix) in context.admitted.overlapping_in_vpc(&peering.remote_vpc, cidr.network())? {
        if context.has_enough(Action::Deny) {
            return Ok(());
        }
        if other.is_on_router() {
            let named = context.mention(Kind::Subnet, &other.meta.name) + &context.aside(&prefix);
            let what = format!("{named} of {}", context.mention(Kind::Vpc, &peering.remote_vpc));
            let finding = finding(cidr, &format!("{what}, which is peered"), &other.meta.name);
            context.deny(finding.related(other.reference(), Some(FieldPath::of("spec.cidrBlock"))));
        }
    }
    Ok(())
}

fn finding(cidr: &Cidr, what: &str, other: &str) -> Finding {
    Finding::invalid(FieldPath::of("spec.cidrBlock"), &cidr.to_string(), format!("overlaps {what}"))
        .in_conflict_with(other)
        .help("Choose a range that no network of the VPC's router has.")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn subnet(name: &str, spec: Value) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": spec})
    }

    fn cluster() -> Cluster {
        let peering = json!([{"remoteVpc": "w", "localConnectIP": "169.254.0.1/30"}]);
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"vpcPeerings": peering}}))
            .with(json!({"kind": "Vpc", "name": "w"}))
            .with(subnet(
                "u2o",
                json!({"vpc": "v", "vlan": "x", "cidrBlock": "10.1.0.0/24", "u2oInterconnection": true}),
            ))
            .with(subnet("plain", json!({"vpc": "v", "vlan": "y", "cidrBlock": "10.2.0.0/24"})))
            .with(subnet("remote", json!({"vpc": "w", "cidrBlock": "10.3.0.0/24"})))
    }

    #[test]
    fn networks_of_the_same_router_do_not_overlap() {
        for (cidr, what) in [
            ("10.1.0.0/16", r#"Subnet "u2o" (10.1.0.0/24), which the router of VPC "v" also has"#),
            ("10.3.0.0/16", r#"Subnet "remote" (10.3.0.0/24) of VPC "w", which is peered"#),
        ] {
            let wanted = format!("spec.cidrBlock: {cidr:?}: overlaps {what} [subnet-cidr-routed-overlap]");
            cluster().warns(&subnet("s", json!({"vpc": "v", "cidrBlock": cidr})), &[&wanted]);
        }
    }

    #[test]
    fn a_network_without_a_port_of_the_router_is_left_alone() {
        cluster().accepts(&subnet("s", json!({"vpc": "v", "cidrBlock": "10.2.0.0/16"})));
        cluster().accepts(&subnet("s", json!({"vpc": "v", "vlan": "z", "cidrBlock": "10.1.0.0/16"})));
        cluster().accepts(&subnet("s", json!({"vpc": "w", "cidrBlock": "10.1.0.0/16"})));
    }

    #[test]
    fn a_peering_link_is_a_network_too() {
        let peering = json!([{"remoteVpc": "x", "localConnectIP": "172.16.0.1/30"}]);
        let cluster =
            Cluster::of(super::RULE.id).with(json!({"kind": "Vpc", "name": "v", "spec": {"vpcPeerings": peering}}));
        let wanted = r#"spec.cidrBlock: "172.16.0.0/16": overlaps 172.16.0.0/30, a peering link of VPC "v" [subnet-cidr-routed-overlap]"#;
        cluster.warns(&subnet("s", json!({"vpc": "v", "cidrBlock": "172.16.0.0/16"})), &[wanted]);
    }

    #[test]
    fn so_many_peerings_are_compared() {
        let subnet = |cidr_block: &str| json!({"kind": "Subnet", "spec": {"vpc": "v", "cidrBlock": cidr_block}});
        let cluster = |number: usize| {
            let peering = |at: usize| json!({"remoteVpc": format!("w{at}"), "localConnectIP": "169.254.0.1/30"});
            let peerings: Vec<_> = (0..number).map(peering).collect();
            let last = json!({"vpc": format!("w{}", number - 1), "cidrBlock": "10.0.0.0/8"});
            Cluster::of(super::RULE.id)
                .with(json!({"kind": "Vpc", "name": "v", "spec": {"vpcPeerings": peerings}}))
                .with(json!({"kind": "Subnet", "name": "theirs", "spec": last}))
        };
        let overlaps = r#"spec.cidrBlock: "10.0.1.0/24": overlaps Subnet "theirs" (10.0.0.0/8) of VPC "w199", which is peered [subnet-cidr-routed-overlap]"#;
        cluster(200).warns(&subnet("10.0.1.0/24,fd00::/64"), &[overlaps]);
        let not_judged = "spec.cidrBlock: not judged: too many; only the first 200 peerings of the VPC are looked at [subnet-cidr-routed-overlap]";
        cluster(201).warns(&subnet("10.0.1.0/24"), &[not_judged]);
    }
}

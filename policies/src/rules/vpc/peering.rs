//! Wants both sides of a VPC peering to fit.
//!
//! An empty or malformed `localConnectIP` stops Kube-OVN from reconciling the whole Vpc (kube-ovn issue 7343). A
//! peering with itself does not, and is a warning: Kube-OVN makes a router port that is its own peer, and connects nothing.
//! What only the two sides together show is a warning too: that it has no peering back, when Kube-OVN makes a router port and lists the peer in the status, but connects
//! nothing; that the two addresses are not on one link; or that networks of the two VPCs overlap, so that neither reaches the
//! other's. One side comes before the other, so that a missing one is told in files and by the audit alone. A link-local
//! IPv6 address is a warning too, for each port of a router has one already (kube-ovn issue 4447), and so is an address that stands twice.
//!
//! Of two peerings with one VPC the router has the addresses of the last one alone, so a second one with other addresses is refused: an
//! IPv4 and an IPv6 address stand in one `localConnectIP`, with a comma between. An IPv4 address in the form of IPv6 is refused, for OVN
//! takes it for IPv6. The first and the last address of a prefix are fine: OVN routes by them as by any other.
//!
//! The two sides of the first 200 peerings of a Vpc are compared, and of each the first two addresses, one an address family;
//! of what is beyond, a warning says that it was not judged.
//!
//! ```yaml bad
//! # bad: an address without the length of its prefix
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {vpcPeerings: [{remoteVpc: green, localConnectIP: 169.254.0.1}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! spec: {vpcPeerings: [{remoteVpc: blue, localConnectIP: 169.254.0.2/30}]}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {vpcPeerings: [{remoteVpc: green, localConnectIP: 169.254.0.1/30}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! spec: {vpcPeerings: [{remoteVpc: blue, localConnectIP: 169.254.0.2/30}]}
//! ```
//!
//! Give both sides an address of one small prefix that neither VPC uses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::finding::Action;
use crate::kinds::{Peering, Vpc};
use crate::net::{Cidr, Family, is_mapped, overlap};
use crate::rule::prelude::*;
use crate::rules::support::MOST_PAIRED;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-peering",
    summary: "a peering's localConnectIP is malformed, it is with itself, or the two sides do not fit",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Vpc, Kind::Subnet],
    checks: &[Check::Vpc(&[Read::Field("spec.vpcPeerings")], check)],
};

/// How many addresses of a peering are compared: one an address family.
const MOST_LINKS: usize = 2;

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    for (at, peering) in vpc.peerings.iter().enumerate() {
        local_connect_ip(at, peering, context);
        if let Some(other) = before.insert(&peering.remote_vpc, &peering.local_connect_ip) {
            second(at, peering, other, context);
        }
        if peering.remote_vpc == vpc.meta.name {
            let field = Peering::path(at).field("remoteVpc");
            let detail = "is this VPC itself, so that Kube-OVN makes a router port which leads nowhere";
            context.warn(Finding::invalid(field, &peering.remote_vpc, detail).help("Name the other VPC."));
            continue;
        }
        // What follows only warns, and asks for every Subnet of both VPCs once a peering.
        if at < MOST_PAIRED {
            other_side(vpc, at, peering, context)?;
            networks(vpc, at, peering, context)?;
        }
    }
    if vpc.peerings.len() > MOST_PAIRED {
        let rest = format!("only the first {MOST_PAIRED} are compared with their other sides");
        context.not_judged(Action::Warn, FieldPath::of("spec.vpcPeerings"), &rest);
    }
    Ok(())
}

fn local_connect_ip(at: usize, peering: &Peering, context: &mut Context<'_>) {
    let field = Peering::path(at).field("localConnectIP");
    if peering.local_connect_ip.is_empty() {
        let detail = "an empty one keeps Kube-OVN from reconciling the whole Vpc";
        context.deny(
            Finding::required(field, detail).help("Give it an address with a prefix length, as in 169.254.0.1/30."),
        );
        return;
    }
    if peering.links().nth(MOST_LINKS).is_some() {
        let rest = format!("only the first {MOST_LINKS} addresses are compared with the other side");
        context.not_judged(Action::Warn, field.clone(), &rest);
    }
    let mut seen = BTreeSet::new();
    for part in peering.local_connect_ip.split(',') {
        match Cidr::parse(part) {
            Err(error) => {
                let finding = Finding::invalid(field.clone(), part, error.to_string());
                context.deny(finding.help("Give it an address with a prefix length, as in 169.254.0.1/30."));
            }
            Ok(link) if part.split_once('/').is_some_and(|(address, _)| is_mapped(address)) => {
                let detail = "must be written as the IPv4 that it is: OVN takes it for IPv6";
                let help = match link.family() {
                    Family::V4 => format!("Write {}.", written(&link)),
                    Family::V6 => "Give it an address with a prefix length, as in 169.254.0.1/30.".to_owned(),
                };
                context.deny(Finding::invalid(field.clone(), part, detail).help(help));
            }
            Ok(link) if !seen.insert((link.address(), link.network())) => {
                let finding = Finding::duplicate(field.clone(), part, "stands before already, and OVN has it once");
                context.warn(finding.help("Write it once."));
            }
            Ok(link) if is_link_local(link.address()) => {
                let detail =
                    "is link-local, which OVN gives each port of a router too, so routes through it do not work";
                let finding = Finding::invalid(field.clone(), part, detail);
                context.warn(finding.help("Give it a unique local address, as in fd00:169:254::1/126."));
            }
            Ok(_) => {}
        }
    }
}

/// Judges a second peering with one VPC, by the addresses of the first: they are one port of the router, which is written anew for each.
fn second(at: usize, peering: &Peering, other: &str, context: &mut Context<'_>) {
    let field = Peering::path(at).field("remoteVpc");
    if peering.local_connect_ip == other {
        let finding = Finding::duplicate(field, &peering.remote_vpc, "has this peering already");
        context.warn(finding.help("Write it once."));
    } else {
        let detail =
            format!("has a peering already, and of both only this one's addresses stay, not {}", quoted(other));
        let finding = Finding::duplicate(field, &peering.remote_vpc, detail);
        context.deny(finding.help("Write one peering, with an address a family and a comma between them."));
    }
}

/// Whether an address lies in `fe80::/10`.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

fn other_side(vpc: &Vpc, at: usize, peering: &Peering, context: &mut Context<'_>) -> Outcome {
    let name = &peering.remote_vpc;
    let Some(remote) = context.cluster.vpc(name)? else { return Ok(()) };
    if !remote.peerings.iter().any(|back| back.remote_vpc == vpc.meta.name) {
        // One of the two comes first.
        if !context.settled {
            return Ok(());
        }
        let field = Peering::path(at).field("remoteVpc");
        let finding = Finding::invalid(field, name, format!("VPC {} has no peering back", quoted(name)))
            .related(remote.reference(), Some(FieldPath::of("spec.vpcPeerings")))
            .help("Add a peering with this VPC to the other one.");
        context.warn(finding);
        return Ok(());
    }
    // Both sides see that they do not fit: it is said once, on the one that comes second.
    let Some(remote) = context.admitted.vpc(name)? else { return Ok(()) };
    let backs = remote.peerings.iter().filter(|back| back.remote_vpc == vpc.meta.name);
    let backs: Vec<Cidr> = backs.flat_map(|back| back.links().take(MOST_LINKS)).collect();
    for link in peering.links().take(MOST_LINKS) {
        let same_family: Vec<&Cidr> = backs.iter().filter(|back| back.family() == link.family()).collect();
        let fits = |back: &&&Cidr| back.network() == link.network() && back.address() != link.address();
        if !same_family.is_empty() && same_family.iter().find(fits).is_none() {
            let theirs: Vec<_> = same_family.iter().take(MOST_LINKS).map(|back| written(back)).collect();
            let detail = format!("is not on one link with {} of VPC {}", theirs.join(", "), quoted(name));
            let finding = Finding::invalid(Peering::path(at).field("localConnectIP"), &written(&link), detail)
                .related(remote.reference(), Some(FieldPath::of("spec.vpcPeerings")))
                .help("Give both sides an address of their own in one prefix.");
            context.warn(finding);
        }
    }
    Ok(())
}

/// Warns of Subnets of this VPC that overlap the link, or Subnets of the other.
fn networks(vpc: &Vpc, at: usize, peering: &Peering, context: &mut Context<'_>) -> Outcome {
    let remote = &peering.remote_vpc;
    for link in peering.links().take(MOST_LINKS) {
        for side in [&vpc.meta.name, remote] {
            for (subnet, prefix) in context.admitted.overlapping_in_vpc(side, link.network())? {
                if context.has_enough(Action::Warn) {
                    return Ok(());
                }
                if subnet.is_on_router() {
                    let mentioned = context.mention(Kind::Subnet, &subnet.meta.name) + &context.aside(&prefix);
                    let field = Peering::path(at).field("localConnectIP");
                    let finding = Finding::invalid(field, &written(&link), format!("overlaps {mentioned}"))
                        .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")))
                        .in_conflict_with(&subnet.meta.name)
                        .help("Choose a small prefix that neither VPC uses.");
                    context.warn(finding);
                }
            }
        }
    }
    // A hundred thousand Subnets here are compared with none there no two hundred times.
    if context.admitted.subnets_of_vpc(remote)?.is_empty() {
        return Ok(());
    }
    for own in context.admitted.subnets_of_vpc(&vpc.meta.name)?.iter().filter(|subnet| subnet.is_on_router()) {
        for cidr in own.distinct_cidrs() {
            for (other, prefix) in context.admitted.overlapping_in_vpc(remote, cidr.network())? {
                if !other.is_on_router() || !overlap(&prefix, &cidr.network()) {
                    continue;
                }
                if context.has_enough(Action::Warn) {
                    return Ok(());
                }
                let theirs = context.mention(Kind::Subnet, &other.meta.name) + &context.aside(&prefix);
                let ours = context.mention(Kind::Subnet, &own.meta.name) + &context.aside(cidr);
                let detail = format!("{theirs} there overlaps {ours} here, so neither reaches the other");
                let finding = Finding::invalid(Peering::path(at).field("remoteVpc"), remote, detail)
                    .related(other.reference(), Some(FieldPath::of("spec.cidrBlock")))
                    .related(own.reference(), Some(FieldPath::of("spec.cidrBlock")))
                    .in_conflict_with(&other.meta.name)
                    .help("Peer VPCs whose Subnets do not overlap.");
                context.warn(finding);
            }
        }
    }
    Ok(())
}

/// An address on a link, with its prefix length.
fn written(link: &Cidr) -> String {
    format!("{}/{}", link.address(), link.network().prefix_len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::request::{Operation, Request};
    use crate::rules::support::testing::{Cluster, create, update};

    fn vpc(name: &str, remote: &str, local: &str) -> Value {
        json!({"kind": "Vpc", "name": name, "spec": {"vpcPeerings": [{"remoteVpc": remote, "localConnectIP": local}]}})
    }

    fn subnet(name: &str, vpc: &str, cidr: &str) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "cidrBlock": cidr}})
    }

    fn fault(field: &str, text: &str) -> String {
        format!("spec.vpcPeerings[0].{field}: {text} [vpc-peering]")
    }

    #[test]
    fn each_fault_of_a_side_is_named() {
        let other = || Cluster::of(super::RULE.id).with(vpc("b", "a", "169.254.0.2/30"));
        other().accepts(&vpc("a", "b", "169.254.0.1/30"));
        let empty =
            fault("localConnectIP", "Required value: an empty one keeps Kube-OVN from reconciling the whole Vpc");
        other().refuses(&vpc("a", "b", ""), &[&empty]);
        let bare = fault(
            "localConnectIP",
            r#"Invalid value: "169.254.0.1": needs a prefix length, as in 10.0.0.0/16 or fd00::/64"#,
        );
        other().refuses(&vpc("a", "b", "169.254.0.1"), &[&bare]);
        let twice = fault("localConnectIP", r#""169.254.0.1/30": stands before already, and OVN has it once"#);
        other().warns(&vpc("a", "b", "169.254.0.1/30,169.254.0.1/30"), &[&twice]);
        let itself =
            fault("remoteVpc", r#""a": is this VPC itself, so that Kube-OVN makes a router port which leads nowhere"#);
        other().warns(&vpc("a", "a", "169.254.0.1/30"), &[&itself]);
    }

    #[test]
    fn ipv4_in_the_form_of_ipv6_is_refused() {
        for local in ["::ffff:169.254.0.1/126", "::ffff:169.254.0.1/64"] {
            let mapped =
                format!("Invalid value: {local:?}: must be written as the IPv4 that it is: OVN takes it for IPv6");
            Cluster::of(super::RULE.id).refuses(&vpc("a", "b", local), &[&fault("localConnectIP", &mapped)]);
        }
        let verdict = Cluster::of(super::RULE.id).verdict(&create(&vpc("a", "b", "::ffff:169.254.0.1/126")));
        assert_eq!(verdict.findings[0].help_text(), "Write 169.254.0.1/30.");
    }

    #[test]
    fn of_two_peerings_with_one_vpc_the_last_one_stays() {
        let twice = |local: &str| {
            let peering = |local: &str| json!({"remoteVpc": "b", "localConnectIP": local});
            json!({"kind": "Vpc", "name": "a", "spec": {"vpcPeerings": [peering("169.254.0.1/30"), peering(local)]}})
        };
        let cluster = || Cluster::of(super::RULE.id);
        let wanted = r#"spec.vpcPeerings[1].remoteVpc: Duplicate value: "b": has a peering already, and of both only this one's addresses stay, not "169.254.0.1/30" [vpc-peering]"#;
        cluster().refuses(&twice("fd00::1/126"), &[wanted]);
        let wanted = r#"spec.vpcPeerings[1].remoteVpc: "b": has this peering already [vpc-peering]"#;
        cluster().warns(&twice("169.254.0.1/30"), &[wanted]);
        cluster().accepts(&vpc("a", "b", "169.254.0.1/30,fd00::1/126"));
    }

    #[test]
    fn two_sides_that_do_not_fit_are_a_warning() {
        for local in ["169.254.0.2/30", "169.254.1.1/30", "169.254.0.1/29"] {
            let link =
                fault("localConnectIP", &format!(r#""{local}": is not on one link with 169.254.0.2/30 of VPC "b""#));
            Cluster::of(super::RULE.id).with(vpc("b", "a", "169.254.0.2/30")).warns(&vpc("a", "b", local), &[&link]);
        }
    }

    #[test]
    fn a_side_without_the_other_is_told_once_both_could_be_there() {
        let back = fault("remoteVpc", r#""b": VPC "b" has no peering back"#);
        let cluster = || Cluster::of(super::RULE.id).with(json!({"kind": "Vpc", "name": "b"}));
        let one = vpc("a", "b", "169.254.0.1/30");
        cluster().settled().warns(&one, &[&back]);
        cluster().accepts(&one);
        let update = update(&json!({"kind": "Vpc", "name": "a"}), &one);
        assert!(cluster().verdict(&update).warnings.is_empty());
        let at_rest = Request { operation: Operation::AtRest, ..create(&one) };
        assert_eq!(cluster().verdict(&at_rest).warnings.len(), 1);
    }

    #[test]
    fn a_link_local_address_is_a_warning() {
        let cluster = || Cluster::of(super::RULE.id).with(vpc("b", "a", "169.254.0.2/30,fe80::2/64"));
        let detail = r#""fe80::1/64": is link-local, which OVN gives each port of a router too, so routes through it do not work"#;
        cluster().warns(&vpc("a", "b", "169.254.0.1/30,fe80::1/64"), &[&fault("localConnectIP", detail)]);
        cluster().accepts(&vpc("a", "b", "169.254.0.1/30"));
    }

    #[test]
    fn networks_that_overlap_are_a_warning() {
        let cluster = || {
            Cluster::of(super::RULE.id)
                .with(vpc("b", "a", "169.254.0.2/30"))
                .with(subnet("theirs", "b", "10.0.0.0/16"))
                .with(subnet("apart", "b", "10.2.0.0/16"))
        };
        let overlap = fault(
            "remoteVpc",
            r#""b": Subnet "theirs" (10.0.0.0/16) there overlaps Subnet "ours" (10.0.4.0/24) here, so neither reaches the other"#,
        );
        cluster().with(subnet("ours", "a", "10.0.4.0/24")).warns(&vpc("a", "b", "169.254.0.1/30"), &[&overlap]);
        cluster().with(subnet("ours", "a", "10.1.4.0/24")).accepts(&vpc("a", "b", "169.254.0.1/30"));
        let link = fault("localConnectIP", r#""169.254.0.1/30": overlaps Subnet "ours" (169.254.0.0/16)"#);
        let ours = subnet("ours", "a", "169.254.0.0/16");
        cluster().with(ours).warns(&vpc("a", "b", "169.254.0.1/30"), &[&link]);
    }

    #[test]
    fn of_each_peering_two_addresses_are_compared() {
        let back = || Cluster::of(super::RULE.id).with(vpc("b", "a", "169.254.0.2/30,fd00::2/64"));
        back().accepts(&vpc("a", "b", "169.254.0.1/30,fd00::1/64"));
        let not_judged = fault(
            "localConnectIP",
            "not judged: too many; only the first 2 addresses are compared with the other side",
        );
        back().warns(&vpc("a", "b", "169.254.0.1/30,fd00::1/64,10.0.0.1/30"), &[&not_judged]);
    }

    #[test]
    fn so_many_are_compared_and_the_rest_is_said_to_be_not_judged() {
        let many = |number: usize| {
            let peerings: Vec<Value> = (0..number)
                .map(|at| {
                    let remote = if at + 1 == number { "b".to_owned() } else { format!("w{at}") };
                    json!({"remoteVpc": remote, "localConnectIP": "169.254.0.1/30"})
                })
                .collect();
            json!({"kind": "Vpc", "name": "a", "spec": {"vpcPeerings": peerings}})
        };
        let cluster = || Cluster::of(super::RULE.id).settled().with(json!({"kind": "Vpc", "name": "b"}));
        cluster()
            .warns(&many(200), &[r#"spec.vpcPeerings[199].remoteVpc: "b": VPC "b" has no peering back [vpc-peering]"#]);
        cluster().warns(
            &many(201),
            &["spec.vpcPeerings: not judged: too many; only the first 200 are compared with their other sides [vpc-peering]"],
        );
    }
}

//! Keeps a Vpc and a Subnet from getting in each other's way by one name.
//!
//! A Vpc is a logical router in OVN, and a Subnet a logical switch; Kube-OVN names the ports between them after both, and compares
//! no names but that of a Subnet and its own Vpc. Where the ports of two cross, it wires them wrongly (kube-ovn issue 5728):
//!
//! - a Subnet that has the name of its own Vpc is refused by Kube-OVN itself;
//! - with Subnet b in Vpc a and Subnet a in Vpc b, OVN drops the ports of both;
//! - a peering of a Vpc with one that is called like a Subnet of the former overwrites the router port of that Subnet.
//!
//! These are refused. A foreign Vpc of a Subnet's name does no harm until then, and is a warning. A Subnet of another provider than OVN
//! has no ports in OVN, and may be called as any Vpc.
//!
//! ```yaml bad
//! # bad: both are called blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
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
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Choose another name for the one that comes second.

use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{ObjectRef, Peering, Subnet, Vpc};
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-subnet-name",
    summary: "a Vpc and a Subnet have the same name, or ports of one",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Vpc, Kind::Subnet],
    checks: &[
        Check::Vpc(&[Read::Field("metadata.name"), Read::Field("spec.vpcPeerings")], vpc),
        Check::Subnet(
            &[
                Read::Field("metadata.name"),
                Read::Field("spec.vpc"),
                Read::Field("spec.provider"),
                Read::Field("spec.vlan"),
                Read::Field("spec.logicalGateway"),
                Read::Field("spec.u2oInterconnection"),
            ],
            subnet,
        ),
    ],
};

/// How many peerings of a Vpc are looked at.
const MOST_PEERINGS: usize = 200;

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let name = vpc.meta.name.as_str();
    if let Some(subnet) = context.admitted.subnet(name)?.filter(|subnet| subnet.vpc.is_some()) {
        let crossing = match subnet.vpc.as_deref() {
            Some(own) if own == name => Some("and is one of its own, which Kube-OVN refuses".to_owned()),
            _ => crossing(&subnet, name, context)?,
        };
        same_name(context, name, Kind::Subnet, crossing);
    }
    for (at, peering) in vpc.peerings.iter().enumerate().take(MOST_PEERINGS) {
        let remote = peering.remote_vpc.as_str();
        let Some(subnet) =
            context.admitted.subnet(remote)?.filter(|subnet| remote != name && subnet.is_on_router_of(name))
        else {
            continue;
        };
        let detail = "is the name of a Subnet of this VPC too, whose router port the peering overwrites";
        let finding = Finding::invalid(Peering::path(at).field("remoteVpc"), remote, detail)
            .related(subnet.reference(), Some(FieldPath::of("metadata.name")));
        context.deny(finding.help("Peer with a VPC of another name, or give the Subnet another one."));
    }
    Ok(())
}

fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let name = subnet.meta.name.as_str();
    if subnet.vpc.as_deref() == Some(name) {
        let detail = "is the name of the Subnet itself, which Kube-OVN refuses";
        let finding = Finding::invalid(FieldPath::of("spec.vpc"), name, detail);
        context.deny(finding.help("Give the Subnet another name."));
    } else if subnet.vpc.is_some() && context.admitted.vpc(name)?.is_some() {
        let crossing = crossing(subnet, name, context)?;
        same_name(context, name, Kind::Vpc, crossing);
    }
    Ok(())
}

/// What becomes of the ports of a Subnet, and of a Vpc of the same name that is not its own.
fn crossing(subnet: &Subnet, name: &str, context: &Context<'_>) -> Answer<Option<String>> {
    let Some(own) = subnet.vpc.as_deref().filter(|_| subnet.is_on_router()) else { return Ok(None) };
    let mirrored = context.admitted.subnet(own)?.filter(|mirrored| mirrored.is_on_router_of(name));
    if mirrored.is_some() {
        let detail = "and each has a Subnet of the other's name, so that OVN drops the ports of both";
        return Ok(Some(detail.to_owned()));
    }
    let peers = context.admitted.vpc(own)?;
    let peers = peers.is_some_and(|vpc| {
        vpc.peerings.iter().take(MOST_PEERINGS).any(|peering| peering.remote_vpc == name && own != name)
    });
    Ok(peers.then(|| {
        let own = if context.settings.disclose_names {
            format!("VPC {}", quoted(own))
        } else {
            "the Subnet's VPC".to_owned()
        };
        format!("with which {own} has a peering, which overwrites the Subnet's router port")
    }))
}

fn same_name(context: &mut Context<'_>, name: &str, other: Kind, crossing: Option<String>) {
    let has_it = format!("a {other} has this name");
    let detail = match &crossing {
        Some(crossing) => format!("{has_it}, {crossing}"),
        None => format!("{has_it}, and their ports may get in each other's way one day"),
    };
    let finding = Finding::duplicate(FieldPath::of("metadata.name"), name, detail)
        .related(ObjectRef::new(other, name), Some(FieldPath::of("metadata.name")))
        .help("Choose another name.");
    context.report(if crossing.is_some() { Action::Deny } else { Action::Warn }, finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn vpc(name: &str, peers: &[&str]) -> Value {
        let peerings: Vec<_> = peers.iter().map(|peer| json!({"remoteVpc": peer})).collect();
        json!({"kind": "Vpc", "name": name, "spec": {"vpcPeerings": peerings}})
    }

    fn subnet(name: &str, vpc: &str) -> Value {
        json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "cidrBlock": "10.0.0.0/24"}})
    }

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
    }

    fn found(kind: &str, name: &str, rest: &str) -> String {
        format!(r#"metadata.name: Duplicate value: "{name}": a {kind} has this name, {rest} [vpc-subnet-name]"#)
    }

    #[test]
    fn one_name_alone_is_a_warning() {
        let rest = "and their ports may get in each other's way one day";
        let wanted = |kind| found(kind, "a", rest).replace("Duplicate value: ", "");
        cluster().with(vpc("a", &[])).warns(&subnet("a", "b"), &[&wanted("Vpc")]);
        cluster().with(subnet("a", "b")).warns(&vpc("a", &[]), &[&wanted("Subnet")]);
        cluster().with(subnet("a", "b")).accepts(&subnet("a", "b"));
        cluster().with(vpc("b", &[])).accepts(&subnet("a", "b"));
        // A network of Multus alone has no ports in OVN.
        let outside =
            json!({"kind": "Subnet", "name": "a", "spec": {"provider": "a.kube-system", "cidrBlock": "10.0.0.0/24"}});
        cluster().with(vpc("a", &[])).accepts(&outside);
        cluster().with(outside).accepts(&vpc("a", &[]));
    }

    #[test]
    fn a_subnet_is_not_called_like_its_own_vpc() {
        let wanted = r#"spec.vpc: Invalid value: "a": is the name of the Subnet itself, which Kube-OVN refuses [vpc-subnet-name]"#;
        cluster().refuses(&subnet("a", "a"), &[wanted]);
        cluster().with(vpc("a", &[])).refuses(&subnet("a", "a"), &[wanted]);
        let rest = "and is one of its own, which Kube-OVN refuses";
        cluster().with(subnet("a", "a")).refuses(&vpc("a", &[]), &[&found("Subnet", "a", rest)]);
    }

    #[test]
    fn two_that_mirror_each_other_are_refused_whichever_comes_last() {
        let rest = "and each has a Subnet of the other's name, so that OVN drops the ports of both";
        let all = [vpc("a", &[]), vpc("b", &[]), subnet("a", "b"), subnet("b", "a")];
        for last in &all {
            let others = all.iter().filter(|other| *other != last);
            let before = others.fold(cluster(), |cluster, other| cluster.with(other.clone()));
            let other = if last["kind"] == "Vpc" { "Subnet" } else { "Vpc" };
            before.refuses(last, &[&found(other, last["name"].as_str().unwrap(), rest)]);
        }
        // A Subnet of the underlay has no port on a router.
        let mut plain = subnet("b", "a");
        plain["spec"]["vlan"] = json!("v");
        let before = all[..3].iter().fold(cluster(), |cluster, other| cluster.with(other.clone()));
        let verdict = before.verdict(&crate::rules::support::testing::create(&plain));
        assert_eq!((verdict.findings.len(), verdict.warnings.len()), (0, 1));
    }

    #[test]
    fn a_peer_is_not_called_like_a_subnet() {
        let rest = r#"with which VPC "b" has a peering, which overwrites the Subnet's router port"#;
        let peered = || cluster().with(vpc("b", &["a"]));
        peered().with(vpc("a", &[])).refuses(&subnet("a", "b"), &[&found("Vpc", "a", rest)]);
        peered().with(subnet("a", "b")).refuses(&vpc("a", &[]), &[&found("Subnet", "a", rest)]);
        let hidden = json!({"disclose": "none"});
        let rest = "with which the Subnet's VPC has a peering, which overwrites the Subnet's router port";
        peered().with(vpc("a", &[])).settings(&hidden).refuses(&subnet("a", "b"), &[&found("Vpc", "a", rest)]);
        let wanted = r#"spec.vpcPeerings[0].remoteVpc: Invalid value: "a": is the name of a Subnet of this VPC too, whose router port the peering overwrites [vpc-subnet-name]"#;
        cluster().with(subnet("a", "b")).refuses(&vpc("b", &["a"]), &[wanted]);
        cluster().with(subnet("a", "c")).accepts(&vpc("b", &["a"]));
        let stored = update(&vpc("b", &["a"]), &vpc("b", &["a", "c"]));
        let verdict = cluster().with(subnet("a", "b")).verdict(&stored);
        assert_eq!((verdict.findings.len(), verdict.warnings.len()), (0, 1));
    }
}

//! Keeps a Vpc and a Subnet from having one name.
//!
//! A Vpc is a logical router in OVN, and a Subnet a logical switch; Kube-OVN names the ports between them after both.
//! It refuses a Subnet that has the name of its own Vpc, and compares no others. Where names cross, it wires them
//! wrongly (kube-ovn issue 5728): with Subnet b in Vpc a and Subnet a in Vpc b, OVN drops the ports of both, and a
//! peering with a Vpc that is called like a Subnet overwrites the router port of that Subnet. A foreign Vpc of the same
//! name does no harm until then.
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

use crate::kinds::{ObjectRef, Subnet, Vpc};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-subnet-name",
    summary: "a Vpc and a Subnet have the same name",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetOverlap,
    asks: &[Kind::Vpc, Kind::Subnet],
    checks: &[Check::Vpc(&[Read::Field("metadata.name")], vpc), Check::Subnet(&[Read::Field("metadata.name")], subnet)],
};

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if context.admitted.subnet(&vpc.meta.name)?.is_some() {
        refuse(context, &vpc.meta.name, Kind::Subnet);
    }
    Ok(())
}

fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    if context.admitted.vpc(&subnet.meta.name)?.is_some() {
        refuse(context, &subnet.meta.name, Kind::Vpc);
    }
    Ok(())
}

fn refuse(context: &mut Context<'_>, name: &str, other: Kind) {
    let finding = Finding::duplicate(FieldPath::of("metadata.name"), name, format!("a {other} has this name"))
        .related(ObjectRef::new(other, name), Some(FieldPath::of("metadata.name")))
        .help("Choose another name.");
    context.deny(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::support::testing::Cluster;

    #[test]
    fn the_second_of_a_name_is_refused() {
        let (vpc, subnet) = (json!({"kind": "Vpc"}), json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/24"}}));
        let wanted =
            |other| format!(r#"metadata.name: Duplicate value: "new": a {other} has this name [vpc-subnet-name]"#);
        Cluster::of(super::RULE.id).with(vpc.clone()).refuses(&subnet, &[&wanted("Vpc")]);
        Cluster::of(super::RULE.id).with(subnet.clone()).refuses(&vpc, &[&wanted("Subnet")]);
        Cluster::of(super::RULE.id).with(subnet.clone()).accepts(&subnet);
    }
}

//! Warns of a `defaultSubnet` that is of another VPC.
//!
//! Kube-OVN ignores it without a word, and the Pods of the VPC's namespaces run in the default VPC.
//!
//! ```yaml bad
//! # bad: Subnet green-apps is of VPC green
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: green-apps}
//! spec: {vpc: green, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {defaultSubnet: green-apps}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {defaultSubnet: blue-apps}
//! ```
//!
//! Name a Subnet of this VPC.

use crate::kinds::Vpc;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-default-subnet",
    summary: "a Vpc's defaultSubnet belongs to another VPC",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::StaticRouteLanIp,
    asks: &[Kind::Subnet],
    checks: &[Check::Vpc(&[Read::Field("spec.defaultSubnet")], check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let Some(subnet) = context.cluster.subnet(&vpc.default_subnet)? else { return Ok(()) };
    if context.precedes_its_subnets(vpc)? {
        return Ok(());
    }
    let detail = match subnet.vpc.as_deref() {
        Some(own) if own == vpc.meta.name => return Ok(()),
        Some(other) => format!("belongs to {}, so Kube-OVN ignores it", context.mention(Kind::Vpc, other)),
        None => "has no OVN provider and belongs to no VPC, so Kube-OVN ignores it".to_owned(),
    };
    let finding = Finding::invalid(FieldPath::of("spec.defaultSubnet"), &vpc.default_subnet, detail)
        .related(subnet.reference(), Some(FieldPath::of("spec.vpc")))
        .help("Name a Subnet of this VPC.");
    context.deny(finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    #[test]
    fn the_default_subnet_is_of_the_vpc() {
        let cluster =
            |spec: Value| Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "s", "spec": spec}));
        let vpc = json!({"kind": "Vpc", "name": "v", "spec": {"defaultSubnet": "s"}});
        cluster(json!({"vpc": "v"})).accepts(&vpc);
        let wanted =
            |detail: &str| format!(r#"spec.defaultSubnet: "s": {detail}, so Kube-OVN ignores it [vpc-default-subnet]"#);
        cluster(json!({"vpc": "w"})).accepts(&vpc);
        cluster(json!({"vpc": "w"})).settled().warns(&vpc, &[&wanted(r#"belongs to VPC "w""#)]);
        let none = json!({"vpc": "v", "provider": "nad.ns"});
        cluster(none).settled().warns(&vpc, &[&wanted("has no OVN provider and belongs to no VPC")]);
    }
}

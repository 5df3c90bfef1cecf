//! Warns of a namespace that two VPCs list.
//!
//! Kube-OVN binds a namespace to the first VPC that lists it, or to the `defaultSubnet` of each that has one, in an
//! order that changes: its new Pods jump between the two (kube-ovn issue 6166). To let a namespace into a second VPC
//! without binding it, name it in the annotation `vpcguard.io/guest-namespaces` of that Vpc.
//!
//! ```yaml bad
//! # bad: both list namespace shop
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [shop]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: green}
//! spec: {namespaces: [shop]}
//! ```
//!
//! ```yaml good
//! # good: it is a guest in one of them
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [shop]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: green
//!   annotations: {vpcguard.io/guest-namespaces: shop}
//! ```
//!
//! List the namespace in one Vpc, and invite it as a guest in the other.

use crate::finding::Action;
use crate::kinds::Vpc;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-namespace-shared",
    summary: "a namespace stands in two custom VPCs",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc],
    checks: &[Check::Vpc(&[Read::Field("spec.namespaces")], check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !context.kube_ovn().is_custom_vpc(&vpc.meta.name) {
        return Ok(());
    }
    for (at, namespace) in vpc.namespaces.iter().enumerate() {
        for other in context.admitted.vpcs_binding(namespace)? {
            let name = &other.meta.name;
            if *name == vpc.meta.name || !context.kube_ovn().is_custom_vpc(name) {
                continue;
            }
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let detail = format!("{} lists it too, and Kube-OVN binds it to either", context.mention(Kind::Vpc, name));
            let finding = Finding::duplicate(FieldPath::of("spec.namespaces").index(at), namespace, detail)
                .related(other.reference(), Some(FieldPath::of("spec.namespaces")))
                .in_conflict_with(name)
                .help("List it in one Vpc, and in vpcguard.io/guest-namespaces of the other.");
            context.deny(finding);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn vpc(name: &str, namespaces: &[&str]) -> Value {
        json!({"kind": "Vpc", "name": name, "spec": {"namespaces": namespaces}})
    }

    #[test]
    fn a_namespace_stands_in_one_custom_vpc() {
        let wanted = r#"spec.namespaces[1]: "ns1": VPC "w" lists it too, and Kube-OVN binds it to either [vpc-namespace-shared]"#;
        Cluster::of(super::RULE.id).with(vpc("w", &["ns1"])).warns(&vpc("v", &["ns2", "ns1"]), &[wanted]);
        Cluster::of(super::RULE.id).with(vpc("v", &["ns1"])).accepts(&vpc("v", &["ns1"]));
        Cluster::of(super::RULE.id).with(vpc("ovn-cluster", &["ns1"])).accepts(&vpc("v", &["ns1"]));
    }
}

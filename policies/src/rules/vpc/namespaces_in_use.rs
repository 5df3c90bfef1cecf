//! Keeps a Vpc's list of namespaces from leaving out those that its Subnets list.
//!
//! Kube-OVN's controller looks at a Subnet again some time after its Vpc has changed, finds a namespace that the Vpc no
//! longer lists, and refuses the Subnet in its log: from then on it ignores the Subnet's changes. `kubectl apply` of a
//! manifest without the list empties it, which has the same effect: the guide's own manifests of test-vpc-1 do that
//! when they are applied one after the other.
//!
//! A namespace that a Subnet of the default VPC lists may not be taken in either: Kube-OVN then refuses that Subnet.
//!
//! ```yaml bad
//! # bad: an update empties the list, and Subnet blue-apps still lists namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue, blue-test]}
//! ```
//!
//! Keep the namespace in the list, or take it out of the Subnet first.

use crate::finding::Action;
use crate::kinds::{Object, Vpc};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-namespaces-in-use",
    summary: "a Vpc's list leaves out a namespace that a Subnet of it lists, or takes in one of the default VPC's",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Subnet],
    checks: &[Check::Vpc(&[Read::Field("spec.namespaces")], check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !context.kube_ovn().is_custom_vpc(&vpc.meta.name) {
        return Ok(());
    }
    if is_emptied(vpc, context) || !vpc.namespaces.is_empty() {
        leaves_out(vpc, context)?;
    }
    takes_in(vpc, context)
}

/// Whether a list of namespaces was there before, and is not any more.
pub(crate) fn is_emptied(vpc: &Vpc, context: &Context<'_>) -> bool {
    vpc.namespaces.is_empty() && matches!(context.old, Some(Object::Vpc(old)) if !old.namespaces.is_empty())
}

fn leaves_out(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    for subnet in context.admitted.subnets_of_vpc(&vpc.meta.name)? {
        for namespace in subnet.namespaces.iter().filter(|namespace| !vpc.binds(namespace)) {
            let mentioned = context.mention(Kind::Subnet, &subnet.meta.name);
            let detail = format!("leaves out {namespace:?}, which {mentioned} lists");
            let finding = Finding::forbidden(FieldPath::of("spec.namespaces"), namespace, detail)
                .related(subnet.reference(), Some(FieldPath::of("spec.namespaces")))
                .in_conflict_with(&subnet.meta.name)
                .help("Keep the namespace in the list, or take it out of the Subnet first.");
            context.deny(finding);
        }
    }
    Ok(())
}

fn takes_in(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    for (at, namespace) in vpc.namespaces.iter().enumerate() {
        for subnet in context.admitted.subnets_listing(namespace)? {
            let of_default = subnet.vpc.as_deref().is_some_and(|vpc| !context.kube_ovn().is_custom_vpc(vpc));
            if !of_default {
                continue;
            }
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let mentioned = context.mention(Kind::Subnet, &subnet.meta.name);
            let detail = format!("{mentioned} of the default VPC lists it");
            let finding = Finding::invalid(FieldPath::of("spec.namespaces").index(at), namespace, detail)
                .related(subnet.reference(), Some(FieldPath::of("spec.namespaces")))
                .in_conflict_with(&subnet.meta.name)
                .help("Take the namespace out of that Subnet first, or leave it out here.");
            context.deny(finding);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, update};

    fn vpc(namespaces: &[&str]) -> Value {
        json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": namespaces}})
    }

    fn subnet(vpc: &str) -> Value {
        json!({"kind": "Subnet", "name": "s", "spec": {"vpc": vpc, "cidrBlock": "10.0.0.0/24", "namespaces": ["ns1"]}})
    }

    const LEFT_OUT: &str =
        r#"spec.namespaces: Forbidden: leaves out "ns1", which Subnet "s" lists [vpc-namespaces-in-use]"#;

    #[test]
    fn a_namespace_of_a_subnet_stays_in_the_list() {
        let cluster = Cluster::of(super::RULE.id).with(subnet("v"));
        cluster.refuses(&vpc(&["ns2"]), &[LEFT_OUT]);
        cluster.accepts(&vpc(&["ns1", "ns2"]));
    }

    #[test]
    fn a_list_is_not_emptied_but_may_be_empty() {
        let cluster = Cluster::of(super::RULE.id).with(subnet("v"));
        let emptied = cluster.verdict(&update(&vpc(&["ns1"]), &vpc(&[])));
        assert_eq!(emptied.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [LEFT_OUT]);
        let created = cluster.verdict(&crate::rules::support::testing::create(&vpc(&[])));
        assert!(created.allowed);
    }

    #[test]
    fn a_namespace_of_the_default_vpc_is_not_taken_in() {
        let wanted = r#"spec.namespaces[0]: Invalid value: "ns1": Subnet "s" of the default VPC lists it [vpc-namespaces-in-use]"#;
        Cluster::of(super::RULE.id).with(subnet("")).refuses(&vpc(&["ns1"]), &[wanted]);
        Cluster::of(super::RULE.id).with(subnet("w")).accepts(&vpc(&["ns1"]));
    }
}

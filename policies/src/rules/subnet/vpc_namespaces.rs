//! Keeps the namespaces of a Subnet within those of its VPC.
//!
//! Kube-OVN's controller refuses to make a Subnet whose `spec.namespaces` are not all in `spec.namespaces` of its
//! custom VPC, or a Subnet of the default VPC that takes a namespace from a custom one. It says so in its log only.
//! Pods that name the Subnet stay in ContainerCreating; all others of its namespaces silently run in `ovn-default`.
//! Namespaces that `namespaceSelectors` match are not looked at by Kube-OVN, and walk into the VPC.
//!
//! A guest of the VPC may be selected but not listed: Kube-OVN knows nothing of guests.
//!
//! Each selector is compared with every namespace, so that those of a Subnet may have 200 conditions together: one with more is
//! refused, for what it selects is not judged.
//!
//! ```yaml bad
//! # bad: VPC blue lists namespace blue only
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, namespaces: [blue, green]}
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
//! ```
//!
//! Add the namespace to the Vpc first, or leave it out here. A guest is not listed but selected, in `namespaceSelectors`.

use std::collections::BTreeSet;

use crate::finding::Action;
use crate::kinds::{ObjectRef, Subnet, Vpc};
use crate::rule::prelude::*;
use crate::rules::support::MOST_PAIRED;
use crate::rules::support::listed::Openness;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-vpc-namespaces",
    summary: "a Subnet's namespaces are not within those of its VPC, or are another VPC's",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::VpcNatGateway, Kind::Namespace],
    checks: &[Check::Subnet(
        &[
            Read::Field("spec.vpc"),
            Read::Field("spec.provider"),
            Read::Field("spec.namespaces"),
            Read::Field("spec.namespaceSelectors"),
        ],
        check,
    )],
};

const HELP: &str = "Add the namespace to spec.namespaces of the Vpc first, or leave it out here.";
const HELP_GUEST: &str = "A guest of the Vpc cannot be listed, as Kube-OVN knows nothing of guests: leave it out here, and \
                          select it in spec.namespaceSelectors.";

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(name) = subnet.vpc.as_deref() else { return Ok(()) };
    if !context.kube_ovn().is_custom_vpc(name) {
        return not_of_a_custom_vpc(subnet, context);
    }
    let Some(vpc) = context.cluster.vpc(name)? else { return Ok(()) };
    if !vpc.namespaces.is_empty() {
        listed_within(subnet, &vpc, context);
    }
    selected_within(subnet, &vpc, context)
}

fn listed_within(subnet: &Subnet, vpc: &Vpc, context: &mut Context<'_>) {
    for (at, namespace) in subnet.namespaces.iter().enumerate().filter(|(_, namespace)| !vpc.binds(namespace)) {
        let detail = format!("not in spec.namespaces of VPC {}", quoted(&vpc.meta.name));
        let finding = Finding::invalid(FieldPath::of("spec.namespaces").index(at), namespace, detail)
            .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
            .help(if vpc.invites(namespace) { HELP_GUEST } else { HELP });
        context.deny(finding);
    }
}

fn selected_within(subnet: &Subnet, vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let open = Openness::of(context.cluster, vpc)?;
    let (mut seen, mut conditions) = (BTreeSet::new(), 0);
    let selectors = subnet.namespace_selectors.iter().enumerate();
    for (at, selector) in selectors.filter(|(_, selector)| seen.insert(*selector)) {
        conditions += selector.conditions();
        if conditions > MOST_PAIRED {
            // Whatever they select would walk into the VPC.
            let rest = format!("the selectors up to this one have more than {MOST_PAIRED} conditions");
            context.not_judged(Action::Deny, FieldPath::of("spec.namespaceSelectors").index(at), &rest);
            break;
        }
        for namespace in context.cluster.namespaces_matching(selector)? {
            let name = &namespace.meta.name;
            if open.admits(name) {
                continue;
            }
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let selected = context.mention(Kind::Namespace, name);
            let detail = format!("selects {selected}, which VPC {} is not open to", quoted(&vpc.meta.name));
            let finding = Finding::forbidden(FieldPath::of("spec.namespaceSelectors").index(at), name, detail)
                .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
                .related(ObjectRef::new(Kind::Namespace, name), Some(FieldPath::of("metadata.labels")))
                .unless_any(Kind::VpcNatGateway)
                .help("Narrow the selector, or list the namespace in spec.namespaces of the Vpc or among its guests.");
            context.deny(finding);
        }
    }
    Ok(())
}

fn not_of_a_custom_vpc(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    for (at, namespace) in subnet.namespaces.iter().enumerate() {
        for vpc in context.admitted.vpcs_binding(namespace)? {
            if !context.kube_ovn().is_custom_vpc(&vpc.meta.name) {
                continue;
            }
            if context.has_enough(Action::Deny) {
                return Ok(());
            }
            let detail = format!(
                "belongs to {}, and this Subnet to the default VPC",
                context.mention(Kind::Vpc, &vpc.meta.name)
            );
            let finding = Finding::invalid(FieldPath::of("spec.namespaces").index(at), namespace, detail)
                .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")))
                .help("Name the namespace's VPC in spec.vpc, or leave the namespace out here.");
            context.deny(finding);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, create};

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]},
                         "annotations": {"vpcguard.io/guest-namespaces": "guest"}}))
            .with(json!({"kind": "Vpc", "name": "open"}))
            .with(json!({"kind": "Namespace", "name": "ns2", "labels": {"team": "b"}}))
    }

    #[test]
    fn listed_namespaces_are_within_the_vpcs() {
        let subnet = |vpc: &str, namespaces: &[&str]| json!({"kind": "Subnet", "spec": {"vpc": vpc, "cidrBlock": "10.0.0.0/24", "namespaces": namespaces}});
        let outside = |at: usize, namespace: &str| {
            format!(
                r#"spec.namespaces[{at}]: Invalid value: "{namespace}": not in spec.namespaces of VPC "v" [subnet-vpc-namespaces]"#
            )
        };
        cluster().accepts(&subnet("v", &["ns1"]));
        cluster().accepts(&subnet("open", &["ns1", "ns2"]));
        let both = subnet("v", &["ns1", "ns2", "guest"]);
        cluster().refuses(&both, &[&outside(1, "ns2"), &outside(2, "guest")]);
        let verdict = cluster().verdict(&create(&both));
        let helps: Vec<_> = verdict.findings.iter().map(|finding| finding.help_text()).collect();
        assert_eq!(helps, [super::HELP, super::HELP_GUEST]);
    }

    #[test]
    fn selected_namespaces_must_be_listed_or_guests() {
        let subnet = |team: &str| {
            json!({"kind": "Subnet", "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/24",
                                              "namespaceSelectors": [{"matchLabels": {"team": team}}]}})
        };
        let wanted = r#"spec.namespaceSelectors[0]: Forbidden: selects Namespace "ns2", which VPC "v" is not open to [subnet-vpc-namespaces]"#;
        cluster().refuses(&subnet("b"), &[wanted]);
        cluster().accepts(&subnet("c"));
        let guest = json!({"kind": "Namespace", "name": "guest", "labels": {"team": "c"}});
        cluster().with(guest).accepts(&subnet("c"));
    }

    #[test]
    fn the_default_vpc_takes_no_namespace_of_a_custom_one() {
        let subnet = json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/24", "namespaces": ["ns1", "ns2"]}});
        let wanted = r#"spec.namespaces[0]: Invalid value: "ns1": belongs to VPC "v", and this Subnet to the default VPC [subnet-vpc-namespaces]"#;
        cluster().refuses(&subnet, &[wanted]);
    }

    #[test]
    fn selectors_with_too_many_conditions_are_refused() {
        let cluster = || {
            Cluster::of(super::RULE.id)
                .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
                .with(json!({"kind": "Namespace", "name": "ns2", "labels": {"last": "yes"}}))
        };
        let subnet =
            |selectors: &[Value]| json!({"kind": "Subnet", "spec": {"vpc": "v", "namespaceSelectors": selectors}});
        let selector = |at: usize| json!({"matchLabels": {"a": at.to_string()}});
        let mut selectors: Vec<Value> = (0..200).map(selector).collect();
        cluster().accepts(&subnet(&selectors));
        // The same once more asks nothing that was not asked.
        selectors.extend((0..200).map(selector));
        cluster().accepts(&subnet(&selectors));
        selectors.push(json!({"matchLabels": {"last": "yes"}}));
        let wanted = "spec.namespaceSelectors[400]: Forbidden: not judged: too many; the selectors up to this one have more than 200 conditions [subnet-vpc-namespaces]";
        cluster().refuses(&subnet(&selectors), &[wanted]);
        let one: serde_json::Map<_, _> = (0..201).map(|at| (format!("l{at}"), json!("a"))).collect();
        let wanted = wanted.replace("400", "0");
        cluster().refuses(&subnet(&[json!({"matchLabels": one})]), &[&wanted]);
    }
}

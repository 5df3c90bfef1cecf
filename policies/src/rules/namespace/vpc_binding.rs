//! Keeps a Namespace from binding itself to a VPC that it may not use.
//!
//! Kube-OVN gives the Pods of a namespace the Subnets that its annotation `ovn.kubernetes.io/logical_switch` names, and
//! it writes that annotation from the `namespaceSelectors` of all Subnets. So whoever may label a namespace, or
//! annotate one that exists, may put its Pods into any VPC; on a new Namespace Kube-OVN replaces the annotation.
//! Kube-OVN's own account may write it, everybody else only for VPCs that are open to the namespace.
//!
//! ```yaml
//! # bad: net1 is in test-vpc-1, whose namespaces are [ns1]
//! kind: Namespace
//! metadata:
//!   name: ns2
//!   annotations:
//!     ovn.kubernetes.io/logical_switch: net1
//! # good: list ns2 in the Vpc first
//! ```
//!
//! Ask an administrator to list the namespace in the Vpc, or take the annotation or label away.

use crate::context::Context;
use crate::field::FieldPath;
use crate::kinds::{Kind, LOGICAL_SWITCH, Namespace, Subnet};
use crate::policy::Policy;
use crate::reads::Read;
use crate::rules::support::listed::ClosedVpcs;
use crate::rules::{Check, Outcome, Rule};
use crate::settings::RuleAction;

/// The rule.
pub const RULE: Rule = Rule {
    id: "namespace-vpc-binding",
    summary: "a Namespace's annotation or labels lead to a Subnet of a VPC that it may not use",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway],
    checks: &[Check::Namespace(&[Read::Annotation(LOGICAL_SWITCH), Read::Labels], check)],
};

fn check(namespace: &Namespace, context: &mut Context<'_>) -> Outcome {
    let mut vpcs = ClosedVpcs::new(context);
    for name in namespace.logical_switches() {
        if let Some(subnet) = context.cluster.subnet(name)? {
            let way = format!("Subnet {name:?} is");
            refuse(context, &mut vpcs, FieldPath::annotation(LOGICAL_SWITCH), &subnet, &way)?;
        }
    }
    let labels = &namespace.meta.labels;
    for subnet in context.cluster.subnets_binding(&namespace.meta.name, Some(labels))? {
        if subnet.namespace_selectors.iter().any(|selector| selector.matches(labels)) {
            let way = format!("the labels are selected by {}", context.mention(Kind::Subnet, &subnet.meta.name));
            refuse(context, &mut vpcs, FieldPath::of("metadata.labels"), &subnet, &way)?;
        }
    }
    Ok(())
}

fn refuse(
    context: &mut Context<'_>,
    vpcs: &mut ClosedVpcs<'_>,
    field: FieldPath,
    subnet: &Subnet,
    way: &str,
) -> Outcome {
    if let Some(closed) = vpcs.of(subnet)? {
        let finding = closed.refusal(context, field, subnet, way);
        context.deny(
            finding
                .help("Ask an administrator to list the namespace in the Vpc, or take the annotation or label away."),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::Cluster;

    fn cluster() -> Cluster {
        let selectors = json!([{"matchLabels": {"team": "a"}}]);
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v"}}))
            .with(json!({"kind": "Subnet", "name": "net2", "spec": {"vpc": "v", "namespaceSelectors": selectors}}))
    }

    fn namespace(name: &str, annotation: &str, team: &str) -> Value {
        json!({"kind": "Namespace", "name": name, "annotations": {LOGICAL_SWITCH: annotation}, "labels": {"team": team}})
    }

    #[test]
    fn an_annotation_leads_only_into_open_vpcs() {
        let wanted = r#"metadata.annotations[ovn.kubernetes.io/logical_switch]: Forbidden: Subnet "net1" is in VPC "v", which namespace "ns2" may not use [namespace-vpc-binding]"#;
        cluster().refuses(&namespace("ns2", "net1", ""), &[wanted]);
        cluster().accepts(&namespace("ns1", "net1", ""));
    }

    #[test]
    fn labels_lead_only_into_open_vpcs() {
        let wanted = r#"metadata.labels: Forbidden: the labels are selected by Subnet "net2" in VPC "v", which namespace "ns2" may not use [namespace-vpc-binding]"#;
        cluster().refuses(&namespace("ns2", "", "a"), &[wanted]);
        cluster().accepts(&namespace("ns1", "", "a"));
        cluster().accepts(&namespace("ns2", "", "b"));
    }
}

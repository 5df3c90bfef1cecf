//! Warns of a Subnet that lists namespaces in a VPC that lists none.
//!
//! An empty `spec.namespaces` of a Vpc is not a limit, says Kube-OVN's guide. Its controller takes it for "none": a Subnet
//! of that VPC with namespaces of its own is refused, in the controller's log (kube-ovn issue 1697). Pods that name the
//! Subnet stay in ContainerCreating; all others of its namespaces silently run in `ovn-default`. The two disagree, so
//! this is a warning, on whichever of the two comes second. A list of a Vpc that is emptied is for `vpc-namespaces-in-use`.
//!
//! ```yaml bad
//! # bad: VPC blue lists no namespace
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24, namespaces: [blue]}
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
//! List the namespaces in the Vpc too, or leave them out of the Subnet and name it in the Pods.

use crate::kinds::{Subnet, Vpc};
use crate::rule::prelude::*;
use crate::rules::vpc::namespaces_in_use;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-vpc-unrestricted",
    summary: "a Subnet lists namespaces, and its VPC lists none, which Kube-OVN's controller takes for no namespace",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet],
    checks: &[
        Check::Subnet(&[Read::Field("spec.vpc"), Read::Field("spec.provider"), Read::Field("spec.namespaces")], subnet),
        Check::Vpc(&[Read::Field("spec.namespaces")], vpc),
    ],
};

const HELP: &str = "List the namespaces in spec.namespaces of the Vpc, or leave them out of the Subnet.";

fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let Some(name) = subnet.vpc.as_deref().filter(|vpc| context.kube_ovn().is_custom_vpc(vpc)) else { return Ok(()) };
    let Some(vpc) = context.admitted.vpc(name)? else { return Ok(()) };
    if vpc.namespaces.is_empty() && !subnet.namespaces.is_empty() {
        let detail = format!("VPC {name:?} lists no namespaces, for which Kube-OVN's controller refuses this Subnet");
        let finding = Finding::forbidden(FieldPath::of("spec.namespaces"), &subnet.namespaces.join(","), detail)
            .related(vpc.reference(), Some(FieldPath::of("spec.namespaces")));
        context.deny(finding.help(HELP));
    }
    Ok(())
}

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    // What leaves a Subnet's namespaces out then is for `vpc-namespaces-in-use`.
    let is_said = namespaces_in_use::is_emptied(vpc, context)
        && namespaces_in_use::RULE.action(context.settings) != RuleAction::Off;
    if !vpc.namespaces.is_empty() || !context.kube_ovn().is_custom_vpc(&vpc.meta.name) || is_said {
        return Ok(());
    }
    for subnet in context.admitted.subnets_of_vpc(&vpc.meta.name)? {
        if !subnet.namespaces.is_empty() {
            let mentioned = context.mention(Kind::Subnet, &subnet.meta.name);
            let detail =
                format!("must list the namespaces of {mentioned}, or Kube-OVN's controller refuses that Subnet");
            let finding = Finding::required(FieldPath::of("spec.namespaces"), detail)
                .related(subnet.reference(), Some(FieldPath::of("spec.namespaces")));
            context.deny(finding.help(HELP));
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

    fn subnet(namespaces: &[&str]) -> Value {
        json!({"kind": "Subnet", "name": "s", "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/24", "namespaces": namespaces}})
    }

    #[test]
    fn whichever_comes_second_is_told() {
        Cluster::of(super::RULE.id).with(vpc(&[])).warns(
            &subnet(&["ns1"]),
            &[r#"spec.namespaces: VPC "v" lists no namespaces, for which Kube-OVN's controller refuses this Subnet [subnet-vpc-unrestricted]"#],
        );
        Cluster::of(super::RULE.id).with(subnet(&["ns1"])).warns(
            &vpc(&[]),
            &[r#"spec.namespaces: must list the namespaces of Subnet "s", or Kube-OVN's controller refuses that Subnet [subnet-vpc-unrestricted]"#],
        );
        Cluster::of(super::RULE.id).with(vpc(&["ns1"])).accepts(&subnet(&["ns1"]));
        Cluster::of(super::RULE.id).with(vpc(&[])).accepts(&subnet(&[]));
    }

    #[test]
    fn a_list_that_is_emptied_is_another_rules() {
        let warnings = |settings: Value, old: &[&str]| {
            let cluster = Cluster::of(super::RULE.id).settings(&settings).with(subnet(&["ns1"]));
            let labelled = json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": []}, "labels": {"a": "b"}});
            cluster.verdict(&update(&vpc(old), &labelled)).warnings.len()
        };
        assert_eq!(warnings(json!({}), &["ns1"]), 0);
        assert_eq!(warnings(json!({"rules": {"vpc-namespaces-in-use": "off"}}), &["ns1"]), 1);
        // Nothing that the rule reads has changed.
        assert_eq!(warnings(json!({}), &[]), 0);
    }
}

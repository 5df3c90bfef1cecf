//! Keeps a Namespace from binding itself to a VPC that it may not use.
//!
//! Kube-OVN gives the Pods of a namespace the Subnets that its annotation `ovn.kubernetes.io/logical_switch` names, and
//! it writes that annotation from the `namespaceSelectors` of all Subnets. So whoever may label a namespace, or
//! annotate one that exists, may put its Pods into any VPC. Kube-OVN's own account may write it, everybody else only for VPCs
//! that are open to the namespace. On a new Namespace Kube-OVN replaces the annotation, which is a warning there; its labels
//! count from the start. Subnets and Vpcs that are being deleted count until they are gone.
//!
//! In an UPDATE a Subnet that does not exist, and an entry that is empty or has whitespace around it, are refused too: the Pods of the namespace would wait
//! for whoever makes a Subnet of that name. To `exempt.restorers` and in a dry run a missing one is a warning, and a folder of
//! manifests may not hold it.
//!
//! A Namespace with the name `ovn` is a warning: the port of its Pod `web.net.blue` would be called as that of Pod `web` in the
//! network `blue/net`, whatever namespace has that network.
//!
//! ```yaml bad
//! # bad: a new label takes namespace green into VPC blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec:
//!   vpc: blue
//!   cidrBlock: 10.0.1.0/24
//!   namespaceSelectors: [{matchLabels: {team: a}}]
//! ---
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: green}
//! ---
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: green, labels: {team: a}}
//! ```
//!
//! ```yaml good
//! # good: VPC blue invites namespace green first
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   annotations: {vpcguard.io/guest-namespaces: green}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec:
//!   vpc: blue
//!   cidrBlock: 10.0.1.0/24
//!   namespaceSelectors: [{matchLabels: {team: a}}]
//! ---
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: green}
//! ---
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: green, labels: {team: a}}
//! ```
//!
//! Ask an administrator to invite the namespace in the Vpc's annotation `vpcguard.io/guest-namespaces`, or to list it in
//! `spec.namespaces`; or take the annotation or label away. Listing a namespace binds it: its other Pods then move to that VPC
//! too, which is not what a platform's own namespace wants.

use std::collections::BTreeSet;

use crate::finding::Action;
use crate::inventory::Sight;
use crate::kinds::{LOGICAL_SWITCH, Namespace, ObjectRef, Subnet};
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::rules::support::listed::ClosedVpcs;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "namespace-vpc-binding",
    summary: "a Namespace's annotation or labels lead to a Subnet of a VPC that it may not use",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway],
    checks: &[Check::Namespace(&[Read::Annotation(LOGICAL_SWITCH), Read::Labels], check)],
};

const HELP: &str = "Ask an administrator to invite the namespace in the Vpc's annotation vpcguard.io/guest-namespaces, or \
                    to list it in spec.namespaces, which binds it; or take the annotation or label away.";

/// The namespace in which Pods can have ports that are called as those of others.
const PROVIDER: &str = "ovn";

fn check(namespace: &Namespace, context: &mut Context<'_>) -> Outcome {
    // Kube-OVN writes the annotation anew on a Namespace that it has not seen before.
    let is_replaced = context.operation == Operation::Create;
    let action = if is_replaced { Action::Warn } else { Action::Deny };
    let mut vpcs = ClosedVpcs::new(context);
    for name in namespace.logical_switches() {
        match context.cluster.subnet_until_gone(name)? {
            Some(subnet) => {
                let way = format!("Subnet {name:?} is");
                refuse(context, &mut vpcs, action, FieldPath::annotation(LOGICAL_SWITCH), &subnet, &way)?;
            }
            None if is_certain(context) => missing(name, context)?,
            None => {}
        }
    }
    if matches!(context.operation, Operation::Create | Operation::Update) {
        let entries: BTreeSet<&str> = namespace.written_switches().collect();
        for entry in entries {
            unreadable(entry, action, context);
        }
    }
    for subnet in context.cluster.subnets_selecting_until_gone(&namespace.meta.labels)? {
        let way = format!("the labels are selected by {}", context.mention(Kind::Subnet, &subnet.meta.name));
        refuse(context, &mut vpcs, Action::Deny, FieldPath::of("metadata.labels"), &subnet, &way)?;
    }
    if namespace.meta.name == PROVIDER && context.operation != Operation::Update {
        let detail = "ports of its Pods may be called as those of others' networks";
        let finding = Finding::forbidden(FieldPath::of("metadata.name"), PROVIDER, detail);
        context.warn(finding.help("Give the namespace another name."));
    }
    Ok(())
}

/// Kube-OVN looks for a Subnet that is called as the entry is written, once those before it are full.
fn unreadable(entry: &str, action: Action, context: &mut Context<'_>) {
    let detail = match entry.trim() {
        "" => "an entry of the list is empty, and a Pod for which Kube-OVN comes to it gets no network",
        name if name != entry => "has whitespace around it, and a Pod for which Kube-OVN comes to it gets no network",
        _ => return,
    };
    let finding = Finding::invalid(FieldPath::annotation(LOGICAL_SWITCH), entry, detail);
    let help = "Write the names of Subnets, with a comma alone between them.";
    context.report(action, finding.identified_by(format!("entry {entry}")).help(help));
}

/// Whether a Subnet that is not found does not exist, on a Namespace whose annotation Kube-OVN will not replace.
pub(crate) fn is_certain(context: &Context<'_>) -> bool {
    context.operation == Operation::Update && context.cluster.sight(Kind::Subnet) == Sight::All
}

/// Whoever makes the Subnet later does not know of the Pods that wait for it.
fn missing(name: &str, context: &mut Context<'_>) -> Outcome {
    let field = FieldPath::annotation(LOGICAL_SWITCH);
    let identity = format!("{field} {name}");
    let meant = context.did_you_mean(Kind::Subnet, name, "");
    let detail = format!("there is no Subnet of this name: create it first, and then change the Namespace{meant}");
    let finding = Finding::not_found(field, name, detail).missing(ObjectRef::new(Kind::Subnet, name));
    let help = format!("Create Subnet {} first, correct the name, or leave the annotation to Kube-OVN.", quoted(name));
    context.report(context.action_on_missing(), finding.identified_by(identity).help(help));
    Ok(())
}

fn refuse(
    context: &mut Context<'_>,
    vpcs: &mut ClosedVpcs<'_>,
    action: Action,
    field: FieldPath,
    subnet: &Subnet,
    way: &str,
) -> Outcome {
    if let Some(closed) = vpcs.of(subnet)? {
        let identity = format!("{field} {}", subnet.meta.name);
        let finding = closed.refusal(context, field, subnet, way).identified_by(identity);
        let action = if action == Action::Warn { action } else { closed.action(context) };
        context.report(action, finding.help(HELP));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::request::Request;
    use crate::rules::support::testing::{Cluster, as_warning, create, update};

    const LEADS: &str = r#"metadata.annotations[ovn.kubernetes.io/logical_switch]: Forbidden: Subnet "net1" is in VPC "v", which namespace "ns2" may not use [namespace-vpc-binding]"#;
    const SELECTED: &str = r#"metadata.labels: Forbidden: the labels are selected by Subnet "net2" in VPC "v", which namespace "ns2" may not use [namespace-vpc-binding]"#;

    const NOTHING: [Vec<String>; 2] = [Vec::new(), Vec::new()];

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

    /// What is said to a change: the denials, then the warnings.
    fn changed(old: &Value, new: &Value) -> [Vec<String>; 2] {
        let verdict = cluster().verdict(&update(old, new));
        [verdict.findings, verdict.warnings].map(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_annotation_is_replaced_on_what_is_new_and_refused_later() {
        cluster().warns(&namespace("ns2", "net1", ""), &[&as_warning(LEADS)]);
        cluster().accepts(&namespace("ns1", "net1", ""));
        assert_eq!(changed(&namespace("ns2", "", ""), &namespace("ns2", "net1", "")), [vec![LEADS.to_owned()], vec![]]);
        assert_eq!(changed(&namespace("ns1", "", ""), &namespace("ns1", "net1", "")), NOTHING);
    }

    #[test]
    fn labels_lead_only_into_open_vpcs() {
        cluster().refuses(&namespace("ns2", "", "a"), &[SELECTED]);
        cluster().accepts(&namespace("ns1", "", "a"));
        cluster().accepts(&namespace("ns2", "", "b"));
        assert_eq!(
            changed(&namespace("ns2", "", "b"), &namespace("ns2", "", "a")),
            [vec![SELECTED.to_owned()], vec![]]
        );
    }

    #[test]
    fn a_subnet_that_is_not_there_is_waited_for_by_nobody() {
        let wanted = r#"metadata.annotations[ovn.kubernetes.io/logical_switch]: Not found: "next": there is no Subnet of this name: create it first, and then change the Namespace [namespace-vpc-binding]"#;
        let (before, after) = (namespace("ns1", "net1", ""), namespace("ns1", "net1,next", ""));
        let all = || cluster().seeing_all();
        let said = |request: &Request| {
            let verdict = all().verdict(request);
            [verdict.findings, verdict.warnings].map(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(said(&update(&before, &after)), [vec![wanted.to_owned()], vec![]]);
        let early = Request { dry_run: true, ..update(&before, &after) };
        assert_eq!(said(&early), [vec![], vec![as_warning(wanted)]]);
        // What Kube-OVN replaces, what was there, and what others may hold.
        assert!(all().verdict(&create(&after)).allowed);
        assert!(all().verdict(&update(&after, &after)).allowed);
        assert_eq!(changed(&before, &after), NOTHING);
    }

    #[test]
    fn an_entry_without_a_name_is_refused() {
        let wanted = |list: &str| {
            format!(
                "metadata.annotations[ovn.kubernetes.io/logical_switch]: Invalid value: {list:?}: an entry of the list is empty, and a Pod for which Kube-OVN comes to it gets no network [namespace-vpc-binding]"
            )
        };
        let before = namespace("ns1", "net1", "");
        for (list, entry) in [(",", ""), ("net1,", ""), ("net1, ,net1", " "), (" ", " "), ("\t", "\t")] {
            assert_eq!(changed(&before, &namespace("ns1", list, "")), [vec![wanted(entry)], vec![]], "{list:?}");
        }
        for list in ["", "net1", "net1,net1"] {
            assert_eq!(changed(&before, &namespace("ns1", list, "")), NOTHING);
        }
    }

    #[test]
    fn an_entry_is_read_as_it_is_written() {
        let before = namespace("ns1", "net1", "");
        for entry in [" net1", "net1 ", "net1\n", "\u{a0}net1"] {
            let wanted = format!(
                "metadata.annotations[ovn.kubernetes.io/logical_switch]: Invalid value: {entry:?}: has whitespace around it, and a Pod for which Kube-OVN comes to it gets no network [namespace-vpc-binding]"
            );
            let after = namespace("ns1", &format!("net1,{entry}"), "");
            assert_eq!(changed(&before, &after), [vec![wanted], vec![]]);
            assert!(changed(&after, &after) == NOTHING);
        }
    }

    #[test]
    fn what_an_annotation_named_before_excuses_no_label() {
        let named = |team: &str| namespace("ns2", "net2", team);
        let [denials, warnings] = changed(&named("b"), &named("a"));
        assert_eq!(denials, [SELECTED]);
        assert_eq!(warnings, [as_warning(LEADS).replace("net1", "net2")]);
        assert_eq!(changed(&named("b"), &named("c"))[0], Vec::<String>::new());
    }

    #[test]
    fn what_is_being_deleted_counts() {
        let gone = |kind: &str, name: &str, spec: Value| {
            let metadata = json!({"name": name, "deletionTimestamp": "2026-01-01T00:00:00Z"});
            json!({"kind": kind, "metadata": metadata, "spec": spec})
        };
        let spec = json!({"vpc": "v", "namespaceSelectors": [{"matchLabels": {"team": "a"}}]});
        let cluster = Cluster::of(super::RULE.id)
            .with(gone("Vpc", "v", json!({"namespaces": ["ns1"]})))
            .with(gone("Subnet", "net1", json!({"vpc": "v"})))
            .with(gone("Subnet", "net2", spec));
        cluster.refuses(&namespace("ns2", "", "a"), &[SELECTED]);
        cluster.warns(&namespace("ns2", "net1", ""), &[&as_warning(LEADS)]);
        cluster.accepts(&namespace("ns1", "net1", "a"));
    }

    #[test]
    fn the_name_of_the_provider_is_a_warning() {
        let wanted =
            "metadata.name: ports of its Pods may be called as those of others' networks [namespace-vpc-binding]";
        cluster().warns(&namespace("ovn", "", ""), &[wanted]);
        assert_eq!(changed(&namespace("ovn", "", "b"), &namespace("ovn", "", "c")), NOTHING);
    }
}

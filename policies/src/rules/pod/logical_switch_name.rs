//! Wants a Pod to name one Subnet, not a list.
//!
//! The annotation of a Namespace is a comma list, so people write one on a Pod too. Kube-OVN looks for a Subnet with the
//! whole list for its name, and the Pod stays in ContainerCreating. Looked at are the keys that Kube-OVN reads: that of the primary
//! network, and those of the networks that the Pod lists.
//!
//! ```yaml bad
//! # bad: two names
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: db}
//! spec: {cidrBlock: 10.18.0.0/16}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/logical_switch: "apps,db"}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec: {cidrBlock: 10.17.0.0/16}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: db}
//! spec: {cidrBlock: 10.18.0.0/16}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/logical_switch: apps}
//! ```
//!
//! Name one Subnet.

use std::collections::BTreeMap;

use crate::attach::Attachments;
use crate::kinds::{DEFAULT_NETWORK, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS, PodTemplate};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "logical-switch-name",
    summary: "a Pod's logical_switch is a list instead of one name",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Pod(
        &[
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::MachineNetworks,
        ],
        check,
    )],
};

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    let is_primary = !context.kube_ovn().non_primary_cni;
    let own = pod.pod.annotation(LOGICAL_SWITCH).filter(|_| is_primary).map(|value| (LOGICAL_SWITCH, value));
    let of_networks = asked.networks.iter().filter_map(|network| network.switch.as_ref());
    let read: BTreeMap<_, _> = own.into_iter().chain(of_networks.map(|(key, value)| (key.as_str(), *value))).collect();
    for (key, value) in read.into_iter().filter(|(_, value)| value.contains(',')) {
        let finding = Finding::invalid(pod.annotation_path(key), value, "must name one Subnet, not a list");
        context.deny(finding.help("Name one Subnet; only the annotation of a Namespace is a list."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::support::testing::Cluster;

    #[test]
    fn a_list_is_refused_on_pods_and_templates() {
        let cluster = || {
            Cluster::of(super::RULE.id)
                .with(json!({"kind": "Subnet", "name": "a", "spec": {"cidrBlock": "10.0.0.0/24"}}))
                .with(json!({"kind": "Subnet", "name": "b", "spec": {"cidrBlock": "10.0.1.0/24"}}))
        };
        let pod = |switch: &str| json!({"kind": "Pod", "annotations": {"ovn.kubernetes.io/logical_switch": switch}});
        let fault = r#"Invalid value: "a,b": must name one Subnet, not a list [logical-switch-name]"#;
        let key = "metadata.annotations[ovn.kubernetes.io/logical_switch]";
        cluster().refuses(&pod("a,b"), &[&format!("{key}: {fault}")]);
        cluster().accepts(&pod("a"));
        let networked = |networks: &str| {
            let key = "net.ns1.ovn.kubernetes.io/logical_switch";
            json!({"kind": "Pod", "namespace": "ns1", "annotations": {"k8s.v1.cni.cncf.io/networks": networks, key: "a,b"}})
        };
        let of_network = "metadata.annotations[net.ns1.ovn.kubernetes.io/logical_switch]";
        cluster().refuses(&networked("net"), &[&format!("{of_network}: {fault}")]);
        // Nobody reads the key of a network that the Pod does not list.
        cluster().accepts(&networked("other"));
        let secondary = cluster().settings(&json!({"kubeOvn": {"nonPrimaryCNI": true}}));
        secondary.accepts(&pod("a,b"));
        secondary.refuses(&networked("net"), &[&format!("{of_network}: {fault}")]);
        let template = json!({"metadata": {"annotations": {"ovn.kubernetes.io/logical_switch": "a,b"}}});
        let job = json!({"kind": "Job", "spec": {"template": template}});
        cluster().refuses(&job, &[&format!("spec.template.{key}: {fault}")]);
    }
}

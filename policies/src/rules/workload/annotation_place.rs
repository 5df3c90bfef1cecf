//! Warns of annotations of Pods that stand on a workload instead of its template.
//!
//! Kube-OVN and Multus read the annotations of Pods, and a Pod gets those of the template: `spec.template.metadata.annotations`. On
//! the Deployment, StatefulSet, Job or VirtualMachine itself nobody reads an address, a Subnet or a list of networks, and its Pods
//! run in the Subnet of their namespace as if there were none. What stands on the template too is right, and nothing is said of it.
//! A ReplicaSet gets the annotations of its Deployment, and is not looked at. The webhook says it of a new workload and of one whose
//! template changes: what controllers write on a workload itself is not sent to it.
//!
//! ```yaml bad
//! # bad: no Pod has this annotation
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/ip_pool: "10.17.0.5;10.17.0.6"}
//! spec:
//!   template:
//!     metadata: {labels: {app: web}}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web, namespace: blue}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web}
//!       annotations: {ovn.kubernetes.io/ip_pool: "10.17.0.5;10.17.0.6"}
//! ```
//!
//! Write the annotation into the template.

use crate::attach::keys;
use crate::kinds::PodTemplate;
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "workload-annotation-place",
    summary: "a workload has annotations of Pods on itself instead of its template, where nobody reads them",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::Attachments,
    asks: &[],
    checks: &[Check::PodOf(
        &[
            Kind::Deployment,
            Kind::StatefulSet,
            Kind::DaemonSet,
            Kind::ReplicationController,
            Kind::Job,
            Kind::CronJob,
            Kind::VirtualMachine,
        ],
        &[
            Read::Field("metadata.annotations"),
            Read::PodField("metadata.annotations"),
            Read::PodField("spec.hostNetwork"),
        ],
        check,
    )],
};

fn check(workload: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if workload.host_network {
        return Ok(());
    }
    for (key, value) in workload.meta.annotations.iter().filter(|(key, _)| keys::is_of_pod(key)) {
        if workload.pod.annotation(key).is_some() {
            continue;
        }
        let detail =
            format!("is read of Pods alone, and the Pods of a {} get the annotations of its template", workload.kind);
        let finding = Finding::invalid(FieldPath::annotation(key), value, detail).identified_by(key.clone());
        let path = workload.kind.pod_path();
        context.deny(finding.help(format!("Write it into {path}.metadata.annotations.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, update};

    const ADDRESS: &str = "ovn.kubernetes.io/ip_address";

    fn workload(kind: &str, own: Value, of_pods: Value) -> Value {
        let template = json!({"metadata": {"annotations": of_pods}});
        let spec = if kind == "CronJob" {
            json!({"jobTemplate": {"spec": {"template": template}}})
        } else {
            json!({"template": template})
        };
        json!({"kind": kind, "namespace": "ns1", "annotations": own, "spec": spec})
    }

    fn wanted(kind: &str, key: &str, value: &str) -> String {
        let detail = format!("is read of Pods alone, and the Pods of a {kind} get the annotations of its template");
        format!("metadata.annotations[{key}]: {value:?}: {detail} [workload-annotation-place]")
    }

    #[test]
    fn what_only_a_pod_has_is_pointed_out_on_each_workload() {
        let cluster = Cluster::of(RULE.id);
        for kind in
            ["Deployment", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob", "VirtualMachine"]
        {
            let own = json!({ADDRESS: "10.0.0.5"});
            cluster.warns(&workload(kind, own, json!({})), &[&wanted(kind, ADDRESS, "10.0.0.5")]);
        }
        for key in [
            "ovn.kubernetes.io/logical_switch",
            "ovn.kubernetes.io/security_groups",
            "ovn.kubernetes.io/vip",
            "net.ns1.ovn.kubernetes.io/ip_pool",
            "net.ns1.kubernetes.io/ip_address.eth1",
            "k8s.v1.cni.cncf.io/networks",
            "v1.multus-cni.io/default-network",
        ] {
            cluster.warns(&workload("Job", json!({key: "x"}), json!({})), &[&wanted("Job", key, "x")]);
        }
    }

    #[test]
    fn the_key_on_the_template_is_right() {
        let cluster = Cluster::of(RULE.id);
        for (own, of_pods) in [
            (json!({}), json!({ADDRESS: "10.0.0.5"})),
            (json!({ADDRESS: "10.0.0.5"}), json!({ADDRESS: "10.0.0.5"})),
            (json!({ADDRESS: "10.0.0.5"}), json!({ADDRESS: "10.0.0.6"})),
        ] {
            cluster.accepts(&workload("Deployment", own, of_pods));
        }
    }

    #[test]
    fn other_keys_are_those_of_other_tools() {
        let cluster = Cluster::of(RULE.id);
        for key in [
            "deployment.kubernetes.io/revision",
            "kubectl.kubernetes.io/last-applied-configuration",
            "ovn.kubernetes.io/vpc_nat_gw",
            "app.kubernetes.io/ip_address",
            "example.com/logical_switch",
            "vpcguard.io/allow",
        ] {
            cluster.accepts(&workload("Deployment", json!({key: "x"}), json!({})));
        }
        let mut host = workload("Deployment", json!({ADDRESS: "10.0.0.5"}), json!({}));
        host["spec"]["template"]["spec"] = json!({"hostNetwork": true});
        cluster.accepts(&host);
        // It has what its Deployment has, and a Pod what is its own.
        cluster.accepts(&workload("ReplicaSet", json!({ADDRESS: "10.0.0.5"}), json!({})));
        cluster.accepts(&json!({"kind": "Pod", "namespace": "ns1", "annotations": {ADDRESS: "10.0.0.5"}}));
        cluster.accepts(
            &json!({"kind": "VirtualMachineInstance", "namespace": "ns1", "annotations": {ADDRESS: "10.0.0.5"}}),
        );
    }

    #[test]
    fn what_was_so_before_is_no_denial() {
        let cluster = Cluster::of(RULE.id).settings(&json!({"rules": {"workload-annotation-place": "deny"}}));
        let old = workload("Deployment", json!({ADDRESS: "10.0.0.5"}), json!({}));
        let new = workload("Deployment", json!({ADDRESS: "10.0.0.6"}), json!({}));
        assert!(!cluster.verdict(&update(&workload("Deployment", json!({}), json!({})), &old)).allowed);
        assert!(cluster.verdict(&update(&old, &new)).allowed);
    }
}

//! Tells when a Pod of a VPC's namespace is about to run in the default VPC.
//!
//! A namespace belongs to the custom VPC that lists it. Where that VPC has no default Subnet, and no Subnet is bound to the
//! namespace, Kube-OVN gives its Pods the default Subnet of the default VPC, without a word: a tenant's Pods run outside
//! the tenant's network. Only new Pods that name no Subnet or IPPool are looked at, and that Multus attaches to no Subnet of
//! that VPC. A network of another plug-in attaches to none, such as macvlan, whatever Subnet an annotation names for it: only one
//! whose NetworkAttachmentDefinition has the type `kube-ovn`, or cannot be seen, counts.
//!
//! ```yaml bad
//! # bad: Subnet blue-apps is not the default of VPC blue, and lists no namespace
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web, namespace: blue}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue], defaultSubnet: blue-apps}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web, namespace: blue}
//! ```
//!
//! Give the VPC a default Subnet, list the namespace in one of its Subnets, or name a Subnet in the Pod.

use std::sync::Arc;

use crate::attach::{Attachments, Definition, Network, Primary, Providers, read_definition};
use crate::inventory::Answer;
use crate::kinds::{
    DEFAULT_NETWORK, IP_POOL_SUFFIX, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS, PodTemplate, Subnet,
};
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::rules::support::binding::Binding;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-vpc-default",
    summary: "a Pod's namespace belongs to a VPC that has no Subnet for it, so the Pod would run in the default VPC",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::PodAttachmentBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::Namespace, Kind::AttachmentDefinition],
    checks: &[Check::PodOf(
        &[Kind::Pod],
        &[
            Read::PodAnnotation(LOGICAL_SWITCH),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
            Read::PodField("spec.hostNetwork"),
        ],
        check,
    )],
};

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if context.operation != Operation::Create || Primary::of(pod, context.kube_ovn()) != Primary::Namespace {
        return Ok(());
    }
    let (cluster, name) = (context.cluster, context.namespace);
    let namespace = cluster.namespace(name)?;
    // An administrator may have bound the namespace by hand: Kube-OVN does not take that back at once.
    let default_subnet = context.kube_ovn().default_subnet.as_str();
    if namespace.as_ref().is_some_and(|namespace| namespace.logical_switches().any(|name| name != default_subnet)) {
        return Ok(());
    }
    let Binding::Fallback = Binding::of(name, namespace.as_deref(), cluster, context.kube_ovn())? else {
        return Ok(());
    };
    let custom = |vpc: &str| context.kube_ovn().is_custom_vpc(vpc);
    let Some(vpc) = cluster.vpcs_binding(name)?.into_iter().find(|vpc| custom(&vpc.meta.name)) else { return Ok(()) };
    if joins(pod, &vpc.meta.name, context)? {
        return Ok(());
    }
    let detail = format!(
        "{} has no default Subnet and none for this namespace, so Kube-OVN runs the Pod in the default VPC",
        context.mention(Kind::Vpc, &vpc.meta.name)
    );
    let finding = Finding::invalid(FieldPath::of("metadata.namespace"), name, detail)
        .related(vpc.reference(), Some(FieldPath::of("spec.defaultSubnet")))
        .help("Give the VPC a default Subnet, list the namespace in one of its Subnets, or name a Subnet in the Pod.");
    context.deny(finding);
    Ok(())
}

/// Whether Multus attaches a Subnet of a VPC to the Pod, which need not be its primary network then.
fn joins(pod: &PodTemplate, vpc: &str, context: &Context<'_>) -> Answer<bool> {
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    let mut providers = Providers::new(context.cluster);
    let is_of = |subnet: &Arc<Subnet>| subnet.vpc.as_deref() == Some(vpc);
    for network in &asked.networks {
        let is_there = match &network.switch {
            Some((_, name)) => context.cluster.subnet(name)?.is_some_and(|subnet| is_of(&subnet)),
            None => providers.of(network)?.iter().any(is_of),
        };
        if is_there && may_be_kube_ovns(network, context)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether Kube-OVN makes a network. One whose NetworkAttachmentDefinition is missing or does not load keeps the Pod from running
/// anywhere, which is for `pod-network-unresolvable`.
fn may_be_kube_ovns(network: &Network<'_>, context: &Context<'_>) -> Answer<bool> {
    let definition = context.cluster.attachment_definition_until_gone(&network.namespace, &network.name)?;
    let made = definition.map(|definition| read_definition(&definition.config));
    Ok(!matches!(made, Some(Definition::Other | Definition::Addresses | Definition::Elsewhere)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::support::testing::{Cluster, update};

    const WANTED: &str = r#"metadata.namespace: "ns1": VPC "v" has no default Subnet and none for this namespace, so Kube-OVN runs the Pod in the default VPC [pod-vpc-default]"#;

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Subnet", "name": "a", "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/24"}}))
    }

    fn pod(namespace: &str) -> Value {
        json!({"kind": "Pod", "namespace": namespace})
    }

    #[test]
    fn a_namespace_without_a_subnet_falls_into_the_default_vpc() {
        cluster().warns(&pod("ns1"), &[WANTED]);
        cluster().accepts(&pod("ns2"));
        let default = json!({"kind": "Subnet", "name": "a", "spec": {"vpc": "v", "default": true}});
        cluster().with(default).accepts(&pod("ns1"));
        let bound = json!({"kind": "Subnet", "name": "a", "spec": {"vpc": "v", "namespaces": ["ns1"]}});
        cluster().with(bound).accepts(&pod("ns1"));
    }

    #[test]
    fn a_pod_that_joins_the_vpc_by_multus_is_where_it_should_be() {
        let joins = |networks: &str, switch: &str| {
            let mut annotations = json!({NETWORKS: networks});
            if !switch.is_empty() {
                annotations["net.ns1.ovn.kubernetes.io/logical_switch"] = json!(switch);
            }
            json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations})
        };
        let of =
            |vpc: &str| json!({"kind": "Subnet", "name": "attached", "spec": {"vpc": vpc, "provider": "net.ns1.ovn"}});
        cluster().with(of("v")).accepts(&joins("net", ""));
        cluster().accepts(&joins("net", "a"));
        cluster().with(of("w")).warns(&joins("net", ""), &[WANTED]);
        cluster().warns(&joins("net", ""), &[WANTED]);
        cluster().warns(&joins("net", "none"), &[WANTED]);
        // What another plug-in makes joins nothing.
        for (config, is_kube_ovns) in [
            (r#"{"type": "kube-ovn"}"#, true),
            (r#"{"plugins": [{"type": "kube-ovn"}, {"type": "portmap"}]}"#, true),
            ("{", true),
            (r#"{"type": "macvlan"}"#, false),
            (r#"{"type": "macvlan", "ipam": {"type": "kube-ovn"}}"#, false),
            ("", false),
        ] {
            let definition = json!({
                "kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": "net", "spec": {"config": config}});
            let warnings: &[&str] = if is_kube_ovns { &[] } else { &[WANTED] };
            for (cluster, pod) in [(cluster().with(of("v")), joins("net", "")), (cluster(), joins("net", "a"))] {
                cluster.with(definition.clone()).warns(&pod, warnings);
            }
        }
    }

    #[test]
    fn only_new_pods_that_choose_nothing_are_looked_at() {
        let with = |annotations: Value| json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations});
        cluster().accepts(&with(json!({LOGICAL_SWITCH: "a"})));
        cluster().accepts(&with(json!({DEFAULT_NETWORK: "x"})));
        cluster().accepts(&json!({"kind": "Pod", "namespace": "ns1", "spec": {"hostNetwork": true}}));
        cluster().accepts(&json!({"kind": "Deployment", "namespace": "ns1", "spec": {"template": {}}}));
        let updated = cluster().verdict(&update(&with(json!({LOGICAL_SWITCH: "a"})), &pod("ns1")));
        assert!(updated.warnings.is_empty());
        let by_hand = json!({"kind": "Namespace", "name": "ns1", "annotations": {LOGICAL_SWITCH: "a"}});
        cluster().with(by_hand).accepts(&pod("ns1"));
        cluster().settings(&json!({"kubeOvn": {"nonPrimaryCNI": true}})).accepts(&pod("ns1"));
    }
}

//! Keeps a Pod out of a VPC that its namespace may not use.
//!
//! Kube-OVN attaches a Pod to whatever Subnet its annotations lead to, and asks nobody whether the Pod's namespace may use
//! that Subnet's VPC: one annotation, and a tenant stands in another tenant's network. Four ways lead to a Subnet:
//!
//! 1. an annotation whose key ends in `.kubernetes.io/logical_switch`, also those of attached networks and interfaces;
//! 2. one whose key ends in `.kubernetes.io/ip_pool` and names an IPPool of the Subnet;
//! 3. a network in `k8s.v1.cni.cncf.io/networks` or `v1.multus-cni.io/default-network` that the Subnet is the provider of;
//! 4. without a switch or pool of its own, the annotation of the Pod's Namespace.
//!
//! In Kube-OVN v1.16.2 an IPPool does not choose the Subnet of a Pod: the Pod gets a port in its own Subnet, with an
//! address of the foreign one, and then an event. Newer releases follow the pool. A network of Kube-OVN's that no
//! Subnet is the provider of leads to the Pod's default Subnet in v1.16.2, and newer releases refuse it.
//!
//! A namespace may use a VPC that lists it in `spec.namespaces`, invites it in the annotation
//! `vpcguard.io/guest-namespaces`, has a NAT gateway in it, or lists no namespace at all. The default VPC is open to
//! all. What Multus cannot read leads nowhere, but what vpcguard cannot read may lead somewhere, so it is refused.
//!
//! Pods of the node's own network (`hostNetwork`) are attached to nothing and pass.
//!
//! ```yaml
//! # bad: net1 is in test-vpc-1, whose namespaces are [ns1]
//! kind: Pod
//! metadata:
//!   namespace: default
//!   annotations:
//!     ovn.kubernetes.io/logical_switch: net1
//! # good: the same in namespace ns1
//! ```
//!
//! Use a Subnet of a VPC that is open to the namespace, or ask an administrator to list the namespace in the Vpc.

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::Finding;
use crate::kinds::{
    DEFAULT_NETWORK, IP_POOL_SUFFIX, Kind, LOGICAL_SWITCH_SUFFIX, NETWORKS, ObjectRef, PodTemplate, Subnet, Unreadable,
};
use crate::policy::Policy;
use crate::reads::Read;
use crate::rules::support::listed::refusal;
use crate::rules::{Check, Outcome, Rule};
use crate::settings::RuleAction;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-vpc-namespace",
    summary: "a Pod's annotations lead to a Subnet of a VPC that its namespace may not use",
    default: RuleAction::Deny,
    isolates: true,
    policy: Policy::VpcNamespaceBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::IpPool, Kind::Namespace],
    checks: &[Check::Pod(
        &[
            Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
            Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
            Read::PodAnnotation(NETWORKS),
            Read::PodAnnotation(DEFAULT_NETWORK),
            Read::PodField("spec.hostNetwork"),
        ],
        check,
    )],
};

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if pod.host_network {
        return Ok(());
    }
    by_switch(pod, context)?;
    by_pool(pod, context)?;
    by_network(pod, context)?;
    by_namespace(pod, context)
}

fn by_switch(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    for (key, name) in pod.logical_switches() {
        if let Some(subnet) = context.cluster.subnet(name)? {
            refuse(context, pod.annotation_path(key), &subnet, &format!("Subnet {name:?} is"), None)?;
        }
    }
    Ok(())
}

fn by_pool(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    for (key, name) in pod.ip_pools() {
        let Some(pool) = context.cluster.ip_pool(name)? else { continue };
        let Some(subnet) = context.cluster.subnet(&pool.subnet)? else { continue };
        let way = format!("IPPool {name:?} is of {}", context.mention(Kind::Subnet, &pool.subnet));
        refuse(context, pod.annotation_path(key), &subnet, &way, Some(ObjectRef::new(Kind::IpPool, name)))?;
    }
    Ok(())
}

fn by_network(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    for attachment in pod.attachments(context.namespace) {
        let attachment = match attachment {
            Ok(attachment) => attachment,
            Err(Unreadable(key)) => {
                let value = pod.pod.annotation(key).unwrap_or_default();
                let detail = "is neither a comma list nor JSON that can be read, so where it leads is not known";
                let finding = Finding::forbidden(pod.annotation_path(key), value, detail);
                context.deny(
                    finding.help("Write the networks as a comma list, or as a JSON list of objects with a name."),
                );
                continue;
            }
        };
        if pod.names_switch_of(&attachment) {
            continue;
        }
        for subnet in context.cluster.subnets_with_provider(&attachment.provider())? {
            let network = format!("{}/{}", attachment.namespace, attachment.name);
            let way = format!("network {network:?} leads to {}", context.mention(Kind::Subnet, &subnet.meta.name));
            refuse(context, pod.annotation_path(attachment.annotation), &subnet, &way, None)?;
        }
    }
    Ok(())
}

fn by_namespace(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if pod.logical_switches().next().is_some() || pod.ip_pools().next().is_some() {
        return Ok(());
    }
    let Some(namespace) = context.cluster.namespace(context.namespace)? else { return Ok(()) };
    for name in namespace.logical_switches() {
        if let Some(subnet) = context.cluster.subnet(name)? {
            let way = format!("the namespace's own annotation leads to Subnet {name:?}");
            let object = ObjectRef::new(Kind::Namespace, context.namespace);
            refuse(context, FieldPath::of("metadata.namespace"), &subnet, &way, Some(object))?;
        }
    }
    Ok(())
}

/// Refuses a way to a Subnet if its VPC is closed to the Pod's namespace.
fn refuse(
    context: &mut Context<'_>,
    field: FieldPath,
    subnet: &Subnet,
    way: &str,
    through: Option<ObjectRef>,
) -> Outcome {
    let Some(mut finding) = refusal(context, field, subnet, way)? else { return Ok(()) };
    if let Some(through) = through {
        finding = finding.related(through, None);
    }
    context.deny(finding.help(
        "Use a Subnet of a VPC that is open to the namespace, or ask an administrator to list the namespace in \
         spec.namespaces of the Vpc, or in its annotation vpcguard.io/guest-namespaces.",
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::finding::Evidence;
    use crate::rules::support::testing::{Cluster, update};

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v", "provider": "nad.ns1.ovn"}}))
            .with(json!({"kind": "IPPool", "name": "pool", "spec": {"subnet": "net1"}}))
    }

    fn pod(namespace: &str, annotations: &Value) -> Value {
        json!({"kind": "Pod", "namespace": namespace, "annotations": annotations})
    }

    #[test]
    fn every_way_into_a_closed_vpc_is_refused() {
        for (key, value, way) in [
            ("ovn.kubernetes.io/logical_switch", "net1", r#"Subnet "net1" is"#),
            ("nad.ns1.ovn.eth1.kubernetes.io/logical_switch", " net1", r#"Subnet "net1" is"#),
            ("ovn.kubernetes.io/ip_pool", "pool", r#"IPPool "pool" is of Subnet "net1""#),
            (NETWORKS, "ns1/nad", r#"network "ns1/nad" leads to Subnet "net1""#),
            (DEFAULT_NETWORK, r#"[{"name":"nad","namespace":"ns1"}]"#, r#"network "ns1/nad" leads to Subnet "net1""#),
        ] {
            let field = format!("metadata.annotations[{key}]");
            let wanted = format!(
                r#"{field}: Forbidden: {way} in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#
            );
            cluster().refuses(&pod("ns2", &json!({key: value})), &[&wanted]);
            cluster().accepts(&pod("ns1", &json!({key: value})));
        }
    }

    #[test]
    fn networks_that_cannot_be_read_are_refused() {
        let wanted = format!(
            "metadata.annotations[{NETWORKS}]: Forbidden: is neither a comma list nor JSON that can be read, so where it \
             leads is not known [pod-vpc-namespace]"
        );
        cluster().refuses(&pod("ns2", &json!({NETWORKS: r#"[{"name": "nad", "x": "\ud800"}]"#})), &[&wanted]);
        cluster().accepts(&pod("ns2", &json!({NETWORKS: ""})));
    }

    #[test]
    fn the_namespaces_own_annotation_counts_without_one_of_the_pod() {
        let annotations = json!({"ovn.kubernetes.io/logical_switch": "net1"});
        let bound = cluster().with(json!({"kind": "Namespace", "name": "ns2", "annotations": annotations}));
        let wanted = r#"metadata.namespace: Forbidden: the namespace's own annotation leads to Subnet "net1" in VPC "v", which namespace "ns2" may not use [pod-vpc-namespace]"#;
        bound.refuses(&pod("ns2", &json!({})), &[wanted]);
    }

    #[test]
    fn a_denial_is_a_403_and_names_what_it_rests_on() {
        let request =
            crate::rules::support::testing::create(&pod("ns2", &json!({"ovn.kubernetes.io/ip_pool": "pool"})));
        let verdict = cluster().verdict(&request);
        assert_eq!(verdict.code, 403);
        let evidence = [(Kind::IpPool, "pool"), (Kind::Subnet, "net1"), (Kind::Vpc, "v")];
        let evidence = evidence.map(|(kind, name)| Evidence::Object(ObjectRef::new(kind, name)));
        assert_eq!(verdict.rests_on, [&evidence[..], &[Evidence::AllOf(Kind::VpcNatGateway)]].concat());
    }

    #[test]
    fn an_unrelated_update_of_a_foreign_pod_passes() {
        let old = pod("ns2", &json!({"ovn.kubernetes.io/logical_switch": "net1"}));
        let new = pod("ns2", &json!({"ovn.kubernetes.io/logical_switch": "net1", "other": "x"}));
        assert!(cluster().verdict(&update(&old, &new)).allowed);
    }
}

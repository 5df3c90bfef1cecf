//! Keeps users from writing what only Kube-OVN may write into a Pod.
//!
//! Kube-OVN writes the state of a Pod's networks into its annotations, and believes what it finds there. The VPC in
//! `ovn.kubernetes.io/logical_router`, and in the key of that kind of each attached network, decides into whose load balancer a
//! Service of the Pod is put. On a Pod of the node's network (`hostNetwork`), and on any Pod that says that it is attached
//! already, Kube-OVN leaves what is there. So a VPC that the namespace may not use is refused; that of the Pod's own VPC passes,
//! as a backup brings it back.
//!
//! `ovn.kubernetes.io/vip` gives a Pod the address of a Vip, and nobody asks whose that is: a Vip of a VPC that the namespace may
//! not use, one that is for another namespace, and one that a Pod of another namespace has taken are refused.
//!
//! A Pod that one of `exempt.restorers` brings back before its VPC is a warning.
//!
//! The rest of what is written there is a warning: a new Pod that says that it is `allocated` gets no port, one that says that it
//! is `routed` no routes, and `cidr`, `gateway`, `vlan_id` and `vpc_…` are Kube-OVN's own notes, which a backup brings back; an
//! address, a MAC address, a `cidr` or a `gateway` changed under an attached Pod is believed by Services and NetworkPolicies;
//! `kubevirt.io/migrationJobName` without a virtual machine switches off the look for addresses that are in use.
//!
//! `north_gateway`, `eip` and `snat` are the user's to write. So is the removal of `routed` and `allocated`, by which a Pod is set
//! up anew.
//!
//! ```yaml bad
//! # bad: VPC blue is for namespace blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: green
//!   annotations: {ovn.kubernetes.io/logical_router: blue}
//! ```
//!
//! ```yaml good
//! # good: without the annotation
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web, namespace: green}
//! ```
//!
//! Leave these annotations to Kube-OVN.

mod state;
mod vip;

use std::collections::BTreeSet;

use crate::attach::Attachments;
use crate::gather::gathered;
use crate::kinds::{
    ALLOCATED_SUFFIX, Binding, DEFAULT_NETWORK, IP_ADDRESS_SUFFIX, LOGICAL_ROUTER_SUFFIX, LOGICAL_SWITCH_SUFFIX,
    MIGRATION, NETWORKS, Object, PodTemplate, VIP,
};
use crate::request::Operation;
use crate::rule::prelude::*;
use crate::rules::support::listed::ClosedVpcs;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "pod-network-state",
    summary: "a user writes into a Pod what only Kube-OVN may write: the router of another tenant's VPC, its state",
    default: RuleAction::Deny,
    isolates: true,
    firm: true,
    strict: false,
    policy: Policy::PodAttachmentBinding,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::VpcEgressGateway, Kind::Vip],
    checks: &[
        Check::Pod(
            &[
                Read::PodAnnotationsEnding(LOGICAL_ROUTER_SUFFIX),
                Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
                Read::PodAnnotationsEnding(IP_ADDRESS_SUFFIX),
                Read::PodAnnotationsEnding(ALLOCATED_SUFFIX),
                Read::PodAnnotationsEnding(state::MAC),
                Read::PodAnnotationsEnding(state::CIDR),
                Read::PodAnnotationsEnding(state::GATEWAY),
                Read::PodAnnotation(NETWORKS),
                Read::PodAnnotation(DEFAULT_NETWORK),
                Read::PodAnnotation(MIGRATION),
                Read::PodAnnotation(VIP),
            ],
            check,
        ),
        Check::Binding(&[Read::Field("metadata.annotations")], binding),
    ],
};

/// A Binding gives its annotations to the Pod behind the Pod's own review. Schedulers write none.
#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
fn binding(binding: &Binding, context: &mut Context<'_>) -> Outcome {
    let is_state = |key: &str| key.ends_with(LOGICAL_ROUTER_SUFFIX) || key == VIP;
    for (key, value) in binding.meta.annotations.iter().filter(|(key, _)| is_state(key)) {
        let detail = "a Binding gives it to the Pod, which was judged without it";
        context.deny(Finding::forbidden(FieldPath::annotation(key), value, detail).help(HELP));
    }
    Ok(())
}

const HELP: &str = "Leave this annotation to Kube-OVN.";
const HELP_VIP: &str = "Name a Vip of the namespace's own, which no Pod of another namespace has taken.";

fn check(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    // Of a stored Pod nobody knows who wrote it.
    if context.operation == Operation::AtRest || pod.pod.annotations.is_empty() {
        return Ok(());
    }
    let asked = Attachments::by(pod, context.namespace, context.kube_ovn());
    // A network that only has its addresses of Kube-OVN is called otherwise.
    let of_networks = asked.networks.iter().flat_map(|network| [network.provider.clone(), network.address_provider()]);
    let providers: BTreeSet<String> = gathered(of_networks.chain(["ovn".to_owned()]));
    let is_of_gateway = state::is_of_gateway(pod, context)?;
    let mut vpcs = ClosedVpcs::of_pods(context);
    for provider in &providers {
        router(pod, provider, &mut vpcs, context)?;
        state::check(pod, provider, is_of_gateway, context);
    }
    migration(pod, context);
    vip::check(pod, context)
}

fn router(pod: &PodTemplate, provider: &str, vpcs: &mut ClosedVpcs<'_>, context: &mut Context<'_>) -> Outcome {
    let key = format!("{provider}{LOGICAL_ROUTER_SUFFIX}");
    let Some(vpc) = pod.pod.annotation(&key).filter(|vpc| !vpc.is_empty()) else { return Ok(()) };
    let field = pod.annotation_path(&key);
    let subnet = pod.pod.annotation(&format!("{provider}{LOGICAL_SWITCH_SUFFIX}")).unwrap_or_default();
    if context.kube_ovn().is_custom_vpc(vpc) {
        if let Some(closed) = vpcs.named(vpc)? {
            let detail = format!(
                "namespace {:?} may not use VPC {}, into whose load balancer a Service of the Pod would be put",
                context.namespace,
                quoted(vpc)
            );
            let finding = Finding::forbidden(field, vpc, detail).identified_by(format!("{key} {vpc}"));
            let action = closed.action(context);
            context.report(action, closed.evidence(finding).help(HELP));
        }
    } else if let Some(subnet) = context.cluster.subnet_until_gone(subnet)?.filter(|s| s.vpc.as_deref() != Some(vpc)) {
        let of = context.mention(Kind::Subnet, &subnet.meta.name);
        let detail = format!("is not the VPC of {of}, so that Services of the Pod are put into the default VPC");
        context.warn(Finding::invalid(field, vpc, detail).help(HELP));
    }
    Ok(())
}

fn migration(pod: &PodTemplate, context: &mut Context<'_>) {
    let Some(job) = pod.pod.annotation(MIGRATION).filter(|_| pod.virtual_machines.is_empty()) else { return };
    if !matches!(context.old, Some(Object::Pod(old)) if old.pod.annotation(MIGRATION) == Some(job)) {
        let detail = "without a virtual machine that owns the Pod, it only switches off the look for addresses in use";
        context.warn(Finding::invalid(pod.annotation_path(MIGRATION), job, detail).help("Leave it out."));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::request::Request;
    use crate::rules::support::testing::{Cluster, create, update};

    const ROUTER: &str = "ovn.kubernetes.io/logical_router";

    fn cluster() -> Cluster {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Vpc", "name": "w", "spec": {"namespaces": ["ns2"]}}))
            .with(json!({"kind": "Subnet", "name": "net1", "spec": {"vpc": "v"}}))
    }

    fn pod(annotations: Value) -> Value {
        json!({"kind": "Pod", "namespace": "ns2", "annotations": annotations, "spec": {"hostNetwork": true}})
    }

    fn refusal(key: &str) -> String {
        format!(
            r#"metadata.annotations[{key}]: Forbidden: namespace "ns2" may not use VPC "v", into whose load balancer a Service of the Pod would be put [pod-network-state]"#
        )
    }

    #[test]
    fn the_router_of_a_closed_vpc_is_refused() {
        cluster().refuses(&pod(json!({ROUTER: "v"})), &[&refusal(ROUTER)]);
        let key = "nad.ns2.ovn.kubernetes.io/logical_router";
        cluster().refuses(&pod(json!({NETWORKS: "nad", key: "v"})), &[&refusal(key)]);
        cluster().accepts(&pod(json!({key: "v"})));
        let of_addresses = "nad.ns2.kubernetes.io/logical_router";
        cluster().refuses(&pod(json!({NETWORKS: "nad", of_addresses: "v"})), &[&refusal(of_addresses)]);
        for own in ["w", "", "ovn-cluster"] {
            cluster().accepts(&pod(json!({ROUTER: own})));
        }
        let template = json!({"metadata": {"annotations": {ROUTER: "v"}}});
        let deployment = json!({"kind": "Deployment", "namespace": "ns2", "spec": {"template": template}});
        cluster().refuses(&deployment, &[&format!("spec.template.{}", refusal(ROUTER))]);
    }

    #[test]
    fn only_what_changes_is_refused() {
        let allowed = |old: Value, new: Value| cluster().verdict(&update(&pod(old), &pod(new))).allowed;
        assert!(allowed(json!({ROUTER: "v"}), json!({ROUTER: "v", NETWORKS: "x"})));
        assert!(!allowed(json!({ROUTER: "w"}), json!({ROUTER: "v"})));
        let key = "nad.ns2.ovn.kubernetes.io/logical_router";
        assert!(!allowed(json!({key: "v"}), json!({key: "v", NETWORKS: "nad"})));
    }

    #[test]
    fn a_backup_brings_a_pod_before_its_vpc() {
        let cluster = cluster().seeing_all();
        let answered = |vpc: &str, user: &str| {
            let verdict = cluster.verdict(&Request { user: user.to_owned(), ..create(&pod(json!({ROUTER: vpc}))) });
            (verdict.allowed, verdict.warnings.len())
        };
        let velero = "system:serviceaccount:velero:velero";
        assert_eq!(answered("later", velero), (true, 1));
        assert_eq!(answered("later", "admin"), (false, 0));
        assert_eq!(answered("v", velero), (false, 0));
    }

    #[test]
    fn anothers_vip_is_refused() {
        let vip = |name: &str, spec: Value, taken: &str| {
            let labels = json!({"ovn.kubernetes.io/ip_reserved": taken});
            json!({"kind": "Vip", "name": name, "spec": spec, "labels": labels})
        };
        let cluster = cluster()
            .with(json!({"kind": "Subnet", "name": "net2", "spec": {"vpc": "w"}}))
            .with(vip("foreign", json!({"subnet": "net1"}), ""))
            .with(vip("own", json!({"subnet": "net2"}), ""))
            .with(vip("named", json!({"subnet": "net2", "namespace": "ns2"}), "old.ns2"))
            .with(vip("attached", json!({"subnet": "net2"}), "old.ns2.nad.ns2.ovn"))
            .with(vip("theirs", json!({"subnet": "net2", "namespace": "ns1"}), ""))
            .with(vip("taken", json!({"subnet": "net2"}), "p.ns1"))
            .with(vip("taken-too", json!({"subnet": "net2"}), "p.ns1.ns2.ns1.ovn"));
        for (name, fault) in [
            ("foreign", r#"has an address of Subnet "net1" in VPC "v", which namespace "ns2" may not use"#),
            ("theirs", r#"is for Pods of another namespace ("ns1")"#),
            ("taken", "is taken by a Pod of another namespace (p.ns1)"),
            ("taken-too", "is taken by a Pod of another namespace (p.ns1.ns2.ns1.ovn)"),
        ] {
            let wanted = format!("metadata.annotations[{VIP}]: Forbidden: {fault} [pod-network-state]");
            cluster.refuses(&pod(json!({VIP: name})), &[&wanted]);
            let template = json!({"metadata": {"annotations": {VIP: name}}});
            let set = json!({"kind": "StatefulSet", "namespace": "ns2", "spec": {"template": template}});
            cluster.refuses(&set, &[&format!("spec.template.{wanted}")]);
        }
        for name in ["own", "named", "attached", "nowhere", ""] {
            cluster.accepts(&pod(json!({VIP: name})));
        }
    }

    /// What is warned of, by the end of the key.
    fn warned(old: Option<Value>, new: &Value) -> Vec<String> {
        let request = old.map_or_else(|| create(new), |old| update(&old, new));
        let verdict = cluster().verdict(&request);
        assert!(verdict.allowed);
        let key = |field: String| field.rsplit_once('/').unwrap().1.trim_end_matches(']').to_owned();
        verdict.warnings.iter().map(|finding| key(finding.field().to_string())).collect()
    }

    const ALLOCATED: &str = "ovn.kubernetes.io/allocated";
    const ADDRESS: &str = "ovn.kubernetes.io/ip_address";

    #[test]
    fn the_notes_of_kube_ovn_on_a_new_pod_are_a_warning() {
        let state = json!({
            ALLOCATED: "true", ADDRESS: "10.0.0.1", ROUTER: "w", "ovn.kubernetes.io/routed": "true",
            "ovn.kubernetes.io/cidr": "10.0.0.0/24", "ovn.kubernetes.io/gateway": "10.0.0.254",
            "ovn.kubernetes.io/vlan_id": "5", "ovn.kubernetes.io/vpc_nat_gw": "gw", "ovn.kubernetes.io/vpc": "w",
            "ovn.kubernetes.io/mac_address": "00:00:00:00:00:01", "ovn.kubernetes.io/pod_nic_type": "veth-pair",
        });
        assert_eq!(warned(None, &pod(state)), ["allocated", "cidr", "gateway", "routed", "vlan_id", "vpc_nat_gw"]);
        let users = json!({
            ADDRESS: "10.0.0.1", "ovn.kubernetes.io/north_gateway": "10.0.0.9", "ovn.kubernetes.io/eip": "192.0.2.1",
            "ovn.kubernetes.io/snat": "192.0.2.1", ALLOCATED: "", "ovn.kubernetes.io/routed": "false",
            // No network of the Pod has these.
            "nad.ns2.ovn.kubernetes.io/allocated": "true", "nad.ns2.ovn.kubernetes.io/cidr": "10.0.0.0/24",
        });
        assert_eq!(warned(None, &pod(users)), Vec::<String>::new());
        let attached = json!({NETWORKS: "nad", "nad.ns2.ovn.kubernetes.io/allocated": "true", "nad.ns2.ovn.kubernetes.io/vpc_cidrs": "[]"});
        assert_eq!(warned(None, &pod(attached)), ["allocated", "vpc_cidrs"]);
    }

    #[test]
    fn the_pods_of_a_nat_gateway_have_kube_ovns_own_notes() {
        let notes = json!({"ovn.kubernetes.io/vpc_nat_gw": "gw", "ovn.kubernetes.io/vpc_nat_gw_container_restarted": "", ALLOCATED: "true"});
        let gateway = |namespace: &str| json!({"kind": "VpcNatGateway", "name": "gw", "spec": {"vpc": "w", "namespace": namespace}});
        cluster().with(gateway("ns2")).accepts(&pod(notes.clone()));
        for elsewhere in [cluster(), cluster().with(gateway("ns1"))] {
            assert_eq!(elsewhere.verdict(&create(&pod(notes.clone()))).warnings.len(), 3);
        }
    }

    #[test]
    fn what_is_changed_under_an_attached_pod_is_a_warning() {
        let attached = |number: u8| {
            pod(json!({
                ALLOCATED: "true", ADDRESS: format!("10.0.0.{number}"), "ovn.kubernetes.io/mac_address": format!("00:00:00:00:00:0{number}"),
                "ovn.kubernetes.io/cidr": format!("10.0.{number}.0/24"), "ovn.kubernetes.io/gateway": format!("10.0.{number}.1"),
                "ovn.kubernetes.io/vlan_id": number.to_string(),
            }))
        };
        let changed = |old: Value, new: &Value| warned(Some(old), new);
        assert_eq!(changed(attached(1), &attached(2)), ["cidr", "gateway", "ip_address", "mac_address"]);
        let mut anew = attached(2);
        anew["annotations"].as_object_mut().unwrap().remove(ALLOCATED);
        assert_eq!(changed(attached(1), &anew), Vec::<String>::new());
        assert_eq!(changed(attached(1), &pod(json!({}))), Vec::<String>::new());
        let unattached = |address: &str| pod(json!({ADDRESS: address}));
        assert_eq!(changed(unattached("10.0.0.1"), &unattached("10.0.0.2")), Vec::<String>::new());
    }

    #[test]
    fn a_migration_and_the_default_router_are_warnings() {
        assert_eq!(warned(None, &pod(json!({MIGRATION: "job"}))), ["migrationJobName"]);
        let beside = json!({ROUTER: "ovn-cluster", "ovn.kubernetes.io/logical_switch": "net1"});
        assert_eq!(warned(None, &pod(beside)), ["logical_router"]);
    }
}

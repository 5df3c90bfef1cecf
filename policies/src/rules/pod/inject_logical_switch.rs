//! Writes into a Pod the Subnet that Kube-OVN would choose for it.
//!
//! Adds `ovn.kubernetes.io/logical_switch` to a new Pod where it is absent and exactly one Subnet can be meant: the one
//! that lists or selects the Pod's namespace, the `defaultSubnet` of the custom VPC that lists it, or else that VPC's
//! one Subnet with `default: true`. This closes two holes: a Pod that comes together with its Namespace and Subnet can
//! silently run in the default VPC, and so do the Pods of a VPC's namespace whose annotation Kube-OVN does not bring up
//! to date.
//!
//! Nothing is added where the choice is not certain, or not Kube-OVN's:
//!
//! - several Subnets are possible, or none, which means the default VPC;
//! - the Pod uses its node's network, names an IPPool or a Vip, or has a `v1.multus-cni.io/default-network`;
//! - the namespace is exempted, has an IPPool, by which Kube-OVN then chooses, or its own annotation names yet another Subnet;
//! - the Subnet is of a VPC that the namespace may not use (`pod-vpc-namespace`), or not a primary network;
//! - Kube-OVN does not make the primary network (`kubeOvn.nonPrimaryCNI`).
//!
//! ```yaml before
//! # before: Subnet blue-apps is the only one for namespace blue
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
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//! ```
//!
//! ```yaml after
//! # after
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//!   namespace: blue
//!   annotations: {ovn.kubernetes.io/logical_switch: blue-apps}
//! ```

use crate::attach::{IP_POOL, Primary};
use crate::inventory::Answer;
use crate::kinds::{Kind, KubeOvn, LOGICAL_SWITCH, Namespace, Object, PodTemplate, Subnet, VIP};
use crate::request::Operation;
use crate::rule::{Annotation, InjectContext, Injector};
use crate::rules::support::binding::Binding;
use crate::rules::support::listed::closed_vpc;

/// The rule.
pub const RULE: Injector = Injector {
    id: "inject-logical-switch",
    summary: "adds ovn.kubernetes.io/logical_switch to a new Pod that can only mean one Subnet",
    kind: Kind::Pod,
    isolates: true,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::Namespace],
    inject,
};

fn inject(object: &Object, context: &InjectContext<'_>) -> Answer<Option<Annotation>> {
    let Object::Pod(pod) = object else { return Ok(None) };
    let settings = context.settings;
    let wanted = settings.inject.logical_switch && !settings.kube_ovn.non_primary_cni;
    if !wanted || context.operation != Operation::Create || !leaves_the_choice(pod, &settings.kube_ovn) {
        return Ok(None);
    }
    let (cluster, name) = (context.cluster, context.namespace);
    let namespace = cluster.namespace(name)?;
    let Binding::One(subnet, because) = Binding::of(name, namespace.as_deref(), cluster, &settings.kube_ovn)? else {
        return Ok(None);
    };
    let agreed = namespace.is_none_or(|namespace| agrees(&namespace, &subnet, &settings.kube_ovn.default_subnet));
    if !agreed || !subnet.is_primary() || closed_vpc(cluster, &settings.kube_ovn, &subnet, name)?.is_some() {
        return Ok(None);
    }
    let subnet = subnet.meta.name.clone();
    let because = format!("Subnet {subnet:?} is the only one for namespace {name:?}: {because}");
    Ok(Some(Annotation { key: LOGICAL_SWITCH, value: subnet, because }))
}

/// Whether the Pod's namespace decides. An empty switch is somebody's text, though it means nothing.
fn leaves_the_choice(pod: &PodTemplate, kube_ovn: &KubeOvn) -> bool {
    Primary::of(pod, kube_ovn) == Primary::Namespace
        && [LOGICAL_SWITCH, VIP].iter().all(|key| pod.pod.annotation(key).is_none())
}

/// Whether a namespace's own annotations leave the choice: they name no IPPool, and no Subnet but this one or the default one
/// that Kube-OVN began with.
fn agrees(namespace: &Namespace, subnet: &Subnet, default_subnet: &str) -> bool {
    let has_pool = namespace.meta.annotation(IP_POOL).is_some_and(|pools| !pools.trim().is_empty());
    !has_pool && namespace.logical_switches().all(|name| name == subnet.meta.name || name == default_subnet)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kinds::DEFAULT_NETWORK;
    use crate::rules::support::testing::Cluster;

    fn cluster() -> Cluster {
        Cluster::new()
            .with(json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"]}}))
            .with(json!({"kind": "Namespace", "name": "ns1", "labels": {"team": "a"}}))
    }

    fn subnet(name: &str, mut spec: Value) -> Value {
        spec["vpc"] = json!("v");
        json!({"kind": "Subnet", "name": name, "spec": spec})
    }

    fn pod() -> Value {
        json!({"kind": "Pod", "namespace": "ns1"})
    }

    #[track_caller]
    fn injects(cluster: &Cluster, pod: &Value, wanted: Option<&str>) {
        let verdict = cluster.admit(pod);
        let got = verdict.mutated_object.map(|pod| pod["metadata"]["annotations"][LOGICAL_SWITCH].clone());
        assert_eq!(got, wanted.map(Value::from));
    }

    #[test]
    fn the_only_subnet_is_injected_whichever_way_it_is_bound() {
        injects(&cluster().with(subnet("a", json!({"namespaces": ["ns1"]}))), &pod(), Some("a"));
        let selector = json!({"namespaceSelectors": [{"matchLabels": {"team": "a"}}]});
        injects(&cluster().with(subnet("a", selector)), &pod(), Some("a"));
        injects(&cluster().with(subnet("a", json!({"default": true}))), &pod(), Some("a"));
        let vpc = json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["ns1"], "defaultSubnet": "a"}});
        injects(&cluster().with(vpc).with(subnet("a", json!({}))), &pod(), Some("a"));
    }

    #[test]
    fn an_uncertain_choice_is_left_to_kube_ovn() {
        injects(&cluster(), &pod(), None);
        let two = cluster().with(subnet("a", json!({"namespaces": ["ns1"]})));
        injects(&two.with(subnet("b", json!({"namespaces": ["ns1"]}))), &pod(), None);
        let two = cluster().with(subnet("a", json!({"default": true}))).with(subnet("b", json!({"default": true})));
        injects(&two, &pod(), None);
        let attached = subnet("a", json!({"namespaces": ["ns1"], "provider": "nad.ns1.ovn"}));
        injects(&cluster().with(attached), &pod(), None);
    }

    #[test]
    fn labels_that_are_not_known_leave_the_choice_open() {
        let cluster = Cluster::new().with(json!({"kind": "Vpc", "name": "v"}));
        let selector = json!({"namespaceSelectors": [{"matchLabels": {"team": "a"}}]});
        injects(&cluster.with(subnet("a", selector)), &pod(), None);
    }

    #[test]
    fn a_pod_that_chooses_is_left_alone() {
        let cluster = cluster().with(subnet("a", json!({"namespaces": ["ns1"]})));
        for annotations in [
            json!({LOGICAL_SWITCH: ""}),
            json!({"ovn.kubernetes.io/ip_pool": "pool"}),
            json!({DEFAULT_NETWORK: "x"}),
            json!({VIP: "vip"}),
        ] {
            let pod = json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations});
            injects(&cluster, &pod, None);
        }
        injects(&cluster, &json!({"kind": "Pod", "namespace": "ns1", "spec": {"hostNetwork": true}}), None);
        let with_pool =
            json!({"kind": "Namespace", "name": "ns1", "annotations": {"ovn.kubernetes.io/ip_pool": "pool"}});
        injects(&Cluster::new().with(with_pool).with(subnet("a", json!({"namespaces": ["ns1"]}))), &pod(), None);
        injects(&cluster, &json!({"kind": "Pod", "namespace": "kube-system"}), None);
        let addresses = json!({"ovn.kubernetes.io/ip_pool": "10.0.0.1;10.0.0.2"});
        injects(&cluster, &json!({"kind": "Pod", "namespace": "ns1", "annotations": addresses}), Some("a"));
    }

    #[test]
    fn the_namespaces_own_annotation_may_only_lag_behind() {
        let annotated = |switch: &str| {
            let namespace = json!({"kind": "Namespace", "name": "ns1", "annotations": {LOGICAL_SWITCH: switch}});
            cluster().with(namespace).with(subnet("a", json!({"namespaces": ["ns1"]})))
        };
        injects(&annotated("a"), &pod(), Some("a"));
        injects(&annotated("ovn-default"), &pod(), Some("a"));
        injects(&annotated("z"), &pod(), None);
        injects(&annotated("a,z"), &pod(), None);
    }

    #[test]
    fn a_subnet_that_the_namespace_may_not_use_is_not_injected() {
        let closed = json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["other"]}});
        injects(&cluster().with(closed).with(subnet("a", json!({"namespaces": ["ns1"]}))), &pod(), None);
    }

    #[test]
    fn the_settings_switch_it_off() {
        let cluster = || cluster().with(subnet("a", json!({"namespaces": ["ns1"]})));
        injects(&cluster().settings(&json!({"inject": {"logicalSwitch": false}})), &pod(), None);
        injects(&cluster().settings(&json!({"kubeOvn": {"nonPrimaryCNI": true}})), &pod(), None);
    }
}

//! How much memory guests take in a cluster of ten thousand Subnets.

use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_host::{Cluster, INDEX_KIND, INDEX_VERSION, asked, indexes, sample};
use vpcguard_policies::{Request, Settings};

use crate::policies;

const MOST: usize = 64 << 20;

fn requests() -> Vec<Value> {
    let (gateway, pod) = (json!({"name": "a"}), json!({"name": "a", "namespace": "tenant-1"}));
    let switch = json!({"ovn.kubernetes.io/logical_switch": "tenant-2-subnet"});
    let route = json!({"cidr": "0.0.0.0/0", "nextHopIP": "10.0.0.254", "policy": "policyDst"});
    let objects = [
        sample::subnet("a", "v", "10.200.0.0/24"),
        // In a large part of the others' addresses.
        sample::subnet("a", "v", "10.0.0.0/14"),
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "v"},
               "spec": {"namespaces": ["tenant-1"], "staticRoutes": [route], "defaultSubnet": "tenant-1-subnet"}}),
        json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": gateway,
               "spec": {"vpc": "v", "subnet": "tenant-1-subnet", "lanIp": "10.0.0.20"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "tenant-1", "annotations": switch},
               "spec": {"containers": []}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": {"containers": []}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-1"}}),
    ];
    let ask =
        |object| asked(&Request { uid: "u".to_owned(), user: "me".to_owned(), ..Request::of_object(object, None) });
    objects.map(ask).into()
}

#[test]
fn ten_thousand_subnets_fit_into_64_megabytes() {
    let Some(policies) = policies() else { return };
    let state: Vec<Value> = sample::subnets("v", 10_000).chain([sample::vpc("v")]).collect();
    let index = indexes(&state, Settings::default().kube_ovn);
    let masked = Cluster::new(state.clone()).with_ready_answers();
    let whole = Cluster::new(state.clone()).without_masks().with_ready_answers();
    let indexed = Cluster::new(state).with_kind(INDEX_VERSION, INDEX_KIND, index).with_ready_answers();
    for (cluster, how) in [(masked, "masked"), (whole, "whole"), (indexed, "indexed")] {
        let cluster = Arc::new(cluster);
        for (policy, guest) in policies.all() {
            let limited = guest.within(MOST).unwrap();
            for request in requests() {
                let unlimited = guest.validate(&cluster, &request, &json!({})).unwrap();
                let reply = limited.validate(&cluster, &request, &json!({}));
                assert_eq!(reply.ok(), Some(unlimited), "{policy}, {how}: {}", request["object"]);
            }
        }
    }
}

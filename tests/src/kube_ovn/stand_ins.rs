//! What a cluster has and the witness has not: a scheduler and kubelets, and the controllers that make Pods of workloads.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::client::Client;
use super::kinds::Resource;
use super::mirror::{Id, Mirror};
use super::ovn::NODE;

/// More Pods of one workload show nothing more.
const REPLICAS: u64 = 3;

/// The workloads whose Pods are made.
const WORKLOADS: &[&str] =
    &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"];

/// What NAT gateways are told to do, which takes its time.
const NAT: &[&str] = &["IptablesEIP", "IptablesFIPRule", "IptablesDnatRule", "IptablesSnatRule"];

/// The label by which Kube-OVN knows the Pods of a NAT gateway.
const NAT_GATEWAY: &str = "ovn.kubernetes.io/vpc-nat-gw";

/// Where Multus says what it has attached.
const NETWORK_STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// Puts a Pod on the only node, as a scheduler would.
pub fn bind(pod: &mut Value) {
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.entry("nodeName").or_insert_with(|| NODE.into());
        spec.entry("containers").or_insert_with(|| json!([{"name": "c", "image": "i"}]));
    }
}

/// Makes the Pods that workloads lack, and marks the Pods of gateways running. Whether something was done. A workload whose Pod is
/// refused is not asked for again.
pub(super) fn step(client: &Client, mirror: &Mirror, refused: &mut BTreeSet<String>) -> Result<bool> {
    let pods = mirror.of_kind("Pod");
    let mut acted = false;
    for workload in WORKLOADS.iter().flat_map(|kind| mirror.of_kind(kind)) {
        let uid = workload.pointer("/metadata/uid");
        let owns = |object: &Value| {
            let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
            owners.into_iter().flatten().any(|owner| owner.get("uid") == uid)
        };
        let name = uid.and_then(Value::as_str).unwrap_or_default();
        if refused.contains(name) || workload.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let wanted = workload.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
        let there = pods.iter().filter(|pod| owns(pod)).count() as u64;
        for pod in (there..wanted.min(REPLICAS)).filter_map(|number| pod_of(&workload, number)) {
            // A Pod that is refused is an observation too: it is not there.
            if client.create(&pod)?.is_success() {
                acted = true;
            } else {
                refused.insert(name.to_owned());
            }
        }
    }
    for pod in pods.iter().filter(|pod| is_gateway(pod)) {
        if phase(pod) != "Running" && has_address(pod) {
            client.patch(
                &Id::of(pod),
                &json!({"metadata": {"annotations": {NETWORK_STATUS: networks(pod).to_string()}}}),
            )?;
            client.patch_status(&Id::of(pod), &running(pod))?;
            acted = true;
        }
    }
    for deployment in mirror.of_kind("Deployment").iter().filter(|deployment| !is_available(deployment)) {
        if mirror.get(&Id::of(deployment).made_pod()).is_some_and(|pod| phase(&pod) == "Running") {
            client.patch_status(&Id::of(deployment), &available(deployment))?;
            acted = true;
        }
    }
    Ok(acted)
}

/// Whether a gateway is still on its way: it is made by a queue that sleeps while its Pod does not run.
pub(super) fn has_pending_gateways(mirror: &Mirror) -> bool {
    let workloads = mirror
        .of_kind("StatefulSet")
        .into_iter()
        .chain(mirror.of_kind("Deployment"))
        .map(|workload| Id::of(&workload))
        .collect::<Vec<_>>();
    let has_workload = |gateway: &Value| {
        let name = Id::of(gateway).name;
        workloads.iter().any(|workload| workload.name.ends_with(&format!("-{name}")))
    };
    let waits = |gateway: &Value| gateway.pointer("/metadata/deletionTimestamp").is_none() && !has_workload(gateway);
    let is_unlimited = |gateway: &Value| {
        let policy =
            |part: &str| gateway.pointer(&format!("/{part}/qosPolicy")).and_then(Value::as_str).unwrap_or_default();
        policy("spec") != policy("status")
    };
    mirror.of_kind("VpcNatGateway").iter().any(|gateway| waits(gateway) || is_unlimited(gateway))
}

/// Whether a NAT gateway has not been told of an address or a rule yet, or a router is not attached to the outside, for which
/// Kube-OVN sleeps a second each; or never will be.
pub(super) fn has_unready_rules(mirror: &Mirror) -> bool {
    let is_unready = |rule: &Value| {
        rule.pointer("/status/ready") != Some(&Value::Bool(true))
            && rule.pointer("/metadata/deletionTimestamp").is_none()
    };
    let is_unattached = |vpc: &Value| {
        let has = |part: &str| vpc.pointer(&format!("/{part}/enableExternal")) == Some(&Value::Bool(true));
        has("spec") && !has("status")
    };
    NAT.iter().any(|kind| mirror.of_kind(kind).iter().any(is_unready))
        || mirror.of_kind("Vpc").iter().any(is_unattached)
}

fn phase(pod: &Value) -> &str {
    pod.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default()
}

/// Whether all of a Deployment's Pods are said to run, in its present form.
fn is_available(deployment: &Value) -> bool {
    let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    number("/status/observedGeneration") == number("/metadata/generation")
        && number("/status/availableReplicas") == number("/spec/replicas")
}

/// The status of such a Deployment.
fn available(deployment: &Value) -> Value {
    let replicas = deployment.pointer("/spec/replicas").cloned().unwrap_or_else(|| 1.into());
    json!({"status": {
        "observedGeneration": deployment.pointer("/metadata/generation"),
        "replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas, "updatedReplicas": replicas,
        "conditions": [{"type": "Available", "status": "True"}],
    }})
}

fn pod_of(workload: &Value, number: u64) -> Option<Value> {
    let id = Id::of(workload);
    let template =
        workload.pointer("/spec/jobTemplate/spec/template").or_else(|| workload.pointer("/spec/template"))?;
    let mut metadata = template.get("metadata").cloned().unwrap_or_else(|| json!({}));
    let fields = metadata.as_object_mut()?;
    fields.remove("creationTimestamp");
    fields.insert("name".to_owned(), format!("{}-{number}", id.name).into());
    fields.insert("namespace".to_owned(), id.namespace.into());
    let owner = json!([{
        "apiVersion": Resource::named(&id.kind)?.api_version, "kind": id.kind, "name": id.name,
        "uid": workload.pointer("/metadata/uid")?, "controller": true,
    }]);
    fields.insert("ownerReferences".to_owned(), owner);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec")?});
    bind(&mut pod);
    Some(pod)
}

fn is_gateway(pod: &Value) -> bool {
    pod.pointer("/metadata/labels").and_then(Value::as_object).is_some_and(|labels| {
        labels.contains_key(NAT_GATEWAY)
            || labels
                .get("app")
                .and_then(Value::as_str)
                .is_some_and(|app| app.contains("gw") || app.contains("gateway"))
    })
}

fn has_address(pod: &Value) -> bool {
    pod.pointer("/metadata/annotations/ovn.kubernetes.io~1ip_address").is_some()
}

/// What Multus writes on a Pod that it has attached: each network, with the addresses that Kube-OVN gave it there.
fn networks(pod: &Value) -> Value {
    let annotation = |key: &str| pod.pointer("/metadata/annotations")?.get(key)?.as_str();
    let addresses = |provider: &str| -> Vec<&str> {
        let of_provider = annotation(&format!("{provider}.kubernetes.io/ip_address"));
        of_provider.into_iter().flat_map(|addresses| addresses.split(',')).collect()
    };
    let own = Id::of(pod).namespace;
    let asked = annotation("k8s.v1.cni.cncf.io/networks").unwrap_or_default();
    let named: Vec<(String, String)> = match serde_json::from_str::<Vec<Value>>(asked) {
        Ok(elements) => {
            let text = |element: &Value, key: &str| element.get(key).and_then(Value::as_str).map(str::to_owned);
            elements
                .iter()
                .filter_map(|element| {
                    Some((text(element, "namespace").unwrap_or_else(|| own.clone()), text(element, "name")?))
                })
                .collect()
        }
        Err(_) => {
            let element = |element: &str| {
                let network = element.split('@').next().unwrap_or_default().trim();
                let (namespace, name) = network.split_once('/').unwrap_or((&own, network));
                (namespace.to_owned(), name.to_owned())
            };
            asked.split(',').filter(|element| !element.trim().is_empty()).map(element).collect()
        }
    };
    let attached = named.iter().enumerate().map(|(number, (namespace, name))| {
        let of_ovn = addresses(&format!("{name}.{namespace}.ovn"));
        let ips = if of_ovn.is_empty() { addresses(&format!("{name}.{namespace}")) } else { of_ovn };
        json!({"name": format!("{namespace}/{name}"), "interface": format!("net{}", number + 1), "ips": ips})
    });
    std::iter::once(json!({"name": "kube-ovn", "interface": "eth0", "ips": addresses("ovn"), "default": true}))
        .chain(attached)
        .collect()
}

/// The status of a Pod that runs.
fn running(pod: &Value) -> Value {
    let address =
        pod.pointer("/metadata/annotations/ovn.kubernetes.io~1ip_address").and_then(Value::as_str).unwrap_or_default();
    let address = address.split(',').next().unwrap_or_default();
    let statuses = |key: &str| -> Vec<Value> {
        let containers = pod.pointer(&format!("/spec/{key}")).and_then(Value::as_array);
        let status = |container: &Value| {
            let state = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
            Some(json!({
                "name": container.get("name")?, "ready": true, "started": true, "restartCount": 0, "image": "i",
                "imageID": "i", "containerID": "c", "state": state,
            }))
        };
        containers.into_iter().flatten().filter_map(status).collect()
    };
    json!({"status": {
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "192.168.255.1",
        "startTime": "2026-01-01T00:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}],
        "containerStatuses": statuses("containers"), "initContainerStatuses": statuses("initContainers"),
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_their_addresses() {
        let annotations = |networks: &str| {
            json!({
                "k8s.v1.cni.cncf.io/networks": networks, "ovn.kubernetes.io/ip_address": "10.0.0.2", "x.a.kubernetes.io/ip_address": "192.0.2.2",
            })
        };
        for asked in ["a/x@net9", r#"[{"name": "x", "namespace": "a"}]"#, "x"] {
            let pod = json!({"metadata": {"namespace": "a", "name": "p", "annotations": annotations(asked)}});
            assert_eq!(networks(&pod)[1], json!({"name": "a/x", "interface": "net1", "ips": ["192.0.2.2"]}), "{asked}");
        }
    }

    #[test]
    fn a_workload_has_one_pod() {
        let workload = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "w", "namespace": "a", "uid": "u"},
            "spec": {"template": {"metadata": {"annotations": {"k": "v"}}, "spec": {"containers": []}}},
        });
        let pod = pod_of(&workload, 0).unwrap();
        assert_eq!(pod["metadata"]["name"], "w-0");
        assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], "u");
        assert_eq!(pod["metadata"]["annotations"]["k"], "v");
        assert_eq!(pod["spec"]["nodeName"], NODE);
    }
}

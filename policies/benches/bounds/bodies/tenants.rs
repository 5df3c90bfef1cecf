//! What tenants write beside Pods.

use serde_json::{Map, Value, json};

use super::{Body, Made, closed_vpc, each, gateways, joined, kube_ovn, listing, object, subnets};

pub(super) const BODIES: &[Body] = &[
    Body { name: "deployment-networks", make: deployment_networks },
    Body { name: "machine-networks", make: machine_networks },
    Body { name: "definition-plugins", make: definition_plugins },
    Body { name: "namespace-switches", make: namespace_switches },
    Body { name: "namespace-labels", make: namespace_labels },
    Body { name: "slice-endpoints", make: slice_endpoints },
    Body { name: "egress-policies", make: egress_policies },
    Body { name: "pool-namespaces", make: pool_namespaces },
];

fn deployment_networks(size: usize) -> Made {
    let mut template = listing(joined(size * 250, ",", |at| format!("other/net{at}")));
    if let Some(template) = template.as_object_mut() {
        template.remove("apiVersion");
        template.remove("kind");
    }
    let mut deployment = object("apps/v1", "Deployment", "new", &json!({"template": template}));
    if let Some(metadata) = deployment.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), "tenant".into());
    }
    Made::of(deployment)
}

fn machine_networks(size: usize) -> Made {
    let network = |at| json!({"name": format!("n{at}"), "multus": {"networkName": format!("other/net{at}")}});
    let spec = json!({"template": {"metadata": {}, "spec": {"networks": each::<Vec<_>>(size * 62, network)}}});
    let machine = json!({
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"name": "new", "namespace": "tenant"}, "spec": spec,
    });
    Made::of(machine)
}

/// Lists of plug-ins, each of which Go decodes into the elements of the one before.
fn definition_plugins(size: usize) -> Made {
    let long = joined(size * 75, ",", |_| r#"{"type":"a"}"#.to_owned());
    let lists = joined(size * 75, ",", |_| r#""plugins":[{}]"#.to_owned());
    let config = format!(r#"{{"plugins":[{long}],{lists}}}"#);
    let metadata = json!({"name": "new", "namespace": "tenant"});
    Made::of(json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": metadata,
        "spec": {"config": config},
    }))
}

fn namespace(annotations: &Value, labels: &Value) -> Made {
    Made::of(json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "new", "annotations": annotations, "labels": labels},
    }))
}

fn namespace_switches(size: usize) -> Made {
    let switches = joined(size * 500, ",", |at| format!("s{}", at % (size * 25)));
    namespace(&json!({"ovn.kubernetes.io/logical_switch": switches}), &json!({}))
        .among([closed_vpc()])
        .among(gateways(size * 25))
        .among(subnets(size * 25))
}

fn namespace_labels(size: usize) -> Made {
    let labels: Map<_, _> = (0..size * 125).map(|at| (format!("label-{at}"), json!("a"))).collect();
    let spec = |at| json!({"vpc": "v", "namespaceSelectors": [{"matchLabels": {format!("label-{at}"): "a"}}]});
    let selecting: Vec<_> = each(size * 12, |at| kube_ovn("Subnet", &format!("s{at}"), &spec(at)));
    namespace(&json!({}), &Value::Object(labels)).among([closed_vpc()]).among(selecting)
}

/// The Vpc of all those namespaces has many gateways.
fn slice_endpoints(size: usize) -> Made {
    let listed: Vec<_> = each(size * 50, |at| json!(format!("ns{at}")));
    let endpoint = |at| {
        json!({
            "addresses": ["10.0.0.5"],
            "targetRef": {"kind": "Pod", "namespace": format!("ns{at}"), "name": "web-0"},
        })
    };
    Made::of(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "new", "namespace": "tenant"}, "addressType": "IPv4",
        "endpoints": each::<Vec<_>>(size * 50, endpoint), "ports": [{"port": 80}],
    }))
    .among([kube_ovn("Vpc", "v", &json!({"namespaces": listed}))])
    .among(gateways(size * 25))
}

fn egress_policies(size: usize) -> Made {
    let policy = |at| json!({"snat": true, "subnets": [format!("s{at}")]});
    let spec = json!({"vpc": "w", "externalSubnet": "s0", "policies": each::<Vec<_>>(size * 100, policy)});
    let mut gateway = kube_ovn("VpcEgressGateway", "new", &spec);
    if let Some(metadata) = gateway.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), "tenant".into());
    }
    Made::of(gateway).among([closed_vpc()]).among(subnets(size * 100)).among(gateways(size * 25))
}

fn pool_namespaces(size: usize) -> Made {
    let spec = json!({"subnet": "s0", "ips": ["10.0.0.5"], "namespaces": each::<Vec<_>>(size * 375, |at| json!(format!("ns{at}")))});
    Made::of(kube_ovn("IPPool", "new", &spec)).among([closed_vpc()]).among(subnets(1)).among(gateways(size * 25))
}

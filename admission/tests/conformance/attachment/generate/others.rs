//! Cases of what is not a Pod: Namespaces, pools, Vips, networks, Services and what stands behind them, at once and in steps.

use fastrand::Rng;
use serde_json::{Map, Value, json};
use vpcguard_tests::isolation::Step;
use vpcguard_tests::isolation::facts::{number_of, pod};

use super::{NETWORKS_KEY, Own, one, value};
use crate::attachment::case::Case;

pub(super) fn namespace(rng: &mut Rng) -> Case {
    let list = one(rng, &["cobalt-app", "cobalt-app,open-app", "open-app", "no-such", " cobalt-app"]);
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "case0", "annotations": {"ovn.kubernetes.io/logical_switch": list}}});
    Case { steps: vec![Step::Create(vec![object]), Step::Create(vec![pod("case0", "case0", &json!({}))])] }
}

pub(super) fn pool(rng: &mut Rng, own: &Own) -> Case {
    let subnet = one(rng, &["cobalt-app", "cobalt-db", "amber-app", "open-app"]);
    let number = 101 + rng.u8(..100);
    let second = number_of(subnet);
    let range = format!("172.{second}.{number}.0..172.{second}.{number}.9");
    // Without namespaces: all Pods of these, which others made, would be without a pool once it is gone.
    let spec = json!({"subnet": subnet, "ips": [range]});
    let object = json!({"apiVersion": "kubeovn.io/v1", "kind": "IPPool", "metadata": {"name": "case0"}, "spec": spec});
    let taker = pod(own.namespace, "case0", &json!({"ovn.kubernetes.io/ip_pool": "case0"}));
    Case { steps: vec![Step::Create(vec![object]), Step::Create(vec![taker])] }
}

pub(super) fn network(rng: &mut Rng, own: &Own) -> Case {
    let config = one(
        rng,
        &[
            r#"{"type":"kube-ovn","provider":"db.cobalt.ovn"}"#,
            r#"{"cniVersion":"1.0.0","plugins":[{"type":"kube-ovn","provider":"ovn"}]}"#,
            r#"{"type":"macvlan","ipam":{"type":"kube-ovn","provider":"db.cobalt.ovn"}}"#,
            "{",
            "",
        ],
    );
    let object = json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": "case0", "namespace": own.namespace},
        "spec": {"config": config},
    });
    let mut annotations = json!({NETWORKS_KEY: "case0"});
    if rng.bool() {
        annotations[format!("case0.{}.ovn.kubernetes.io/logical_switch", own.namespace)] = value(rng, own).into();
    }
    Case { steps: vec![Step::Create(vec![object]), Step::Create(vec![pod(own.namespace, "case0", &annotations)])] }
}

pub(super) fn service(rng: &mut Rng, own: &Own) -> Case {
    let router = one(rng, &["cobalt", "amber", "open"]);
    let mut annotations = Map::new();
    let kind = rng.u8(..4);
    if kind < 2 {
        annotations.insert("ovn.kubernetes.io/logical_router".to_owned(), router.into());
        annotations.insert("ovn.kubernetes.io/logical_switch".to_owned(), value(rng, own).into());
    } else if kind == 2 {
        annotations.insert("ovn.kubernetes.io/vpc".to_owned(), router.into());
    }
    let mut behind = pod(
        own.namespace,
        "case0",
        &json!({"ovn.kubernetes.io/logical_router": router, "ovn.kubernetes.io/ip_address": "192.168.9.1"}),
    );
    behind["spec"]["hostNetwork"] = rng.bool().into();
    let slice = endpoints(own, Some(own.namespace), "case0", true);
    Case { steps: vec![Step::Create(vec![behind, web(own, &Value::Object(annotations)), slice])] }
}

/// One that is changed when it is there.
pub(super) fn service_that_changes(rng: &mut Rng, own: &Own) -> Case {
    let vpc = one(rng, &["cobalt", "amber", "open"]);
    let patch = if rng.bool() {
        json!({"ovn.kubernetes.io/logical_router": vpc, "ovn.kubernetes.io/logical_switch": value(rng, own)})
    } else {
        json!({"ovn.kubernetes.io/vpc": vpc})
    };
    let there = vec![web(own, &json!({})), endpoints(own, Some(own.namespace), "none", true)];
    Case { steps: vec![Step::Create(there), Step::Merge(json!({"metadata": {"annotations": patch}}))] }
}

/// An EndpointSlice of a Service, at once or in two steps.
pub(super) fn slice(rng: &mut Rng, own: &Own) -> Case {
    let (namespace, name) = match rng.u8(..5) {
        0 => (None, ""),
        1 | 2 => (Some(own.namespace), "none"),
        3 => (Some("cobalt"), one(rng, &["v", "p", "none"])),
        _ => (Some(one(rng, &["amber", "violet", "no-such"])), "none"),
    };
    let mut slice = endpoints(own, namespace, name, rng.u8(..8) > 0);
    if rng.u8(..4) == 0 {
        slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] =
            "endpointslicemirroring-controller.k8s.io".into();
    }
    if rng.bool() {
        return Case { steps: vec![Step::Create(vec![slice, web(own, &json!({}))])] };
    }
    let patch = json!({"endpoints": slice["endpoints"], "ports": slice["ports"]});
    let there = vec![endpoints(own, None, "", true), web(own, &json!({}))];
    Case { steps: vec![Step::Create(there), Step::Merge(patch)] }
}

/// A Vip that an administrator makes, and a Pod that takes it.
pub(super) fn vip(rng: &mut Rng, own: &Own) -> Case {
    let subnet = one(rng, &["cobalt-app", "cobalt-db", "amber-app", "open-app"]);
    let kept_for = one(rng, &["", own.namespace, "cobalt"]);
    let vip = ours("Vip", &json!({"subnet": subnet, "namespace": kept_for}));
    let mut annotations = json!({"ovn.kubernetes.io/vip": "case0"});
    if rng.bool() {
        annotations["ovn.kubernetes.io/logical_switch"] = value(rng, own).into();
    }
    let mut steps = vec![Step::Make(vec![vip])];
    steps.push(Step::Create(vec![pod(own.namespace, "case0", &annotations)]));
    Case { steps }
}

/// What an administrator makes and deletes, and what Kube-OVN serves until it is gone.
pub(super) fn being_deleted(rng: &mut Rng, own: &Own) -> Case {
    let subnet = one(rng, &["cobalt-app", "amber-app"]);
    let number = 101 + rng.u8(..100);
    let (mut object, key) = match rng.u8(..3) {
        0 => (ours("Vip", &json!({"subnet": subnet})), "ovn.kubernetes.io/vip"),
        1 => {
            let second = number_of(subnet);
            let range = format!("172.{second}.{number}.0..172.{second}.{number}.9");
            (ours("IPPool", &json!({"subnet": subnet, "ips": [range]})), "ovn.kubernetes.io/ip_pool")
        }
        _ => (ours("Subnet", &made_subnet(rng, "ovn")), "ovn.kubernetes.io/logical_switch"),
    };
    object["metadata"]["finalizers"] = json!(["example.com/held"]);
    let taker = pod(own.namespace, "case0", &json!({key: "case0"}));
    Case { steps: vec![Step::Make(vec![object]), Step::Unmake, Step::Create(vec![taker])] }
}

/// A network that becomes Kube-OVN's when a Pod has joined it.
pub(super) fn network_that_changes(rng: &mut Rng, own: &Own) -> Case {
    let object = json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": "case0", "namespace": own.namespace},
        "spec": {"config": r#"{"cniVersion":"0.3.1","type":"bridge","ipam":{"type":"host-local"}}"#},
    });
    let subnet = ours("Subnet", &made_subnet(rng, &format!("case0.{}.ovn", own.namespace)));
    let config = one(
        rng,
        &[
            r#"{"cniVersion":"0.3.1","type":"kube-ovn","server_socket":"/run/s.sock"}"#,
            r#"{"cniVersion":"1.0.0","plugins":[{"type":"bridge"},{"type":"kube-ovn"}]}"#,
            r#"{"cniVersion":"1.0.0","plugins":[null,{"type":"kube-ovn"}]}"#,
        ],
    );
    let steps = vec![
        Step::Create(vec![object]),
        Step::Make(vec![subnet]),
        Step::Create(vec![pod(own.namespace, "case0", &json!({NETWORKS_KEY: "case0"}))]),
        Step::Merge(json!({"spec": {"config": config}})),
    ];
    Case { steps }
}

/// A Subnet that nobody is bound to, of one tenant or another.
fn made_subnet(rng: &mut Rng, provider: &str) -> Value {
    let vpc = one(rng, &["cobalt", "amber", "open"]);
    let number = 60 + rng.u8(..180);
    json!({
        "vpc": vpc, "provider": provider, "protocol": "IPv4",
        "cidrBlock": format!("10.{number}.0.0/16"), "gateway": format!("10.{number}.0.1"),
    })
}

fn ours(kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": "case0"}, "spec": spec})
}

fn web(own: &Own, annotations: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "case0", "namespace": own.namespace, "annotations": annotations},
        "spec": {"ports": [{"port": 53, "protocol": "UDP"}], "selector": {"app": "case0"}},
    })
}

/// The endpoints of that Service, with a Pod that they name, and with a number of their port.
fn endpoints(own: &Own, namespace: Option<&str>, name: &str, numbered: bool) -> Value {
    let mut endpoint = json!({"addresses": ["192.168.9.1"]});
    if let Some(namespace) = namespace {
        endpoint["targetRef"] = json!({"kind": "Pod", "namespace": namespace, "name": name});
    }
    let mut port = json!({"name": "", "protocol": "UDP"});
    if numbered {
        port["port"] = 53.into();
    }
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "case0", "namespace": own.namespace, "labels": {"kubernetes.io/service-name": "case0"}},
        "endpoints": [endpoint], "ports": [port],
    })
}

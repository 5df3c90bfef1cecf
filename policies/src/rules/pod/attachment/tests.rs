use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, create};

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";
const SWITCH: &str = "ovn.kubernetes.io/logical_switch";
const KUBE_OVN: &str = r#"{"type":"kube-ovn"}"#;
const ADDRESSES: &str = r#"{"type":"macvlan","ipam":{"type":"kube-ovn"}}"#;
const OTHER: &str = r#"{"type":"bridge"}"#;

fn definition(name: &str, config: &str) -> Value {
    json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": name, "spec": {"config": config}})
}

fn subnet(name: &str, provider: &str, cidr_block: &str) -> Value {
    json!({"kind": "Subnet", "name": name, "spec": {"provider": provider, "cidrBlock": cidr_block}})
}

fn cluster() -> Cluster {
    Cluster::of(RULE.id)
        .with(definition("net", KUBE_OVN))
        .with(definition("mac", ADDRESSES))
        .with(definition("other", OTHER))
        .with(subnet("n", "net.ns1.ovn", "10.0.7.0/24"))
        .with(subnet("m", "mac.ns1", "10.0.8.0/24"))
        .with(subnet("s", "ovn", "10.0.1.0/24"))
}

fn pod(annotations: &Value) -> Value {
    json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations})
}

fn said(key: &str, value: &str, detail: &str) -> String {
    format!("metadata.annotations[{key}]: {value:?}: {detail} [pod-attachment]")
}

#[test]
fn the_key_of_a_network_is_its_providers() {
    for (networks, written, right) in [
        ("net", "net.ns1.kubernetes.io/ip_address", "net.ns1.ovn.kubernetes.io/ip_address"),
        ("mac", "mac.ns1.ovn.kubernetes.io/ip_address", "mac.ns1.kubernetes.io/ip_address"),
        ("net@eth1", "net.ns1.ovn.eth1.kubernetes.io/security_groups", "net.ns1.ovn.kubernetes.io/security_groups"),
        ("net@eth1,net@eth2", "net.ns1.ovn.kubernetes.io/ip_pool", "net.ns1.ovn.eth1.kubernetes.io/ip_pool"),
        ("net@eth1", "net.ns1.kubernetes.io/ip_address.eth2", "net.ns1.kubernetes.io/ip_address.eth1"),
        ("net@eth1", "net.ns1.ovn.kubernetes.io/mac_address.eth1", "net.ns1.kubernetes.io/mac_address.eth1"),
        ("net", "net.ns1.kubernetes.io/ip_address.eth1", "net.ns1.ovn.kubernetes.io/ip_address"),
    ] {
        let wanted = said(written, "x", &format!("Kube-OVN reads {right} instead of this key"));
        cluster().warns(&pod(&json!({NETWORKS: networks, written: "x"})), &[&wanted]);
    }
    for (networks, key) in [
        ("net", "net.ns1.ovn.kubernetes.io/ip_address"),
        ("mac", "mac.ns1.kubernetes.io/ip_address"),
        ("net@eth1", "net.ns1.ovn.kubernetes.io/ip_address"),
        ("net@eth1", "net.ns1.kubernetes.io/ip_address.eth1"),
        ("net@eth1,net@eth2", "net.ns1.ovn.eth2.kubernetes.io/ip_pool"),
        ("net,net@eth2", "net.ns1.ovn.kubernetes.io/ip_pool"),
        // Kube-OVN's own, and those of other tools.
        ("net", "net.ns1.kubernetes.io/gateway"),
        ("net", "app.kubernetes.io/ip_address"),
        ("net", "example.com/ip_address"),
    ] {
        cluster().accepts(&pod(&json!({NETWORKS: networks, key: "x"})));
    }
}

#[test]
fn a_vip_is_for_one_network() {
    let vip = "ovn.kubernetes.io/vip";
    let wanted = |number: usize| {
        said(
            vip,
            "front",
            &format!(
                "counts for each of the Pod's {number} networks of Kube-OVN, which gives it to one and refuses it to the next: the Pod stays in ContainerCreating"
            ),
        )
    };
    for (networks, number) in [("net", 2), ("mac", 2), ("net,mac", 3), ("net,other", 2)] {
        cluster().warns(&pod(&json!({NETWORKS: networks, vip: "front"})), &[&wanted(number)]);
    }
    // Alone, beside other plug-ins, in place of the primary network; without a Subnet another finding says so.
    for annotations in [
        json!({vip: "front"}),
        json!({NETWORKS: "other", vip: "front"}),
        json!({NETWORKS: "missing", vip: "front"}),
        json!({NETWORKS: "net", vip: ""}),
        json!({NETWORKS: "net", vip: "front", "ovn.kubernetes.io/allocated": "true"}),
    ] {
        cluster().accepts(&pod(&annotations));
    }
    let said = cluster().verdict(&create(&pod(&json!({DEFAULT_NETWORK: "net", vip: "front"})))).warnings;
    assert!(!said.iter().any(|finding| finding.to_string().contains("counts for each")), "{said:?}");
}

#[test]
fn a_network_that_is_not_listed_has_no_keys() {
    let key = "net.ns1.ovn.kubernetes.io/ip_address";
    let detail = "is of a network that the Pod does not list, and Kube-OVN does not read it";
    for annotations in [json!({key: "x"}), json!({NETWORKS: "mac", key: "x"})] {
        cluster().warns(&pod(&annotations), &[&said(key, "x", detail)]);
    }
    // Kube-OVN wrote it; or the namespace is not known, or what is listed.
    cluster().accepts(&pod(&json!({key: "x", "net.ns1.ovn.kubernetes.io/allocated": "true"})));
    cluster().accepts(&json!({"kind": "Pod", "annotations": {key: "x"}}));
    cluster().accepts(&pod(&json!({NETWORKS: "[{", key: "x"})));
    let mut host = pod(&json!({key: "x"}));
    host["spec"] = json!({"hostNetwork": true});
    cluster().accepts(&host);
}

#[test]
fn nothing_is_said_of_networks_of_others() {
    for key in ["other.ns1.ovn.kubernetes.io/ip_address", "other.ns1.kubernetes.io/ip_address.eth1"] {
        cluster().accepts(&pod(&json!({NETWORKS: "other", key: "x"})));
        // One that is missing is anybody's.
        let missing = key.replace("other", "missing");
        cluster().accepts(&pod(&json!({NETWORKS: "missing", missing: "x"})));
    }
    // None of them is seen.
    let blind = || Cluster::of(RULE.id).with(subnet("n", "net.ns1.ovn", "10.0.7.0/24"));
    for key in ["net.ns1.kubernetes.io/ip_address", "net.ns1.ovn.kubernetes.io/ip_address"] {
        blind().accepts(&pod(&json!({NETWORKS: "net", key: "x"})));
    }
    let (written, right) = ("net.ns1.ovn.eth1.kubernetes.io/ip_pool", "net.ns1.ovn.kubernetes.io/ip_pool");
    let wanted = said(written, "x", &format!("Kube-OVN reads {right} instead of this key"));
    blind().warns(&pod(&json!({NETWORKS: "net@eth1", written: "x"})), &[&wanted]);
}

#[test]
fn a_manifest_may_get_its_namespace_later() {
    for (networks, key) in [
        ("net", "net.default.kubernetes.io/ip_address"),
        ("net", "net.blue.ovn.kubernetes.io/ip_address"),
        ("net@eth1", "net.default.ovn.eth1.kubernetes.io/ip_address"),
    ] {
        cluster().accepts(&json!({"kind": "Pod", "annotations": {NETWORKS: networks, key: "x"}}));
    }
    let (written, right) = ("net.ns1.kubernetes.io/ip_address", "net.ns1.ovn.kubernetes.io/ip_address");
    let wanted = said(written, "x", &format!("Kube-OVN reads {right} instead of this key"));
    cluster().warns(&json!({"kind": "Pod", "annotations": {NETWORKS: "ns1/net", written: "x"}}), &[&wanted]);
}

#[test]
fn a_name_has_no_namespace_in_it() {
    let text = r#"[{"name":"ns1/net"}]"#;
    let wanted =
        said(NETWORKS, text, r#""ns1/net" is no name of a NetworkAttachmentDefinition, so that the Pod waits for it"#);
    cluster().warns(&pod(&json!({NETWORKS: text})), &[&wanted]);
    cluster().accepts(&pod(&json!({NETWORKS: "ns1/net"})));
    cluster().accepts(&pod(&json!({NETWORKS: r#"[{"namespace":"ns1","name":"net"}]"#})));
}

#[test]
fn one_network_takes_the_place_of_the_primary_one() {
    let text = "net,ns1/mac";
    let wanted =
        said(DEFAULT_NETWORK, text, "names 2 networks, of which Multus takes one alone: it does not set up the Pod");
    cluster().warns(&pod(&json!({DEFAULT_NETWORK: text})), &[&wanted]);
    cluster().accepts(&pod(&json!({DEFAULT_NETWORK: "net", NETWORKS: "mac,other"})));
}

#[test]
fn a_network_of_kube_ovn_has_a_subnet() {
    let cluster = || cluster().with(definition("lone", KUBE_OVN)).with(definition("alone", ADDRESSES));
    let template = |networks: &str| {
        let template = json!({"metadata": {"annotations": {NETWORKS: networks}}});
        json!({"kind": "Deployment", "namespace": "ns1", "spec": {"template": template}})
    };
    let field = format!("spec.template.metadata.annotations[{NETWORKS}]");
    let ovn = format!(
        r#"{field}: "ns1/lone": no Subnet has the provider "lone.ns1.ovn": releases after v1.16 cannot attach the Pod, v1.16 may use its default Subnet [pod-attachment]"#
    );
    cluster().warns(&template("lone"), &[&ovn]);
    let ipam = format!(
        r#"{field}: "ns1/alone": no Subnet has the provider "alone.ns1": the Pod stays in ContainerCreating [pod-attachment]"#
    );
    cluster().warns(&template("alone"), &[&ipam]);
    for networks in ["net", "mac", "other", "missing"] {
        cluster().accepts(&template(networks));
    }
    // Of Pods another rule says it, unless it is off.
    cluster().accepts(&pod(&json!({NETWORKS: "lone"})));
    let off = cluster().settings(&json!({"rules": {"pod-network-unresolvable": "off"}}));
    off.warns(&pod(&json!({NETWORKS: "lone"})), &[&ovn.replace("spec.template.", "")]);
    let named = json!({NETWORKS: "lone", "lone.ns1.ovn.kubernetes.io/logical_switch": "n"});
    off.accepts(&pod(&named));
    // No Subnet is seen at all.
    Cluster::of(RULE.id).with(definition("lone", KUBE_OVN)).accepts(&template("lone"));
}

#[test]
fn the_networks_of_a_machine_are_listed_too() {
    let machine = |key: &str| {
        let networks = json!([{"name": "a", "multus": {"networkName": "net"}}]);
        let template = json!({"metadata": {"annotations": {key: "x"}}, "spec": {"networks": networks}});
        json!({"kind": "VirtualMachine", "namespace": "ns1", "spec": {"template": template}})
    };
    for key in [
        "net.ns1.ovn.kubernetes.io/ip_address",
        "net.ns1.ovn.pod1234.kubernetes.io/ip_address",
        "net.ns1.kubernetes.io/ip_address.pod1234",
    ] {
        cluster().accepts(&machine(key));
    }
    let (written, right) = ("net.ns1.kubernetes.io/ip_address", "net.ns1.ovn.kubernetes.io/ip_address");
    let wanted = said(written, "x", &format!("Kube-OVN reads {right} instead of this key"));
    cluster().warns(&machine(written), &[&format!("spec.template.{wanted}")]);
}

#[test]
fn a_default_network_takes_the_place_of_the_own_one() {
    let detail =
        format!("{DEFAULT_NETWORK} takes the place of the network that this is about, and Kube-OVN does not read it");
    for key in ["ovn.kubernetes.io/ip_address", SWITCH] {
        cluster().warns(&pod(&json!({DEFAULT_NETWORK: "ns1/net", key: "x"})), &[&said(key, "x", &detail)]);
    }
    for annotations in [
        json!({DEFAULT_NETWORK: "ns1/net", "net.ns1.ovn.kubernetes.io/ip_address": "x"}),
        json!({DEFAULT_NETWORK: "ns1/net", "ovn.kubernetes.io/ip_address": "x", "ovn.kubernetes.io/allocated": "true"}),
        // v1.16 takes the Subnet for a network that has none.
        json!({DEFAULT_NETWORK: "ns1/lone", SWITCH: "s"}),
        json!({NETWORKS: "ns1/net", SWITCH: "s"}),
    ] {
        cluster().with(definition("lone", KUBE_OVN)).accepts(&pod(&annotations));
    }
}

#[test]
fn a_route_goes_through_the_interface() {
    let detail = |gateway: &str| {
        format!("{gateway} is in no Subnet of this interface, so that the node sets no route through it")
    };
    let judged = |key: &str, routes: &str, gateway: Option<&str>| {
        let annotations = json!({NETWORKS: "net,mac", SWITCH: "s", key: routes});
        match gateway {
            Some(gateway) => cluster().warns(&pod(&annotations), &[&said(key, routes, &detail(gateway))]),
            None => cluster().accepts(&pod(&annotations)),
        }
    };
    let own = "ovn.kubernetes.io/routes";
    judged(own, r#"[{"dst":"10.9.0.0/16","gw":"10.0.7.1"}]"#, Some("10.0.7.1"));
    judged(own, r#"[{"dst":"10.9.0.0/16","gw":"10.0.1.1"}]"#, None);
    judged("net.ns1.ovn.kubernetes.io/routes", r#"[{"gw":"10.0.7.1"},{"gw":"10.0.1.1"}]"#, Some("10.0.1.1"));
    judged("mac.ns1.kubernetes.io/routes", r#"[{"gw":"10.0.8.1"}]"#, None);
    judged("mac.ns1.kubernetes.io/routes", r#"[{"gw":"10.0.7.1"}]"#, Some("10.0.7.1"));
    for routes in [
        r#"[{"dst":"169.254.1.1/32"},{"gw":"169.254.1.1"}]"#,
        r#"[{"gw":"fe80::1"}]"#,
        r#"[{"dst":"10.9.0.0/16"}]"#,
        "x",
    ] {
        judged(own, routes, None);
    }
    let unknown = json!({own: r#"[{"gw":"10.0.7.1"}]"#});
    cluster().accepts(&pod(&unknown));
    let other = json!({NETWORKS: "other", "other.ns1.ovn.kubernetes.io/routes": r#"[{"gw":"10.0.7.1"}]"#});
    cluster().accepts(&pod(&other));
}

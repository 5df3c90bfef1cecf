use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, as_warning};

fn definition(name: &str, config: &str) -> Value {
    json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": name, "spec": {"config": config}})
}

fn finding(config: &str, detail: &str) -> String {
    format!("spec.config: Invalid value: {config:?}: {detail} [attachment-provider]")
}

const ENDS: &str = "as soon as a Pod names it, Kube-OVN's controller ends, again at each start";
const LOST: &str = "so that no Pod that names it gets a network";

#[test]
fn what_ends_the_controller_is_refused() {
    let cluster = Cluster::of(RULE.id);
    for (config, why) in [
        (r#"{"plugins":[]}"#, "has an empty list of plugins"),
        (r#"{"plugins":[null]}"#, "has a null among its plugins"),
        (r#"{"plugins":[{"type":"bridge"},null]}"#, "has a null among its plugins"),
    ] {
        cluster.refuses(&definition("x", config), &[&finding(config, &format!("{why}: {ENDS}"))]);
    }
    for config in [
        "",
        r#"{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn"}"#,
        r#"{"type":"macvlan"}"#,
        r#"{"plugins":[{"type":"bridge"}]}"#,
    ] {
        cluster.accepts(&definition("x", config));
    }
    cluster.accepts(&json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns1", "name": "x"}));
}

#[test]
fn what_does_not_load_is_refused_where_it_is_kube_ovns() {
    let cluster = Cluster::of(RULE.id)
        .with(json!({"kind": "Subnet", "name": "a", "spec": {"provider": "net.ns1.ovn"}}))
        .with(json!({"kind": "Subnet", "name": "b", "spec": {"provider": "addresses.ns1"}}));
    let broken = finding("{", &format!("is not well-formed JSON, {LOST}"));
    cluster.warns(&definition("x", "{"), &[&as_warning(&broken)]);
    for name in ["net", "addresses"] {
        cluster.refuses(&definition(name, "{"), &[&broken]);
    }
    let config = r#"{"type":["kube-ovn"]}"#;
    cluster.refuses(&definition("x", config), &[&finding(config, &format!("has a type that is not a string, {LOST}"))]);
}

#[test]
fn what_the_node_cannot_read_is_refused() {
    let cluster = Cluster::of(RULE.id);
    let list = "a list of routes, as in [{\"dst\": \"10.0.0.0/8\", \"gw\": \"10.17.0.1\"}]";
    for (config, field, wanted) in [
        (r#"{"type":"kube-ovn","server_socket":"s","provider":5}"#, "provider", "a string"),
        (r#"{"type":"kube-ovn","server_socket":"s","Provider":["x.ns1.ovn"]}"#, "provider", "a string"),
        (r#"{"type":"kube-ovn","provider":"x.ns1.ovn","server_socket":{}}"#, "server_socket", "a string"),
        (r#"{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn","routes":{}}"#, "routes", list),
        (r#"{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn","routes":[{"gw":5}]}"#, "routes", list),
        (
            r#"{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn","ipam":{"provider":5}}"#,
            "ipam.provider",
            "a string",
        ),
        (
            r#"{"plugins":[{"type":"tuning"},{"type":"kube-ovn","server_socket":"s","provider":5}]}"#,
            "provider",
            "a string",
        ),
        (
            r#"{"type":"macvlan","ipam":{"type":"kube-ovn","server_socket":"s","provider":5}}"#,
            "ipam.provider",
            "a string",
        ),
        (
            r#"{"type":"macvlan","deviceID":5,"ipam":{"type":"kube-ovn","server_socket":"s","provider":"x.ns1"}}"#,
            "deviceID",
            "a string",
        ),
        (
            r#"{"plugins":[{"type":"macvlan","ipam":{"type":"kube-ovn","server_socket":"s","routes":[5]}}]}"#,
            "ipam.routes",
            list,
        ),
    ] {
        let detail = format!("the {field} in it is not {wanted}, so that kube-ovn-cni sets up no Pod that names it");
        cluster.refuses(&definition("x", config), &[&finding(config, &detail)]);
    }
    for config in [
        r#"{"type":"kube-ovn","provider":"x.ns1.ovn","server_socket":"s","deviceID":null,"routes":null,"mtu":"x"}"#,
        r#"{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn","routes":[null,{"dst":"10.0.0.0/8","gw":null,"x":5}]}"#,
        r#"{"plugins":[{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn"},{"type":"tuning","provider":5}],"provider":5}"#,
        r#"{"type":"macvlan","provider":5,"ipam":{"type":"host-local"}}"#,
    ] {
        cluster.accepts(&definition("x", config));
    }
}

#[test]
fn the_node_needs_a_socket() {
    let cluster = Cluster::of(RULE.id);
    for (config, field) in [
        ("{\"type\":\"kube-ovn\",\"provider\":\"x.ns1.ovn\"}", "server_socket"),
        ("{\"type\":\"kube-ovn\",\"provider\":\"ovn\",\"server_socket\":\"\"}", "server_socket"),
        ("{\"type\":\"macvlan\",\"ipam\":{\"type\":\"kube-ovn\",\"provider\":\"x.ns1\"}}", "ipam.server_socket"),
    ] {
        let detail = format!("has no {field}, without which kube-ovn-cni sets up no Pod that names it");
        cluster.warns(&definition("x", config), &[&as_warning(&finding(config, &detail))]);
    }
}

#[test]
fn the_provider_is_its_own_name() {
    let cluster = Cluster::of(RULE.id);
    for (config, detail) in [
        (
            r#"{"type":"kube-ovn","server_socket":"s","provider":"net.ns1"}"#,
            r#"has the provider "net.ns1", and Kube-OVN's controller sets up "x.ns1.ovn": Pods wait for it"#,
        ),
        (
            r#"{"type":"kube-ovn","server_socket":"s"}"#,
            r#"has no provider, and the node takes the network for that of "ovn"; Kube-OVN's controller sets up "x.ns1.ovn""#,
        ),
        (
            r#"{"plugins":[{"type":"tuning"},{"type":"kube-ovn","server_socket":"s","provider":"x.ns2.ovn"}]}"#,
            r#"has the provider "x.ns2.ovn", and Kube-OVN's controller sets up "x.ns1.ovn": Pods wait for it"#,
        ),
        (
            r#"{"type":"macvlan","ipam":{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn"}}"#,
            r#"has the ipam.provider "x.ns1.ovn", and Kube-OVN's controller sets up "x.ns1": Pods wait for it"#,
        ),
    ] {
        cluster.warns(&definition("x", config), &[&as_warning(&finding(config, detail))]);
        // Whatever applies it may give it another namespace.
        cluster.accepts(&json!({"kind": "NetworkAttachmentDefinition", "name": "x", "spec": {"config": config}}));
    }
    for config in [
        r#"{"type":"kube-ovn","server_socket":"s","provider":"ovn"}"#,
        r#"{"type":"kube-ovn","server_socket":"s","Provider":"x.ns1.ovn"}"#,
        r#"{"plugins":[{"type":"kube-ovn","server_socket":"s","provider":"x.ns1.ovn"},{"type":"portmap"}]}"#,
        r#"{"type":"macvlan","ipam":{"type":"kube-ovn","server_socket":"s","provider":"x.ns1"}}"#,
        r#"{"type":"macvlan","ipam":{"type":"host-local"},"provider":"y"}"#,
    ] {
        cluster.accepts(&definition("x", config));
    }
}

#[test]
fn another_plug_in_has_its_addresses_of_kube_ovn_where_a_subnet_is_for_it() {
    let subnet = json!({"kind": "Subnet", "name": "lan", "spec": {"provider": "x.ns1", "cidrBlock": "10.0.0.0/24"}});
    let cluster = || Cluster::of(RULE.id).with(subnet.clone());
    let config = r#"{"type":"macvlan","ipam":{"type":"host-local"}}"#;
    let detail =
        r#"Subnet "lan" is for it, but its ipam is not kube-ovn: Pods get other addresses than those of the Subnet"#;
    cluster().warns(&definition("x", config), &[&as_warning(&finding(config, detail))]);
    cluster().accepts(&definition("y", config));
    cluster().accepts(&definition("x", r#"{"type":"macvlan","master":"eth1"}"#));
    let gateway = |without: bool| {
        let spec = json!({"vpc": "v", "subnet": "s", "externalSubnets": ["lan"], "noDefaultEIP": without});
        json!({"kind": "VpcNatGateway", "name": "g", "spec": spec})
    };
    cluster().with(gateway(true)).accepts(&definition("x", config));
    cluster().with(gateway(false)).warns(&definition("x", config), &[&as_warning(&finding(config, detail))]);
}

#[test]
fn a_subnet_has_the_provider_of_its_network() {
    let cluster = || {
        Cluster::of(RULE.id)
            .with(definition("net", r#"{"type":"kube-ovn","server_socket":"s"}"#))
            .with(definition("mac", r#"{"type":"macvlan","ipam":{"type":"kube-ovn","server_socket":"s"}}"#))
            .with(definition("other", r#"{"type":"bridge"}"#))
            .with(definition("a.b.c", r#"{"type":"macvlan","ipam":{"type":"kube-ovn","server_socket":"s"}}"#))
    };
    let subnet = |provider: &str| json!({"kind": "Subnet", "spec": {"provider": provider, "cidrBlock": "10.0.0.0/24"}});
    for (provider, detail) in [
        (
            "net.ns1",
            r#""ns1/net" is of the type kube-ovn: without .ovn the Subnet is in no VPC, and Pods do not find it"#,
        ),
        (
            "mac.ns1.ovn",
            r#""ns1/mac" has only its addresses of Kube-OVN: with .ovn the Subnet is in a VPC, and Pods do not find it"#,
        ),
    ] {
        let wanted = format!(
            "spec.provider: Invalid value: {provider:?}: NetworkAttachmentDefinition {detail} [attachment-provider]"
        );
        cluster().refuses(&subnet(provider), &[&wanted]);
    }
    let wanted = r#"spec.provider: "net.ns1.ovn.eth1": has more than three parts, so that it is that of no network of OVN [attachment-provider]"#;
    cluster().warns(&subnet("net.ns1.ovn.eth1"), &[wanted]);
    for provider in [
        "",
        "ovn",
        "net.ns1.ovn",
        "mac.ns1",
        "other.ns1",
        "other.ns1.ovn",
        "gone.ns1",
        "gone.ns1.ovn",
        "a.b.c.ns1",
        "a.b.c",
    ] {
        cluster().accepts(&subnet(provider));
    }
}

use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, as_warning, update};

const SWITCH: &str = "ovn.kubernetes.io/logical_switch";
const ADDRESS: &str = "ovn.kubernetes.io/ip_address";
const POOL: &str = "ovn.kubernetes.io/ip_pool";
const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";
const WAITS: &str = "so that Kube-OVN gives the Pod no network";

fn subnet(name: &str, cidr_block: &str) -> Value {
    json!({"kind": "Subnet", "name": name, "spec": {"vpc": "v", "cidrBlock": cidr_block}})
}

fn cluster() -> Cluster {
    Cluster::of(RULE.id).with(subnet("s", "10.0.1.0/24,fd00::/120")).with(subnet("t", "10.0.2.0/24"))
}

/// A cluster that knows the Subnets of namespace ns1.
fn bound(switches: &str) -> Cluster {
    cluster().with(json!({"kind": "Namespace", "name": "ns1", "annotations": {SWITCH: switches}}))
}

fn pod(annotations: &Value) -> Value {
    json!({"kind": "Pod", "namespace": "ns1", "annotations": annotations})
}

fn said(key: &str, value: &str, detail: &str) -> String {
    format!("metadata.annotations[{key}]: Invalid value: {value:?}: {detail} [pod-address-syntax]")
}

#[track_caller]
fn refuses(key: &str, value: &str, detail: &str) {
    cluster().refuses(&pod(&json!({key: value})), &[&said(key, value, detail)]);
}

#[test]
fn an_address_is_one_of_each_family() {
    for (value, fault) in [
        ("10.0.1", format!(r#""10.0.1" is not an address, {WAITS}"#)),
        ("10.0.001.5", format!(r#""10.0.001.5" is not an address, {WAITS}"#)),
        ("10.0.1.5,fd00:::5", format!(r#""fd00:::5" is not an address, {WAITS}"#)),
        ("10.0.1.5, fd00::5", format!(r#"" fd00::5" has whitespace around it, {WAITS}"#)),
        ("10.0.1.5/24", format!(r#""10.0.1.5/24" has a prefix length, {WAITS}"#)),
        ("10.0.1.5,", format!("has an empty entry, {WAITS}")),
        ("10.0.1.5,10.0.1.6", "has two IPv4 addresses, and an interface gets one of each family".to_owned()),
    ] {
        refuses(ADDRESS, value, &fault);
    }
    for value in ["10.0.1.5", "fd00::5", "10.0.1.5,fd00::5", "fd00::5,10.0.1.5", "::ffff:10.0.1.5", ""] {
        cluster().accepts(&pod(&json!({ADDRESS: value})));
    }
}

#[test]
fn a_mac_address_has_six_bytes() {
    let key = "ovn.kubernetes.io/mac_address";
    for value in ["00:00:54:17:2A", "00:00:00:54:17:2G", "x"] {
        refuses(key, value, "is no MAC address, so that Kube-OVN gives the Pod no address");
    }
    cluster().accepts(&pod(&json!({key: "00:00:00:54:17:2A"})));
}

#[test]
fn a_pool_is_a_name_or_addresses() {
    let no = |part: &str| format!("{part:?} is not an address, {WAITS}");
    for (value, fault) in [
        ("10.0.1111.15,10.0.1.16", no("10.0.1111.15")),
        ("10.0.1.15;web", no("web")),
        ("web,10.0.1.15", no("web")),
        ("10.0.1.5, fd00::5", format!(r#"" fd00::5" has whitespace around it, {WAITS}"#)),
        ("10.0.1.5, 10.0.1.6", format!(r#"" 10.0.1.6" has whitespace around it, {WAITS}"#)),
        (
            "10.0.1.5,10.0.1.6;10.0.1.7,10.0.1.8",
            "has two IPv4 addresses, and an interface gets one of each family".to_owned(),
        ),
        ("10.0.1.0/28", format!("is neither the name of an IPPool nor an address, {WAITS}")),
        ("Web", format!("is neither the name of an IPPool nor an address, {WAITS}")),
    ] {
        refuses(POOL, value, &fault);
    }
    for value in [
        "web",
        " web ",
        "10.0.1.5",
        "10.0.1.5,10.0.1.6",
        "10.0.1.5, 10.0.1.6, 10.0.1.7",
        "10.0.1.5,fd00::5",
        "10.0.1.5;10.0.1.6",
        "10.0.1.5,fd00::5; 10.0.1.6,fd00::6",
    ] {
        cluster().accepts(&pod(&json!({POOL: value})));
    }
}

#[test]
fn of_a_list_the_other_entries_are_given_all_the_same() {
    let skipped = "so that no Pod gets this entry of the list";
    for (value, fault) in [
        ("10.0.1.5,10.0.1.6,", format!("has an empty entry, {skipped}")),
        ("10.0.1.5,web,10.0.1.6", format!(r#""web" is not an address, {skipped}"#)),
        ("10.0.1.5,fd00::5;10.0.1.6, fd00::6", format!(r#"" fd00::6" has whitespace around it, {skipped}"#)),
        ("10.0.1.5,10.0.1.6;10.0.1.7", "has two IPv4 addresses, and an interface gets one of each family".to_owned()),
    ] {
        cluster().warns(&pod(&json!({POOL: value})), &[&as_warning(&said(POOL, value, &fault))]);
    }
}

#[test]
fn an_address_beside_a_vip_is_not_taken() {
    let annotations = json!({"ovn.kubernetes.io/vip": "front", SWITCH: "s", ADDRESS: "10.0.3.5"});
    cluster().accepts(&pod(&annotations));
    let mut bare = annotations.clone();
    bare["ovn.kubernetes.io/vip"] = json!("");
    let fault = r#"10.0.3.5 is not in Subnet "s" (10.0.1.0/24,fd00::/120), so that Kube-OVN gives the Pod no address"#;
    cluster().refuses(&pod(&bare), &[&said(ADDRESS, "10.0.3.5", fault)]);
    assert!(!cluster().verdict(&update(&pod(&annotations), &pod(&bare))).allowed);
    cluster().refuses(
        &pod(&json!({"ovn.kubernetes.io/vip": "front", ADDRESS: "x"})),
        &[&said(ADDRESS, "x", &format!(r#""x" is not an address, {WAITS}"#))],
    );
}

#[test]
fn a_manifest_without_a_namespace_may_be_of_any() {
    let default = || cluster().with(json!({"kind": "Namespace", "name": "default", "annotations": {SWITCH: "s"}}));
    let placed = json!({"kind": "Pod", "namespace": "default", "annotations": {ADDRESS: "10.0.3.5"}});
    let fault = r#"10.0.3.5 is not in Subnet "s" (10.0.1.0/24,fd00::/120), so that Kube-OVN gives the Pod no address"#;
    default().refuses(&placed, &[&said(ADDRESS, "10.0.3.5", fault)]);
    default().accepts(&json!({"kind": "Pod", "annotations": {ADDRESS: "10.0.3.5"}}));
    let served = json!({"kind": "Subnet", "name": "n",
                        "spec": {"cidrBlock": "10.0.7.0/24", "provider": "net.default.ovn"}});
    let attached = json!({NETWORKS: "net", "net.default.ovn.kubernetes.io/ip_address": "10.0.3.5"});
    default().with(served).accepts(&json!({"kind": "Pod", "annotations": attached}));
}

#[test]
fn a_rate_is_a_whole_number() {
    let fault = "must be a whole number, 0 or more: Kube-OVN sets no other limit";
    for name in ["ingress_rate", "egress_rate", "ingress_burst", "egress_burst"] {
        let key = format!("ovn.kubernetes.io/{name}");
        for value in ["a3", "-1", "1.5", "3 ", "99999999999999999999"] {
            refuses(&key, value, fault);
        }
        for value in ["0", "8", "+3"] {
            cluster().accepts(&pod(&json!({&key: value})));
        }
    }
}

#[test]
fn a_family_is_that_of_the_address() {
    let key = "ovn.kubernetes.io/ip_family";
    for value in ["v4", "IPv4", "dual"] {
        refuses(key, value, "must be ipv4 or ipv6: releases after v1.16 set up no Pod with another");
    }
    for (value, address) in [("ipv4", "fd00::5"), ("ipv6", "10.0.1.5")] {
        let wanted = said(key, value, &format!("the Pod asks for {address} too, which is of the other family"));
        cluster().refuses(&pod(&json!({key: value, ADDRESS: address})), &[&wanted]);
        cluster().accepts(&pod(&json!({key: value})));
    }
    cluster().accepts(&pod(&json!({key: "ipv4", ADDRESS: "10.0.1.5"})));
    cluster().accepts(&pod(&json!({key: "ipv6", ADDRESS: "fd00::5"})));
}

#[test]
fn routes_are_a_json_list() {
    let key = "ovn.kubernetes.io/routes";
    for (value, fault) in [
        ("10.0.0.0/8 via 10.0.1.1", "is not JSON, and the node does not start the Pod"),
        (r#"{"dst":"10.0.0.0/8"}"#, "is not a list of routes, and the node does not start the Pod"),
        (r#"["10.0.0.0/8"]"#, "route 0 is not an object, and the node does not start the Pod"),
        (r#"[{"gw":5}]"#, "gw of route 0 is not a string, and the node does not start the Pod"),
        (r#"[{},{"dst":"10.0.0.0"}]"#, "dst of route 1 is not a prefix, and the node leaves the route out"),
        (r#"[{"GW":"gateway"}]"#, "gw of route 0 is not an address, and the node leaves the route out"),
    ] {
        refuses(key, value, fault);
    }
    for value in ["null", "[]", r#"[{"gw":"10.0.1.1"},null]"#, r#"[{"dst":"10.0.0.0/8","gw":null,"metric":5}]"#] {
        cluster().accepts(&pod(&json!({key: value})));
    }
}

#[test]
fn what_is_neither_true_nor_false_is_a_warning() {
    for name in ["port_security", "layer2_forward"] {
        let key = format!("ovn.kubernetes.io/{name}");
        let wanted = said(&key, "yes", "is neither true nor false, and Kube-OVN takes it for false");
        cluster().warns(&pod(&json!({&key: "yes"})), &[&as_warning(&wanted)]);
        cluster().accepts(&pod(&json!({&key: "true"})));
    }
}

#[test]
fn a_prefix_that_somebody_gave_holds_the_address() {
    let key = "ovn.kubernetes.io/cidr";
    for (value, fault) in [
        ("10.0.1/24", format!("is not a prefix of each family, {WAITS}")),
        ("10.0.2.0/24", format!("the Pod's address 10.0.1.5 is not in it, {WAITS}")),
    ] {
        cluster().refuses(&pod(&json!({key: value, ADDRESS: "10.0.1.5"})), &[&said(key, value, &fault)]);
    }
    cluster().accepts(&pod(&json!({key: "10.0.1.0/24,fd00::/120", ADDRESS: "10.0.1.5,fd00::5"})));
    cluster().accepts(&pod(&json!({key: "10.0.2.0/24"})));
}

#[test]
fn an_address_is_one_of_the_subnet_that_is_named() {
    let outside =
        r#"10.0.3.5 is not in Subnet "s" (10.0.1.0/24,fd00::/120), so that Kube-OVN gives the Pod no address"#;
    for (address, fault) in [
        ("10.0.3.5", outside),
        ("10.0.3.5,fd00::5", outside),
        ("10.0.1.1", r#"10.0.1.1 is the gateway of Subnet "s", whose router has it"#),
        ("10.0.1.0", r#"10.0.1.0 is the network address of Subnet "s", which no Pod gets"#),
        ("10.0.1.255", r#"10.0.1.255 is the broadcast address of Subnet "s", which no Pod gets"#),
        ("fd00::ff", r#"fd00::ff is the broadcast address of Subnet "s", which no Pod gets"#),
    ] {
        let annotations = json!({SWITCH: "s", ADDRESS: address});
        cluster().refuses(&pod(&annotations), &[&said(ADDRESS, address, fault)]);
        // It was so before.
        let mut old = annotations.clone();
        old["ovn.kubernetes.io/mac_address"] = json!("00:00:00:53:6f:a9");
        assert!(cluster().verdict(&update(&pod(&old), &pod(&annotations))).allowed);
    }
    for annotations in [
        json!({SWITCH: "s", ADDRESS: "10.0.1.5,fd00::5"}),
        json!({SWITCH: "gone", ADDRESS: "10.0.3.5"}),
        json!({ADDRESS: "10.0.3.5"}),
        // Kube-OVN has given it.
        json!({SWITCH: "s", ADDRESS: "10.0.3.5", "ovn.kubernetes.io/allocated": "true"}),
        // Another network takes the place of this one.
        json!({SWITCH: "s", ADDRESS: "10.0.3.5", DEFAULT_NETWORK: "net"}),
    ] {
        cluster().accepts(&pod(&annotations));
    }
    let excluded = json!({"kind": "Subnet", "name": "x",
                          "spec": {"vpc": "v", "cidrBlock": "10.0.5.0/24", "excludeIps": ["10.0.5.5"]}});
    cluster().with(excluded).accepts(&pod(&json!({SWITCH: "x", ADDRESS: "10.0.5.5"})));
}

#[test]
fn an_address_may_be_of_any_subnet_of_the_namespace() {
    let fault =
        r#"10.0.3.5 is in none of the Subnets that the Pod can get ("s", "t"), so that Kube-OVN gives it no address"#;
    bound("s,t").refuses(&pod(&json!({ADDRESS: "10.0.3.5"})), &[&said(ADDRESS, "10.0.3.5", fault)]);
    let fault = r#"10.0.2.1 is the gateway of Subnet "t", whose router has it"#;
    bound("s,t").refuses(&pod(&json!({ADDRESS: "10.0.2.1"})), &[&said(ADDRESS, "10.0.2.1", fault)]);
    for address in ["10.0.1.5", "10.0.2.5", "10.0.1.5,fd00::5"] {
        bound("s,t").accepts(&pod(&json!({ADDRESS: address})));
    }
    // One of the Subnets is not known.
    bound("s,gone").accepts(&pod(&json!({ADDRESS: "10.0.3.5"})));
    bound("").accepts(&pod(&json!({ADDRESS: "10.0.3.5"})));
    let listing =
        json!({"kind": "Subnet", "name": "l", "spec": {"vpc": "v", "cidrBlock": "10.0.3.0/24", "namespaces": ["ns1"]}});
    bound("s").with(listing).accepts(&pod(&json!({ADDRESS: "10.0.3.5"})));
}

#[test]
fn of_a_list_one_address_is_enough() {
    let detail = r#"10.0.3.5 is not in Subnet "s" (10.0.1.0/24,fd00::/120), so that Kube-OVN gives the Pod no address"#;
    for value in ["10.0.3.5,10.0.1.6", "10.0.1.6;10.0.3.5"] {
        let warning = as_warning(&said(POOL, value, detail));
        cluster().warns(&pod(&json!({SWITCH: "s", POOL: value})), &[&warning]);
    }
    let value = "10.0.3.5;10.0.3.6";
    cluster().refuses(&pod(&json!({SWITCH: "s", POOL: value})), &[&said(POOL, value, detail)]);
    cluster().accepts(&pod(&json!({SWITCH: "s", POOL: "10.0.1.5,fd00::5;10.0.1.6,fd00::6"})));
}

#[test]
fn a_gateways_own_pod_may_have_the_address_of_a_subnets_gateway() {
    let gateway = json!({"kind": "VpcNatGateway", "name": "g",
                         "spec": {"vpc": "v", "subnet": "s", "lanIp": "10.0.1.1", "namespace": "gateways"}});
    let annotations = json!({SWITCH: "s", ADDRESS: "10.0.1.1"});
    let own = json!({"kind": "Pod", "namespace": "gateways", "annotations": annotations});
    cluster().with(gateway.clone()).accepts(&own);
    let fault = r#"10.0.1.1 is the gateway of Subnet "s", whose router has it"#;
    cluster().with(gateway).refuses(&pod(&annotations), &[&said(ADDRESS, "10.0.1.1", fault)]);
    // The router of the network of the nodes may be a Pod.
    let underlay = json!({"kind": "Subnet", "name": "u", "spec": {"cidrBlock": "10.0.6.0/24", "vlan": "lan"}});
    let fault = r#"10.0.6.1 is the gateway of Subnet "u", whose router has it"#;
    let warning = as_warning(&said(ADDRESS, "10.0.6.1", fault));
    cluster().with(underlay).warns(&pod(&json!({SWITCH: "u", ADDRESS: "10.0.6.1"})), &[&warning]);
}

#[test]
fn a_pool_is_one_of_the_subnet() {
    let of = |name: &str, subnet: &str| json!({"kind": "IPPool", "name": name, "spec": {"subnet": subnet, "ips": ["10.0.2.5"]}});
    let cluster = |cluster: Cluster| cluster.with(of("a", "s")).with(of("b", "t"));
    let fault = |own: &str| {
        format!(
            r#"is an IPPool of another Subnet ("t"): the Pod is to be in {own}, where such an address reaches nothing"#
        )
    };
    let wanted = said(POOL, "b", &fault(r#"Subnet "s""#));
    cluster(self::cluster()).refuses(&pod(&json!({SWITCH: "s", POOL: "b"})), &[&wanted]);
    cluster(bound("s")).warns(&pod(&json!({POOL: "b"})), &[&as_warning(&wanted)]);
    let several = as_warning(&said(POOL, "b", &fault("one of its own Subnets")));
    let third = subnet("w", "10.0.4.0/24");
    cluster(bound("s,w").with(third)).warns(&pod(&json!({POOL: "b"})), &[&several]);
    cluster(bound("s,t")).accepts(&pod(&json!({POOL: "b"})));
    for annotations in [json!({SWITCH: "s", POOL: "a"}), json!({POOL: "b"}), json!({SWITCH: "s", POOL: "gone"})] {
        cluster(self::cluster()).accepts(&pod(&annotations));
    }
}

#[test]
fn the_keys_of_an_attached_network_are_its_own() {
    let served =
        json!({"kind": "Subnet", "name": "n", "spec": {"cidrBlock": "10.0.7.0/24", "provider": "net.ns1.ovn"}});
    let cluster = || bound("s").with(served.clone());
    let asking = |key: &str, value: &str| pod(&json!({NETWORKS: "net", key: value}));
    let outside = |value: &str| {
        format!(
            r#"{value} is in none of the Subnets that the Pod can get ("n", "s"), so that Kube-OVN gives it no address"#
        )
    };
    let key = "net.ns1.ovn.kubernetes.io/ip_address";
    cluster().refuses(&asking(key, "10.0.3.5"), &[&said(key, "10.0.3.5", &outside("10.0.3.5"))]);
    for address in ["10.0.7.5", "10.0.1.5"] {
        cluster().accepts(&asking(key, address));
    }
    // Whatever else the namespace has is not known.
    let only = r#"10.0.3.5 is not in Subnet "n" (10.0.7.0/24), so that Kube-OVN gives the Pod no address"#;
    let warning = as_warning(&said(key, "10.0.3.5", only));
    self::cluster().with(served.clone()).warns(&asking(key, "10.0.3.5"), &[&warning]);
    let named = json!({NETWORKS: "net", key: "10.0.3.5", "net.ns1.ovn.kubernetes.io/logical_switch": "n"});
    self::cluster().with(served.clone()).refuses(&pod(&named), &[&said(key, "10.0.3.5", only)]);
    // The address of the interface goes before that of the network, and both before a list.
    let mut both = json!({NETWORKS: "net@eth1", "net.ns1.kubernetes.io/ip_address.eth1": "10.0.7.5", key: "10.0.3.5"});
    cluster().accepts(&pod(&both));
    both["net.ns1.ovn.kubernetes.io/ip_pool"] = json!("10.0.3.6,10.0.3.7");
    cluster().accepts(&pod(&both));
    for key in ["net.ns1.ovn.kubernetes.io/ip_address", "net.ns1.kubernetes.io/ip_address"] {
        cluster().refuses(&asking(key, "x"), &[&said(key, "x", &format!(r#""x" is not an address, {WAITS}"#))]);
    }
    // Nobody reads the key of a network that the Pod does not have.
    cluster().accepts(&asking("other.ns1.ovn.kubernetes.io/ip_address", "x"));
    cluster().accepts(&pod(&json!({key: "x"})));
}

#[test]
fn the_keys_of_an_interface_are_read_where_it_is_named() {
    let networks = json!({NETWORKS: "net@eth1"});
    for (key, fault) in [
        ("net.ns1.kubernetes.io/ip_address.eth1", format!(r#""x" is not an address, {WAITS}"#)),
        (
            "net.ns1.kubernetes.io/mac_address.eth1",
            "is no MAC address, so that Kube-OVN gives the Pod no address".to_owned(),
        ),
    ] {
        let mut annotations = networks.clone();
        annotations[key] = json!("x");
        cluster().refuses(&pod(&annotations), &[&said(key, "x", &fault)]);
        assert!(!cluster().verdict(&update(&pod(&networks), &pod(&annotations))).allowed);
        cluster().accepts(&pod(&json!({NETWORKS: "net@eth2", key: "x"})));
    }
}

#[test]
fn nothing_is_said_where_kube_ovn_reads_nothing() {
    let mut host = pod(&json!({ADDRESS: "x"}));
    host["spec"] = json!({"hostNetwork": true});
    cluster().accepts(&host);
    let cluster = cluster().settings(&json!({"kubeOvn": {"nonPrimaryCNI": true}}));
    cluster.accepts(&pod(&json!({ADDRESS: "x", SWITCH: "s"})));
    let key = "net.ns1.ovn.kubernetes.io/ip_address";
    let wanted = said(key, "x", &format!(r#""x" is not an address, {WAITS}"#));
    cluster.refuses(&pod(&json!({NETWORKS: "net", key: "x"})), &[&wanted]);
}

#[test]
fn templates_and_machines_are_judged_too() {
    let template = json!({"metadata": {"annotations": {SWITCH: "s", ADDRESS: "10.0.3.5"}}});
    for kind in ["Deployment", "VirtualMachine"] {
        let workload = json!({"kind": kind, "namespace": "ns1", "spec": {"template": template}});
        let detail =
            r#"10.0.3.5 is not in Subnet "s" (10.0.1.0/24,fd00::/120), so that Kube-OVN gives the Pod no address"#;
        cluster().refuses(&workload, &[&format!("spec.template.{}", said(ADDRESS, "10.0.3.5", detail))]);
    }
}

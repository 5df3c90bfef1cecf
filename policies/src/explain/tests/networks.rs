//! The networks of a Pod one by one: who makes them, which address it gets, which keys are ignored, what is missing.

use serde_json::{Value, json};

use super::{explained, namespace, object, pod};
use crate::explain::{Chosen, Explanation, Network, Plugin};
use crate::kinds::{DEFAULT_NETWORK, NETWORKS};

const ADDRESS: &str = "ovn.kubernetes.io/ip_address";
const POOL: &str = "ovn.kubernetes.io/ip_pool";
const VIP: &str = "ovn.kubernetes.io/vip";
const SWITCH: &str = "ovn.kubernetes.io/logical_switch";

fn definition(name: &str, config: &str) -> Value {
    json!({"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
           "metadata": {"name": name, "namespace": "ns1"}, "spec": {"config": config}})
}

/// Networks of each sort, beside `nad` of Subnet "extra".
fn networks() -> Vec<Value> {
    vec![
        definition("nad", r#"{"type":"kube-ovn"}"#),
        definition("bare", r#"{"type":"kube-ovn"}"#),
        definition("lan", r#"{"type":"macvlan","ipam":{"type":"kube-ovn"}}"#),
        definition("other", r#"{"type":"macvlan"}"#),
        definition("file", ""),
        definition("broken", "{"),
        object("Subnet", "lan", json!({"cidrBlock": "192.168.0.0/24", "provider": "lan.ns1"})),
    ]
}

/// The primary network's address in short.
fn address(explanation: &Explanation) -> (Chosen, String, &str) {
    let address = explanation.primary.address.as_ref().unwrap();
    (address.chosen, address.addresses.join(" or "), &address.because)
}

fn ignored(explanation: &Explanation) -> Vec<String> {
    explanation.ignored.iter().map(|ignored| format!("{}: {}", ignored.key, ignored.because)).collect()
}

#[test]
fn each_sort_of_network_is_told_apart() {
    let annotations = json!({NETWORKS: "nad,lan,other,file,broken,gone", SWITCH: "net1"});
    let explanation = explained(pod("ns1", annotations), &networks());
    let sorts: Vec<_> = explanation.attached.iter().map(|network| network.plugin).collect();
    let wanted =
        [Plugin::KubeOvn, Plugin::Addresses, Plugin::Other, Plugin::Elsewhere, Plugin::Broken, Plugin::Unknown];
    assert_eq!(sorts, wanted);
    let providers: Vec<_> = explanation.attached.iter().map(|network| network.provider.as_deref()).collect();
    let wanted = [Some("nad.ns1.ovn"), Some("lan.ns1"), None, None, None, Some("gone.ns1.ovn")];
    assert_eq!(providers, wanted);
    assert_eq!(
        explanation.blocked,
        [
            r#"network "ns1/broken": spec.config of its NetworkAttachmentDefinition is not well-formed JSON"#,
            r#"there is no NetworkAttachmentDefinition "ns1/gone""#,
        ]
    );
    let missing: Vec<_> = explanation.missing.iter().map(|missing| missing.object.name.as_str()).collect();
    assert_eq!(missing, ["gone"]);
}

#[test]
fn people_read_a_block_for_each_network() {
    let annotations = json!({
        NETWORKS: "nad@n1,nad@n2",
        "nad.ns1.kubernetes.io/ip_address.n1": "10.0.9.5",
        "nad.ns1.ovn.n2.kubernetes.io/logical_switch": "net1",
        "nad.ns1.ovn.kubernetes.io/ip_address": "10.0.9.6",
    });
    let mut existing = pod("ns1", annotations);
    existing["metadata"]["annotations"][SWITCH] = json!("net1");
    let text = explained(existing, &networks()).to_string();
    let wanted = "\
Pod \"ns1/web\"
  Subnet:   net1 (10.0.1.0/24), VPC v
  because:  the Pod's own annotation ovn.kubernetes.io/logical_switch names it
  network:  eth0, provider ovn
  address:  any that is free
  attached: \"ns1/nad\" as n1, provider nad.ns1.ovn.n1
    Subnet:  extra (10.0.9.0/24), VPC v
    because: its provider is \"nad.ns1.ovn\"
    address: 10.0.9.5: the annotation nad.ns1.kubernetes.io/ip_address.n1 asks for it
  attached: \"ns1/nad\" as n2, provider nad.ns1.ovn.n2
    Subnet:  net1 (10.0.1.0/24), VPC v
    because: the Pod's annotation nad.ns1.ovn.n2.kubernetes.io/logical_switch names it
    address: any that is free
  ignored:  nad.ns1.ovn.kubernetes.io/ip_address=\"10.0.9.6\": the Pod lists network \"ns1/nad\" more than once, so that the \
key has the interface: Kube-OVN reads nad.ns1.ovn.n1.kubernetes.io/ip_address
  verdict:  admitted
    warning: metadata.annotations[nad.ns1.ovn.kubernetes.io/ip_address]: \"10.0.9.6\": Kube-OVN reads \
nad.ns1.ovn.n1.kubernetes.io/ip_address instead of this key [pod-attachment]
";
    assert_eq!(text, wanted);
}

#[test]
fn an_address_is_decided_in_kube_ovns_order() {
    let vip = object("Vip", "front", json!({"subnet": "net1", "v4ip": "10.0.1.9"}));
    let of = |annotations: Value| explained(pod("ns1", annotations), std::slice::from_ref(&vip));
    let all = of(json!({VIP: "front", ADDRESS: "10.0.1.5", POOL: "pool"}));
    assert_eq!(address(&all).0, Chosen::Vip);
    assert_eq!(address(&all).1, "10.0.1.9");
    let why = "the annotation ovn.kubernetes.io/vip goes before it";
    assert_eq!(ignored(&all), [format!("{ADDRESS}: {why}"), format!("{POOL}: {why}")]);
    let fixed = of(json!({ADDRESS: "10.0.1.5", POOL: "10.0.1.6"}));
    assert_eq!(
        address(&fixed),
        (Chosen::Fixed, "10.0.1.5".to_owned(), &*format!("the annotation {ADDRESS} asks for it"))
    );
    assert_eq!(ignored(&fixed), [format!("{POOL}: the annotation {ADDRESS} goes before it")]);
    assert_eq!(address(&of(json!({POOL: "pool"}))).0, Chosen::Pool);
    for list in ["10.0.1.6,10.0.1.7", "10.0.1.6; 10.0.1.7", "10.0.1.6, 10.0.1.7,"] {
        let several = of(json!({POOL: list}));
        assert_eq!((address(&several).0, address(&several).1.as_str()), (Chosen::FirstFree, "10.0.1.6 or 10.0.1.7"));
        assert!(several.blocked.is_empty(), "{list}");
    }
    let one_of_each = of(json!({POOL: "10.0.1.6,fd00::6"}));
    assert_eq!(address(&one_of_each).1, "10.0.1.6,fd00::6");
    assert_eq!(address(&of(json!({}))), (Chosen::Any, String::new(), "no key asks for one"));
    let given = of(json!({ADDRESS: "10.0.1.5", "ovn.kubernetes.io/allocated": "true"}));
    assert_eq!(address(&given).0, Chosen::Given);
}

#[test]
fn a_vip_is_for_one_network_of_one_pod() {
    let vip = |port: &str| {
        let mut vip = object("Vip", "front", json!({"subnet": "net1", "v4ip": "10.0.1.9"}));
        vip["metadata"]["labels"] = json!({"ovn.kubernetes.io/ip_reserved": port});
        vip
    };
    let of = |annotations: Value, port: &str| {
        let more: Vec<_> = networks().into_iter().chain([vip(port)]).collect();
        let Explanation { blocked, notes, .. } = explained(pod("ns1", annotations), &more);
        (blocked, notes)
    };
    let nothing = (vec![], vec![]);
    assert_eq!(of(json!({VIP: "front"}), ""), nothing);
    assert_eq!(of(json!({VIP: "front", NETWORKS: "other,file"}), ""), nothing, "Kube-OVN gives these no address");
    assert_eq!(of(json!({VIP: "front", DEFAULT_NETWORK: "nad"}), ""), nothing);
    for (networks, number) in [("nad", 2), ("lan", 2), ("nad@n1,nad@n2", 3)] {
        let why = format!(
            "the annotation {VIP} counts for each of the Pod's {number} networks of Kube-OVN, and a Vip is given to one of them only"
        );
        assert_eq!(of(json!({VIP: "front", NETWORKS: networks}), "").0, [why], "{networks}");
    }
    let taken = |port: &str| format!(r#"Vip "front" is taken by the port "{port}""#);
    assert_eq!(of(json!({VIP: "front"}), "other.ns1").0, [taken("other.ns1")]);
    assert_eq!(of(json!({VIP: "front"}), "web.ns1"), (vec![], vec![taken("web.ns1")]));
    let given = json!({VIP: "front", NETWORKS: "nad", ADDRESS: "10.0.1.9", "ovn.kubernetes.io/allocated": "true"});
    assert_eq!(of(given, "web.ns1").0, [taken("web.ns1")], "the second network comes too late");
}

#[test]
fn what_cannot_be_given_keeps_the_pod_from_starting() {
    let of = |annotations: Value| explained(pod("ns1", annotations), &[]);
    for (annotations, blocked) in [
        (
            json!({ADDRESS: "10.0.1.300"}),
            format!(r#"the annotation {ADDRESS} asks for "10.0.1.300", which is not an address"#),
        ),
        (
            json!({POOL: "10.0.1.6, 10.0.1.7"}),
            format!(r#"the annotation {POOL} asks for " 10.0.1.7", which is not an address"#),
        ),
        (
            json!({POOL: "x,10.0.1.6,10.0.1.7"}),
            format!(r#"the annotation {POOL} asks for "x", which is not an address"#),
        ),
        (json!({POOL: "10.0.1.6;x"}), format!(r#"the annotation {POOL} asks for "x", which is not an address"#)),
        (json!({ADDRESS: "10.9.9.9"}), r#"10.9.9.9 is outside of Subnet "net1""#.to_owned()),
        (json!({VIP: "gone"}), r#"there is no Vip "gone""#.to_owned()),
        (json!({POOL: "gone"}), r#"there is no IPPool "gone""#.to_owned()),
        (json!({SWITCH: "net2"}), r#"there is no Subnet "net2""#.to_owned()),
        (json!({NETWORKS: "["}), format!("the annotation {NETWORKS} cannot be read: it is not well-formed JSON")),
        (json!({NETWORKS: r#"[{"interface":"a"}]"#}), format!("element 0 of the annotation {NETWORKS} has no name")),
    ] {
        assert_eq!(of(annotations.clone()).blocked, [blocked], "{annotations}");
    }
    let text = of(json!({NETWORKS: "["})).to_string();
    assert_eq!(text.matches("cannot be read: it is not").count(), 1, "{text}");
    // Of several that are listed, one that can be had is enough.
    let some = of(json!({POOL: "10.9.9.9;10.0.1.5"}));
    assert_eq!((some.blocked.len(), some.notes.len()), (0, 1));
    assert!(
        of(json!({NETWORKS: "nad"})).blocked.is_empty(),
        "of no NetworkAttachmentDefinition anything is known here"
    );
}

#[test]
fn a_stateful_set_has_an_address_for_each_number() {
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "ns1"},
        "spec": {"template": {"metadata": {"annotations": {POOL: "10.0.1.6,10.0.1.7"}}}}});
    let explanation = explained(set, &[]);
    assert_eq!(address(&explanation).0, Chosen::ByNumber);
    assert!(explanation.to_string().contains("  address:  10.0.1.6 for Pod 0, 10.0.1.7 for Pod 1: the annotation"));
    let numbered = |name: &str| {
        let mut one = pod("ns1", json!({POOL: "10.0.1.6,10.0.1.7"}));
        one["metadata"]["name"] = json!(name);
        one["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "u"}]);
        explained(one, &[])
    };
    assert_eq!(address(&numbered("db-1")).1, "10.0.1.7");
    let none = numbered("db-2");
    assert_eq!(
        none.blocked,
        [format!("the annotation {POOL} lists 2 addresses, and none for Pod 2 of the StatefulSet")]
    );
}

#[test]
fn pods_of_a_namespace_with_pools_get_addresses_of_these() {
    let pool =
        |subnet: &str| object("IPPool", "own", json!({"subnet": subnet, "ips": ["10.0.1.8"], "namespaces": ["ns1"]}));
    let own = explained(pod("ns1", json!({})), &[pool("net1")]);
    assert_eq!(address(&own), (Chosen::Pool, "10.0.1.8".to_owned(), r#"IPPool "own" is for namespace "ns1""#));
    let foreign = explained(pod("ns1", json!({})), &[pool("extra")]);
    assert_eq!(foreign.blocked, [r#"IPPool "own" is for namespace "ns1", and is of another Subnet"#]);
    let written = explained(pod("ns1", json!({ADDRESS: "10.0.1.5"})), &[pool("net1")]);
    assert_eq!(address(&written).0, Chosen::Fixed);
}

#[test]
fn a_pool_of_another_subnet_gives_the_address_and_not_the_port() {
    let other = object("IPPool", "far", json!({"subnet": "extra", "ips": ["10.0.9.8"]}));
    let explanation = explained(pod("ns1", json!({POOL: "far"})), &[other]);
    assert_eq!(explanation.primary.subnets[0].name, "extra");
    let note = r#"Kube-OVN v1.16 takes the address from IPPool "far", but makes the Pod's port in the namespace's Subnet, "net1""#;
    assert!(explanation.notes[0].starts_with(note), "{:?}", explanation.notes);
}

#[test]
fn a_network_without_a_subnet_leads_where_the_pod_does() {
    let misspelled = object("Subnet", "bare", json!({"cidrBlock": "10.0.8.0/24", "provider": "bare.ns1"}));
    let more: Vec<_> = networks().into_iter().chain([misspelled]).collect();
    let explanation = explained(pod("ns1", json!({NETWORKS: "bare"})), &more);
    let network = &explanation.attached[0];
    assert_eq!(network.subnets[0].name, "net1");
    let because = r#"no Subnet has the provider "bare.ns1.ovn": Kube-OVN v1.16 takes the Pod's own Subnet in its place, later releases attach the Pod to nothing; Subnet "bare" has the provider "bare.ns1": write "bare.ns1.ovn""#;
    assert_eq!(network.because, because);
    let two =
        [definition("nad", r#"{"type":"kube-ovn"}"#), object("Subnet", "second", json!({"provider": "nad.ns1.ovn"}))];
    let explanation = explained(pod("ns1", json!({NETWORKS: "nad"})), &two);
    assert!(explanation.attached[0].because.ends_with("that of 2 Subnets: Kube-OVN takes any of them"));
}

#[test]
fn addresses_may_stand_in_the_list_of_networks() {
    let annotations = json!({
        NETWORKS: r#"[{"name":"nad","ips":["10.0.9.7"]}]"#, "nad.ns1.ovn.kubernetes.io/ip_pool": "10.0.9.8",
    });
    let explanation = explained(pod("ns1", annotations), &networks());
    let address = explanation.attached[0].address.as_ref().unwrap();
    assert_eq!((address.chosen, address.addresses[0].as_str()), (Chosen::Fixed, "10.0.9.7"));
    assert_eq!(address.because, "the list of networks (ips) asks for it");
    assert_eq!(ignored(&explanation), ["nad.ns1.ovn.kubernetes.io/ip_pool: the list of networks (ips) goes before it"]);
}

#[test]
fn keys_that_nobody_reads_are_told_with_the_right_one() {
    let of = |annotations: Value| ignored(&explained(pod("ns1", annotations), &networks()));
    let one = |networks: &str, key: &str| of(json!({NETWORKS: networks, key: "x"}));
    assert_eq!(
        one("nad@n1", "nad.ns1.ovn.n1.kubernetes.io/logical_switch"),
        [
            r#"nad.ns1.ovn.n1.kubernetes.io/logical_switch: the Pod lists network "ns1/nad" once, so that the key has no interface: Kube-OVN reads nad.ns1.ovn.kubernetes.io/logical_switch"#
        ]
    );
    assert_eq!(
        one("nad", "nad.ns1.kubernetes.io/ip_pool"),
        [
            "nad.ns1.kubernetes.io/ip_pool: it lacks .ovn behind the network's name: Kube-OVN reads nad.ns1.ovn.kubernetes.io/ip_pool"
        ]
    );
    assert_eq!(
        one("lan", "lan.ns1.ovn.kubernetes.io/ip_address"),
        [
            r#"lan.ns1.ovn.kubernetes.io/ip_address: Kube-OVN only gives network "ns1/lan" its addresses, and reads lan.ns1.kubernetes.io/ip_address"#
        ]
    );
    assert_eq!(
        one("other", "other.ns1.ovn.kubernetes.io/ip_address"),
        [r#"other.ns1.ovn.kubernetes.io/ip_address: another plug-in makes network "ns1/other""#]
    );
    assert_eq!(
        one("nad", "zzz.ns1.ovn.kubernetes.io/routes"),
        [
            r#"zzz.ns1.ovn.kubernetes.io/routes: no network of the Pod has the provider "zzz.ns1.ovn"; there are "ovn" and "nad.ns1.ovn""#
        ]
    );
    assert_eq!(
        of(json!({"nad.ns1.ovn.kubernetes.io/ip_address": "10.0.9.5"})),
        [format!(
            r#"nad.ns1.ovn.kubernetes.io/ip_address: the Pod has no network of the provider "nad.ns1.ovn": the annotation {NETWORKS} lists none"#
        )]
    );
    for (key, why) in [
        ("ovn.kubernetes.io/logical-switch", r#"Kube-OVN v1.16 reads no such key; did you mean "logical_switch"?"#),
        ("kube-ovn.io/ip_address", r#"Kube-OVN reads no such key; did you mean "ovn.kubernetes.io/ip_address"?"#),
        ("k8s.v1.cni.cncf.io/network", r#"Kube-OVN reads no such key; did you mean "k8s.v1.cni.cncf.io/networks"?"#),
        ("ovn.kubernetes.io/ip_family", "Kube-OVN v1.16 does not read it, later releases do"),
    ] {
        assert_eq!(of(json!({key: "x"})), [format!("{key}: {why}")]);
    }
    for read in [
        "nad.ns1.ovn.kubernetes.io/security_groups",
        "ovn.kubernetes.io/routes",
        "nad.ns1.kubernetes.io/mac_address.n1",
    ] {
        assert_eq!(of(json!({NETWORKS: "nad@n1", read: "x"})), [""; 0], "{read}");
    }
}

#[test]
fn where_kube_ovn_makes_no_primary_network_its_keys_are_ignored() {
    let annotations = json!({ADDRESS: "10.0.1.5", DEFAULT_NETWORK: "nad"});
    let explanation = explained(pod("ns1", annotations.clone()), &networks());
    assert_eq!(explanation.primary.network, Network::Other);
    let why = "v1.multus-cni.io/default-network names the primary network, which has another provider";
    assert_eq!(ignored(&explanation), [format!("{ADDRESS}: {why}")]);
    let mut on_host = pod("ns1", annotations);
    on_host["spec"]["hostNetwork"] = json!(true);
    let explanation = explained(on_host, &networks());
    let why = "the Pod uses its node's network (spec.hostNetwork)";
    assert_eq!(ignored(&explanation), [format!("{ADDRESS}: {why}"), format!("{DEFAULT_NETWORK}: {why}")]);
    assert!(explanation.blocked.is_empty());
}

#[test]
fn keys_on_a_workload_that_belong_on_its_pods_are_told() {
    let deployment = |template: Value| {
        let metadata = json!({"name": "d", "namespace": "ns1", "annotations": {ADDRESS: "10.0.1.5", "note": "x"}});
        let spec = json!({"template": {"metadata": {"annotations": template}}});
        explained(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}), &[])
    };
    let why = "it stands on the Deployment, whose Pods do not get it: write it into spec.template.metadata.annotations";
    assert_eq!(ignored(&deployment(json!({}))), [format!("{ADDRESS}: {why}")]);
    assert_eq!(ignored(&deployment(json!({ADDRESS: "10.0.1.5"}))), [""; 0]);
}

#[test]
fn what_is_named_besides_may_be_missing_too() {
    let group = object("SecurityGroup", "web", json!({}));
    let annotations = json!({
        "ovn.kubernetes.io/security_groups": "web,wbe", "ovn.kubernetes.io/aaps": "front,far,gone", SWITCH: "net1",
    });
    let more = [
        group,
        object("Vip", "front", json!({"subnet": "net1", "v4ip": "10.0.1.9", "namespace": "ns1"})),
        object("Vip", "far", json!({"subnet": "net1", "v4ip": "10.0.1.10"})),
        object("Subnet", "net1", json!({"vpc": "vv", "cidrBlock": "10.0.1.0/24"})),
    ];
    let explanation = explained(pod("ns1", annotations), &more);
    let missing: Vec<_> = explanation
        .missing
        .iter()
        .map(|missing| format!("{} {}: {}", missing.object.kind, missing.object.name, missing.because))
        .collect();
    assert_eq!(
        missing,
        [
            r#"Vpc vv: Subnet "net1" names it in spec.vpc; did you mean "v"?"#,
            r#"SecurityGroup wbe: the annotation ovn.kubernetes.io/security_groups names it; did you mean "web"?"#,
            "Vip gone: the annotation ovn.kubernetes.io/aaps names it",
        ]
    );
    assert_eq!(explanation.notes.len(), 2, "{:?}", explanation.notes);
    // What Kube-OVN makes itself is mostly not in a folder.
    let mut folder = crate::inventory::Inventory::default();
    folder.apply(crate::kinds::Kind::Namespace, &namespace("other", None));
    let request = crate::request::Request::of_object(pod("other", json!({})), None);
    let settings = crate::settings::Settings::default();
    let explanation = crate::explain::explain(&request, &folder, &settings).unwrap().unwrap();
    assert_eq!((explanation.missing.len(), explanation.primary.network), (0, Network::Subnet));
    assert!(explanation.to_string().contains("  Subnet:   ovn-default, VPC ovn-cluster\n"));
}

use serde_json::{Value, json};

use super::*;
use crate::inventory::Inventory;
use crate::json::{Reader, TypeErrors};
use crate::kinds::{Kind, KubeOvn, Resource};

/// Amber's and cobalt's networks, as in the cases that were tried on Kube-OVN.
fn cluster() -> Inventory {
    let mut cluster = Inventory::default();
    for (name, vpc, provider) in [
        ("amber-app", "amber", "ovn"),
        ("amber-db", "amber", "db.amber.ovn"),
        ("cobalt-app", "cobalt", ""),
        ("cobalt-db", "cobalt", "db.cobalt.ovn"),
        ("amber-two-a", "amber", "two.amber.ovn"),
        ("cobalt-two-b", "cobalt", "two.amber.ovn"),
    ] {
        let subnet = json!({"metadata": {"name": name}, "spec": {"vpc": vpc, "provider": provider}});
        cluster.apply(Kind::Subnet, &subnet);
    }
    let dying = json!({"metadata": {"name": "cobalt-dying", "deletionTimestamp": "2027-01-01T00:00:00Z"},
        "spec": {"vpc": "cobalt", "provider": "old.cobalt.ovn"}});
    cluster.apply(Kind::Subnet, &dying);
    cluster
}

fn pod(annotations: &Value) -> PodTemplate {
    let object = json!({"metadata": {"name": "p", "namespace": "amber", "annotations": annotations}});
    PodTemplate::read(Kind::Pod, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default())
}

/// `provider -> Subnet|Subnet` of each network.
fn leads(namespace: &str, annotations: Value) -> Vec<String> {
    let (cluster, pod) = (cluster(), pod(&annotations));
    let asked = Attachments::by(&pod, namespace, &KubeOvn::default());
    let mut providers = Providers::new(&cluster);
    let lead = |network: &Network<'_>| {
        let subnets = match network.switch {
            Some((_, name)) => name.to_owned(),
            None => {
                let subnets = providers.of(network).unwrap();
                subnets.iter().map(|subnet| subnet.meta.name.as_str()).collect::<Vec<_>>().join("|")
            }
        };
        format!("{} -> {subnets}", network.provider)
    };
    asked.networks.iter().map(lead).collect()
}

#[test]
fn the_key_of_a_network_has_its_interface_only_where_it_is_listed_twice() {
    let (key, plain) = ("db.cobalt.ovn.n2.kubernetes.io/logical_switch", "db.cobalt.ovn.kubernetes.io/logical_switch");
    let wanted = ["db.amber.ovn -> amber-db", "db.cobalt.ovn -> cobalt-db"];
    assert_eq!(leads("amber", json!({NETWORKS: "db@n1, cobalt/db@n2", key: "amber-db"})), wanted);
    assert_eq!(leads("amber", json!({NETWORKS: "cobalt/db@n2", plain: "amber-db"})), ["db.cobalt.ovn -> amber-db"]);
    let first = "db.amber.ovn.n2.kubernetes.io/logical_switch";
    assert_eq!(
        leads("amber", json!({DEFAULT_NETWORK: "db@n1", NETWORKS: "db@n2", first: "cobalt-db"})),
        ["db.amber.ovn.n1 -> amber-db", "db.amber.ovn.n2 -> cobalt-db"]
    );
    let plain = "db.amber.ovn.kubernetes.io/logical_switch";
    assert_eq!(
        leads("amber", json!({NETWORKS: "db@n1,db@n2", plain: "cobalt-db"})),
        ["db.amber.ovn.n1 -> amber-db", "db.amber.ovn.n2 -> amber-db"]
    );
    assert_eq!(
        leads("amber", json!({NETWORKS: "db@n1,db", plain: "cobalt-db"})),
        ["db.amber.ovn.n1 -> amber-db", "db.amber.ovn -> cobalt-db"]
    );
    // The namespace of the Pod, written or not, is one.
    assert_eq!(leads("amber", json!({NETWORKS: "db,amber/db@n1"}))[1], "db.amber.ovn.n1 -> amber-db");
}

#[test]
fn one_interface_is_cut_from_the_provider_wherever_it_came_from() {
    for (namespace, networks, wanted) in [
        ("amber", r#"[{"name":"db.cobalt","namespace":"ovn","interface":"ovn"}]"#, "db.cobalt.ovn.ovn -> cobalt-db"),
        ("amber", r#"[{"name":"db.cobalt.ovn","interface":"amber.ovn"}]"#, "db.cobalt.ovn.amber.ovn -> cobalt-db"),
        ("amber", r#"[{"name":"ovn","interface":"amber.ovn"}]"#, "ovn.amber.ovn -> amber-app|cobalt-app"),
        (
            "amber",
            r#"[{"name":"db.cobalt.ovn","interface":"amber.ovn"},{"name":"db.cobalt.ovn","interface":"e2"}]"#,
            "db.cobalt.ovn.amber.ovn.amber.ovn -> ",
        ),
        ("amber", "x@ovn", "x.amber.ovn -> "),
        ("amber", "two", "two.amber.ovn -> amber-two-a|cobalt-two-b"),
        ("amber", "cobalt/old", "old.cobalt.ovn -> cobalt-dying"),
        ("cobalt", "db", "db.cobalt.ovn -> cobalt-db"),
    ] {
        assert_eq!(leads(namespace, json!({NETWORKS: networks}))[0], wanted, "{networks}");
    }
}

#[test]
fn pools_are_named_by_the_key_of_their_network() {
    let pools = |annotations: Value| {
        let pod = pod(&annotations);
        let asked = Attachments::by(&pod, "amber", &KubeOvn::default());
        let names = asked.networks.iter().flat_map(|network| network.pools.iter().map(|(_, name)| (*name).to_owned()));
        names.collect::<Vec<_>>()
    };
    let key = "db.amber.ovn.kubernetes.io/ip_pool";
    assert_eq!(pools(json!({NETWORKS: "db", key: " pool "})), ["pool"]);
    assert_eq!(pools(json!({NETWORKS: "db", "db.amber.kubernetes.io/ip_pool": "pool"})), ["pool"]);
    assert!(pools(json!({NETWORKS: "x", key: "pool"})).is_empty());
    for addresses in ["10.0.0.1", "a;b", "a,b", "", "fd00::1"] {
        assert!(pools(json!({NETWORKS: "db", key: addresses})).is_empty(), "{addresses}");
    }
}

#[test]
fn the_primary_network_is_decided_in_kube_ovns_order() {
    let primary = |annotations: Value, settings: KubeOvn| format!("{:?}", Primary::of(&pod(&annotations), &settings));
    let of = |annotations| primary(annotations, KubeOvn::default());
    assert_eq!(of(json!({})), "Namespace");
    assert_eq!(of(json!({LOGICAL_SWITCH: "", IP_POOL: " "})), "Namespace");
    assert_eq!(of(json!({LOGICAL_SWITCH: " a,b", IP_POOL: "pool"})), r#"Switch(" a,b")"#);
    assert_eq!(of(json!({IP_POOL: " pool "})), r#"Pool("pool")"#);
    assert_eq!(of(json!({IP_POOL: "10.0.0.1;10.0.0.2"})), "Namespace");
    assert_eq!(of(json!({"db.amber.ovn.kubernetes.io/ip_pool": "pool"})), "Namespace");
    assert_eq!(of(json!({DEFAULT_NETWORK: "", LOGICAL_SWITCH: "a"})), "Multus");
    let settings = KubeOvn { non_primary_cni: true, ..KubeOvn::default() };
    assert_eq!(primary(json!({LOGICAL_SWITCH: "a"}), settings), "OtherPlugin");
}

#[test]
fn an_annotation_that_cannot_be_read_hides_no_other() {
    let pod = pod(&json!({DEFAULT_NETWORK: "[", NETWORKS: r#"[{"name":"db"},{}]"#}));
    let asked = Attachments::by(&pod, "amber", &KubeOvn::default());
    assert_eq!((asked.networks.len(), asked.unreadable.len()), (1, 1));
    assert_eq!(asked.nameless, [(NETWORKS, 1)]);
}

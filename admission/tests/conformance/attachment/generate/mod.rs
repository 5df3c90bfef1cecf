//! Cases at random: half of them sound, the others with all that Kube-OVN reads of a Pod, and with what looks as if it did.

mod others;
mod texts;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use vpcguard_tests::isolation::Step;

use super::case::Case;
use super::elements::{DEFAULT_NETWORK, NETWORKS as NETWORKS_KEY};
use super::facts::{NETWORKS, pod};
use texts::{Written, text};

/// What a namespace has of its own.
struct Own {
    namespace: &'static str,
    subnet: &'static str,
    /// Its second network, and that one's Subnet.
    network: Option<(&'static str, &'static str)>,
    pool: Option<&'static str>,
    vip: Option<&'static str>,
}

const OWN: &[Own] = &[
    Own {
        namespace: "amber",
        subnet: "amber-app",
        network: Some(("db", "amber-db")),
        pool: Some("amber-pool"),
        vip: Some("amber-vip"),
    },
    Own { namespace: "violet", subnet: "open-app", network: Some(("db", "open-db")), pool: None, vip: None },
    Own { namespace: "ovn", subnet: "ovn-default", network: None, pool: None, vip: None },
    Own {
        namespace: "cobalt",
        subnet: "cobalt-app",
        network: Some(("db", "cobalt-db")),
        pool: Some("cobalt-pool"),
        vip: Some("cobalt-vip"),
    },
];

const INTERFACES: &[&str] = &["", "", "n1", "n2", "amber.ovn", "cobalt.ovn", "ovn"];

const SWITCHES: &[&str] = &[
    "cobalt-app",
    "cobalt-db",
    "cobalt-db",
    "amber-db",
    "amber-app",
    "open-db",
    "open-app",
    "ovn-default",
    "cobalt-dying",
    "dying-app",
    "no-such",
    " cobalt-db",
    "cobalt-db ",
    "cobalt-app,amber-app",
    "",
];

const POOLS: &[&str] = &[
    "cobalt-pool",
    "cobalt-db-pool",
    "amber-pool",
    " cobalt-pool ",
    "cobalt-pool;",
    "cobalt-pool,amber-pool",
    "172.20.0.88",
    "no-such",
];

/// What a case asks for by its shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// It is created.
    Creation,
    /// It is created, then changed.
    Change,
}

/// A case, and whether it is what an honest tenant writes.
pub(super) fn case(rng: &mut Rng, shape: Shape) -> (Case, bool) {
    let own = &OWN[[0, 0, 0, 0, 0, 0, 1, 2, 3][rng.usize(..9)]];
    let wild = rng.bool();
    let other = match shape {
        Shape::Change => return (change(rng, own, wild), !wild),
        Shape::Creation => match rng.u8(..48) {
            0 => others::namespace(rng),
            1 => others::pool(rng, own),
            2 => others::network(rng, own),
            3 => others::network_that_changes(rng, own),
            4 => others::service(rng, own),
            5 => others::service_that_changes(rng, own),
            6 | 7 => others::slice(rng, own),
            8 => others::vip(rng, own),
            9 => others::being_deleted(rng, own),
            10..=14 => return (template(rng, own, wild), !wild),
            _ => return (Case::of(any_pod(rng, own, wild)), !wild),
        },
    };
    (other, false)
}

fn any_pod(rng: &mut Rng, own: &Own, wild: bool) -> Value {
    let annotations = if wild { attack(rng, own) } else { sound(rng, own) };
    let mut pod = pod(own.namespace, "case0", &Value::Object(annotations));
    if wild && rng.u8(..20) == 0 {
        pod["spec"]["hostNetwork"] = true.into();
    }
    pod
}

/// What a tenant writes who wants to be in its own networks.
fn sound(rng: &mut Rng, own: &Own) -> Map<String, Value> {
    let mut annotations = Map::new();
    let mut set = |key: String, value: &str| annotations.insert(key, value.into());
    match (rng.u8(..8), own.network, own.pool, own.vip) {
        (1, ..) => drop(set("ovn.kubernetes.io/logical_switch".to_owned(), own.subnet)),
        (2, Some((network, _)), ..) => drop(set(NETWORKS_KEY.to_owned(), network)),
        (3, Some((network, subnet)), ..) => {
            set(NETWORKS_KEY.to_owned(), &format!("{network}@n1,{network}@n2"));
            set(format!("{network}.{}.ovn.n1.kubernetes.io/logical_switch", own.namespace), subnet);
        }
        (4, Some((network, subnet)), ..) => {
            set(NETWORKS_KEY.to_owned(), &format!(r#"[{{"name":"{network}","interface":"n1"}}]"#));
            set(format!("{network}.{}.ovn.kubernetes.io/logical_switch", own.namespace), subnet);
        }
        (5, _, Some(pool), _) => drop(set("ovn.kubernetes.io/ip_pool".to_owned(), pool)),
        // A Vip has one address: two of a batch would be in each other's way.
        (6, _, _, Some(vip)) if rng.u8(..10) == 0 => drop(set("ovn.kubernetes.io/vip".to_owned(), vip)),
        (7, Some((network, _)), ..) => drop(set(DEFAULT_NETWORK.to_owned(), &format!("{}/{network}", own.namespace))),
        _ => {}
    }
    annotations
}

/// What a tenant writes who wants to be elsewhere, or does not know what it does.
fn attack(rng: &mut Rng, own: &Own) -> Map<String, Value> {
    let mut annotations = Map::new();
    let mut all = Vec::new();
    for key in [NETWORKS_KEY, DEFAULT_NETWORK] {
        if key == DEFAULT_NETWORK && rng.u8(..5) > 0 {
            continue;
        }
        let written: Vec<Written> = (0..rng.usize(1..=3)).map(|_| element(rng, own)).collect();
        annotations.insert(key.to_owned(), text(rng, &written).into());
        all.extend(written);
    }
    if rng.u8(..6) == 0 {
        annotations.clear();
        all.clear();
    }
    for element in &all {
        if rng.u8(..5) < 2 {
            let suffix = if rng.u8(..5) == 0 { "ip_pool" } else { "logical_switch" };
            let value = if suffix == "ip_pool" { one(rng, POOLS) } else { value(rng, own) };
            annotations.insert(format!("{}.kubernetes.io/{suffix}", key(rng, element, own)), value.into());
        }
    }
    let chance = |rng: &mut Rng| rng.u8(..8) == 0;
    let mut set = |key: &str, value: &str| annotations.insert(key.to_owned(), value.into());
    if chance(rng) {
        set("ovn.kubernetes.io/logical_switch", value(rng, own));
    }
    if chance(rng) {
        set("ovn.kubernetes.io/ip_pool", one(rng, POOLS));
    }
    if chance(rng) && chance(rng) {
        set("ovn.kubernetes.io/vip", one(rng, &["cobalt-vip", "amber-vip", "no-such"]));
    }
    if chance(rng) {
        set("ovn.kubernetes.io/logical_router", one(rng, &["cobalt", "amber", "open", "ovn-cluster", "no-such"]));
    }
    if chance(rng) && rng.bool() {
        set("ovn.kubernetes.io/allocated", one(rng, &["true", "false"]));
    }
    if chance(rng) {
        set("db.violet.ovn.kubernetes.io/logical_switch", value(rng, own));
    }
    annotations
}

fn element(rng: &mut Rng, own: &Own) -> Written {
    let (namespace, name) = match (rng.u8(..10), own.network) {
        (0..=3, Some((network, _))) => (own.namespace, network),
        (4, _) => ("cobalt", "db"),
        (5, _) => (own.namespace, "no-such"),
        _ => {
            let (namespace, name, _) = NETWORKS[rng.usize(..NETWORKS.len())];
            (namespace, name)
        }
    };
    let namespace = if namespace == own.namespace && rng.bool() { "" } else { namespace };
    Written { namespace, name, interface: one(rng, INTERFACES) }
}

/// The key of an element: with its interface, without, or with another's.
fn key(rng: &mut Rng, element: &Written, own: &Own) -> String {
    let namespace = if element.namespace.is_empty() { own.namespace } else { element.namespace };
    let plain = format!("{}.{namespace}.ovn", element.name);
    match rng.u8(..5) {
        0 | 1 => plain,
        2 | 3 if !element.interface.is_empty() => format!("{plain}.{}", element.interface),
        _ => format!("{plain}.n2"),
    }
}

fn value(rng: &mut Rng, own: &Own) -> &'static str {
    match (rng.u8(..3), own.network) {
        (0, Some((_, subnet))) => subnet,
        (0, None) => own.subnet,
        _ => one(rng, SWITCHES),
    }
}

fn template(rng: &mut Rng, own: &Own, wild: bool) -> Case {
    let annotations = if wild { attack(rng, own) } else { sound(rng, own) };
    let labels = json!({"app": "case0"});
    let mut spec = json!({
        "template": {
            "metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [{"name": "c", "image": "i"}]},
        },
    });
    let (version, kind) = match rng.u8(..3) {
        0 => ("apps/v1", "Deployment"),
        1 => ("apps/v1", "StatefulSet"),
        _ => ("batch/v1", "Job"),
    };
    if kind == "Job" {
        spec["template"]["spec"]["restartPolicy"] = "Never".into();
    } else {
        spec["selector"] = json!({"matchLabels": labels});
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = "case0".into();
    }
    Case::of(
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": "case0", "namespace": own.namespace}, "spec": spec}),
    )
}

fn change(rng: &mut Rng, own: &Own, wild: bool) -> Case {
    let mut first = sound(rng, own);
    let mut second = if wild { attack(rng, own) } else { sound(rng, own) };
    let unresolved = wild && rng.u8(..4) == 0;
    if unresolved {
        first = Map::from_iter([("ovn.kubernetes.io/logical_switch".to_owned(), "amber-nope".into())]);
    } else if wild && rng.u8(..3) == 0 {
        // What is not read at first.
        first.extend(
            second.iter().filter(|(key, _)| key.contains(".ovn.")).map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    let mut object = pod(own.namespace, "case0", &Value::Object(first));
    let mut steps = Vec::new();
    if wild && rng.u8(..4) == 0 {
        object["metadata"]["finalizers"] = json!(["example.com/held"]);
        if rng.bool() {
            // Of these Kube-OVN thinks that they come back.
            let owner = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "case0", "uid": "0"});
            object["metadata"]["ownerReferences"] = json!([owner]);
        }
        steps.push(Step::Delete(3600));
    }
    // What cannot be computed is there from before: nobody gets it past vpcguard.
    steps.insert(0, if unresolved { Step::Make(vec![object]) } else { Step::Create(vec![object]) });
    if rng.bool() {
        // Its address would not be one of another Subnet.
        for key in ["allocated", "ip_address", "mac_address"] {
            second.insert(format!("ovn.kubernetes.io/{key}"), Value::Null);
        }
    }
    if wild && rng.u8(..3) == 0 {
        second.entry("ovn.kubernetes.io/logical_switch").or_insert_with(|| value(rng, own).into());
    }
    let patch = json!({"metadata": {"annotations": second}});
    steps.push(match rng.u8(..5) {
        0 | 1 => {
            second.retain(|_, value| !value.is_null());
            Step::Replace(Value::Object(second))
        }
        2 => Step::Status(patch),
        _ => Step::Merge(patch),
    });
    Case { steps }
}

fn one(rng: &mut Rng, of: &[&'static str]) -> &'static str {
    of[rng.usize(..of.len())]
}

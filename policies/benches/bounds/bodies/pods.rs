//! Pods.

use serde_json::{Value, json};

use super::{Body, Made, NETWORKS, address, closed_vpc, each, gateways, joined, kube_ovn, listing, pod_with, subnets};

pub(super) const BODIES: &[Body] = &[
    Body { name: "pod-networks", make: pod_networks },
    Body { name: "pod-networks-json", make: pod_networks_json },
    Body { name: "pod-networks-escaped", make: pod_networks_escaped },
    Body { name: "pod-networks-many-keys", make: pod_networks_many_keys },
    Body { name: "pod-networks-of-one-provider", make: pod_networks_of_one_provider },
    Body { name: "pod-networks-missing-long-switch", make: pod_networks_missing_long_switch },
    Body { name: "pod-networks-changed", make: pod_networks_changed },
    Body { name: "pod-switches", make: pod_switches },
    Body { name: "pod-routers", make: pod_routers },
    Body { name: "pod-pools", make: pod_pools },
    Body { name: "pod-pool-addresses", make: pod_pool_addresses },
    Body { name: "pod-mistyped", make: pod_mistyped },
    Body { name: "pod-owners", make: pod_owners },
    Body { name: "pod-containers", make: pod_containers },
];

fn pod_networks(size: usize) -> Made {
    Made::of(listing(joined(size * 250, ",", |at| format!("other/net{at}"))))
}

fn pod_networks_json(size: usize) -> Made {
    Made::of(listing(
        json!(each::<Vec<_>>(size * 62, |at| json!({"name": format!("net{at}"), "namespace": "other"}))).to_string(),
    ))
}

/// Escapes within escapes: those of the list, then those of the review.
fn pod_networks_escaped(size: usize) -> Made {
    let element = |at: usize| {
        format!(r#"{{"\u006e\u0061\u006d\u0065":"\u006e\u0065\u0074{at}","\u004e\u0041\u004d\u0045":null}}"#)
    };
    Made::of(listing(format!("[{}]", joined(size * 37, ",", element))))
}

/// One element with one name in many spellings.
fn pod_networks_many_keys(size: usize) -> Made {
    let keys = ["name", "Name", "nAme", "naMe", "namespace", "nameſpace", "interface", "x"];
    let key = |at: usize| keys.iter().cycle().nth(at % keys.len()).copied().unwrap_or_default();
    let members = joined(size * 175, ",", |at| format!(r#""{}":"net{at}""#, key(at)));
    Made::of(listing(format!("[{{{members}}}]")))
}

/// Each network leads to all Subnets of one provider.
fn pod_networks_of_one_provider(size: usize) -> Made {
    let spec = json!({"vpc": "v", "provider": "net.other.ovn"});
    let subnets: Vec<_> = each(size * 12, |at| kube_ovn("Subnet", &format!("s{at}"), &spec));
    Made::of(listing(joined(size * 200, ",", |at| format!("other/net@eth{at}")))).among([closed_vpc()]).among(subnets)
}

/// No network has a Subnet, and the Pod's own is missing under a name that is as long as all of them.
fn pod_networks_missing_long_switch(size: usize) -> Made {
    let config = r#"{"cniVersion":"0.3.1","type":"kube-ovn"}"#;
    let definition = |at: usize| {
        json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": format!("net{at}"), "namespace": "tenant"}, "spec": {"config": config},
        })
    };
    let switch = ("ovn.kubernetes.io/logical_switch".to_owned(), json!("x".repeat(size * 2000)));
    let networks = (NETWORKS.to_owned(), json!(joined(size * 250, ",", |at| format!("net{at}"))));
    Made::of(pod_with([switch, networks])).among(each::<Vec<_>>(size * 250, definition))
}

fn pod_networks_changed(size: usize) -> Made {
    let listed = |from: usize| listing(joined(size * 200, ",", |at| format!("other/net{}", at + from)));
    Made::of(listed(size * 100)).instead_of(listed(0))
}

fn key(at: usize, suffix: &str) -> String {
    format!("n{at}.t.ovn.kubernetes.io/{suffix}")
}

/// Networks of the namespace t, each with an annotation of its own.
fn with_keys(number: usize, suffix: &str, value: impl Fn(usize) -> String) -> Value {
    let keys = (0..number).map(|at| (key(at, suffix), json!(value(at))));
    let networks = (NETWORKS.to_owned(), json!(joined(number, ",", |at| format!("t/n{at}"))));
    pod_with(keys.chain([networks]))
}

fn pod_switches(size: usize) -> Made {
    let closed: Vec<_> = subnets(size * 25);
    Made::of(with_keys(size * 62, "logical_switch", |at| format!("s{at}"))).among([closed_vpc()]).among(closed)
}

/// Each names one Vpc, that has many gateways.
fn pod_routers(size: usize) -> Made {
    Made::of(with_keys(size * 62, "logical_router", |_| "v".to_owned()))
        .among([closed_vpc()])
        .among(gateways(size * 25))
}

/// IPPools of one Subnet, for many namespaces each.
fn pools(number: usize) -> Vec<Value> {
    let spec = |at: usize| {
        json!({
            "subnet": "s", "ips": [format!("{}..{}", address(at * 4), address(at * 4 + 3))], "namespaces": ["a", "b", "c"],
        })
    };
    let pools: Vec<_> = each(number, |at| kube_ovn("IPPool", &format!("p{at}"), &spec(at)));
    let subnet = kube_ovn("Subnet", "s", &json!({"cidrBlock": "10.0.0.0/8"}));
    pools.into_iter().chain([subnet]).collect()
}

/// Each network takes an address of some IPPool.
fn pod_pools(size: usize) -> Made {
    let switches = (0..size * 25).map(|at| (key(at, "logical_switch"), json!("s")));
    let addresses = (0..size * 25).map(|at| (key(at, "ip_address"), json!(address(at).to_string())));
    let networks = (NETWORKS.to_owned(), json!(joined(size * 25, ",", |at| format!("t/n{at}"))));
    Made::of(pod_with(switches.chain(addresses).chain([networks]))).among(pools(size * 25))
}

fn pod_pool_addresses(size: usize) -> Made {
    let addresses = joined(size * 250, ";", |at| address(at + (1 << 20)).to_string());
    let switch = ("ovn.kubernetes.io/logical_switch".to_owned(), json!("s"));
    Made::of(pod_with([switch, ("ovn.kubernetes.io/ip_pool".to_owned(), json!(addresses))])).among(pools(size * 25))
}

fn pod_mistyped(size: usize) -> Made {
    Made::of(pod_with((0..size * 125).map(|at| (key(at, "ip_pool"), json!([at])))))
}

/// Virtual machines whose names have many dots.
fn pod_owners(size: usize) -> Made {
    let mut pod = pod_with([]);
    let owner = |at| json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "name": format!("{}ovn.a{at}", "a.b.".repeat(10))});
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("ownerReferences".to_owned(), each(size * 30, owner));
    }
    Made::of(pod)
}

fn pod_containers(size: usize) -> Made {
    let mut pod = pod_with([]);
    let container = |at| json!({"name": format!("c{at}"), "image": "i", "env": [{"name": "A", "value": "b"}]});
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("containers".to_owned(), each(size * 62, container));
    }
    Made::of(pod)
}

//! What is read live before a request is refused: little, however much the request names.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::world::{MINE_AND_THEIRS, World};

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const THEIRS: &str = "/api/v1/namespaces/theirs/pods";

/// How many networks one annotation lists.
const MANY: usize = 10_000;

/// What rules look up, by the names that the API server's metrics have for it.
const RESOURCES: [&str; 7] =
    ["vpcs", "subnets", "vpc-nat-gateways", "ippools", "vips", "network-attachment-definitions", "namespaces"];

const NETWORK: &str = "
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: net, namespace: mine}
spec:
  config: '{\"cniVersion\": \"0.3.1\", \"type\": \"kube-ovn\", \"server_socket\": \"/s\", \"provider\": \"net.mine.ovn\"}'
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: s}
spec: {vpc: v, protocol: IPv4, provider: net.mine.ovn, cidrBlock: 10.0.0.0/16, gateway: 10.0.0.1, namespaces: [mine]}
";

fn pod(networks: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "many", "annotations": {NETWORKS: networks}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    })
}

fn joined(name: impl Fn(usize) -> String) -> String {
    (0..MANY).map(name).collect::<Vec<_>>().join(",")
}

/// How many objects and lists of what rules look up the API server has been asked for, by whomever.
fn reads(world: &World) -> u64 {
    let metrics = world.plane.request(User::Admin, "GET", "/metrics", "").unwrap();
    assert_eq!(metrics.status, 200);
    let is_read = |line: &&str| {
        let has = |label: &str, value: &str| line.contains(&format!("{label}={value:?}"));
        line.starts_with("apiserver_request_total{")
            && (has("verb", "GET") || has("verb", "LIST"))
            && RESOURCES.iter().any(|resource| has("resource", resource))
    };
    let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).unwrap();
    metrics.body.lines().filter(is_read).map(count).sum()
}

#[test]
fn of_many_networks_few_are_read_before_a_denial() {
    let Some(world) = World::builder().serve("--sweep-every=1h").start() else { return };
    world.accepts(User::Admin, MINE_AND_THEIRS);
    world.accepts(User::Admin, NETWORK);
    world.until("all is seen", |world| {
        world.metric(0, "vpcguard_inventory_objects{kind=\"Subnet\"}") > 0.5
            && world.metric(0, "vpcguard_inventory_objects{kind=\"NetworkAttachmentDefinition\"}") > 0.5
    });
    // Those that lead to what is foreign; those of others that are not there; both, the missing ones first.
    let foreign = joined(|at| format!("mine/net@eth{at}"));
    let missing = joined(|at| format!("mine/no{at}"));
    let both = joined(|at| if at < MANY / 2 { format!("mine/no{at}") } else { format!("mine/net@eth{at}") });
    let mut table = String::new();
    for (what, networks, rule) in [
        ("foreign", &foreign, "pod-vpc-namespace"),
        ("missing", &missing, "pod-network-unresolvable"),
        ("both", &both, "pod-vpc-namespace"),
    ] {
        let before = reads(&world);
        let refused = world.create(User::Admin, THEIRS, &pod(networks));
        let read = reads(&world) - before;
        assert!((400..500).contains(&refused.status), "{what}: {}", refused.body);
        assert!(refused.body.contains(&format!("[vpcguard {rule}]")), "{what}: {}", refused.body);
        writeln!(table, "{what}: {read}").unwrap();
        assert!((1..=3).contains(&read), "{table}");
    }
    print!("{table}");
    // Their own namespace has as many, and names no other.
    let honest = joined(|at| format!("net@eth{at}"));
    let before = reads(&world);
    let admitted = world.create(User::Admin, "/api/v1/namespaces/mine/pods", &pod(&honest));
    assert_eq!(admitted.status, 201, "{}", admitted.body);
    assert_eq!(reads(&world) - before, 0);
}

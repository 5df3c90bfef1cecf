//! What is there before anybody attacks: two closed VPCs, one that is being deleted, an open one, and networks with names that
//! read like others.

use serde_json::{Value, json};

/// name, vpc, provider, second number of 172.x.0.0/16, the namespace that is bound to it. Kube-OVN makes no switch of a Subnet that
/// binds a namespace in a VPC without a list.
pub const SUBNETS: &[(&str, &str, &str, u8, &str)] = &[
    ("amber-app", "amber", "ovn", 30, "amber"),
    ("amber-db", "amber", "db.amber.ovn", 31, ""),
    ("amber-two", "amber", "two.amber.ovn", 32, ""),
    ("cobalt-app", "cobalt", "ovn", 20, "cobalt"),
    ("cobalt-db", "cobalt", "db.cobalt.ovn", 21, ""),
    ("cobalt-two", "cobalt", "two.amber.ovn", 22, ""),
    ("cobalt-dying", "cobalt", "old.cobalt.ovn", 23, ""),
    ("dying-app", "dying", "gone.cobalt.ovn", 24, ""),
    ("open-app", "open", "ovn", 40, ""),
    ("open-db", "open", "db.violet.ovn", 41, ""),
    ("rack", "", "rack.cobalt", 42, ""),
];

/// Who a VPC is for; those that are not here are for all.
pub const CLOSED: &[(&str, &str)] = &[("amber", "amber"), ("cobalt", "cobalt"), ("dying", "cobalt")];

/// namespace, name, type.
pub const NETWORKS: &[(&str, &str, &str)] = &[
    ("amber", "db", "kube-ovn"),
    ("amber", "two", "kube-ovn"),
    ("amber", "lost", "kube-ovn"),
    ("amber", "ovn", "kube-ovn"),
    ("amber", "x.y", "kube-ovn"),
    ("amber", "db.cobalt", "kube-ovn"),
    ("amber", "db.cobalt.ovn", "kube-ovn"),
    ("amber", "bridge", "bridge"),
    ("cobalt", "db", "kube-ovn"),
    ("cobalt", "old", "kube-ovn"),
    ("cobalt", "gone", "kube-ovn"),
    ("cobalt", "rack", "macvlan"),
    ("violet", "db", "kube-ovn"),
    ("ovn", "db.cobalt", "kube-ovn"),
];

/// name, Subnet.
const POOLS: &[(&str, &str)] = &[
    ("amber-pool", "amber-app"),
    ("cobalt-pool", "cobalt-app"),
    ("cobalt-db-pool", "cobalt-db"),
    ("open-pool", "open-app"),
];

/// name, namespace, Subnet, address.
const VIPS: &[(&str, &str, &str, &str)] =
    &[("amber-vip", "", "amber-app", "172.30.0.77"), ("cobalt-vip", "cobalt", "cobalt-app", "172.20.0.77")];

/// Those whose ports must stay where they are: namespace, name, annotations.
pub fn owners() -> Vec<Value> {
    vec![
        pod("cobalt", "v", &json!({})),
        pod("cobalt", "p", &json!({"k8s.v1.cni.cncf.io/networks": "db"})),
        // They hold what is being deleted.
        pod("cobalt", "holder", &json!({"ovn.kubernetes.io/logical_switch": "cobalt-dying"})),
        pod("cobalt", "keeper", &json!({"ovn.kubernetes.io/logical_switch": "dying-app"})),
    ]
}

/// A Pod as a tenant writes it.
pub fn pod(namespace: &str, name: &str, annotations: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    })
}

/// The objects, in the stages in which they are made: what a stage names is there and reconciled.
pub fn stages() -> Vec<Vec<Value>> {
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let vpc = |name: &str, namespaces: &[&str]| ours("Vpc", name, &json!({"namespaces": namespaces}));
    let first = ["amber", "cobalt", "violet", "ovn"].map(namespace).into_iter();
    let vpcs = [vpc("amber", &["amber"]), vpc("cobalt", &["cobalt"]), vpc("dying", &["cobalt"]), vpc("open", &[])];
    let networks = NETWORKS.iter().map(|(namespace, name, kind)| network(namespace, name, kind));
    let subnets = SUBNETS.iter().map(subnet);
    let pools = POOLS.iter().map(|(name, subnet)| {
        let range = format!("172.{}.100.0..172.{0}.100.99", number_of(subnet));
        ours("IPPool", name, &json!({"subnet": subnet, "ips": [range]}))
    });
    let vips = VIPS.iter().map(|(name, namespace, subnet, address)| {
        ours("Vip", name, &json!({"namespace": namespace, "subnet": subnet, "v4ip": address}))
    });
    vec![first.chain(vpcs).chain(networks).collect(), subnets.collect(), pools.chain(vips).collect(), owners()]
}

/// What is deleted then, and stays as long as its Pods do.
pub const DELETED: &[(&str, &str)] = &[("Subnet", "cobalt-dying"), ("Vpc", "dying")];

fn ours(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn subnet((name, vpc, provider, number, namespace): &(&str, &str, &str, u8, &str)) -> Value {
    let namespaces: Vec<&str> = [*namespace].into_iter().filter(|namespace| !namespace.is_empty()).collect();
    let mut spec = json!({
        "protocol": "IPv4", "cidrBlock": format!("172.{number}.0.0/16"), "gateway": format!("172.{number}.0.1"),
        "provider": provider, "namespaces": namespaces,
    });
    if let Some(spec) = spec.as_object_mut().filter(|_| !vpc.is_empty()) {
        spec.insert("vpc".to_owned(), (*vpc).into());
    }
    ours("Subnet", name, &spec)
}

fn network(namespace: &str, name: &str, kind: &str) -> Value {
    let config = match kind {
        "kube-ovn" => {
            json!({"cniVersion": "0.3.1", "type": kind, "server_socket": "/run/s.sock", "provider": format!("{name}.{namespace}.ovn")})
        }
        "macvlan" => {
            json!({"cniVersion": "0.3.1", "type": kind, "ipam": {"type": "kube-ovn", "provider": format!("{name}.{namespace}")}})
        }
        _ => json!({"cniVersion": "0.3.1", "type": kind, "ipam": {"type": "host-local"}}),
    };
    json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": name, "namespace": namespace}, "spec": {"config": config.to_string()},
    })
}

/// The VPC of a Subnet.
pub fn vpc_of(subnet: &str) -> &'static str {
    SUBNETS.iter().find(|(name, ..)| *name == subnet).map_or("ovn-cluster", |(_, vpc, ..)| vpc)
}

/// Whether a VPC lets nobody of a namespace in.
pub fn is_closed(vpc: &str, namespace: &str) -> bool {
    CLOSED.iter().any(|(closed, of)| *closed == vpc && *of != namespace)
}

/// The Subnet of Pods of a namespace that name none.
pub fn default_of(namespace: &str) -> &'static str {
    SUBNETS.iter().find(|(.., bound)| *bound == namespace).map_or("ovn-default", |(name, ..)| name)
}

/// The Subnet of a pool.
pub fn subnet_of_pool(pool: &str) -> Option<&'static str> {
    POOLS.iter().find(|(name, _)| *name == pool).map(|(_, subnet)| *subnet)
}

/// Namespace and Subnet of a Vip.
pub fn vip(name: &str) -> Option<(&'static str, &'static str)> {
    VIPS.iter().find(|(vip, ..)| *vip == name).map(|(_, namespace, subnet, _)| (*namespace, *subnet))
}

/// The second number of a Subnet's addresses.
pub fn number_of(subnet: &str) -> u8 {
    SUBNETS.iter().find(|(name, ..)| *name == subnet).map_or(0, |(.., number, _)| *number)
}

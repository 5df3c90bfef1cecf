//! The worst bodies that are known: lists, texts and keys that invite to compare each with each, or each with all of the cluster.

mod pods;
mod subnets;
mod tenants;
mod vpcs;

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value, json};

/// A body, and how it is made in some size.
pub(crate) struct Body {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> Made,
}

/// A request, and the cluster that it meets.
pub(crate) struct Made {
    pub(crate) cluster: Vec<Value>,
    pub(crate) old: Option<Value>,
    pub(crate) object: Value,
}

/// All of them. Where a request is compared with the cluster, that grows with it.
pub(crate) fn all() -> impl Iterator<Item = &'static Body> {
    [pods::BODIES, tenants::BODIES, subnets::BODIES, vpcs::BODIES].into_iter().flatten()
}

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

impl Made {
    fn of(object: Value) -> Self {
        Self { cluster: Vec::new(), old: None, object }
    }

    fn among(mut self, cluster: impl IntoIterator<Item = Value>) -> Self {
        self.cluster.extend(cluster);
        self
    }

    fn instead_of(mut self, old: Value) -> Self {
        self.old = Some(old);
        self
    }
}

fn object(api_version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn kube_ovn(kind: &str, name: &str, spec: &Value) -> Value {
    object("kubeovn.io/v1", kind, name, spec)
}

/// A Vpc that is for another namespace than that of the request.
fn closed_vpc() -> Value {
    kube_ovn("Vpc", "v", &json!({"namespaces": ["other"]}))
}

fn subnet(spec: Value) -> Made {
    Made::of(kube_ovn("Subnet", "new", &spec))
}

fn vpc(spec: Value) -> Made {
    Made::of(kube_ovn("Vpc", "v", &spec))
}

fn pod_with(annotations: impl IntoIterator<Item = (String, Value)>) -> Value {
    let annotations: Map<_, _> = annotations.into_iter().collect();
    let metadata = json!({"name": "new", "namespace": "tenant", "annotations": annotations});
    let spec = json!({"containers": [{"name": "c", "image": "i"}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

fn listing(networks: String) -> Value {
    pod_with([(NETWORKS.to_owned(), networks.into())])
}

/// Texts, one for each number, joined.
fn joined(number: usize, between: &str, text: impl Fn(usize) -> String) -> String {
    (0..number).map(text).collect::<Vec<_>>().join(between)
}

fn each<C: FromIterator<Value>>(number: usize, value: impl Fn(usize) -> Value) -> C {
    (0..number).map(value).collect()
}

/// An address for each number, in 10.0.0.0/8.
fn address(number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or_default() % (1 << 24);
    Ipv4Addr::from_bits((10 << 24) + number)
}

/// A prefix for each number: 32 around one address, then single addresses within.
fn nested(number: usize) -> String {
    let number = u128::try_from(number).unwrap_or_default();
    if number < 32 {
        format!("fd00::/{}", 4 * number)
    } else {
        format!("{}/128", Ipv6Addr::from_bits((0xfd << 120) + number))
    }
}

fn prefixes(number: usize) -> String {
    joined(number, ",", nested)
}

/// NAT gateways of the Vpc, each with an address and a namespace of its own.
fn gateways(number: usize) -> Vec<Value> {
    let spec =
        |at| json!({"vpc": "v", "subnet": format!("s{at}"), "lanIp": address(at << 8), "namespace": format!("g{at}")});
    each(number, |at| kube_ovn("VpcNatGateway", &format!("g{at}"), &spec(at)))
}

/// Subnets of the Vpc.
fn subnets(number: usize) -> Vec<Value> {
    let spec = |at: usize| json!({"vpc": "v", "cidrBlock": format!("{}/24", address(at << 8))});
    each(number, |at| kube_ovn("Subnet", &format!("s{at}"), &spec(at)))
}

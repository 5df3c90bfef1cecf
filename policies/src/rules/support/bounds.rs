//! No rule compares each element of a request with each object of the cluster. Counted are the objects that rules take out of it.

use serde_json::{Value, json};

use super::testing::Cluster;

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

fn each(number: usize, value: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..number).map(value).collect()
}

/// A Vpc that is for others, with as many gateways in as many namespaces.
fn closed(number: usize) -> Cluster {
    let vpc = json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": ["other"]}});
    let gateway = |at: usize| {
        let spec = json!({"vpc": "v", "subnet": "s", "namespace": format!("g{at}"), "lanIp": format!("10.0.{}.{}", at / 250, at % 250)});
        json!({"kind": "VpcNatGateway", "name": format!("g{at}"), "spec": spec})
    };
    let subnet = json!({"kind": "Subnet", "name": "s", "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/8"}});
    each(number, gateway).into_iter().chain([vpc, subnet]).fold(Cluster::new(), Cluster::with)
}

fn with(cluster: Cluster, number: usize, object: impl Fn(usize) -> Value) -> Cluster {
    each(number, object).into_iter().fold(cluster, Cluster::with)
}

/// Pods of namespace t with so many networks, each with its annotations.
fn pod(number: usize, values: &[(&str, &str)]) -> Value {
    let mut annotations = serde_json::Map::new();
    let networks: Vec<_> = (0..number).map(|at| format!("n{at}")).collect();
    annotations.insert(NETWORKS.to_owned(), networks.join(",").into());
    for at in 0..number {
        for (suffix, value) in values {
            annotations.insert(format!("n{at}.t.ovn.kubernetes.io/{suffix}"), (*value).into());
        }
    }
    json!({"kind": "Pod", "namespace": "t", "annotations": annotations})
}

/// A request of some size and a cluster of that size.
type Case = fn(usize) -> (Cluster, Value);

const CASES: &[(&str, Case)] = &[
    ("the networks of a Pod, and gateways", |n| (closed(n), pod(n, &[("logical_switch", "s")]))),
    ("the routers of a Pod, and gateways", |n| (closed(n), pod(n, &[("logical_router", "v")]))),
    ("the addresses of a Pod, and IPPools", |n| {
        let pool = |at| json!({"kind": "IPPool", "name": format!("p{at}"), "spec": {"subnet": "t", "namespaces": ["a"], "ips": ["10.0.0.5"]}});
        let subnet = json!({"kind": "Subnet", "name": "t", "spec": {"cidrBlock": "10.0.0.0/8"}});
        let annotations = [("logical_switch", "t"), ("ip_address", "10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8")];
        (with(Cluster::new().with(subnet), n, pool), pod(n, &annotations))
    }),
    ("the switches of a Namespace, and gateways", |n| {
        let switches = vec!["s"; n].join(",");
        (
            closed(n),
            json!({"kind": "Namespace", "name": "t", "annotations": {"ovn.kubernetes.io/logical_switch": switches}}),
        )
    }),
    ("the endpoints of an EndpointSlice, and gateways", |n| {
        let endpoint =
            |at: usize| json!({"addresses": ["10.0.0.5"], "targetRef": {"namespace": format!("g{at}"), "name": "p"}});
        (closed(n), json!({"kind": "EndpointSlice", "namespace": "t", "endpoints": each(n, endpoint)}))
    }),
    ("the namespaces of an IPPool, gateways, and other IPPools", |n| {
        let pool =
            |at| json!({"kind": "IPPool", "name": format!("p{at}"), "spec": {"subnet": "u", "namespaces": ["g0"]}});
        let namespaces = each(n, |_| json!("g0"));
        (
            with(closed(n), n, pool),
            json!({"kind": "IPPool", "name": "p", "spec": {"subnet": "s", "namespaces": namespaces}}),
        )
    }),
    ("the namespaces of an IPPool, and Subnets of their VPC", |n| {
        let namespaces = each(n, |at| json!(format!("ns{at}")));
        let vpc = json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": namespaces}});
        let subnet = |at| json!({"kind": "Subnet", "name": format!("s{at}"), "spec": {"vpc": "v"}});
        let plain = json!({"kind": "Subnet", "name": "plain", "spec": {}});
        let spec = json!({"subnet": "plain", "namespaces": namespaces});
        (with(Cluster::new().with(vpc).with(plain), n, subnet), json!({"kind": "IPPool", "name": "p", "spec": spec}))
    }),
    ("the namespaces of a Vpc, and Subnets that select some", |n| {
        let spec = json!({"namespaceSelectors": [{"matchLabels": {"a": "b"}}]});
        let subnet = |at| json!({"kind": "Subnet", "name": format!("s{at}"), "spec": spec});
        let namespaces = each(n, |at| json!(format!("ns{at}")));
        (with(Cluster::new(), n, subnet), json!({"kind": "Vpc", "name": "v", "spec": {"namespaces": namespaces}}))
    }),
    ("the default routes of a Vpc, and gateways", |n| {
        let route = |at: usize| json!({"cidr": "0.0.0.0/0", "nextHopIP": format!("10.1.{}.{}", at / 250, at % 250)});
        (closed(n), json!({"kind": "Vpc", "name": "v", "spec": {"staticRoutes": each(n, route)}}))
    }),
    ("the selectors of a Subnet, and namespaces", |n| {
        let namespace = |at| json!({"kind": "Namespace", "name": format!("ns{at}"), "labels": {"a": "b"}});
        let selector = |at: usize| json!({"matchLabels": {"number": at.to_string()}});
        let spec = json!({"vpc": "v", "cidrBlock": "10.0.0.0/24", "namespaceSelectors": each(n, selector)});
        (with(closed(0), n, namespace), json!({"kind": "Subnet", "spec": spec}))
    }),
    ("the prefixes of a Subnet, and peerings", |n| {
        let peering =
            |at: usize| json!({"remoteVpc": format!("w{at}"), "localConnectIP": format!("169.254.{at}.1/30")});
        let vpc = json!({"kind": "Vpc", "name": "v", "spec": {"vpcPeerings": each(n, peering)}});
        let prefixes: Vec<_> = (0..n).map(|at| format!("10.{}.{}.0/24", at / 256, at % 256)).collect();
        (Cluster::new().with(vpc), json!({"kind": "Subnet", "spec": {"vpc": "v", "cidrBlock": prefixes.join(",")}}))
    }),
    ("the prefixes of a Subnet, and Subnets", |n| {
        let subnet = |at: usize| json!({"kind": "Subnet", "name": format!("s{at}"), "spec": {"vpc": "v", "cidrBlock": format!("10.0.{at}.0/24")}});
        let prefixes = vec!["10.0.0.0/8"; n].join(",");
        (with(Cluster::new(), n, subnet), json!({"kind": "Subnet", "spec": {"vpc": "v", "cidrBlock": prefixes}}))
    }),
    ("the peerings of a Vpc, and its Subnets", |n| {
        let subnet = |at: usize| json!({"kind": "Subnet", "name": format!("s{at}"), "spec": {"vpc": "v", "cidrBlock": format!("10.0.{at}.0/24")}});
        let peering = json!({"remoteVpc": "w", "localConnectIP": "169.254.0.1/30"});
        let peerings = each(n, |_| peering.clone());
        (with(Cluster::new(), n, subnet), json!({"kind": "Vpc", "name": "v", "spec": {"vpcPeerings": peerings}}))
    }),
    ("the peerings of a Vpc, whose names join to those of Subnets", |n| {
        let subnet = |at: usize| json!({"kind": "Subnet", "name": format!("b-c-{at}"), "spec": {"vpc": "a"}});
        let peering = |at: usize| json!({"remoteVpc": format!("c-{at}"), "localConnectIP": "169.254.0.1/30"});
        let spec = json!({"vpcPeerings": each(n, peering)});
        (with(Cluster::new(), n, subnet), json!({"kind": "Vpc", "name": "a-b", "spec": spec}))
    }),
    ("the ports of a SwitchLBRule, and other SwitchLBRules with them", |n| {
        let port = |at: usize| json!({"name": format!("p{at}"), "port": at + 1});
        let rule = |ports: Value| json!({"vip": "172.31.0.10", "namespace": "ns", "selector": ["a:b"], "ports": ports});
        let other =
            |at: usize| json!({"kind": "SwitchLBRule", "name": format!("r{at}"), "spec": rule(json!([port(at)]))});
        (
            with(Cluster::new(), n, other),
            json!({"kind": "SwitchLBRule", "name": "r", "spec": rule(each(n, port).into())}),
        )
    }),
    ("the ranges of an IPPool, and other IPPools of its Subnet", |n| {
        let address = |at: usize| json!(format!("10.0.{}.{}", at / 250, at % 250));
        let pool = |at: usize| json!({"kind": "IPPool", "name": format!("p{at}"), "spec": {"subnet": "s", "ips": [address(at)]}});
        let spec = json!({"subnet": "s", "ips": each(n, address)});
        (with(closed(0), n, pool), json!({"kind": "IPPool", "name": "p", "spec": spec}))
    }),
    ("the addresses of an egress gateway, and EIPs and Vips", |n| {
        let address = |at: usize| format!("10.0.{}.{}", at / 250, at % 250);
        let eip = |at: usize| json!({"kind": "OvnEip", "name": format!("e{at}"), "spec": {"externalSubnet": "s", "v4Ip": address(at)}});
        let vip =
            |at: usize| json!({"kind": "Vip", "name": format!("w{at}"), "spec": {"subnet": "s", "v4ip": address(at)}});
        let spec = json!({"vpc": "v", "externalSubnet": "s", "externalIPs": each(n, |at| json!(address(at)))});
        let cluster = with(with(closed(0), n, eip), n, vip);
        (cluster, json!({"kind": "VpcEgressGateway", "namespace": "other", "name": "e", "spec": spec}))
    }),
    ("the addresses of a Pod, and Vips", |n| {
        let address = |at: usize| format!("10.0.{}.{}", at / 250, at % 250);
        let vip =
            |at: usize| json!({"kind": "Vip", "name": format!("w{at}"), "spec": {"subnet": "s", "v4ip": address(at)}});
        let list: Vec<_> = (0..n).map(address).collect();
        let annotations = json!({"ovn.kubernetes.io/logical_switch": "s", "ovn.kubernetes.io/ip_pool": list.join(";")});
        let pod = json!({"kind": "Pod", "namespace": "other", "annotations": annotations});
        (with(closed(0), n, vip), pod)
    }),
    ("a VLAN of one VPC, and Subnets on it", |n| {
        let subnet =
            |at: usize| json!({"kind": "Subnet", "name": format!("s{at}"), "spec": {"vpc": "v", "vlan": "lan"}});
        let vlan = |at: usize| json!({"kind": "Vlan", "name": format!("lan{at}"), "spec": {"id": 7}});
        (with(with(Cluster::new(), n, subnet), n, vlan), json!({"kind": "Vlan", "name": "lan", "spec": {"id": 7}}))
    }),
];

/// Of both, or of one where the other is cut at 200.
#[test]
fn four_times_as_many_take_not_many_times_more() {
    for (what, case) in CASES {
        let entries = |size| {
            let (cluster, object) = case(size);
            cluster.entries(&object)
        };
        let (few, many) = (entries(250), entries(1000));
        assert!(many <= few * 5, "{what}: {few} of 250, {many} of 1000");
        println!("{what}: {few} of 250, {many} of 1000");
    }
}

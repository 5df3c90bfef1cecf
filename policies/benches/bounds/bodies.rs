//! The worst bodies that are known: lists, texts and keys that invite to compare each with each, or each with all of the cluster.

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
pub(crate) const BODIES: &[Body] = &[
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
    Body { name: "deployment-networks", make: deployment_networks },
    Body { name: "machine-networks", make: machine_networks },
    Body { name: "definition-plugins", make: definition_plugins },
    Body { name: "namespace-switches", make: namespace_switches },
    Body { name: "namespace-labels", make: namespace_labels },
    Body { name: "slice-endpoints", make: slice_endpoints },
    Body { name: "egress-policies", make: egress_policies },
    Body { name: "pool-namespaces", make: pool_namespaces },
    Body { name: "subnet-excluded", make: subnet_excluded },
    Body { name: "subnet-vips", make: subnet_vips },
    Body { name: "subnet-gateways", make: subnet_gateways },
    Body { name: "subnet-prefixes-nested", make: subnet_prefixes_nested },
    Body { name: "subnet-prefixes-repeated", make: subnet_prefixes_repeated },
    Body { name: "subnet-prefixes-long-names", make: subnet_prefixes_long_names },
    Body { name: "subnet-prefixes-changed", make: subnet_prefixes_changed },
    Body { name: "subnet-prefixes-peered", make: subnet_prefixes_peered },
    Body { name: "subnet-prefixes-nodes", make: subnet_prefixes_nodes },
    Body { name: "subnet-namespaces", make: subnet_namespaces },
    Body { name: "subnet-selectors", make: subnet_selectors },
    Body { name: "subnet-selector-values", make: subnet_selector_values },
    Body { name: "subnet-acls", make: subnet_acls },
    Body { name: "subnet-mistyped", make: subnet_mistyped },
    Body { name: "vpc-routes", make: vpc_routes },
    Body { name: "vpc-routes-repeated", make: vpc_routes_repeated },
    Body { name: "vpc-routes-default", make: vpc_routes_default },
    Body { name: "vpc-policies", make: vpc_policies },
    Body { name: "vpc-policies-hops", make: vpc_policies_hops },
    Body { name: "vpc-peerings", make: vpc_peerings },
    Body { name: "vpc-peering-links", make: vpc_peering_links },
    Body { name: "vpc-namespaces", make: vpc_namespaces },
    Body { name: "vpc-mistyped", make: vpc_mistyped },
    Body { name: "gateway-addresses", make: gateway_addresses },
    Body { name: "gateway-rules", make: gateway_rules },
];

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

fn deployment_networks(size: usize) -> Made {
    let mut template = listing(joined(size * 250, ",", |at| format!("other/net{at}")));
    if let Some(template) = template.as_object_mut() {
        template.remove("apiVersion");
        template.remove("kind");
    }
    let mut deployment = object("apps/v1", "Deployment", "new", &json!({"template": template}));
    if let Some(metadata) = deployment.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), "tenant".into());
    }
    Made::of(deployment)
}

fn machine_networks(size: usize) -> Made {
    let network = |at| json!({"name": format!("n{at}"), "multus": {"networkName": format!("other/net{at}")}});
    let spec = json!({"template": {"metadata": {}, "spec": {"networks": each::<Vec<_>>(size * 62, network)}}});
    let machine = json!({
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"name": "new", "namespace": "tenant"}, "spec": spec,
    });
    Made::of(machine)
}

/// Lists of plug-ins, each of which Go decodes into the elements of the one before.
fn definition_plugins(size: usize) -> Made {
    let long = joined(size * 75, ",", |_| r#"{"type":"a"}"#.to_owned());
    let lists = joined(size * 75, ",", |_| r#""plugins":[{}]"#.to_owned());
    let config = format!(r#"{{"plugins":[{long}],{lists}}}"#);
    let metadata = json!({"name": "new", "namespace": "tenant"});
    Made::of(json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": metadata,
        "spec": {"config": config},
    }))
}

fn namespace(annotations: &Value, labels: &Value) -> Made {
    Made::of(json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "new", "annotations": annotations, "labels": labels},
    }))
}

fn namespace_switches(size: usize) -> Made {
    let switches = joined(size * 500, ",", |at| format!("s{}", at % (size * 25)));
    namespace(&json!({"ovn.kubernetes.io/logical_switch": switches}), &json!({}))
        .among([closed_vpc()])
        .among(gateways(size * 25))
        .among(subnets(size * 25))
}

fn namespace_labels(size: usize) -> Made {
    let labels: Map<_, _> = (0..size * 125).map(|at| (format!("label-{at}"), json!("a"))).collect();
    let spec = |at| json!({"vpc": "v", "namespaceSelectors": [{"matchLabels": {format!("label-{at}"): "a"}}]});
    let selecting: Vec<_> = each(size * 12, |at| kube_ovn("Subnet", &format!("s{at}"), &spec(at)));
    namespace(&json!({}), &Value::Object(labels)).among([closed_vpc()]).among(selecting)
}

/// The Vpc of all those namespaces has many gateways.
fn slice_endpoints(size: usize) -> Made {
    let listed: Vec<_> = each(size * 50, |at| json!(format!("ns{at}")));
    let endpoint = |at| {
        json!({
            "addresses": ["10.0.0.5"],
            "targetRef": {"kind": "Pod", "namespace": format!("ns{at}"), "name": "web-0"},
        })
    };
    Made::of(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "new", "namespace": "tenant"}, "addressType": "IPv4",
        "endpoints": each::<Vec<_>>(size * 50, endpoint), "ports": [{"port": 80}],
    }))
    .among([kube_ovn("Vpc", "v", &json!({"namespaces": listed}))])
    .among(gateways(size * 25))
}

fn egress_policies(size: usize) -> Made {
    let policy = |at| json!({"snat": true, "subnets": [format!("s{at}")]});
    let spec = json!({"vpc": "w", "externalSubnet": "s0", "policies": each::<Vec<_>>(size * 100, policy)});
    let mut gateway = kube_ovn("VpcEgressGateway", "new", &spec);
    if let Some(metadata) = gateway.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), "tenant".into());
    }
    Made::of(gateway).among([closed_vpc()]).among(subnets(size * 100)).among(gateways(size * 25))
}

fn pool_namespaces(size: usize) -> Made {
    let spec = json!({"subnet": "s0", "ips": ["10.0.0.5"], "namespaces": each::<Vec<_>>(size * 375, |at| json!(format!("ns{at}")))});
    Made::of(kube_ovn("IPPool", "new", &spec)).among([closed_vpc()]).among(subnets(1)).among(gateways(size * 25))
}

fn subnet_excluded(size: usize) -> Made {
    let excluded: Vec<_> = each(size * 125, |at| json!(format!("fd00::{:x}..fc00::", at)));
    subnet(json!({"vpc": "v", "cidrBlock": prefixes(size * 75), "excludeIps": excluded}))
}

fn subnet_vips(size: usize) -> Made {
    let vips: Vec<_> = each(size * 100, |at| json!(address(at)));
    subnet(json!({"vpc": "v", "cidrBlock": prefixes(size * 75), "vips": vips}))
}

/// First all of one family, then all of the other; each the network address of many prefixes.
fn subnet_gateways(size: usize) -> Made {
    let gateways =
        joined(size * 75, ",", |_| "10.0.0.0".to_owned()) + "," + &joined(size * 75, ",", |_| "fd00::".to_owned());
    let cidr_block = prefixes(size * 50) + "," + &joined(size * 25, ",", |at| format!("10.0.0.0/{}", at % 33));
    let addresses = joined(size * 25, ",", |at| address(at).to_string());
    subnet(json!({
        "vpc": "v", "cidrBlock": cidr_block, "gateway": gateways, "u2oInterconnection": true,
        "u2oInterconnectionIP": addresses, "externalEgressGateway": addresses,
    }))
}

/// Subnets of the same VPC in the request's prefixes, and around them.
fn subnet_prefixes_nested(size: usize) -> Made {
    let spec = |at: usize| json!({"vpc": "v", "cidrBlock": nested(at)});
    let others: Vec<_> = each(size * 75, |at| kube_ovn("Subnet", &format!("s{at}"), &spec(at)));
    subnet(json!({"vpc": "v", "cidrBlock": prefixes(size * 175)})).among(others)
}

fn subnet_prefixes_repeated(size: usize) -> Made {
    let everything = joined(size * 375, ",", |_| "0.0.0.0/0".to_owned());
    subnet(json!({"vpc": "v", "cidrBlock": everything})).among(subnets(size * 50))
}

/// Each finding would have the name of the VPC, and that is as long as all prefixes.
fn subnet_prefixes_long_names(size: usize) -> Made {
    let long = "x".repeat(size * 1000);
    let other = kube_ovn("Subnet", "other", &json!({"vpc": long, "vlan": long, "cidrBlock": "10.0.0.0/8"}));
    let cidr_block = joined(size * 125, ",", |at| format!("{}/32", address(at)));
    subnet(json!({"vpc": long, "vlan": long, "cidrBlock": cidr_block})).among([other])
}

fn subnet_prefixes_changed(size: usize) -> Made {
    let of = |from| {
        kube_ovn(
            "Subnet",
            "new",
            &json!({"vpc": "v", "cidrBlock": joined(size * 125, ",", |at| format!("{}/32", address(at + from)))}),
        )
    };
    Made::of(of(size * 62)).instead_of(of(0))
}

fn subnet_prefixes_peered(size: usize) -> Made {
    let peering =
        |at: usize| json!({"remoteVpc": format!("w{at}"), "localConnectIP": format!("{}/30", address(at * 4))});
    let peered = kube_ovn("Vpc", "v", &json!({"vpcPeerings": each::<Vec<_>>(size * 50, peering)}));
    subnet(json!({"vpc": "v", "cidrBlock": joined(size * 225, ",", |at| format!("{}/30", address(at * 4)))}))
        .among([peered])
}

fn subnet_prefixes_nodes(size: usize) -> Made {
    let node = |at| {
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{at}")},
            "status": {"addresses": [{"type": "InternalIP", "address": address(at)}]},
        })
    };
    subnet(json!({"cidrBlock": joined(size * 225, ",", |at| format!("{}/32", address(at)))}))
        .among(each::<Vec<_>>(size * 75, node))
}

fn subnet_namespaces(size: usize) -> Made {
    let listed: Vec<_> = each(size * 375, |at| json!(format!("ns{}", at % 10)));
    let vpcs: Vec<_> = each(size * 12, |at| kube_ovn("Vpc", &format!("v{at}"), &json!({"namespaces": ["ns0", "ns1"]})));
    subnet(json!({"cidrBlock": "172.16.0.0/16", "namespaces": listed})).among(vpcs)
}

fn labelled(number: usize) -> Vec<Value> {
    each(number, |at| {
        let labels = json!({"team": "a", "number": at.to_string()});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("ns{at}"), "labels": labels}})
    })
}

fn subnet_selectors(size: usize) -> Made {
    let selector = |at: usize| json!({"matchLabels": {"team": "a", "number": at.to_string()}});
    subnet(json!({"vpc": "v", "cidrBlock": "172.16.0.0/16", "namespaceSelectors": each::<Vec<_>>(size * 87, selector)}))
        .among([closed_vpc()])
        .among(labelled(size * 5))
        .among(gateways(size * 5))
}

fn subnet_selector_values(size: usize) -> Made {
    let values: Vec<_> = each(size * 375, |at| json!(format!("x{at}")));
    let selector = json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": values}]});
    subnet(json!({"vpc": "v", "cidrBlock": "172.16.0.0/16", "namespaceSelectors": [selector]}))
        .among([closed_vpc()])
        .among(labelled(size * 12))
}

fn subnet_acls(size: usize) -> Made {
    let acl = |at: usize| {
        json!({
            "action": "drop", "direction": "to-lport", "match": format!("ip4.src == {}", address(at)), "priority": at % 32768,
        })
    };
    subnet(json!({"vpc": "v", "cidrBlock": "10.0.0.0/24", "acls": each::<Vec<_>>(size * 45, acl)}))
}

fn subnet_mistyped(size: usize) -> Made {
    subnet(json!({"vpc": 5, "cidrBlock": "10.0.0.0/24", "excludeIps": each::<Vec<_>>(size * 500, |at| json!(at))}))
}

/// Next hops in the networks of the router and outside, and many of those.
fn vpc_routes(size: usize) -> Made {
    let route = |at: usize| json!({"cidr": format!("{}/32", address(at)), "nextHopIP": address(at << 9), "policy": "policyDst"});
    let peering =
        |at: usize| json!({"remoteVpc": "v", "localConnectIP": format!("{}/30", address((at * 4) + (1 << 23)))});
    vpc(json!({
        "staticRoutes": each::<Vec<_>>(size * 37, route), "vpcPeerings": each::<Vec<_>>(size * 25, peering),
        "enableExternal": true, "extraExternalSubnets": each::<Vec<_>>(size * 50, |_| json!("s0")),
    }))
    .among(subnets(size * 50))
}

fn vpc_routes_repeated(size: usize) -> Made {
    let route = |at| json!({"cidr": "172.16.0.0/12", "nextHopIP": "10.0.1.254", "bfdId": format!("{at}")});
    vpc(json!({"staticRoutes": each::<Vec<_>>(size * 62, route)}))
}

fn vpc_routes_default(size: usize) -> Made {
    let route = |at: usize| json!({"cidr": "0.0.0.0/0", "nextHopIP": address((at << 8) + 5)});
    vpc(json!({"staticRoutes": each::<Vec<_>>(size * 75, route)})).among(subnets(size * 50)).among(gateways(size * 50))
}

fn vpc_policies(size: usize) -> Made {
    let policy = |at: usize| json!({"action": "reroute", "priority": at % 5, "match": "ip4.src == 10.0.0.0/8", "nextHopIP": address(at << 9)});
    vpc(json!({"policyRoutes": each::<Vec<_>>(size * 42, policy)})).among(subnets(size * 50)).among(gateways(size * 50))
}

fn vpc_policies_hops(size: usize) -> Made {
    let hops = joined(size * 300, ",", |at| address(at << 9).to_string());
    let policy = json!({"action": "reroute", "priority": 5, "match": "1", "nextHopIP": hops});
    vpc(json!({"policyRoutes": [policy]})).among(subnets(size * 50)).among(gateways(size * 50))
}

/// All with one other Vpc, which has as many back.
fn vpc_peerings(size: usize) -> Made {
    let peering = |remote: &'static str| move |at: usize| json!({"remoteVpc": remote, "localConnectIP": format!("{}/30", address(at * 4))});
    let other = kube_ovn("Vpc", "w", &json!({"vpcPeerings": each::<Vec<_>>(size * 25, peering("v"))}));
    vpc(json!({"vpcPeerings": each::<Vec<_>>(size * 75, peering("w"))})).among([other]).among(subnets(size * 2))
}

fn vpc_peering_links(size: usize) -> Made {
    let links = |from: usize| joined(size * 250, ",", move |at| format!("{}/30", address((at + from) * 4)));
    let other = kube_ovn("Vpc", "w", &json!({"vpcPeerings": [{"remoteVpc": "v", "localConnectIP": links(1 << 20)}]}));
    vpc(json!({"vpcPeerings": [{"remoteVpc": "w", "localConnectIP": links(0)}]}))
        .among([other])
        .among(subnets(size * 25))
}

/// Listed by Subnets and by other Vpcs, and many Subnets select namespaces besides.
fn vpc_namespaces(size: usize) -> Made {
    let listed: Vec<_> = each(size * 375, |at| json!(format!("ns{}", at % 100)));
    let listing = json!({"namespaces": ["ns0"], "namespaceSelectors": [{"matchLabels": {"a": "b"}}]});
    let listing: Vec<_> = each(size * 12, |at| kube_ovn("Subnet", &format!("s{at}"), &listing));
    let others: Vec<_> = each(size * 5, |at| kube_ovn("Vpc", &format!("v{at}"), &json!({"namespaces": ["ns1"]})));
    vpc(json!({"namespaces": listed})).among(listing).among(others)
}

fn vpc_mistyped(size: usize) -> Made {
    let route = |at| json!({"cidr": at, "nextHopIP": {"a": at}, "policy": [at]});
    vpc(
        json!({"staticRoutes": each::<Vec<_>>(size * 75, route), "namespaces": each::<Vec<_>>(size * 125, |at| json!(at))}),
    )
}

/// In one Subnet with many gateways; its Vpc has a default route to each of as many addresses.
fn gateway_addresses(size: usize) -> Made {
    let route = |at: usize| json!({"cidr": "0.0.0.0/0", "nextHopIP": address(at + (1 << 20))});
    let routed = kube_ovn("Vpc", "v", &json!({"staticRoutes": each::<Vec<_>>(size * 25, route)}));
    let spec = json!({"vpc": "v", "subnet": "s0", "lanIp": joined(size * 300, ",", |at| address(at).to_string())});
    let other = |at: usize| {
        kube_ovn("VpcNatGateway", &format!("g{at}"), &json!({"vpc": "v", "subnet": "s0", "lanIp": address(at)}))
    };
    Made::of(kube_ovn("VpcNatGateway", "new", &spec))
        .among([routed])
        .among(subnets(1))
        .among(each::<Vec<_>>(size * 25, other))
}

fn gateway_rules(size: usize) -> Made {
    let eip = |at: usize| json!({"eipCIDR": format!("{}/24", address(at)), "gateway": "10.0.0.1"});
    let rule = |at: usize| json!({"eip": address(at), "internalIp": address(at), "externalPort": "80", "internalPort": "80", "protocol": "tcp"});
    let spec = json!({
        "vpc": "v", "subnet": "s0", "lanIp": "10.0.0.254", "selector": each::<Vec<_>>(size * 50, |at| json!(format!("a={at}"))),
        "eips": each::<Vec<_>>(size * 15, eip), "floatingIpRules": each::<Vec<_>>(size * 15, rule),
        "dnatRules": each::<Vec<_>>(size * 15, rule), "snatRules": each::<Vec<_>>(size * 15, rule),
    });
    Made::of(kube_ovn("VpcNatGateway", "new", &spec)).among(subnets(1))
}

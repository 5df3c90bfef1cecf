//! Vpcs, and gateways in them.

use serde_json::json;

use super::{Body, Made, address, each, gateways, joined, kube_ovn, subnets, vpc};

pub(super) const BODIES: &[Body] = &[
    Body { name: "vpc-routes", make: vpc_routes },
    Body { name: "vpc-routes-repeated", make: vpc_routes_repeated },
    Body { name: "vpc-routes-default", make: vpc_routes_default },
    Body { name: "vpc-policies", make: vpc_policies },
    Body { name: "vpc-policies-hops", make: vpc_policies_hops },
    Body { name: "vpc-peerings", make: vpc_peerings },
    Body { name: "vpc-peering-links", make: vpc_peering_links },
    Body { name: "vpc-joined-names", make: vpc_joined_names },
    Body { name: "vpc-namespaces", make: vpc_namespaces },
    Body { name: "vpc-mistyped", make: vpc_mistyped },
    Body { name: "gateway-addresses", make: gateway_addresses },
    Body { name: "gateway-rules", make: gateway_rules },
];

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

/// Each joins with the Vpc's own name, which has as many hyphens as a name may, to that of a Subnet's port.
fn vpc_joined_names(size: usize) -> Made {
    let peering = |at: usize| json!({"remoteVpc": format!("b-{at}"), "localConnectIP": "169.254.0.1/30"});
    let name = vec!["a"; 126].join("-");
    let longer = vec!["a"; 125].join("-");
    let taken =
        |at: usize| kube_ovn("Subnet", &format!("a-b-{at}"), &json!({"vpc": longer, "cidrBlock": "10.0.0.0/24"}));
    let peered = kube_ovn("Vpc", "a", &json!({"vpcPeerings": each::<Vec<_>>(size * 60, peering)}));
    Made::of(kube_ovn("Vpc", &name, &json!({"vpcPeerings": each::<Vec<_>>(size * 60, peering)})))
        .among([peered])
        .among(each::<Vec<_>>(size * 60, taken))
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

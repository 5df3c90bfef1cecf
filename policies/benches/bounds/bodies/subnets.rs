//! Subnets.

use serde_json::{Value, json};

use super::{Body, Made, address, closed_vpc, each, gateways, joined, kube_ovn, nested, prefixes, subnet, subnets};

pub(super) const BODIES: &[Body] = &[
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
];

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

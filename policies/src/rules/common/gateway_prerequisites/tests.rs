use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, as_warning};

fn network(name: &str, config: &str) -> Value {
    json!({"kind": "NetworkAttachmentDefinition", "namespace": "ns", "name": name, "spec": {"config": config}})
}

fn cluster() -> Cluster {
    let subnet = |name: &str, spec: Value| json!({"kind": "Subnet", "name": name, "spec": spec});
    let vpc = |name: &str, spec: Value| json!({"kind": "Vpc", "name": name, "spec": spec});
    Cluster::of(RULE.id)
        .with(vpc("v", json!({"bfdPort": {"enabled": true, "ip": "10.255.0.1"}})))
        .with(vpc("w", json!({})))
        .with(vpc("named", json!({"defaultSubnet": "named-a", "enableBfd": true})))
        .with(vpc("marked", json!({})))
        .with(vpc("bare", json!({})))
        .with(subnet("in-v", json!({"vpc": "v"})))
        .with(subnet("in-w", json!({"vpc": "w"})))
        .with(subnet("named-a", json!({"vpc": "named"})))
        .with(subnet("marked-a", json!({"vpc": "marked", "default": true})))
        .with(subnet("e", json!({"provider": "out.ns"})))
        .with(subnet("e-ovn", json!({"provider": "over.ns.ovn", "vlan": "vlan1", "u2oInterconnection": true})))
        .with(subnet("overlay", json!({})))
        .with(subnet("odd", json!({"provider": "a.b.c"})))
        .with(subnet("lost", json!({"provider": "lost.ns"})))
        .with(subnet("silent", json!({"provider": "silent.ns"})))
        .with(subnet("dhcp", json!({"provider": "dhcp.ns"})))
        .with(subnet("chained", json!({"provider": "chained.ns"})))
        .with(subnet("elsewhere", json!({"provider": "elsewhere.ns"})))
        .with(network("out", r#"{"type": "macvlan", "ipam": {"type": "kube-ovn", "provider": "out.ns"}}"#))
        .with(network("over", r#"{"type": "kube-ovn", "provider": "over.ns.ovn"}"#))
        .with(network("silent", r#"{"type": "macvlan", "ipam": {}}"#))
        .with(network("dhcp", r#"{"type": "macvlan", "ipam": {"type": "dhcp"}}"#))
        .with(network(
            "chained",
            r#"{"plugins": [{"type": "macvlan"}, {"type": "tuning", "ipam": {"type": "static"}}]}"#,
        ))
        .with(network("elsewhere", ""))
        .with(json!({"kind": "IPPool", "name": "pool-v", "spec": {"subnet": "in-v"}}))
        .with(json!({"kind": "IPPool", "name": "pool-e", "spec": {"subnet": "e"}}))
}

fn egress(changed: Value) -> Value {
    let mut spec = json!({"vpc": "v", "internalSubnet": "in-v", "externalSubnet": "e"});
    for (field, value) in changed.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({"kind": "VpcEgressGateway", "namespace": "ns1", "spec": spec})
}

fn nat(changed: Value) -> Value {
    let mut spec = json!({"vpc": "v", "subnet": "in-v", "lanIp": "10.0.0.254", "externalSubnets": ["e"]});
    for (field, value) in changed.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({"kind": "VpcNatGateway", "spec": spec})
}

fn warns(object: Value, wanted: &str) {
    cluster().warns(&object, &[&as_warning(&format!("{wanted} [{}]", RULE.id))]);
}

#[test]
fn what_has_all_that_it_needs_passes() {
    for fields in [
        json!({}),
        json!({"vpc": "", "internalSubnet": ""}),
        json!({"vpc": "named", "internalSubnet": ""}),
        json!({"vpc": "marked", "internalSubnet": ""}),
        json!({"externalSubnet": "e-ovn"}),
        json!({"externalSubnet": "dhcp"}),
        json!({"externalSubnet": "chained"}),
        json!({"externalSubnet": "elsewhere"}),
        json!({"internalIPPool": "pool-v", "externalIPPool": "pool-e"}),
        json!({"bfd": {"enabled": true}}),
        json!({"vpc": "w", "internalSubnet": "in-w", "bfd": {"enabled": false}}),
        json!({"bgpConf": "b", "evpnConf": "e"}),
        // What does not exist is for another rule.
        json!({"vpc": "gone", "internalSubnet": "", "bfd": {"enabled": true}}),
        json!({"internalSubnet": "gone", "externalSubnet": "gone", "internalIPPool": "gone"}),
        // Its default Subnet may be in other files.
        json!({"vpc": "bare", "internalSubnet": ""}),
    ] {
        cluster().accepts(&egress(fields));
    }
    for fields in [
        json!({}),
        json!({"externalSubnets": []}),
        json!({"externalSubnets": ["e-ovn"]}),
        json!({"externalSubnets": ["silent"], "noDefaultEIP": true}),
        json!({"bfd": {"enabled": true}}),
        json!({"vpc": "named", "bfd": {"enabled": true}}),
        json!({"externalSubnets": ["overlay"], "eips": [{"eipCIDR": "192.168.0.5/24", "gateway": "192.168.0.1"}]}),
    ] {
        cluster().accepts(&nat(fields));
    }
}

#[test]
fn an_egress_gateway_stands_somewhere() {
    let needed = |vpc: &str| {
        format!(
            r#"spec.internalSubnet: Required value: VPC "{vpc}" has no default Subnet, and without one Kube-OVN makes no gateway"#
        )
    };
    warns(egress(json!({"vpc": "w", "internalSubnet": ""})), &needed("w"));
    let all = cluster().seeing_all();
    all.warns(
        &egress(json!({"vpc": "bare", "internalSubnet": ""})),
        &[&as_warning(&format!("{} [{}]", needed("bare"), RULE.id))],
    );
    warns(
        egress(json!({"internalSubnet": "e"})),
        r#"spec.internalSubnet: Invalid value: "e": is not of OVN (provider "out.ns"), and no Pod of the gateway gets an address in it"#,
    );
}

#[test]
fn the_outside_is_a_network_of_multus() {
    for (name, fault) in [
        (
            "overlay",
            r#"is a Subnet whose provider ("ovn") leads to no network of Multus: no Pod gets an interface there"#,
        ),
        (
            "odd",
            r#"is a Subnet whose provider ("a.b.c") leads to no network of Multus: no Pod gets an interface there"#,
        ),
        (
            "lost",
            "is a Subnet whose NetworkAttachmentDefinition (ns/lost) does not exist: no Pod gets an interface there",
        ),
        ("silent", "is a Subnet whose network has no ipam: no Pod gets an address there"),
    ] {
        warns(
            egress(json!({"externalSubnet": name})),
            &format!("spec.externalSubnet: Invalid value: {name:?}: {fault}"),
        );
        warns(
            nat(json!({"externalSubnets": [name]})),
            &format!("spec.externalSubnets[0]: Invalid value: {name:?}: {fault}"),
        );
    }
}

#[test]
fn networks_are_missed_where_some_are_seen() {
    let cluster = || Cluster::of(RULE.id).with(json!({"kind": "Subnet", "name": "e", "spec": {"provider": "out.ns"}}));
    cluster().accepts(&egress(json!({})));
    let fault = "is a Subnet whose NetworkAttachmentDefinition (ns/out) does not exist: no Pod gets an interface there";
    cluster().seeing_all().warns(&egress(json!({})), &[&format!(r#"spec.externalSubnet: "e": {fault} [{}]"#, RULE.id)]);
    // A NAT gateway takes the network that is called as its Subnet.
    let plain = json!({"kind": "Subnet", "name": "plain", "spec": {"provider": "ovn"}});
    let mut named = network("plain", "");
    let other = cluster().with(plain.clone()).with(named.clone());
    let fault = r#"is a Subnet whose provider ("ovn") leads to no network of Multus: no Pod gets an interface there"#;
    let wanted = format!(r#"spec.externalSubnets[0]: "plain": {fault} [{}]"#, RULE.id);
    other.warns(&nat(json!({"externalSubnets": ["plain"]})), &[&wanted]);
    named["namespace"] = json!("kube-system");
    cluster().with(plain.clone()).with(named).accepts(&nat(json!({"externalSubnets": ["plain"]})));
    cluster().with(plain).accepts(&nat(json!({"externalSubnets": ["plain"]})));
    let hidden = json!({"kind": "Subnet", "name": "ovn-vpc-external-network", "spec": {}});
    let fault = "is a Subnet whose provider leads to no network of Multus: no Pod gets an interface there";
    cluster().with(hidden).with(network("out", "")).settings(&json!({"disclose": "none"})).warns(
        &nat(json!({"externalSubnets": []})),
        &[&format!(r#"spec.externalSubnets: "ovn-vpc-external-network": {fault} [{}]"#, RULE.id)],
    );
}

#[test]
fn one_subnet_outside_counts() {
    warns(
        nat(json!({"externalSubnets": ["e", "e-ovn"]})),
        r#"spec.externalSubnets[1]: Invalid value: "e-ovn": gets no interface: of several external Subnets Kube-OVN reads the first alone"#,
    );
}

#[test]
fn who_answers_is_there() {
    warns(
        nat(json!({"vpc": "w", "bfd": {"enabled": true}})),
        r#"spec.bfd.enabled: Invalid value: "true": VPC "w" has neither bfdPort nor enableBfd: nobody answers"#,
    );
    warns(
        egress(json!({"vpc": "named", "internalSubnet": "", "bfd": {"enabled": true}})),
        r#"spec.bfd.enabled: Invalid value: "true": VPC "named" has no bfdPort, and Kube-OVN waits for it"#,
    );
    warns(egress(json!({"evpnConf": "x"})), r#"spec.evpnConf: Invalid value: "x": is ignored without a bgpConf"#);
}

#[test]
fn a_pool_is_of_the_subnet() {
    warns(
        egress(json!({"internalIPPool": "pool-e"})),
        r#"spec.internalIPPool: Invalid value: "pool-e": is of Subnet "e", and the gateway stands in Subnet "in-v": its Pods get no address"#,
    );
    warns(
        egress(json!({"vpc": "marked", "internalSubnet": "", "internalIPPool": "pool-v"})),
        r#"spec.internalIPPool: Invalid value: "pool-v": is of Subnet "in-v", and the gateway stands in Subnet "marked-a": its Pods get no address"#,
    );
    warns(
        egress(json!({"externalIPPool": "pool-v"})),
        r#"spec.externalIPPool: Invalid value: "pool-v": is of Subnet "in-v", and the gateway stands in Subnet "e": its Pods get no address"#,
    );
}

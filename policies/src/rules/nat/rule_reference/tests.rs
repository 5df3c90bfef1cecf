use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, create};

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"kind": kind, "name": name, "spec": spec})
}

/// A VPC with a NAT gateway, a peer and a route to somewhere else.
fn cluster() -> Cluster {
    let routes =
        json!([{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254"}, {"cidr": "172.16.0.0/12", "nextHopIP": "10.0.1.9"}]);
    let blue =
        json!({"vpcPeerings": [{"remoteVpc": "green", "localConnectIP": "169.254.0.1/30"}], "staticRoutes": routes});
    Cluster::of(RULE.id)
        .with(object("Vpc", "blue", blue))
        .with(object("Vpc", "green", json!({})))
        .with(object("Subnet", "blue-apps", json!({"vpc": "blue", "cidrBlock": "10.0.1.0/24"})))
        .with(object("Subnet", "blue-db", json!({"vpc": "blue", "cidrBlock": "10.0.2.0/24"})))
        .with(object("Subnet", "green-apps", json!({"vpc": "green", "cidrBlock": "10.0.3.0/24"})))
        .with(object("Subnet", "wan", json!({"provider": "wan.kube-system", "cidrBlock": "192.0.2.0/24"})))
        .with(object("IptablesEIP", "eip", json!({"natGwDp": "gw"})))
}

fn gateway(spec: &Value) -> Value {
    let mut gateway =
        object("VpcNatGateway", "gw", json!({"vpc": "blue", "subnet": "blue-apps", "lanIp": "10.0.1.254"}));
    for (field, value) in spec.as_object().unwrap() {
        gateway["spec"][field] = value.clone();
    }
    gateway
}

fn fip(internal: &str) -> Value {
    object("IptablesFIPRule", "fip", json!({"eip": "eip", "internalIp": internal}))
}

#[test]
fn a_target_lies_inside_in_whatever_way() {
    let wanted = |internal: &str| {
        format!(
            r#"spec.internalIp: "{internal}": lies in no network of VPC "blue", nor where its routes lead [nat-rule-reference]"#
        )
    };
    for internal in ["10.0.1.10", "10.0.2.10", "10.0.3.10", "172.20.0.1"] {
        cluster().with(gateway(&json!({}))).accepts(&fip(internal));
    }
    for spec in [
        json!({"internalCIDRs": ["10.8.0.0/16"]}),
        json!({"internalSubnets": ["far"]}),
        json!({"routes": [{"cidr": "10.8.0.0/16", "nextHopIP": "10.0.1.1"}]}),
    ] {
        let far = object("Subnet", "far", json!({"vpc": "red", "cidrBlock": "10.8.0.0/16"}));
        cluster().with(far).with(gateway(&spec)).accepts(&fip("10.8.0.1"));
    }
    cluster().with(gateway(&json!({}))).warns(&fip("10.8.0.1"), &[&wanted("10.8.0.1")]);
}

#[test]
fn an_eip_may_come_before_its_gateway() {
    let eip = object("IptablesEIP", "new", json!({"natGwDp": "gw", "externalSubnet": "wan"}));
    cluster().accepts(&eip);
    cluster().accepts(&fip("10.9.9.9"));
    cluster().with(gateway(&json!({"externalSubnets": ["wan"]}))).accepts(&eip);
    let wanted = r#"spec.externalSubnet: "wan": VpcNatGateway "gw" has its interface outside in Subnet "ovn-vpc-external-network", and none here [nat-rule-reference]"#;
    cluster().with(gateway(&json!({}))).warns(&eip, &[wanted]);
}

#[test]
fn a_second_range_of_the_same_network_works() {
    let second = object("Subnet", "second", json!({"provider": "wan.kube-system", "cidrBlock": "198.51.100.0/24"}));
    let eip = object("IptablesEIP", "new", json!({"natGwDp": "gw", "externalSubnet": "second"}));
    cluster().with(second).with(gateway(&json!({"externalSubnets": ["wan"]}))).accepts(&eip);
}

#[test]
fn an_address_of_a_router_is_one_to_translate_by() {
    let eip = |usage: &str| object("OvnEip", "blue-external", json!({"type": usage}));
    let rule = object("OvnSnatRule", "out", json!({"ovnEip": "blue-external", "vpcSubnet": "blue-apps"}));
    for usage in ["", "nat", "lrp"] {
        cluster().with(eip(usage)).accepts(&rule);
    }
    let wanted = r#"spec.ovnEip: Invalid value: "blue-external": is of type lsp, the address of a gateway node, by which Kube-OVN translates nothing [nat-rule-reference]"#;
    cluster().with(eip("lsp")).refuses(&rule, &[wanted]);
}

#[test]
fn nothing_is_said_of_networks_that_are_not_known() {
    let rule = |vpc: &str| object("OvnFip", "web", json!({"ovnEip": "out", "vpc": vpc, "v4Ip": "10.9.9.9"}));
    // The Vpc comes later, its Subnets do, those of its peer do, or it is the default one in a folder.
    cluster().accepts(&rule("red"));
    cluster().with(object("Vpc", "red", json!({}))).accepts(&rule("red"));
    let peering = json!({"vpcPeerings": [{"remoteVpc": "unknown", "localConnectIP": "169.254.0.1/30"}]});
    let own = object("Subnet", "red-apps", json!({"vpc": "red", "cidrBlock": "10.7.0.0/24"}));
    cluster().with(object("Vpc", "red", peering)).with(own.clone()).accepts(&rule("red"));
    cluster().accepts(&rule("ovn-cluster"));
    assert_eq!(
        cluster().with(object("Vpc", "red", json!({}))).with(own).verdict(&create(&rule("red"))).warnings.len(),
        1
    );
}

#[test]
fn a_node_is_inside_of_the_default_vpc() {
    let node = json!({"kind": "Node", "name": "a", "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.10"}]}});
    let cluster = || {
        let pods = object("Subnet", "ovn-default", json!({"cidrBlock": "10.16.0.0/16"}));
        cluster().with(node.clone()).with(pods).seeing_all()
    };
    let rule = |address: &str| object("OvnFip", "web", json!({"ovnEip": "out", "vpc": "ovn-cluster", "v4Ip": address}));
    cluster().accepts(&rule("192.168.0.10"));
    cluster().accepts(&rule("10.16.0.10"));
    assert_eq!(cluster().verdict(&create(&rule("192.168.0.11"))).warnings.len(), 1);
}

#[test]
fn families_must_meet() {
    let cluster = || {
        cluster()
            .with(object("Subnet", "external", json!({"vlan": "v", "cidrBlock": "203.0.113.0/24"})))
            .with(object("Subnet", "external6", json!({"vlan": "v", "cidrBlock": "2001:db8::/64"})))
            .with(object("OvnEip", "four", json!({})))
            .with(object("OvnEip", "six", json!({"externalSubnet": "external6"})))
            .with(json!({"kind": "OvnEip", "name": "got", "status": {"v4Ip": "203.0.113.9", "v6Ip": "2001:db8::9"}}))
            .with(object("Subnet", "green-six", json!({"vpc": "green", "cidrBlock": "fd00::/64"})))
            .with(object("Vip", "vip", json!({"subnet": "green-six"})))
    };
    let wanted = |eip: &str, own: &str, other: &str| {
        format!(
            r#"spec.ovnEip: Invalid value: "{eip}": has {own} only, and the target {other} only [nat-rule-reference]"#
        )
    };
    let rules = |eip: &str| {
        [
            object("OvnFip", "a", json!({"ovnEip": eip, "vpc": "green", "v6Ip": "fd00::5"})),
            object("OvnFip", "b", json!({"ovnEip": eip, "ipType": "vip", "ipName": "vip"})),
            object("OvnSnatRule", "c", json!({"ovnEip": eip, "vpc": "green", "v6IpCidr": "fd00::/64"})),
            object("OvnSnatRule", "d", json!({"ovnEip": eip, "vpcSubnet": "green-six"})),
            object("OvnDnatRule", "e", json!({"ovnEip": eip, "vpc": "green", "v6Ip": "fd00::5"})),
        ]
    };
    for (at, rule) in rules("four").iter().enumerate() {
        cluster().refuses(rule, &[&wanted("four", "IPv4", "IPv6")]);
        cluster().accepts(&rules("six")[at]);
        cluster().accepts(&rules("got")[at]);
    }
    let reverse = object("OvnFip", "a", json!({"ovnEip": "six", "vpc": "green", "v4Ip": "10.0.3.5"}));
    cluster().refuses(&reverse, &[&wanted("six", "IPv6", "IPv4")]);
}

#[test]
fn one_address_serves_one_vpc() {
    let cluster = || cluster().with(object("OvnEip", "out", json!({})));
    let snat = |vpc: &str, subnet: &str| object("OvnSnatRule", vpc, json!({"ovnEip": "out", "vpcSubnet": subnet}));
    let balancer = object("RouterLBRule", "lb", json!({"ovnEip": "out", "vpc": "green"}));
    cluster().with(snat("green", "green-apps")).accepts(&balancer);
    let wanted = r#"spec.ovnEip: "out": is that of OvnSnatRule "blue" in VPC "blue" too, and Kube-OVN keeps one VPC of it [nat-rule-reference]"#;
    cluster().with(snat("blue", "blue-apps")).warns(&balancer, &[wanted]);
    let wanted = r#"spec.ovnEip: "out": is that of RouterLBRule "lb" in VPC "green" too, and Kube-OVN keeps one VPC of it [nat-rule-reference]"#;
    cluster().with(balancer).warns(&snat("blue", "blue-apps"), &[wanted]);
}

#[test]
fn a_gateway_of_old_names_its_own_addresses() {
    let old = |eip: &str, internal: &str| {
        gateway(&json!({
            "eips": [{"eipCIDR": "192.0.2.10/24", "gateway": "192.0.2.1"}],
            "floatingIpRules": [{"eip": eip, "internalIp": internal}],
            "snatRules": [{"eip": "192.0.2.10", "internalCIDR": "10.0.0.0/16"}],
        }))
    };
    cluster().accepts(&old("192.0.2.10", "10.0.1.5"));
    let wanted = r#"spec.floatingIpRules[0].eip: Invalid value: "192.0.2.11": is none of the gateway's own eips, so nothing comes in by it [nat-rule-reference]"#;
    cluster().refuses(&old("192.0.2.11", "10.0.1.5"), &[wanted]);
    let wanted = r#"spec.floatingIpRules[0].internalIp: "10.9.1.5": lies in no network of VPC "blue", nor where its routes lead [nat-rule-reference]"#;
    cluster().warns(&old("192.0.2.10", "10.9.1.5"), &[wanted]);
    // A later API server has dropped them.
    let mut dropped = gateway(&json!({}));
    let applied = json!({"spec": old("192.0.2.11", "10.0.1.5")["spec"]}).to_string();
    dropped["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
    let wanted = r#"spec.floatingIpRules[0].eip: Invalid value: "192.0.2.11": is none of the gateway's own eips, so nothing comes in by it [nat-rule-reference]"#;
    cluster().refuses(&dropped, &[wanted]);
}

#[test]
fn what_is_shared_needs_ipv4() {
    let eip = |spec: Value| cluster().with(gateway(&json!({}))).with(object("IptablesEIP", "six", spec));
    let rule = |sharing: &str| {
        object("IptablesDnatRule", "web", json!({"eip": "six", "type": sharing, "internalIp": "10.0.1.5"}))
    };
    let wanted = r#"spec.type: Invalid value: "share": needs an IPv4 address, and IptablesEIP "six" has IPv6 only [nat-rule-reference]"#;
    let only_six = json!({"natGwDp": "gw", "v6ip": "2001:db8::5"});
    eip(only_six.clone()).refuses(&rule("share"), &[wanted]);
    eip(only_six).accepts(&rule("exclusive"));
    for spec in [json!({"natGwDp": "gw"}), json!({"natGwDp": "gw", "v4ip": "192.0.2.5", "v6ip": "2001:db8::5"})] {
        eip(spec).accepts(&rule("share"));
    }
}

#[test]
fn an_address_of_ipv6_alone_never_gets_ready() {
    let six = object("Subnet", "six", json!({"provider": "six.kube-system", "cidrBlock": "2001:db8::/64"}));
    let wanted = r#"spec.externalSubnet: "six": has no IPv4 addresses, without which Kube-OVN makes no IptablesEIP [nat-rule-reference]"#;
    cluster()
        .with(six)
        .warns(&object("IptablesEIP", "new", json!({"natGwDp": "gw", "externalSubnet": "six"})), &[wanted]);
}

#[test]
fn a_limit_is_for_what_has_it() {
    let policy =
        |binding: &str, shared: bool| object("QoSPolicy", "slow", json!({"bindingType": binding, "shared": shared}));
    let limited = gateway(&json!({"qosPolicy": "slow"}));
    let wanted = |what: &str| format!(r#"spec.qosPolicy: Invalid value: "slow": {what} [nat-rule-reference]"#);
    cluster().with(policy("NATGW", true)).accepts(&limited);
    let unshared = wanted("is not shared, so Kube-OVN does not apply it to a NAT gateway");
    cluster().with(policy("NATGW", false)).refuses(&limited, &[&unshared]);
    let of_eips = wanted("is not for NAT gateways, so Kube-OVN does not apply it to one");
    cluster().with(policy("EIP", true)).refuses(&limited, &[&of_eips]);
    cluster().accepts(&limited);

    let eip = |name: &str| object("IptablesEIP", name, json!({"natGwDp": "gw", "qosPolicy": "slow"}));
    cluster().with(policy("EIP", false)).accepts(&eip("a"));
    cluster().with(policy("EIP", true)).with(eip("b")).accepts(&eip("a"));
    let taken = wanted(r#"is not shared, and IptablesEIP "b" has it already"#);
    cluster().with(policy("EIP", false)).with(eip("b")).refuses(&eip("a"), &[&taken]);
    for binding in ["NATGW", ""] {
        let other = format!(
            r#"spec.qosPolicy: "slow": has bindingType "{binding}", not EIP: Kube-OVN limits the EIP by it all the same, but passes no change of it on to the EIP [nat-rule-reference]"#
        );
        cluster().with(policy(binding, true)).warns(&eip("a"), &[&other]);
    }
}

#[test]
fn the_address_of_a_pod_is_known_where_ips_are_seen() {
    let ip = |v4: &str, v6: &str| {
        object("IP", "web-0.shop", json!({"subnet": "blue-apps", "v4IpAddress": v4, "v6IpAddress": v6}))
    };
    let eip = object("OvnEip", "six", json!({"externalSubnet": "lan6"}));
    let lan = object("Subnet", "lan6", json!({"vlan": "lan", "cidrBlock": "fd00:1::/64"}));
    let cluster = || cluster().with(lan.clone()).with(eip.clone());
    let wanted = r#"spec.ovnEip: Invalid value: "six": has IPv6 only, and the target IPv4 only [nat-rule-reference]"#;
    for kind in ["OvnFip", "OvnDnatRule", "OvnSnatRule"] {
        let rule = object(kind, "r", json!({"ovnEip": "six", "ipName": "web-0.shop"}));
        cluster().with(ip("10.0.1.7", "")).refuses(&rule, &[wanted]);
        cluster().with(ip("10.0.1.7", "fd00::7")).accepts(&rule);
        cluster().with(ip("", "fd00::7")).accepts(&rule);
        cluster().accepts(&rule);
        // From a cluster they are read where the settings say so.
        cluster().with(ip("10.0.1.7", "")).seeing_all().accepts(&rule);
        let read = json!({"readIPs": true});
        cluster().with(ip("10.0.1.7", "")).seeing_all().settings(&read).refuses(&rule, &[wanted]);
    }
}

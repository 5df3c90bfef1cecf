use serde_json::{Value, json};

use crate::rules::support::testing::{Cluster, as_warning};

fn cluster() -> Cluster {
    Cluster::of(super::RULE.id)
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"kind": kind, "name": name, "spec": spec})
}

fn fip(name: &str, eip: &str) -> Value {
    object("IptablesFIPRule", name, json!({"eip": eip, "internalIp": "10.0.1.5"}))
}

fn dnat(name: &str, eip: &str, port: &str, protocol: &str, sharing: &str) -> Value {
    let spec = json!({"eip": eip, "externalPort": port, "internalPort": "80", "internalIp": "10.0.1.5",
                      "protocol": protocol, "type": sharing});
    object("IptablesDnatRule", name, spec)
}

fn snat(name: &str, eip: &str, prefix: &str) -> Value {
    object("IptablesSnatRule", name, json!({"eip": eip, "internalCIDR": prefix}))
}

fn eip(name: &str, gateway: &str) -> Value {
    object("IptablesEIP", name, json!({"natGwDp": gateway}))
}

fn ovn_fip(name: &str, eip: &str) -> Value {
    object("OvnFip", name, json!({"ovnEip": eip, "ipName": "p.ns1"}))
}

fn ovn_dnat(name: &str, eip: &str, port: &str, protocol: &str) -> Value {
    let spec =
        json!({"ovnEip": eip, "ipName": "p.ns1", "externalPort": port, "internalPort": "80", "protocol": protocol});
    object("OvnDnatRule", name, spec)
}

fn router_lb(name: &str, eip: &str, ports: &[u16]) -> Value {
    let ports: Vec<_> = ports.iter().map(|port| json!({"port": port})).collect();
    object("RouterLBRule", name, json!({"ovnEip": eip, "vpc": "v", "ports": ports}))
}

fn wanted(text: &str) -> String {
    format!("{text} [nat-rule-conflict]")
}

#[test]
fn a_port_of_an_eip_leads_to_one_place() {
    let said = wanted(
        r#"spec.externalPort: Duplicate value: "443": IptablesDnatRule "a" has this port of the EIP: the later one does nothing"#,
    );
    let cluster = |sharing: &str| cluster().with(dnat("a", "e", "443", "tcp", sharing));
    for (own, other) in [("", ""), ("exclusive", ""), ("share", ""), ("", "share")] {
        cluster(other).refuses(&dnat("b", "e", "443", "TCP", own), &[&said]);
    }
    cluster("share").accepts(&dnat("b", "e", "443", "tcp", "share"));
    cluster("").accepts(&dnat("b", "e", "443", "udp", ""));
    cluster("").accepts(&dnat("b", "e", "444", "tcp", ""));
    cluster("").accepts(&dnat("b", "f", "443", "tcp", ""));
    cluster("").accepts(&dnat("a", "e", "443", "tcp", ""));
    let mut deleting = dnat("a", "f", "443", "tcp", "");
    deleting["metadata"] = json!({"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"});
    self::cluster().with(deleting).accepts(&dnat("b", "f", "443", "tcp", ""));
}

#[test]
fn a_floating_ip_takes_all_of_an_eip() {
    let said = wanted(
        r#"spec.eip: Duplicate value: "e": IptablesFIPRule "a" has this EIP: Kube-OVN leaves the later one out"#,
    );
    cluster().with(fip("a", "e")).refuses(&fip("b", "e"), &[&said]);
    let said = wanted(
        r#"spec.eip: Duplicate value: "e": IptablesDnatRule "d" has a port of this EIP, all of which a floating IP takes"#,
    );
    cluster().with(dnat("d", "e", "1", "tcp", "share")).refuses(&fip("b", "e"), &[&said]);
    let said = wanted(
        r#"spec.eip: Duplicate value: "e": IptablesFIPRule "a" takes all ports of this EIP, so that this rule does nothing"#,
    );
    cluster().with(fip("a", "e")).refuses(&dnat("d", "e", "1", "tcp", ""), &[&said]);
    cluster().with(fip("a", "e")).accepts(&fip("b", "f"));
    cluster().with(fip("a", "e")).with(fip("c", "")).accepts(&fip("b", ""));
    cluster().with(fip("a", "e")).accepts(&snat("s", "e", "10.0.1.0/24"));
    cluster().with(snat("s", "e", "10.0.1.0/24")).accepts(&fip("b", "e"));
    cluster().with(snat("s", "e", "10.0.1.0/24")).accepts(&dnat("b", "e", "1", "tcp", ""));
}

#[test]
fn a_prefix_with_two_eips_of_a_gateway_is_a_warning() {
    let said = as_warning(&wanted(
        r#"spec.internalCIDR: Duplicate value: "10.0.1.7/24": IptablesSnatRule "s" is for this prefix: the gateway takes the EIP of the first of them"#,
    ));
    let cluster = || {
        let eips = [eip("e", "gw"), eip("f", "gw"), eip("g", "other")];
        eips.into_iter().fold(cluster(), Cluster::with).with(snat("s", "e", "10.0.1.0/24"))
    };
    cluster().warns(&snat("b", "f", "10.0.1.7/24"), &[&said]);
    cluster().warns(&snat("b", "e", "10.0.1.7/24"), &[&said]);
    cluster().accepts(&snat("b", "g", "10.0.1.7/24"));
    cluster().accepts(&snat("b", "unknown", "10.0.1.7/24"));
    cluster().accepts(&snat("s", "f", "10.0.1.0/24"));
}

#[test]
fn a_part_of_what_another_eip_of_the_gateway_has_is_a_warning() {
    let said = wanted(
        r#"spec.internalCIDR: "10.0.1.9": IptablesSnatRule "s" is for 10.0.0.0/16 by another EIP of the gateway: up to v1.16.2 the rule that was made first counts, and this one does nothing"#,
    );
    let cluster = || {
        let eips = [eip("e", "gw"), eip("f", "gw"), eip("g", "other")];
        eips.into_iter().fold(cluster(), Cluster::with).with(snat("s", "e", "10.0.0.7/16"))
    };
    cluster().warns(&snat("b", "f", "10.0.1.9"), &[&said]);
    // One EIP, another gateway, an EIP that nobody knows, and the longer prefix first.
    for (eip, prefix) in [
        ("e", "10.0.1.0/24"),
        ("g", "10.0.1.0/24"),
        ("unknown", "10.0.1.0/24"),
        ("f", "10.0.0.0/8"),
        ("f", "10.1.0.0/24"),
    ] {
        cluster().accepts(&snat("b", eip, prefix));
    }
    cluster().accepts(&snat("s", "f", "10.0.1.0/24"));
}

#[test]
fn a_port_of_an_ovn_eip_leads_to_one_place_whatever_the_protocol() {
    let said = |field: &str, other: &str| {
        wanted(&format!(
            r#"spec.{field}: Duplicate value: "443": {other} has this port of the OvnEip: Kube-OVN up to v1.16 makes both, and later releases leave the later one out, whatever the protocol"#
        ))
    };
    let cluster = || cluster().with(ovn_dnat("a", "e", "443", "tcp")).with(router_lb("lb", "f", &[80, 443]));
    cluster().refuses(&ovn_dnat("b", "e", "443", "udp"), &[&said("externalPort", r#"OvnDnatRule "a""#)]);
    cluster().refuses(&ovn_dnat("b", "f", "443", "udp"), &[&said("externalPort", r#"RouterLBRule "lb""#)]);
    cluster().refuses(&router_lb("b", "e", &[80, 443]), &[&said("ports[1].port", r#"OvnDnatRule "a""#)]);
    cluster().refuses(&router_lb("a", "f", &[443]), &[&said("ports[0].port", r#"RouterLBRule "lb""#)]);
    cluster().accepts(&ovn_dnat("b", "e", "80", "tcp"));
    cluster().accepts(&ovn_dnat("a", "e", "443", "udp"));
    cluster().accepts(&router_lb("lb", "f", &[443]));
    cluster().accepts(&router_lb("b", "g", &[80, 443]));
}

#[test]
fn an_ovn_eip_is_of_one_floating_ip() {
    let said =
        wanted(r#"spec.ovnEip: Duplicate value: "e": OvnFip "a" has this OvnEip: Kube-OVN leaves the later one out"#);
    let cluster = || cluster().with(ovn_fip("a", "e"));
    cluster().refuses(&ovn_fip("b", "e"), &[&said]);
    cluster().accepts(&ovn_fip("b", "f"));
    // The rule of a port wins there.
    cluster().accepts(&ovn_dnat("b", "e", "443", "tcp"));
    cluster().accepts(&router_lb("b", "e", &[443]));
    self::cluster().with(ovn_dnat("b", "e", "443", "tcp")).accepts(&ovn_fip("a", "e"));
}

#[test]
fn a_prefix_of_a_vpc_with_two_source_nat_rules_is_a_warning() {
    let rule = |name: &str, spec: Value| {
        let mut rule = object("OvnSnatRule", name, spec);
        rule["spec"]["ovnEip"] = json!("e");
        rule
    };
    let by_prefix = |name: &str, vpc: &str, prefix: &str| rule(name, json!({"vpc": vpc, "v4IpCidr": prefix}));
    let by_subnet = |name: &str| rule(name, json!({"vpcSubnet": "s"}));
    let said = |field: &str, value: &str, prefix: &str| {
        as_warning(&wanted(&format!(
            r#"spec.{field}: Duplicate value: "{value}": OvnSnatRule "a" is for {prefix} of this VPC: OVN takes one of them"#
        )))
    };
    let cluster = || cluster().with(object("Subnet", "s", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/64"})));
    let v4 = |field, value| said(field, value, "10.0.1.0/24");
    let named = || cluster().with(by_prefix("a", "v", "10.0.1.0/24"));
    named().warns(&by_prefix("b", "v", "10.0.1.5/24"), &[&v4("v4IpCidr", "10.0.1.5/24")]);
    named().warns(&by_subnet("b"), &[&v4("vpcSubnet", "s")]);
    named().accepts(&by_prefix("b", "w", "10.0.1.0/24"));
    named().accepts(&by_prefix("b", "v", "10.0.0.0/16"));
    named().accepts(&rule("b", json!({"vpc": "v", "v6IpCidr": "fd00::/64"})));
    named().accepts(&by_prefix("a", "v", "10.0.1.0/24"));
    let by_name = || cluster().with(by_subnet("a"));
    by_name().warns(&by_prefix("b", "v", "10.0.1.0/24"), &[&v4("v4IpCidr", "10.0.1.0/24")]);
    let v6 = said("v6IpCidr", "fd00::/64", "fd00::/64");
    by_name().warns(&rule("b", json!({"vpc": "v", "v6IpCidr": "fd00::/64"})), &[&v6]);
    by_name().accepts(&rule("b", json!({"ipName": "p.ns1"})));
    // Of a Subnet, the IPv4 prefix wins.
    by_name().accepts(&rule("b", json!({"vpc": "v", "vpcSubnet": "s", "v4IpCidr": "10.9.0.0/16"})));
}

#[test]
fn the_rules_of_an_old_gateway_are_compared() {
    let said = |text: &str| wanted(&format!("spec.{text}"));
    let gateway = |spec: Value| object("VpcNatGateway", "gw", spec);
    let dnat = |eip: &str, port: &str, protocol: &str| json!({"eip": eip, "externalPort": port, "protocol": protocol});
    let floating = json!([{"eip": "192.0.2.1"}, {"eip": "192.0.2.1"}]);
    let spec = json!({"floatingIpRules": floating, "dnatRules": [dnat("192.0.2.1", "1", "tcp")]});
    cluster().refuses(
        &gateway(spec),
        &[
            &said(r#"dnatRules[0].eip: Duplicate value: "192.0.2.1": spec.floatingIpRules[0] takes all ports of this EIP, so that this rule does nothing"#),
            &said(r#"floatingIpRules[1].eip: Duplicate value: "192.0.2.1": spec.floatingIpRules[0] has this EIP: the gateway takes one of them"#),
        ],
    );
    let ports = [dnat("192.0.2.1", "1", "tcp"), dnat("192.0.2.1", "1", "udp"), dnat("192.0.2.2", "1", "tcp")];
    cluster().accepts(&gateway(json!({"dnatRules": ports})));
    cluster().refuses(
        &gateway(json!({"dnatRules": [ports[0], dnat("192.0.2.1", "1", "TCP")]})),
        &[&said(r#"dnatRules[1].externalPort: Duplicate value: "1": spec.dnatRules[0] has this port of the EIP: the gateway takes one of them"#)],
    );
    let snat = |eip: &str, prefix: &str| json!({"eip": eip, "internalCIDR": prefix});
    let prefixes = [snat("192.0.2.1", "10.0.0.0/16"), snat("192.0.2.2", "10.0.1.0/24")];
    let within = said(
        r#"snatRules[1].internalCIDR: "10.0.1.0/24": spec.snatRules[0] is for 10.0.0.0/16 by another EIP and stands before, so that this rule does nothing"#,
    );
    cluster().warns(&gateway(json!({"snatRules": prefixes})), &[&within]);
    cluster().accepts(&gateway(json!({"snatRules": [prefixes[1], prefixes[0]]})));
    cluster().accepts(&gateway(json!({"snatRules": [prefixes[0], snat("192.0.2.1", "10.0.1.0/24")]})));
    cluster().warns(
        &gateway(json!({"snatRules": [prefixes[0], snat("192.0.2.2", "10.0.0.1/16")]})),
        &[&as_warning(&said(r#"snatRules[1].internalCIDR: Duplicate value: "10.0.0.1/16": spec.snatRules[0] is for this prefix: the gateway takes the EIP of one of them"#))],
    );
}

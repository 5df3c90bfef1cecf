use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, update};

/// What is said of a change, denials first: `deny spec.subnet`.
fn said_in(cluster: &Cluster, kind: &str, old: &Value, new: &Value) -> Vec<String> {
    let object = |content: &Value| {
        let mut object = json!({"kind": kind, "name": "x", "namespace": "ns1"});
        for (part, value) in content.as_object().unwrap() {
            object[part] = value.clone();
        }
        object
    };
    let verdict = cluster.verdict(&update(&object(old), &object(new)));
    let lines = |word: &'static str, findings: &[crate::finding::Reported]| {
        findings.iter().map(|finding| format!("{word} {}", finding.field())).collect::<Vec<_>>()
    };
    [lines("deny", &verdict.findings), lines("warn", &verdict.warnings)].concat()
}

fn said(kind: &str, old: &Value, new: &Value) -> Vec<String> {
    said_in(&Cluster::of(RULE.id), kind, old, new)
}

/// A kind, the status under which its fields may not change, and each with two values.
type Case = (&'static str, Value, &'static [(&'static str, &'static str, &'static str, &'static str)]);

fn cases() -> Vec<Case> {
    vec![
        (
            "IptablesEIP",
            json!({}),
            &[
                ("deny", "natGwDp", "a", "b"),
                ("deny", "externalSubnet", "a", "b"),
                ("deny", "v4ip", "10.0.0.1", "10.0.0.2"),
                ("warn", "v6ip", "fd00::1", "fd00::2"),
                ("warn", "macAddress", "00:00:00:00:00:01", "00:00:00:00:00:02"),
            ],
        ),
        ("IptablesDnatRule", json!({}), &[("deny", "type", "share", "exclusive")]),
        (
            "OvnEip",
            json!({}),
            &[
                ("deny", "externalSubnet", "a", "b"),
                ("deny", "v4Ip", "10.0.0.1", "10.0.0.2"),
                ("deny", "v6Ip", "fd00::1", "fd00::2"),
                ("deny", "macAddress", "00:00:00:00:00:01", "00:00:00:00:00:02"),
                ("deny", "type", "nat", "lrp"),
            ],
        ),
        (
            "OvnFip",
            json!({"ready": true}),
            &[
                ("deny", "ovnEip", "a", "b"),
                ("deny", "vpc", "a", "b"),
                ("deny", "ipName", "a", "b"),
                ("deny", "ipType", "vip", "ip"),
                ("deny", "v4Ip", "10.0.0.1", "10.0.0.2"),
                ("deny", "v6Ip", "fd00::1", "fd00::2"),
                ("deny", "type", "distributed", "centralized"),
            ],
        ),
        (
            "OvnDnatRule",
            json!({"ready": true}),
            &[
                ("deny", "ovnEip", "a", "b"),
                ("deny", "vpc", "a", "b"),
                ("deny", "ipName", "a", "b"),
                ("deny", "ipType", "vip", "ip"),
                ("deny", "v4Ip", "10.0.0.1", "10.0.0.2"),
                ("deny", "v6Ip", "fd00::1", "fd00::2"),
                ("deny", "externalPort", "80", "81"),
                ("deny", "internalPort", "80", "81"),
                ("deny", "protocol", "tcp", "udp"),
            ],
        ),
        (
            "OvnSnatRule",
            json!({"ready": true}),
            &[
                ("deny", "ovnEip", "a", "b"),
                ("deny", "vpc", "a", "b"),
                ("deny", "vpcSubnet", "a", "b"),
                ("deny", "ipName", "a", "b"),
                ("deny", "v4IpCidr", "10.0.0.0/24", "10.0.1.0/24"),
                ("deny", "v6IpCidr", "fd00::/64", "fd01::/64"),
            ],
        ),
        (
            "Vip",
            json!({"mac": "00:00:00:00:00:01"}),
            &[
                ("deny", "subnet", "a", "b"),
                ("deny", "type", "switch_lb_vip", "kube_host_vm_vip"),
                ("deny", "v4ip", "10.0.0.1", "10.0.0.2"),
                ("deny", "v6ip", "fd00::1", "fd00::2"),
                ("deny", "macAddress", "00:00:00:00:00:01", "00:00:00:00:00:02"),
            ],
        ),
        (
            "IP",
            json!({}),
            &[
                ("warn", "subnet", "a", "b"),
                ("warn", "namespace", "a", "b"),
                ("warn", "podName", "a", "b"),
                ("warn", "podType", "VirtualMachine", "StatefulSet"),
                ("warn", "v4IpAddress", "10.0.0.1", "10.0.0.2"),
                ("warn", "v6IpAddress", "fd00::1", "fd00::2"),
                ("warn", "macAddress", "00:00:00:00:00:01", "00:00:00:00:00:02"),
            ],
        ),
        ("IPPool", json!({}), &[("deny", "subnet", "a", "b")]),
        ("VpcDns", json!({}), &[("warn", "vpc", "a", "b"), ("warn", "subnet", "a", "b")]),
        ("QoSPolicy", json!({}), &[("deny", "bindingType", "EIP", "NATGW")]),
        ("VpcEgressGateway", json!({}), &[("deny", "vpc", "a", "b"), ("deny", "prefix", "a-", "b-")]),
        ("VpcNatGateway", json!({}), &[("deny", "namespace", "a", "b")]),
    ]
}

#[test]
fn each_field_of_the_table_stays() {
    for (kind, status, fields) in cases() {
        for (word, field, before, after) in fields {
            let of = |value: &str| json!({"spec": {*field: value}, "status": status});
            assert_eq!(said(kind, &of(before), &of(after)), [format!("{word} spec.{field}")], "{kind}.{field}");
            assert!(said(kind, &of(before), &of(before)).is_empty(), "{kind}.{field}");
        }
    }
}

#[test]
fn what_kube_ovn_has_not_made_may_change() {
    for (kind, status, fields) in cases().into_iter().filter(|(_, status, _)| *status != json!({})) {
        for (_, field, before, after) in fields {
            let of = |value: &str| json!({"spec": {*field: value}});
            assert!(said(kind, &of(before), &of(after)).is_empty(), "{kind}.{field} without {status}");
        }
    }
}

#[test]
fn what_was_empty_may_get_a_value() {
    let defaults = ["externalSubnet", "type", "namespace", "vpc"];
    for (kind, status, fields) in cases() {
        for (_, field, _, after) in fields.iter().filter(|(_, field, ..)| !defaults.contains(field)) {
            let of = |value: &str| json!({"spec": {*field: value}, "status": status});
            assert!(said(kind, &of(""), &of(after)).is_empty(), "{kind}.{field}");
        }
    }
}

#[test]
fn what_is_empty_means_the_default() {
    let change = |kind: &str, field: &str, before: &str, after: &str| {
        said(kind, &json!({"spec": {field: before}}), &json!({"spec": {field: after}}))
    };
    for (kind, field, default) in [
        ("IptablesEIP", "externalSubnet", "ovn-vpc-external-network"),
        ("IptablesDnatRule", "type", "exclusive"),
        ("OvnEip", "externalSubnet", "external"),
        ("VpcEgressGateway", "vpc", "ovn-cluster"),
        ("VpcNatGateway", "namespace", "kube-system"),
    ] {
        assert!(change(kind, field, "", default).is_empty(), "{kind}.{field}");
        assert!(change(kind, field, default, "").is_empty(), "{kind}.{field}");
        let other = if field == "type" { "share" } else { "other" };
        assert_eq!(change(kind, field, "", other), [format!("deny spec.{field}")]);
    }
}

#[test]
fn to_take_away_what_kube_ovn_gave_is_a_warning() {
    let eip = |v4: &str, given: &str| json!({"spec": {"v4ip": v4}, "status": {"ip": given}});
    assert_eq!(said("IptablesEIP", &eip("10.0.0.1", "10.0.0.1"), &eip("", "10.0.0.1")), ["warn spec.v4ip"]);
    assert!(said("IptablesEIP", &eip("10.0.0.1", ""), &eip("", "")).is_empty());
    let vip = |v4: &str| json!({"spec": {"v4ip": v4}, "status": {"mac": "00:00:00:00:00:01", "v4ip": "10.0.0.1"}});
    assert_eq!(said("Vip", &vip("10.0.0.1"), &vip("")), ["warn spec.v4ip"]);
    assert!(said("Vip", &vip("10.0.0.9"), &vip("")).is_empty());
}

#[test]
fn to_ask_again_for_both_addresses_that_were_given_is_a_warning() {
    let eip = |v4: &str| json!({"spec": {"v4Ip": v4}, "status": {"v4Ip": "10.0.0.1", "v6Ip": "fd00::1"}});
    let change = |after: &str| said("OvnEip", &eip("10.0.0.1"), &eip(after));
    assert_eq!(change("10.0.0.1,fd00:0::1"), ["warn spec.v4Ip"]);
    for other in ["10.0.0.1,fd00::2", "10.0.0.2,fd00::1", "fd00::1", "10.0.0.1,fd00::1,10.0.0.3"] {
        assert_eq!(change(other), ["deny spec.v4Ip"], "{other}");
    }
}

#[test]
fn another_spelling_is_no_change() {
    let vip =
        |v6: &str, mac: &str| json!({"spec": {"v6ip": v6, "macAddress": mac}, "status": {"mac": "00:00:00:00:00:0a"}});
    assert!(said("Vip", &vip("fd00::1", "00:00:00:00:00:0a"), &vip("fd00:0::1", "00:00:00:00:00:0A")).is_empty());
}

#[test]
fn what_kube_ovn_follows_may_change() {
    for (kind, field) in
        [("IptablesEIP", "qosPolicy"), ("IptablesDnatRule", "eip"), ("IptablesDnatRule", "externalPort")]
    {
        assert!(
            said(kind, &json!({"spec": {field: "a"}}), &json!({"spec": {field: "b"}})).is_empty(),
            "{kind}.{field}"
        );
    }
    let vip = |selector: &str| json!({"spec": {"selector": [selector]}, "status": {"mac": "00:00:00:00:00:01"}});
    assert!(said("Vip", &vip("app:a"), &vip("app:b")).is_empty());
    let redone = |redo: &str| json!({"spec": {"natGwDp": "a"}, "status": {"ready": true, "redo": redo}});
    assert!(said("IptablesEIP", &redone("1"), &redone("2")).is_empty());
}

#[test]
fn a_shared_policy_keeps_its_limits() {
    let policy = |shared: bool, limits: Value| json!({"spec": {"shared": shared, "bandwidthLimitRules": limits}});
    let (one, other) = (json!([{"name": "a", "rateMax": "1"}, {"name": "b"}]), json!([{"name": "a", "rateMax": "2"}]));
    let turned = json!([{"name": "b"}, {"name": "a", "rateMax": "1"}]);
    let field = "deny spec.bandwidthLimitRules";
    assert_eq!(said("QoSPolicy", &policy(true, one.clone()), &policy(true, other.clone())), [field]);
    assert!(said("QoSPolicy", &policy(true, one.clone()), &policy(true, turned)).is_empty());
    assert!(said("QoSPolicy", &policy(false, one.clone()), &policy(false, other)).is_empty());
    for shared in [true, false] {
        let (old, new) = (policy(shared, one.clone()), policy(!shared, one.clone()));
        assert_eq!(said("QoSPolicy", &old, &new), ["deny spec.shared"]);
    }
}

#[test]
fn a_gateway_with_one_pod_is_another_than_one_with_more() {
    let gateway = |replicas: i64| json!({"spec": {"replicas": replicas}});
    for (before, after) in [(1, 2), (0, 2), (2, 1), (3, 0)] {
        assert_eq!(said("VpcNatGateway", &gateway(before), &gateway(after)), ["deny spec.replicas"]);
    }
    for (before, after) in [(0, 1), (1, 0), (2, 3)] {
        assert!(said("VpcNatGateway", &gateway(before), &gateway(after)).is_empty());
    }
    assert!(said("VpcNatGateway", &json!({"spec": {}}), &gateway(1)).is_empty());
}

#[test]
fn what_a_pod_is_made_with_waits_for_the_next_one() {
    for (field, before, after) in [
        ("routes", json!([]), json!([{"cidr": "10.0.0.0/8", "nextHopIP": "gateway"}])),
        ("noDefaultEIP", json!(false), json!(true)),
        ("bgpSpeaker", json!({"enabled": false}), json!({"enabled": true})),
        ("annotations", json!({"a": "1"}), json!({"a": "2"})),
    ] {
        let of = |value: &Value, replicas: i64| json!({"spec": {field: value, "replicas": replicas}});
        assert_eq!(said("VpcNatGateway", &of(&before, 1), &of(&after, 1)), [format!("warn spec.{field}")]);
        assert!(said("VpcNatGateway", &of(&before, 2), &of(&after, 2)).is_empty());
    }
}

/// Kube-OVN takes the old interface out of the bridge, but for one that has exchanged its name with it.
#[test]
fn the_interface_of_a_network_may_change_where_it_keeps_its_name() {
    let network = |interface: &str, is_exchanged: bool| json!({"spec": {"defaultInterface": interface, "exchangeLinkName": is_exchanged}});
    assert!(said("ProviderNetwork", &network("eth0", false), &network("eth1", false)).is_empty());
    assert_eq!(said("ProviderNetwork", &network("eth0", true), &network("eth1", true)), ["warn spec.defaultInterface"]);
}

/// As Kube-OVN's own tests have it: the Subnets on it move to the other network.
#[test]
fn a_vlan_may_change() {
    let vlan =
        |id: i64, provider: &str| json!({"spec": {"id": id, "provider": provider}, "status": {"subnets": ["s"]}});
    assert!(said("Vlan", &vlan(1, "p"), &vlan(2, "q")).is_empty());
}

#[test]
fn a_tier_counts_when_a_rule_changes() {
    let group = |tier: i64, priority: i64| json!({"spec": {"tier": tier, "ingressRules": [{"priority": priority}]}});
    assert_eq!(said("SecurityGroup", &group(0, 1), &group(1, 1)), ["warn spec.tier"]);
    assert!(said("SecurityGroup", &group(0, 1), &group(1, 2)).is_empty());
}

/// Nothing of it is set up, and Kube-OVN tries again with what the pool says then.
#[test]
fn a_pool_of_a_subnet_that_there_is_not_may_move() {
    let pool = |subnet: &str, message: &str, is_ready: &str| {
        let condition = json!({"type": "Ready", "status": is_ready, "reason": "UpdateIPAMFailed", "message": message});
        json!({"spec": {"subnet": subnet}, "status": {"conditions": [condition]}})
    };
    let change =
        |message: &str, is_ready: &str| said("IPPool", &pool("aps", message, is_ready), &pool("apps", "", is_ready));
    assert!(change("subnet aps does not exist in IPAM", "False").is_empty());
    for (message, is_ready) in [
        ("subnet aps does not exist in IPAM", "True"),
        ("subnet apps does not exist in IPAM", "False"),
        ("invalid IP address \"10.0.0.300\"", "False"),
        ("", "True"),
    ] {
        assert_eq!(change(message, is_ready), ["deny spec.subnet"], "{message}");
    }
}

#[test]
fn the_old_value_and_what_becomes_of_it_are_told() {
    let pool = |subnet: &str| json!({"kind": "IPPool", "spec": {"subnet": subnet}});
    let verdict = Cluster::of(RULE.id).verdict(&update(&pool("a"), &pool("b")));
    let wanted = r#"spec.subnet: Invalid value: "b": was "a": since v1.16 nothing keeps it, and the pool stays in that Subnet too [spec-immutable]"#;
    assert_eq!(verdict.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [wanted]);
    assert_eq!(verdict.findings[0].help_text(), "Create a new IPPool and delete this one.");
}

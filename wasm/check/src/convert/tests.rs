use serde_json::json;

use super::*;

/// The gateway of Kube-OVN's guide.
fn guide() -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1",
        "kind": "VpcNatGateway",
        "metadata": {"name": "ngw"},
        "spec": {
            "vpc": "test-vpc-1",
            "subnet": "net1",
            "lanIp": "10.0.1.254",
            "eips": [
                {"eipCIDR": "192.168.0.111/24", "gateway": "192.168.0.254"},
                {"eipCIDR": "192.168.0.112/24", "gateway": "192.168.0.254"},
            ],
            "floatingIpRules": [{"eip": "192.168.0.111", "internalIp": "10.0.1.5"}],
            "dnatRules": [{
                "eip": "192.168.0.112",
                "externalPort": "8888",
                "protocol": "tcp",
                "internalIp": "10.0.1.10",
                "internalPort": "80",
            }],
            "snatRules": [{"eip": "192.168.0.112", "internalCIDR": "10.0.1.0/24"}],
            "selector": ["kubernetes.io/os: linux"],
        },
    })
}

/// The guide's gateway with another value in its spec, or in a rule of it.
fn with(pointer: &str, value: Value) -> Value {
    let mut gateway = guide();
    *gateway.pointer_mut(pointer).unwrap() = value;
    gateway
}

#[track_caller]
fn converted(gateway: &Value) -> Vec<Converted> {
    convert(gateway).unwrap().unwrap()
}

#[track_caller]
fn errors(gateway: &Value) -> Vec<String> {
    convert(gateway).unwrap().unwrap_err().iter().map(ToString::to_string).collect()
}

/// The comments of the object of a name.
#[track_caller]
fn comments(gateway: &Value, name: &str) -> String {
    let converted = converted(gateway);
    let of_name = |object: &&Converted| object.object["metadata"]["name"] == name;
    converted.iter().find(of_name).unwrap_or_else(|| panic!("{converted:#?}")).comments.join("\n")
}

fn made(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

#[test]
fn the_gateway_of_the_guide_becomes_an_object_for_each_address_and_rule() {
    let objects: Vec<_> = converted(&guide()).into_iter().map(|converted| converted.object).collect();
    let eip = |address| json!({"natGwDp": "ngw", "v4ip": address});
    let wanted = [
        made(
            "VpcNatGateway",
            "ngw",
            &json!({
                "vpc": "test-vpc-1", "subnet": "net1", "lanIp": "10.0.1.254", "selector": ["kubernetes.io/os: linux"],
            }),
        ),
        made("IptablesEIP", "ngw-eip-192-168-0-111", &eip("192.168.0.111")),
        made("IptablesEIP", "ngw-eip-192-168-0-112", &eip("192.168.0.112")),
        made(
            "IptablesFIPRule",
            "ngw-fip-192-168-0-111",
            &json!({"eip": "ngw-eip-192-168-0-111", "internalIp": "10.0.1.5"}),
        ),
        made(
            "IptablesDnatRule",
            "ngw-dnat-192-168-0-112-8888-tcp",
            &json!({
                "eip": "ngw-eip-192-168-0-112",
                "externalPort": "8888",
                "protocol": "tcp",
                "internalIp": "10.0.1.10",
                "internalPort": "80",
            }),
        ),
        made(
            "IptablesSnatRule",
            "ngw-snat-192-168-0-112-10-0-1-0-24",
            &json!({"eip": "ngw-eip-192-168-0-112", "internalCIDR": "10.0.1.0/24"}),
        ),
    ];
    assert_eq!(objects, wanted);
    assert!(wanted.iter().all(|object| convert(object).is_none()), "what was converted is not old");
}

#[test]
fn what_moves_to_the_subnet_is_said() {
    let said = comments(&guide(), "ngw");
    assert!(said.contains("cidrBlock: 192.168.0.0/24, gateway: 192.168.0.254"), "{said}");
    let said = comments(&guide(), "ngw-eip-192-168-0-112");
    assert_eq!(said, "spec.eips[1] was 192.168.0.112/24 with gateway 192.168.0.254: both are the Subnet's now.");
    assert_eq!(comments(&guide(), "ngw-fip-192-168-0-111"), "");
}

#[test]
fn several_networks_and_routers_are_said() {
    let gateway = with(
        "/spec/eips",
        json!([
            {"eipCIDR": "192.168.0.111/24", "gateway": "192.168.0.254"},
            {"eipCIDR": "192.168.0.112/32", "gateway": "192.168.0.253"},
            {"eipCIDR": "172.16.0.9/16", "gateway": "172.16.0.1"},
        ]),
    );
    let said = comments(&gateway, "ngw");
    assert!(said.contains("have: cidrBlock: 192.168.0.0/24, gateway: 192.168.0.254 or 192.168.0.253"), "{said}");
    assert!(said.contains("of their own: cidrBlock: 172.16.0.0/16, gateway: 172.16.0.1\n"), "{said}");
    assert!(said.ends_with("the last one counted, 172.16.0.1."), "{said}");
    let said = comments(&gateway, "ngw-eip-172-16-0-9");
    assert!(said.ends_with("spec.externalSubnet must name the Subnet of 172.16.0.0/16."), "{said}");
    assert!(!comments(&gateway, "ngw-eip-192-168-0-112").contains("externalSubnet"));
}

#[test]
fn where_the_order_counted_it_is_said() {
    let rule = |eip: &str, range: &str| json!({"eip": eip, "internalCIDR": range});
    let gateway = with(
        "/spec/snatRules",
        json!([
            rule("192.168.0.111", "10.0.0.0/16"),
            rule("192.168.0.112", "10.0.1.0/24"),
            rule("192.168.0.112", "10.0.0.0/16"),
            rule("192.168.0.111", "10.0.2.0/24"),
            rule("192.168.0.111", "10.9.0.7"),
            rule("192.168.0.112", "10.9.1.1/24"),
        ]),
    );
    let name = |rest: &str| format!("ngw-snat-192-168-0-{rest}");
    let said = comments(&gateway, &name("112-10-0-1-0-24"));
    assert_eq!(
        said,
        "spec.snatRules[0] came first, so that this one did nothing. Up to v1.16.2 that stays so where it is made first; after it the longer prefix counts, and 10.0.1.0/24 leaves by 192.168.0.112."
    );
    let said = comments(&gateway, &name("112-10-0-0-0-16"));
    assert!(said.starts_with("spec.snatRules[0] is for the same range and came first"), "{said}");
    // What leaves by one address does so by whichever rule; other ranges have nothing to do with it.
    for rest in ["111-10-0-0-0-16", "111-10-0-2-0-24"] {
        let said = comments(&gateway, &name(rest));
        assert!(rest == "111-10-0-2-0-24" || said.is_empty(), "{said}");
    }
    let said = comments(&gateway, &name("111-10-9-0-7-32"));
    assert_eq!(said, "spec.snatRules[4].internalCIDR is written as a network with its length now.");
    let rewritten = converted(&gateway).pop().unwrap();
    assert_eq!(rewritten.object["spec"]["internalCIDR"], "10.9.1.0/24");
    assert_eq!(rewritten.comments.len(), 1);
}

#[test]
fn a_rule_that_a_floating_ip_takes_everything_of_is_said() {
    let gateway = with("/spec/dnatRules/0/eip", json!("192.168.0.111"));
    let said = comments(&gateway, "ngw-dnat-192-168-0-111-8888-tcp");
    assert!(said.starts_with("spec.floatingIpRules[0] takes all that comes to 192.168.0.111"), "{said}");
}

#[test]
fn what_meant_the_same_is_written_as_it_is_today() {
    // Kube-OVN cut the length off, iptables knows protocols in any case, and a port without quotes is a number.
    let gateway = with(
        "/spec/dnatRules/0",
        json!({"eip": "192.168.0.112/24", "externalPort": 8888, "protocol": "UDP", "internalIp": "10.0.1.10", "internalPort": 80}),
    );
    let dnat = &converted(&gateway)[4].object;
    assert_eq!(dnat["metadata"]["name"], "ngw-dnat-192-168-0-112-8888-udp");
    let spec = json!({"eip": "ngw-eip-192-168-0-112", "externalPort": "8888", "protocol": "udp",
                      "internalIp": "10.0.1.10", "internalPort": "80"});
    assert_eq!(dnat["spec"], spec);
}

#[test]
fn addresses_are_of_the_external_subnet_that_the_gateway_names() {
    let mut gateway = guide();
    gateway["spec"]["externalSubnets"] = json!(["ext1"]);
    gateway["metadata"]["finalizers"] = json!(["kube-ovn-controller"]);
    let made = converted(&gateway);
    assert_eq!(made[0].object["metadata"].get("finalizers"), None);
    let eips: Vec<_> = made.iter().filter(|made| made.object["kind"] == "IptablesEIP").collect();
    assert!(!eips.is_empty() && eips.iter().all(|eip| eip.object["spec"]["externalSubnet"] == "ext1"));
    assert!(made[0].comments.iter().any(|comment| comment.contains("of \"ext1\" where no other is named")));
}

#[test]
fn one_port_of_two_protocols_is_two_rules() {
    let mut gateway = guide();
    let mut udp = gateway["spec"]["dnatRules"][0].clone();
    udp["protocol"] = json!("udp");
    gateway["spec"]["dnatRules"].as_array_mut().unwrap().push(udp);
    let names: Vec<_> = converted(&gateway).into_iter().map(|made| made.object["metadata"]["name"].clone()).collect();
    assert_eq!(names[4..6], ["ngw-dnat-192-168-0-112-8888-tcp", "ngw-dnat-192-168-0-112-8888-udp"]);
}

/// What is said of the guide's gateway with another value at one place.
fn say(faults: &[(&str, Value, &str)]) {
    for (pointer, value, wanted) in faults {
        let errors = errors(&with(pointer, value.clone()));
        assert!(errors.len() == 1 && errors[0].starts_with(wanted), "{wanted}\n{errors:#?}");
    }
}

#[test]
fn each_fault_of_a_gateway_and_its_addresses_names_its_field() {
    say(&[
        ("/metadata/name", json!("a_b"), r#"metadata.name: Invalid value: "a_b": must be a DNS subdomain"#),
        ("/metadata/name", json!("a".repeat(201)), "metadata.name: Too long: may have at most 200 bytes"),
        ("/metadata", json!({"generateName": "a-"}), "metadata.name: Required value: the names of what is made"),
        (
            "/spec/eips/0",
            json!({"eipCIDR": "192.168.0.111/24"}),
            "spec.eips[0].gateway: Required value: must be the address",
        ),
        (
            "/spec/eips/0/eipCIDR",
            json!("192.168.0.111"),
            r#"spec.eips[0].eipCIDR: Invalid value: "192.168.0.111": needs a prefix length"#,
        ),
        (
            "/spec/eips/0/eipCIDR",
            json!("fd00::1/64"),
            r#"spec.eips[0].eipCIDR: Invalid value: "fd00::1/64": must be IPv4"#,
        ),
        ("/spec/eips/0/eipCIDR", json!(5), "spec.eips[0].eipCIDR: Invalid value: 5: must be a string, not a number"),
        (
            "/spec/eips/0/gateway",
            json!("192.168.1.1"),
            r#"spec.eips[0].gateway: Invalid value: "192.168.1.1": is in the network of no entry of spec.eips"#,
        ),
        (
            "/spec/eips/0/gateway",
            json!("192.168.0.112"),
            r#"spec.eips[0].gateway: Invalid value: "192.168.0.112": is itself an address of spec.eips"#,
        ),
        (
            "/spec/eips/0/gateway",
            json!("10.0.0.1; id"),
            r#"spec.eips[0].gateway: Invalid value: "10.0.0.1; id": is not an IPv4 address"#,
        ),
        (
            "/spec/eips/1/eipCIDR",
            json!("192.168.0.111/25"),
            r#"spec.eips[1].eipCIDR: Duplicate value: "192.168.0.111/25": spec.eips[0] has it already"#,
        ),
        (
            "/spec/eips/1",
            json!("192.168.0.111/25"),
            "spec.eips[1]: Invalid value: \"192.168.0.111/25\": must be an object, not a string",
        ),
        ("/spec/eips", json!({}), "spec.eips: Invalid value: {…}: must be a list, not an object"),
    ]);
}

#[test]
fn each_fault_of_a_rule_names_its_field() {
    say(&[
        (
            "/spec/floatingIpRules/0/eip",
            json!("192.168.0.9"),
            r#"spec.floatingIpRules[0].eip: Invalid value: "192.168.0.9": no entry of spec.eips has this address (there: 192.168.0.111, 192.168.0.112)"#,
        ),
        (
            "/spec/floatingIpRules/0/eip",
            json!("eip-1"),
            r#"spec.floatingIpRules[0].eip: Invalid value: "eip-1": is not an IPv4 address"#,
        ),
        (
            "/spec/floatingIpRules/0/internalIp",
            json!(""),
            "spec.floatingIpRules[0].internalIp: Required value: must be an address in the VPC",
        ),
        (
            "/spec/dnatRules/0/externalPort",
            json!("http"),
            r#"spec.dnatRules[0].externalPort: Invalid value: "http": must be a port from 1 to 65535, in digits"#,
        ),
        (
            "/spec/dnatRules/0/externalPort",
            json!("8000:8010"),
            r#"spec.dnatRules[0].externalPort: Invalid value: "8000:8010": must be a port from 1 to 65535, in digits: of a range,"#,
        ),
        ("/spec/dnatRules/0/internalPort", json!("080"), r#"spec.dnatRules[0].internalPort: Invalid value: "080""#),
        ("/spec/dnatRules/0/internalPort", json!("+80"), r#"spec.dnatRules[0].internalPort: Invalid value: "+80""#),
        ("/spec/dnatRules/0/internalPort", json!(65536), r#"spec.dnatRules[0].internalPort: Invalid value: "65536""#),
        ("/spec/dnatRules/0/internalPort", json!("0"), r#"spec.dnatRules[0].internalPort: Invalid value: "0""#),
        (
            "/spec/dnatRules/0/internalPort",
            json!(80.5),
            "spec.dnatRules[0].internalPort: Invalid value: 80.5: must be a string",
        ),
        (
            "/spec/dnatRules/0/internalPort",
            Value::Null,
            "spec.dnatRules[0].internalPort: Required value: must be a port from 1 to 65535",
        ),
        (
            "/spec/dnatRules/0/protocol",
            json!("sctp"),
            r#"spec.dnatRules[0].protocol: Invalid value: "sctp": today's rules are for tcp and udp alone"#,
        ),
        (
            "/spec/snatRules/0/internalCIDR",
            json!("10.0.1.0/24,10.0.2.0/24"),
            r#"spec.snatRules[0].internalCIDR: Invalid value: "10.0.1.0/24,10.0.2.0/24": is one range: write a rule for each"#,
        ),
        (
            "/spec/snatRules/0/internalCIDR",
            json!("fd00::/64"),
            r#"spec.snatRules[0].internalCIDR: Invalid value: "fd00::/64": must be IPv4"#,
        ),
    ]);
}

#[test]
fn what_stands_twice_is_a_fault() {
    for (list, wanted) in [
        (
            "floatingIpRules",
            "spec.floatingIpRules[1].eip: Duplicate value: \"192.168.0.111\": spec.floatingIpRules[0] has",
        ),
        ("dnatRules", "spec.dnatRules[1].externalPort: Duplicate value: \"8888\": spec.dnatRules[0] has"),
        ("snatRules", "spec.snatRules[1].internalCIDR: Duplicate value: \"10.0.1.0/24\": spec.snatRules[0] has"),
    ] {
        let mut gateway = guide();
        let rules = gateway["spec"][list].as_array_mut().unwrap();
        rules.push(rules[0].clone());
        let errors = errors(&gateway);
        assert!(errors.len() == 1 && errors[0].starts_with(wanted), "{wanted}\n{errors:#?}");
    }
}

#[test]
fn all_faults_are_said_at_once() {
    let mut gateway = with("/spec/dnatRules/0/externalPort", json!("x"));
    gateway["spec"]["dnatRules"][0]["internalIp"] = json!("y");
    gateway["metadata"]["name"] = json!("A");
    assert_eq!(errors(&gateway).len(), 3);
}

#[test]
fn what_the_api_server_filled_in_is_left_behind() {
    let mut gateway = guide();
    gateway["metadata"] = json!({
        "name": "ngw",
        "uid": "1", "resourceVersion": "5", "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": [],
        "labels": {"team": "a"},
        "annotations": {"owner": "b", LAST_APPLIED: "{}"},
    });
    gateway["status"] = json!({"redo": ""});
    let object = converted(&gateway).swap_remove(0).object;
    assert_eq!(object["metadata"], json!({"name": "ngw", "labels": {"team": "a"}, "annotations": {"owner": "b"}}));
    assert_eq!(object.get("status"), None);
}

#[test]
fn what_the_api_server_dropped_is_taken_from_what_was_applied() {
    let mut stored = guide();
    for field in FIELDS_INSIDE {
        stored["spec"].as_object_mut().unwrap().remove(field);
    }
    assert!(convert(&stored).is_none());
    stored["metadata"]["annotations"] = json!({LAST_APPLIED: guide().to_string()});
    let (mut recovered, mut whole) = (converted(&stored), converted(&guide()));
    let said = recovered[0].comments.remove(0);
    assert!(said.contains("applied last"), "{said}");
    assert_eq!(recovered, whole);
    // What it has itself counts.
    stored["spec"]["eips"] = json!([]);
    whole.truncate(1);
    assert_eq!(converted(&stored)[0].object, whole[0].object);
    assert_eq!(converted(&stored).len(), 1);
}

#[test]
fn a_fault_in_what_was_applied_is_where_it_stands() {
    let mut stored = guide();
    stored["spec"] = json!({"vpc": "a"});
    let applied = with("/spec/dnatRules/0/externalPort", json!("x"));
    stored["metadata"]["annotations"] = json!({LAST_APPLIED: applied.to_string()});
    let wrong = convert(&stored).unwrap().unwrap_err();
    let text = wrong[0].to_string();
    assert!(text.starts_with(&format!("in annotation {LAST_APPLIED}, spec.dnatRules[0].externalPort: ")), "{text}");
    assert_eq!(wrong[0].place(), FieldPath::annotation(LAST_APPLIED));
}

#[test]
fn what_is_not_old_is_no_matter() {
    for object in [
        json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "a"}, "spec": {"vpc": "a"}}),
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "a"}, "spec": {"eips": []}}),
        json!({"apiVersion": "example.org/v1", "kind": "VpcNatGateway", "metadata": {"name": "a"}, "spec": {"eips": []}}),
        json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "a", "annotations": {LAST_APPLIED: "eips: ["}}}),
        json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "a", "annotations": {LAST_APPLIED: r#"{"spec":{"eips":[]}}"#}}}),
        json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "a", "annotations": {LAST_APPLIED: 5}}}),
    ] {
        assert!(convert(&object).is_none(), "{object}");
    }
}

#[test]
fn names_are_names_and_no_two_are_one() {
    // A name may look like what is appended to others.
    let gateways = ["a", "a-eip-1-2-3-4", "a.b", &"a".repeat(200)];
    let mut taken = std::collections::BTreeSet::new();
    for name in gateways {
        let mut gateway = with("/metadata/name", json!(name));
        gateway["spec"]["snatRules"].as_array_mut().unwrap().extend([
            json!({"eip": "192.168.0.111", "internalCIDR": "10.0.1.0/24"}),
            json!({"eip": "192.168.0.112", "internalCIDR": "10.0.1.0/25"}),
        ]);
        for made in converted(&gateway) {
            let made_name = made.object["metadata"]["name"].as_str().unwrap().to_owned();
            assert!(vpcguard_policies::kinds::is_name(&made_name) && made_name.starts_with(name), "{made_name}");
            assert!(taken.insert((made.object["kind"].to_string(), made_name.clone())), "{made_name} twice");
        }
    }
    assert_eq!(taken.len(), 4 * 8);
}

use serde_json::{Value, json};

use crate::request::{Operation, Request};
use crate::rules::support::testing::{Cluster, as_warning, create, update};

/// A rule that is right, but for these fields. What is null is left out.
fn rule(fields: Value) -> Value {
    let mut rule = json!({
        "ipVersion": "ipv4", "protocol": "tcp", "priority": 1, "remoteType": "address", "remoteAddress": "10.0.0.0/24",
        "portRangeMin": 80, "portRangeMax": 80, "policy": "allow",
    });
    for (field, value) in fields.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

fn all(fields: Value) -> Value {
    let mut all = rule(json!({"protocol": "all", "portRangeMin": null, "portRangeMax": null}));
    for (field, value) in fields.as_object().unwrap() {
        all[field] = value.clone();
    }
    all
}

fn group(rules: &[Value]) -> Value {
    json!({"kind": "SecurityGroup", "name": "sg-web", "spec": {"ingressRules": rules}})
}

fn cluster() -> Cluster {
    Cluster::of(super::RULE.id)
}

fn at(place: &str, wanted: &str) -> String {
    format!("spec.{place}{wanted} [security-group-syntax]")
}

fn refuses(fields: Value, wanted: &[&str]) {
    let wanted: Vec<_> = wanted.iter().map(|wanted| at("ingressRules[0].", wanted)).collect();
    cluster().refuses(&group(&[rule(fields)]), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
}

fn warns(rules: &[Value], wanted: &[&str]) {
    let wanted: Vec<_> = wanted.iter().map(|wanted| as_warning(&at("", wanted))).collect();
    cluster().warns(&group(rules), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_kube_ovn_and_ovn_read_is_accepted() {
    let rules = [
        all(json!({"remoteAddress": "0.0.0.0/0"})),
        rule(json!({"priority": 16384})),
        rule(json!({"protocol": "udp", "portRangeMin": 1, "portRangeMax": 65535, "policy": "drop", "priority": 2})),
        all(json!({"protocol": "icmp", "policy": "pass", "priority": 3, "remoteAddress": "10.0.0.5"})),
        all(json!({"policy": "deny", "priority": 4, "localAddress": "10.0.1.0/24"})),
        all(json!({"ipVersion": "ipv6", "remoteAddress": "FD00::1/64"})),
        all(json!({"remoteType": "securityGroup", "remoteAddress": null, "remoteSecurityGroup": "sg-web"})),
        rule(json!({"localAddress": "10.0.1.5", "sourcePortRangeMin": 1, "sourcePortRangeMax": 1024})),
    ];
    cluster().accepts(&group(&rules));
    let empty = json!({"ingressRules": [], "egressRules": [], "tier": 1, "allowSameGroupTraffic": true});
    cluster().accepts(&json!({"kind": "SecurityGroup", "spec": empty}));
    cluster().accepts(&json!({"kind": "SecurityGroup"}));
    cluster().accepts(&json!({"kind": "SecurityGroup", "spec": {"tier": 0, "egressRules": [all(json!({}))]}}));
}

#[test]
fn words_are_those_that_kube_ovn_knows() {
    refuses(
        json!({"ipVersion": "IPv4"}),
        &[r#"ipVersion: Unsupported value: "IPv4": supported values: "ipv4", "ipv6""#],
    );
    refuses(json!({"ipVersion": null}), &[r#"ipVersion: Unsupported value: "": supported values: "ipv4", "ipv6""#]);
    for policy in ["Allow", "", "reject", " drop"] {
        let wanted = format!(r#"policy: Unsupported value: "{policy}": supported values: "allow", "pass", "drop""#);
        refuses(json!({"policy": policy}), &[&wanted]);
    }
    for remote in ["cidr", "", "Address"] {
        let wanted =
            format!(r#"remoteType: Unsupported value: "{remote}": supported values: "address", "securityGroup""#);
        refuses(json!({"remoteType": remote}), &[&wanted]);
    }
    for protocol in ["TCP", "sctp", "any", "tcp "] {
        let wanted = format!(
            r#"protocol: Invalid value: "{protocol}": is not tcp, udp, icmp or all: Kube-OVN takes it for all, and ignores the ports"#
        );
        refuses(json!({"protocol": protocol}), &[&wanted]);
    }
    for (protocol, help) in [("TCP", "Write tcp."), ("sctp", "Write tcp, udp, icmp or all.")] {
        let verdict = cluster().admit(&group(&[rule(json!({"protocol": protocol}))]));
        assert_eq!(serde_json::to_value(&verdict.findings[0]).unwrap()["help"], help);
    }
}

#[test]
fn numbers_are_within_their_ranges() {
    for priority in [0, -1, 16385] {
        refuses(
            json!({"priority": priority}),
            &[&format!("priority: Invalid value: {priority}: must be from 1 to 16384")],
        );
    }
    for tier in [-1, 2] {
        let group = json!({"kind": "SecurityGroup", "spec": {"tier": tier}});
        cluster().refuses(&group, &[&at("tier", &format!(": Invalid value: {tier}: must be 0 or 1"))]);
    }
}

#[test]
fn nothing_is_passed_on_behind_the_last_tier() {
    let group = |tier: i64| json!({"kind": "SecurityGroup", "spec": {"tier": tier, "egressRules": [rule(json!({"policy": "pass"}))]}});
    cluster().accepts(&group(0));
    let wanted =
        "egressRules[0].policy: Forbidden: pass may not stand in a group of tier 1, behind which there is no other";
    cluster().refuses(&group(1), &[&at("", wanted)]);
}

#[test]
fn an_address_is_one_that_ovn_reads() {
    for (address, wanted) in [
        ("10.0.0.0/24,10.0.1.0/24", "must be one address or prefix: OVN cannot read a list here"),
        ("fd00::/8", "is ipv6, and ipVersion is ipv4"),
        ("10.0.0.0/33", "needs a prefix length from 0 to 32"),
        ("10.0.0.256", "is not an address or a prefix"),
        (" 10.0.0.0/24", "must not have whitespace around it"),
        ("010.0.0.1", "is not an address or a prefix"),
        ("10.0.0.0/024", "OVN cannot read it: a decimal number may not begin with 0"),
    ] {
        let finding = |field: &str| format!(r#"{field}: Invalid value: "{address}": {wanted}"#);
        refuses(json!({"remoteAddress": address}), &[&finding("remoteAddress")]);
        let ports = json!({"localAddress": address, "sourcePortRangeMin": 1, "sourcePortRangeMax": 9});
        refuses(ports, &[&finding("localAddress")]);
    }
    let other = json!({"ipVersion": "ipv6", "remoteAddress": "10.0.0.1"});
    refuses(other, &[r#"remoteAddress: Invalid value: "10.0.0.1": is ipv4, and ipVersion is ipv6"#]);
    refuses(json!({"remoteAddress": null}), &["remoteAddress: Required value: must be an address or a prefix"]);
    let nobody = json!({"remoteType": "securityGroup", "remoteSecurityGroup": ""});
    refuses(nobody, &["remoteSecurityGroup: Required value: must name a SecurityGroup"]);
}

#[test]
fn tcp_and_udp_have_ports() {
    for protocol in ["tcp", "udp"] {
        let none = json!({"protocol": protocol, "portRangeMin": null, "portRangeMax": null});
        refuses(none, &[&format!("portRangeMin: Required value: {protocol} needs a range of ports here")]);
    }
    let range = "Invalid value";
    refuses(json!({"portRangeMax": null}), &[&format!("portRangeMax: {range}: 0: must be from 1 to 65535")]);
    refuses(
        json!({"portRangeMin": -1, "portRangeMax": 65536}),
        &[
            &format!("portRangeMax: {range}: 65536: must be from 1 to 65535"),
            &format!("portRangeMin: {range}: -1: must be from 1 to 65535"),
        ],
    );
    refuses(json!({"portRangeMin": 81}), &[&format!("portRangeMin: {range}: 81: is above portRangeMax, which is 80")]);
    refuses(
        json!({"localAddress": "10.0.1.5"}),
        &["sourcePortRangeMin: Required value: localAddress needs a range of ports here"],
    );
    let above = json!({"localAddress": "10.0.1.5", "sourcePortRangeMin": 9, "sourcePortRangeMax": 1});
    refuses(above, &[&format!("sourcePortRangeMin: {range}: 9: is above sourcePortRangeMax, which is 1")]);
}

#[test]
fn ports_that_nobody_reads_are_a_warning() {
    for protocol in ["all", "icmp"] {
        let ports = rule(json!({"protocol": protocol, "sourcePortRangeMax": 9}));
        let because = format!("is ignored with protocol {protocol}");
        warns(
            &[ports],
            &[
                &format!("ingressRules[0].portRangeMin: Invalid value: 80: {because}"),
                &format!("ingressRules[0].sourcePortRangeMax: Invalid value: 9: {because}"),
            ],
        );
    }
    let source = rule(json!({"sourcePortRangeMin": 1, "sourcePortRangeMax": 9}));
    warns(&[source], &["ingressRules[0].sourcePortRangeMin: Invalid value: 1: is ignored without localAddress"]);
}

#[test]
fn no_protocol_is_all_of_them() {
    let finding = "without tcp or udp the ports are ignored: the rule is for all protocols and ports";
    refuses(json!({"protocol": ""}), &[&format!("protocol: Required value: {finding}")]);
    let none = all(json!({"protocol": null}));
    warns(&[none], &["ingressRules[0].protocol: Required value: an empty one stands for all protocols"]);
}

#[test]
fn one_filter_twice_is_refused() {
    let twice = |rules: [Value; 2]| {
        let wanted = "ingressRules[1].priority: Invalid value: 1: ingressRules[0] has this priority too, and the same match: it is one filter twice";
        let verdict = cluster().verdict(&create(&group(&rules)));
        let found: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
        assert_eq!(found, [at("", wanted)]);
    };
    twice([rule(json!({})), rule(json!({"policy": "drop"}))]);
    twice([rule(json!({})), rule(json!({}))]);
    // The ports of all do not tell two rules apart, but those of tcp do.
    twice([all(json!({"portRangeMin": 22})), all(json!({"portRangeMin": 443}))]);
    twice([all(json!({"protocol": "icmp", "portRangeMin": 22})), all(json!({"protocol": "icmp"}))]);
    cluster().accepts(&group(&[rule(json!({})), rule(json!({"portRangeMax": 81}))]));
    cluster().accepts(&group(&[rule(json!({})), rule(json!({"priority": 2}))]));
    cluster().accepts(&json!({"kind": "SecurityGroup", "spec": {
        "ingressRules": [rule(json!({}))], "egressRules": [rule(json!({"policy": "drop"}))]}}));
    // A remote group is told apart from what stands in the field that nobody reads then.
    let by_group = |address: &str| {
        all(json!({"remoteType": "securityGroup", "remoteSecurityGroup": "db", "remoteAddress": address}))
    };
    twice([by_group("10.0.0.1"), by_group("10.0.0.2")]);
}

#[test]
fn rules_of_one_priority_that_disagree_are_a_warning() {
    let drop = |mut rule: Value| {
        rule["policy"] = json!("drop");
        rule
    };
    let disagree = |one: Value, other: Value| {
        let wanted = "ingressRules[1].priority: Invalid value: 1: ingressRules[0] has this priority too, another policy, and packets in common: OVN may take either";
        warns(&[one, drop(other)], &[wanted]);
    };
    let agree = |one: Value, other: Value| cluster().accepts(&group(&[one, drop(other)]));
    let to = |group: &str| all(json!({"remoteType": "securityGroup", "remoteSecurityGroup": group}));
    disagree(rule(json!({})), rule(json!({"remoteAddress": "10.0.0.5"})));
    disagree(rule(json!({})), all(json!({"remoteAddress": "10.0.0.0/8"})));
    disagree(rule(json!({"portRangeMax": 90})), rule(json!({"portRangeMin": 90, "portRangeMax": 99})));
    disagree(to("db"), all(json!({"remoteAddress": "0.0.0.0/0"})));
    disagree(all(json!({"remoteAddress": "0.0.0.0/0"})), to("db"));
    let local = all(json!({"remoteType": "securityGroup", "remoteSecurityGroup": "db", "localAddress": "10.0.0.1"}));
    disagree(to("db"), local);
    agree(rule(json!({})), rule(json!({"remoteAddress": "10.0.1.0/24"})));
    agree(rule(json!({})), rule(json!({"protocol": "udp"})));
    agree(rule(json!({})), all(json!({"protocol": "icmp"})));
    agree(rule(json!({})), rule(json!({"portRangeMin": 81, "portRangeMax": 90})));
    agree(rule(json!({})), all(json!({"ipVersion": "ipv6", "remoteAddress": "::/0"})));
    agree(to("db"), to("web"));
    agree(to("db"), all(json!({"remoteAddress": "10.0.0.0/8"})));
    // One priority for rules of one policy, whatever it is called.
    let same = [rule(json!({"policy": "deny"})), drop(all(json!({})))];
    cluster().accepts(&group(&same));
    // What is wrong by itself is compared with nothing.
    let sctp = rule(json!({"protocol": "sctp", "policy": "drop"}));
    let verdict = cluster().verdict(&create(&group(&[all(json!({})), sctp])));
    assert_eq!((verdict.findings.len(), verdict.warnings.len()), (1, 0));
}

#[test]
fn so_many_are_compared_and_the_rest_is_said_to_be_not_judged() {
    let rules = |number: usize| {
        let one = |at: usize| {
            let policy = if at == 0 { "drop" } else { "allow" };
            all(json!({"remoteAddress": format!("10.0.{}.{}", at / 250, at % 250), "policy": policy}))
        };
        (0..number).map(one).collect::<Vec<_>>()
    };
    cluster().accepts(&group(&rules(200)));
    let wanted =
        "ingressRules: Forbidden: not judged: too many; only the first 200 rules that share a priority are compared";
    warns(&rules(201), &[wanted]);
    let mut distinct = rules(201);
    for (at, rule) in distinct.iter_mut().enumerate() {
        rule["priority"] = json!(at + 1);
    }
    cluster().accepts(&group(&distinct));
}

#[test]
fn no_annotation_spares_it_and_what_is_stored_is_found() {
    let mut bad = group(&[rule(json!({"protocol": "TCP"}))]);
    bad["annotations"] = json!({"vpcguard.io/allow": super::RULE.id});
    assert_eq!(cluster().verdict(&create(&bad)).findings.len(), 1);
    let at_rest = Request { operation: Operation::AtRest, ..create(&bad) };
    assert_eq!(cluster().verdict(&at_rest).findings.len(), 1);
    // What was so before is a warning, also at another place of the list.
    let mut moved = group(&[all(json!({"priority": 9})), rule(json!({"protocol": "TCP"}))]);
    moved["annotations"] = bad["annotations"].clone();
    let verdict = cluster().verdict(&update(&bad, &moved));
    assert_eq!((verdict.findings.len(), verdict.warnings.len()), (0, 1));
}

use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::Cluster;

fn gateway(changed: Value) -> Value {
    let mut spec = json!({"vpc": "v", "internalSubnet": "s", "externalSubnet": "e", "policies": [{"subnets": ["s"]}]});
    for (field, value) in changed.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({"kind": "VpcEgressGateway", "namespace": "ns1", "spec": spec})
}

fn refuses(spec: Value, wanted: &str) {
    Cluster::of(RULE.id).refuses(&gateway(spec), &[&format!("{wanted} [{}]", RULE.id)]);
}

fn warns(spec: Value, wanted: &str) {
    Cluster::of(RULE.id).warns(&gateway(spec), &[&format!("{wanted} [{}]", RULE.id)]);
}

fn accepts(spec: Value) {
    Cluster::of(RULE.id).accepts(&gateway(spec));
}

#[test]
fn what_is_meant_passes() {
    for spec in [
        json!({}),
        json!({"vpc": "", "internalSubnet": ""}),
        json!({"replicas": 0}),
        json!({"replicas": 0, "internalIPs": ["10.0.0.5"]}),
        json!({"replicas": 10}),
        json!({"internalIPs": [], "externalIPs": []}),
        json!({"internalIPs": ["10.0.0.5,fd00::5", "fd00::6,10.0.0.6"], "replicas": 2}),
        json!({"externalIPs": ["192.168.0.5", "FD00::5"]}),
        json!({"internalIPPool": "inside", "externalIPs": ["192.168.0.5"]}),
        json!({"policies": [{"snat": false, "ipBlocks": ["10.0.1.0/24", "10.0.2.1", "fd00::/64", "0.0.0.0/0"]}]}),
        json!({"policies": [{"ipBlocks": ["10.0.1.5/24"]}, {"ipBlocks": ["10.0.1.5/24"]}]}),
        json!({"policies": [], "selectors": [{"podSelector": {"matchLabels": {"a": "b"}}}]}),
        json!({"policies": [], "selectors": [{}]}),
        json!({"selectors": [{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}]}),
        json!({"selectors": [{"podSelector": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b", ""]}]}}]}),
        json!({"trafficPolicy": "", "podAntiAffinity": "Preferred"}),
        json!({"trafficPolicy": "Local", "podAntiAffinity": "Required"}),
        json!({"nodeSelector": [{"matchLabels": {"a": "b"}}, {}]}),
        json!({"nodeSelector": [{"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}, {"key": "b", "operator": "Gt", "values": ["5"]}]}]}),
        json!({"nodeSelector": [{"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n1.example.com"]}]}]}),
        json!({"tolerations": [{"operator": "Exists"}]}),
        json!({"tolerations": [{"key": "a"}, {"operator": "Exists", "effect": "NoSchedule"}]}),
        json!({"prefix": "team-"}),
        json!({"prefix": "a.b-c."}),
        json!({"prefix": "a--"}),
        json!({"bfd": {"enabled": true, "minRX": 1, "minTX": 3_600_000, "multiplier": 3_600_000}}),
        json!({"bandwidth": {"ingress": 0, "egress": 9_223_372_036_854_i64}}),
        json!({"bandwidth": {"ingress": "100", "egress": "1.5G"}}),
        json!({"bandwidth": {"ingress": ".5Gi", "egress": "10Mi"}}),
    ] {
        accepts(spec);
    }
}

#[test]
fn an_outside_and_a_number_of_pods() {
    refuses(json!({"externalSubnet": ""}), "spec.externalSubnet: Required value: without it Kube-OVN makes no gateway");
    refuses(json!({"replicas": -1}), "spec.replicas: Invalid value: -1: must not be below 0");
    warns(
        json!({"replicas": 11}),
        "spec.replicas: 11: is more than 10, which is the most that other releases of Kube-OVN take",
    );
}

#[test]
fn addresses_are_as_many_as_pods_and_each_is_one() {
    for field in ["internalIPs", "externalIPs"] {
        refuses(
            json!({field: ["10.0.0.5", "10.0.0.6"], "replicas": 3}),
            &format!(
                r#"spec.{field}: Invalid value: "10.0.0.5;10.0.0.6": has 2 of the 3 that as many replicas need, and Kube-OVN makes none of them"#
            ),
        );
        for text in [
            "",
            "10.0.0.256",
            " 10.0.0.5",
            "10.0.0.5/24",
            "10.0.0.5,10.0.0.6",
            "10.0.0.5, fd00::5",
            "10.0.0.5,fd00::5,fd00::6",
        ] {
            refuses(
                json!({field: ["10.0.0.9", text]}),
                &format!(
                    "spec.{field}[1]: Invalid value: {text:?}: must be one address, or an IPv4 and an IPv6 address with a comma between: no Pod gets it"
                ),
            );
        }
        for text in ["::ffff:10.0.0.5", "fd00::5,::ffff:10.0.0.5"] {
            refuses(
                json!({field: ["10.0.0.9", text]}),
                &format!(
                    "spec.{field}[1]: Invalid value: {text:?}: must have IPv4 as IPv4: Kube-OVN finds it in no Subnet in the form of IPv6, and no Pod gets it"
                ),
            );
        }
        for text in ["10.0.0.9", "10.0.0.9,fd00::9"] {
            refuses(
                json!({field: ["10.0.0.9", text]}),
                &format!(
                    "spec.{field}[1]: Duplicate value: {text:?}: has an address that stands before already, and two Pods cannot have it"
                ),
            );
        }
        refuses(
            json!({field: ["10.0.0.300"]}),
            &format!(
                r#"spec.{field}[0]: Invalid value: "10.0.0.300": must be one address, or an IPv4 and an IPv6 address with a comma between: no Pod gets it"#
            ),
        );
        warns(
            json!({field: ["pool"]}),
            &format!(
                r#"spec.{field}[0]: "pool": is no address but the name of an IPPool: v1.16.2 takes it, and other releases refuse it"#
            ),
        );
    }
    refuses(
        json!({"internalIPs": ["10.0.0.5"], "internalIPPool": "p"}),
        r#"spec.internalIPs: Invalid value: "10.0.0.5": stands beside internalIPPool, and Kube-OVN takes addresses or a pool"#,
    );
    refuses(
        json!({"externalIPs": ["10.0.0.5"], "externalIPPool": "p"}),
        r#"spec.externalIPs: Invalid value: "10.0.0.5": stands beside externalIPPool, and Kube-OVN takes addresses or a pool"#,
    );
}

#[test]
fn it_takes_some_traffic() {
    refuses(
        json!({"policies": []}),
        "spec.policies: Required value: without a policy and without selectors it takes no traffic",
    );
    refuses(
        json!({"policies": [{"subnets": ["s"]}, {"snat": true, "subnets": []}]}),
        "spec.policies[1].subnets: Required value: without Subnets and ipBlocks the policy takes no traffic",
    );
    for block in ["::ffff:10.0.1.5", "::ffff:10.0.1.0/120", "::ffff:10.0.1.0/90"] {
        refuses(
            json!({"policies": [{"ipBlocks": [block]}]}),
            &format!(
                "spec.policies[0].ipBlocks[0]: Invalid value: {block:?}: must be written as the IPv4 that it is: neither OVN nor a route of the gateway's Pods takes this form"
            ),
        );
    }
    for block in ["", "10.0.0.0/33", "10.0.1.0/24,10.0.2.0/24", " 10.0.1.0/24", "apps", "10.0.0.1-10.0.0.9"] {
        refuses(
            json!({"policies": [{"ipBlocks": ["10.0.0.0/8", block]}]}),
            &format!(
                "spec.policies[0].ipBlocks[1]: Invalid value: {block:?}: is neither an address nor a prefix, so OVN cannot read the policy of it"
            ),
        );
    }
    refuses(
        json!({"policies": [{"subnets": ["s", ""]}]}),
        "spec.policies[0].subnets[1]: Required value: Kube-OVN finds no Subnet without a name, and makes no gateway",
    );
    warns(
        json!({"policies": [{"subnets": ["s", "t", "s"]}]}),
        r#"spec.policies[0].subnets[2]: "s": stands before already"#,
    );
    warns(
        json!({"policies": [{"ipBlocks": ["10.0.0.0/8", "10.0.0.0/8"]}]}),
        r#"spec.policies[0].ipBlocks[1]: "10.0.0.0/8": stands before already"#,
    );
}

#[test]
fn a_selector_says_what_it_selects() {
    for field in ["namespaceSelector", "podSelector"] {
        for empty in [json!({}), json!({"matchLabels": {}, "matchExpressions": []})] {
            warns(
                json!({"selectors": [{}, {field: empty}]}),
                &format!(
                    "spec.selectors[1].{field}: is empty and selects all, as if it were left out: other releases of Kube-OVN refuse it"
                ),
            );
        }
        let harm = "no traffic at all comes to a gateway with a selector that cannot be read";
        let place = format!("spec.selectors[0].{field}");
        let one = format!("{place}.matchExpressions[0]");
        for (selector, wanted) in [
            (
                json!({"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["b"]}]}),
                format!(
                    r#"{one}.operator: Unsupported value: "Equals": supported values: "In", "NotIn", "Exists", "DoesNotExist""#
                ),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "In"}]}),
                format!("{one}.values: Required value: {harm}"),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}),
                format!("{one}.values: Forbidden: {harm}"),
            ),
            (
                json!({"matchExpressions": [{"key": "a b", "operator": "Exists"}]}),
                format!(r#"{one}: Invalid value: "a b": is no key that a label has: {harm}"#),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b/c"]}]}),
                format!(r#"{one}: Invalid value: "b/c": is no value that a label has: {harm}"#),
            ),
            (
                json!({"matchLabels": {"a/b/c": "d"}}),
                format!(r#"{place}.matchLabels[a/b/c]: Invalid value: "a/b/c": is no key that a label has: {harm}"#),
            ),
            (
                json!({"matchLabels": {"a": "b c"}}),
                format!(r#"{place}.matchLabels[a]: Invalid value: "b c": is no value that a label has: {harm}"#),
            ),
        ] {
            refuses(json!({"selectors": [{field: selector}]}), &wanted);
        }
    }
}

#[test]
fn words_are_those_of_kube_ovn_and_kubernetes() {
    refuses(
        json!({"trafficPolicy": "local"}),
        r#"spec.trafficPolicy: Unsupported value: "local": supported values: "Cluster", "Local""#,
    );
    refuses(
        json!({"podAntiAffinity": "None"}),
        r#"spec.podAntiAffinity: Unsupported value: "None": supported values: "Required", "Preferred""#,
    );
    refuses(
        json!({"tolerations": [{"key": "a", "effect": "noSchedule"}]}),
        r#"spec.tolerations[0].effect: Unsupported value: "noSchedule": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#,
    );
    for prefix in ["Team-", "-a", "a.-", "a..b", "a_", "a b-"] {
        refuses(
            json!({"prefix": prefix}),
            &format!(
                "spec.prefix: Invalid value: {prefix:?}: is not how a name of Kubernetes begins, so the API server refuses the Deployment of the gateway"
            ),
        );
    }
}

#[test]
fn nodes_are_selected_as_kubernetes_does() {
    let refused = "the API server refuses the Deployment of the gateway";
    let on = |field: &str, key: &str, operator: &str, values: &[&str]| json!({"nodeSelector": [{field: [{"key": key, "operator": operator, "values": values}]}]});
    let place = "spec.nodeSelector[0].matchExpressions[0]";
    for (operator, values, wanted) in [
        (
            "in",
            &["b"][..],
            r#".operator: Unsupported value: "in": supported values: "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt""#
                .to_owned(),
        ),
        ("In", &[], format!(r#".values: Invalid value: "": In needs one value or more, so {refused}"#)),
        ("Gt", &["1", "2"], format!(r#".values: Invalid value: "1, 2": Gt needs one value, so {refused}"#)),
        ("Exists", &["b"], format!(r#".values: Invalid value: "b": Exists needs no values, so {refused}"#)),
        (
            "Lt",
            &["b"],
            r#".values: Invalid value: "b": Lt compares with a whole number, so no node is selected"#.to_owned(),
        ),
        ("In", &["b c"], format!(r#": Invalid value: "b c": is no value that a label has: {refused}"#)),
    ] {
        refuses(on("matchExpressions", "a", operator, values), &format!("{place}{wanted}"));
    }
    let wanted = format!(r#"{place}: Invalid value: "a b": is no key that a label has: {refused}"#);
    refuses(on("matchExpressions", "a b", "Exists", &[]), &wanted);
    let wanted = format!(
        r#"spec.nodeSelector[0].matchLabels[a]: Invalid value: "b c": is no value that a label has: {refused}"#
    );
    refuses(json!({"nodeSelector": [{"matchLabels": {"a": "b c"}}]}), &wanted);
    let place = "spec.nodeSelector[0].matchFields[0]";
    for (key, operator, values, wanted) in [
        (
            "metadata.name",
            "Exists",
            &[][..],
            r#".operator: Unsupported value: "Exists": supported values: "In", "NotIn""#.to_owned(),
        ),
        (
            "metadata.uid",
            "In",
            &["n1"],
            r#".key: Unsupported value: "metadata.uid": supported values: "metadata.name""#.to_owned(),
        ),
        (
            "metadata.name",
            "In",
            &["n1", "n2"],
            format!(r#".values: Invalid value: "n1, n2": In needs one value in matchFields, so {refused}"#),
        ),
        ("metadata.name", "In", &["N1"], format!(r#".values: Invalid value: "N1": is no name of a node: {refused}"#)),
    ] {
        refuses(on("matchFields", key, operator, values), &format!("{place}{wanted}"));
    }
}

#[test]
fn numbers_are_in_their_ranges() {
    for (field, number) in [("minRX", 0), ("minTX", 3_600_001), ("multiplier", -1)] {
        refuses(
            json!({"bfd": {field: number}}),
            &format!("spec.bfd.{field}: Invalid value: {number}: must be from 1 to 3600000"),
        );
    }
    for field in ["ingress", "egress"] {
        for number in [-1, 9_223_372_036_855_i64] {
            refuses(
                json!({"bandwidth": {field: number}}),
                &format!("spec.bandwidth.{field}: Invalid value: {number}: must be from 0 to 9223372036854 megabits"),
            );
        }
        for text in ["", "1k", "1.5", "-1", "1.M", "M", "1 G", "1Gi.5"] {
            refuses(
                json!({"bandwidth": {field: text}}),
                &format!(
                    "spec.bandwidth.{field}: Invalid value: {text:?}: is neither a whole number nor a quantity in M, Mi, G or Gi"
                ),
            );
        }
    }
}

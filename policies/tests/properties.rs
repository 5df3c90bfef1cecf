//! What holds for every request, however odd: no panic, a verdict that is consistent, an injection that is idempotent.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "these are tests")]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vpcguard_policies::{
    Inventory, Kind, LONGEST_WARNING, Operation, Request, Settings, admit, answer, mutate, review,
};

/// Texts that mean something to one rule or another, or almost.
const WORDS: &[&str] = &[
    "",
    " ",
    ",",
    "..",
    "/",
    "a",
    "ns1",
    "v",
    "net1",
    "ovn-cluster",
    "ovn",
    "nad.ns1.ovn",
    "nad.ns1",
    "pool",
    "on",
    "true",
    "off ",
    "10.0.0.0/16",
    "10.0.0.0/16,fd00::/64",
    "10.0.1.5/24",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.1",
    "10.0.0.254",
    "fd00::1",
    "FD00::1",
    "10.0.0.1..10.0.0.9",
    "10.0.0.9..10.0.0.1",
    "::ffff:10.0.0.1/97",
    "255.255.255.255/32",
    "10.0.0.0/99999999999",
    "\0",
    "１０.0.0.1",
    "policyDst",
    "policySrc",
    "distributed",
    "IPv4",
    "external",
    "ns1/nad@eth1, nad",
    "[{\"name\":\"nad\"}]",
    "[",
    "2026-01-01T00:00:00Z",
    "subnet-cidr-overlap, field-type",
];

/// Fields that rules read, at any depth, and a few annotations.
const KEYS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "deletionTimestamp",
    "namespaces",
    "namespaceSelectors",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "vpc",
    "subnet",
    "lanIp",
    "replicas",
    "cidrBlock",
    "gateway",
    "excludeIps",
    "provider",
    "vlan",
    "vips",
    "mtu",
    "default",
    "defaultSubnet",
    "staticRoutes",
    "cidr",
    "nextHopIP",
    "policy",
    "routeTable",
    "vpcPeerings",
    "remoteVpc",
    "localConnectIP",
    "enableExternal",
    "extraExternalSubnets",
    "bfdPort",
    "enabled",
    "ip",
    "externalEgressGateway",
    "natOutgoingPolicyRules",
    "match",
    "srcIPs",
    "dstIPs",
    "u2oInterconnection",
    "u2oInterconnectionIP",
    "u2oFeatures",
    "overlayOnlyRouting",
    "logicalGateway",
    "template",
    "jobTemplate",
    "hostNetwork",
    "eip",
    "natGwDp",
    "externalSubnet",
    "policies",
    "subnets",
    "internalIPPool",
    "ovn.kubernetes.io/logical_switch",
    "ovn.kubernetes.io/ip_pool",
    "ovn.kubernetes.io/vpc_lb",
    "vpcguard.io/allow",
    "k8s.v1.cni.cncf.io/networks",
    "v1.multus-cni.io/default-network",
    "vpcguard.io/guest-namespaces",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![9 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => ".*"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!(1.5)),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let key = prop_oneof![9 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => ".*"];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(key, inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object with the skeleton of a real one and anything in it.
fn object() -> impl Strategy<Value = (Kind, Value)> {
    let field = (prop::sample::select(KEYS), value());
    let fields = prop::collection::vec(field, 0..12);
    (prop::sample::select(Kind::ALL), word(), fields, value(), any::<bool>()).prop_map(
        |(kind, name, fields, annotations, odd)| {
            let spec: Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            let mut object = json!({
                "apiVersion": kind.api_version(),
                "kind": kind.name(),
                "metadata": {"name": name, "namespace": "ns1", "annotations": annotations},
                "spec": spec,
            });
            if odd {
                object["metadata"] = object["metadata"]["annotations"].take();
            }
            (kind, object)
        },
    )
}

fn cluster(objects: &[(Kind, Value)]) -> Inventory {
    let mut cluster = Inventory::default();
    for (kind, object) in objects {
        cluster.apply(*kind, object);
    }
    cluster
}

fn settings() -> Settings {
    Settings::parse(&json!({"inject": {"vpcLb": {"all": true}}, "exempt": {"namespaces": []}})).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_review_never_panics_and_its_verdict_is_consistent(
        state in prop::collection::vec(object(), 0..5),
        (kind, new) in object(),
        old in prop::option::of(value()),
        at_rest in any::<bool>(),
    ) {
        let cluster = cluster(&state);
        let mut request = Request::of_object(new, old);
        if at_rest {
            request.operation = Operation::AtRest;
        }
        prop_assert_eq!(request.kind, Some(kind));
        let verdict = admit(&request, &cluster, &settings()).unwrap();
        prop_assert_eq!(verdict.allowed, verdict.findings.is_empty());
        prop_assert_eq!(verdict.allowed, verdict.code == 200);
        prop_assert!(verdict.findings.len() <= 20 && verdict.warnings.len() <= 20);
        let json: Value = serde_json::from_str(&verdict.to_json()).unwrap();
        prop_assert_eq!(&json["allowed"], &Value::from(verdict.allowed));
        let answered: Value = serde_json::from_str(&answer(&request, &verdict, &settings(), None).to_json()).unwrap();
        let warnings = answered["response"]["warnings"].as_array().cloned().unwrap_or_default();
        for warning in warnings {
            let warning = warning.as_str().unwrap();
            prop_assert!(warning.chars().count() <= LONGEST_WARNING && warning.ends_with(']'), "{}", warning);
        }
    }

    #[test]
    fn an_injection_is_idempotent_and_changes_nothing_that_was_written(
        state in prop::collection::vec(object(), 0..5),
        (_, new) in object(),
    ) {
        let cluster = cluster(&state);
        let request = Request::of_object(new, None);
        let once = mutate(&request, &cluster, &settings()).unwrap();
        let Some(mutated) = once.mutated_object else { return Ok(()) };
        let again = mutate(&Request { object: mutated.clone(), ..request.clone() }, &cluster, &settings()).unwrap();
        prop_assert_eq!(again.mutated_object, None);
        let mut reverted = mutated;
        for injection in &once.injected {
            let key = injection.field.steps().last().unwrap();
            let vpcguard_policies::field::Step::Key(key) = key else { panic!("{key:?}") };
            let annotations = reverted["metadata"]["annotations"].as_object_mut().unwrap();
            match request.object["metadata"]["annotations"].get(key) {
                // Only the spelling of vpc_lb is ever changed.
                Some(written) => {
                    prop_assert_eq!(injection.rule, "inject-vpc-lb");
                    annotations.insert(key.clone(), written.clone());
                }
                None => {
                    annotations.remove(key);
                }
            }
        }
        if request.object["metadata"].get("annotations").is_none_or(Value::is_null) {
            reverted["metadata"]["annotations"] = Value::Null;
            let mut original = request.object;
            original["metadata"]["annotations"] = Value::Null;
            prop_assert_eq!(reverted, original);
        } else {
            prop_assert_eq!(reverted, request.object);
        }
    }

    #[test]
    fn a_body_is_parsed_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), review in value()) {
        let _ = Request::from_review(&body);
        let _ = Request::from_review(review.to_string().as_bytes());
        let _ = Settings::parse(&review);
    }

    #[test]
    fn the_order_of_objects_makes_no_difference(state in prop::collection::vec(object(), 0..6), (_, new) in object()) {
        // Of two objects of one name the later wins, so only one of each is kept.
        let mut names = std::collections::BTreeSet::new();
        let distinct: Vec<_> = state
            .into_iter()
            .filter(|(kind, object)| names.insert((*kind, object["metadata"]["name"].as_str().map(str::to_owned))))
            .collect();
        let reversed: Vec<_> = distinct.iter().rev().cloned().collect();
        let request = Request::of_object(new, None);
        let forwards = review(&request, &cluster(&distinct), &settings()).unwrap();
        let backwards = review(&request, &cluster(&reversed), &settings()).unwrap();
        prop_assert_eq!(forwards.to_json(), backwards.to_json());
    }
}

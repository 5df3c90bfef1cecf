//! The fields of a Vpc.

use serde_json::{Value, json};

use super::expression::{MATCH, PRIORITY, matched};
use super::field::{Field, Holds, Make, Scene};
use super::ground::Ground;

/// All of them.
pub(crate) fn fields() -> Vec<Field> {
    static_routes().into_iter().chain(policy_routes()).chain(peerings()).collect()
}

fn static_routes() -> [Field; 6] {
    let field = |name, holds, right, put, own| Field {
        rule: "static-route-syntax",
        scene: Scene::Vpc,
        name,
        holds,
        right,
        put,
        own,
    };
    [
        field(
            "staticRoutes.cidr",
            Holds::Prefixes,
            |ground| Some(ground.elsewhere(1).into()),
            |ground, value| route(ground, json!({"cidr": value})),
            CIDR,
        ),
        field(
            "staticRoutes.nextHopIP",
            Holds::Addresses,
            |ground| Some(ground.host(9).into()),
            |ground, value| route(ground, json!({"nextHopIP": value})),
            NEXT_HOP,
        ),
        field(
            "staticRoutes.policy",
            Holds::Words,
            |_| Some("policyDst".into()),
            |ground, value| route(ground, json!({"policy": value})),
            &[("by-source", |_| Some("policySrc".into())), ("of-ovn", |_| Some("dst-ip".into()))],
        ),
        field(
            "staticRoutes.ecmpMode",
            Holds::Words,
            |_| Some("ecmp_symmetric_reply".into()),
            |ground, value| route(ground, json!({"ecmpMode": value})),
            &[],
        ),
        field(
            "staticRoutes.bfdId",
            Holds::Words,
            |_| Some("".into()),
            |ground, value| route(ground, json!({"bfdId": value})),
            &[],
        ),
        field(
            "staticRoutes.routeTable",
            Holds::Words,
            |_| Some("t1".into()),
            |ground, value| route(ground, json!({"routeTable": value})),
            &[],
        ),
    ]
}

fn route(ground: &Ground, changed: Value) -> Value {
    let mut route = json!({"cidr": ground.elsewhere(1), "nextHopIP": ground.host(9), "policy": "policyDst"});
    merge(&mut route, changed);
    json!({"staticRoutes": [route]})
}

fn merge(object: &mut Value, changed: Value) {
    if let (Some(object), Value::Object(changed)) = (object.as_object_mut(), changed) {
        object.extend(changed);
    }
}

const CIDR: &[(&str, Make)] = &[
    ("everything", |ground| Some(if ground.has_v4() { "0.0.0.0/0" } else { "::/0" }.into())),
    ("host-bits", |ground| Some(ground.elsewhere(1).replacen("0/", "5/", 1).replacen("::/", "::5/", 1).into())),
    ("one-host", |ground| Some(format!("{}/{}", ground.stranger(1, 5), if ground.has_v4() { 32 } else { 128 }).into())),
    ("bare", |ground| Some(ground.stranger(1, 5).into())),
    ("of-other-family", |ground| Some(if ground.has_v4() { "fd00:9::/64" } else { "10.9.0.0/16" }.into())),
    ("two", |ground| Some(format!("{},{}", ground.elsewhere(1), ground.elsewhere(2)).into())),
    ("multicast", |ground| Some(if ground.has_v4() { "224.1.0.0/24" } else { "ff05::/64" }.into())),
    ("link-local", |ground| Some(if ground.has_v4() { "169.254.7.0/24" } else { "fe80::/64" }.into())),
];

const NEXT_HOP: &[(&str, Make)] = &[
    ("two", |ground| Some(format!("{},{}", ground.host(8), ground.host(9)).into())),
    ("outside", |ground| Some(ground.stranger(2, 9).into())),
    ("the-router-itself", |ground| Some(ground.host(1).into())),
    ("network-address", |ground| Some(ground.host(0).into())),
    ("last-address", |ground| Some(ground.last().into())),
    ("of-other-family", |ground| Some(ground.of_other_family().into())),
    ("unspecified", |ground| Some(if ground.has_v4() { "0.0.0.0" } else { "::" }.into())),
];

fn policy_routes() -> [Field; 5] {
    let field = |name, holds, right, put, own| Field {
        rule: "policy-route-syntax",
        scene: Scene::Vpc,
        name,
        holds,
        right,
        put,
        own,
    };
    [
        field(
            "policyRoutes.action",
            Holds::Words,
            |_| Some("reroute".into()),
            |ground, value| policy(ground, json!({"action": value})),
            &[
                ("allow", |_| Some("allow".into())),
                ("drop", |_| Some("drop".into())),
                ("deny", |_| Some("deny".into())),
                ("jump", |_| Some("jump".into())),
            ],
        ),
        field(
            "policyRoutes.priority",
            Holds::Own,
            |_| Some(1000.into()),
            |ground, value| policy(ground, json!({"priority": value})),
            PRIORITY,
        ),
        field(
            "policyRoutes.nextHopIP",
            Holds::Addresses,
            |ground| Some(format!("{},{}", ground.host(8), ground.host(9)).into()),
            |ground, value| policy(ground, json!({"nextHopIP": value})),
            NEXT_HOP,
        ),
        Field {
            rule: "policy-route-match",
            scene: Scene::Vpc,
            name: "policyRoutes.match",
            holds: Holds::Words,
            right: |ground| Some(matched(ground).into()),
            put: |ground, value| policy(ground, json!({"match": value})),
            own: MATCH,
        },
        field(
            "policyRoutes",
            Holds::Own,
            |_| Some("drop".into()),
            |ground, value| {
                let one = |action: &Value| json!({"priority": 1000, "match": matched(ground), "action": action});
                json!({"policyRoutes": [one(&"allow".into()), one(&value)]})
            },
            &[],
        ),
    ]
}

fn policy(ground: &Ground, changed: Value) -> Value {
    let mut policy =
        json!({"priority": 1000, "match": matched(ground), "action": "reroute", "nextHopIP": ground.host(9)});
    merge(&mut policy, changed);
    json!({"policyRoutes": [policy]})
}

fn peerings() -> [Field; 2] {
    let field =
        |name, holds, right, put, own| Field { rule: "vpc-peering", scene: Scene::Vpc, name, holds, right, put, own };
    [
        field(
            "vpcPeerings.localConnectIP",
            Holds::Prefixes,
            |ground| Some(link(ground, 1).into()),
            |ground, value| json!({"vpcPeerings": [{"remoteVpc": ground.name("p"), "localConnectIP": value}]}),
            &[
                ("of-single-address", |ground| {
                    Some(format!("{}/{}", ground.stranger(2, 1), if ground.has_v4() { 32 } else { 128 }).into())
                }),
                ("of-two-addresses", |ground| {
                    Some(format!("{}/{}", ground.stranger(2, 1), if ground.has_v4() { 31 } else { 127 }).into())
                }),
                ("network-address", |ground| {
                    Some(format!("{}/{}", ground.stranger(2, 0), if ground.has_v4() { 30 } else { 126 }).into())
                }),
                ("in-the-subnet", |ground| {
                    Some(ground.hosts(9).replace(',', "/30,").into())
                        .map(|text: Value| format!("{}/126", text.as_str().unwrap_or_default()).into())
                }),
                ("link-local", |ground| Some(if ground.has_v4() { "169.254.0.1/30" } else { "fe80::1/64" }.into())),
            ],
        ),
        field(
            "vpcPeerings.remoteVpc",
            Holds::Words,
            |ground| Some(ground.name("p").into()),
            |ground, value| json!({"vpcPeerings": [{"remoteVpc": value, "localConnectIP": link(ground, 1)}]}),
            &[("itself", |ground| Some(ground.name("v").into()))],
        ),
    ]
}

/// This side's address of a peering, or the other's.
pub(super) fn link(ground: &Ground, host: u32) -> String {
    ground.strangers(2, host, ("/30", "/126"))
}

//! The fields of a Subnet that do something in the default VPC only.

use serde_json::{Value, json};

use super::field::{Field, Holds, Make, Scene};
use super::ground::Shape;
use super::subnet::SYNTAX;

/// All of them.
pub(crate) fn fields() -> [Field; 8] {
    let field = |name, holds, right, put, own| Field {
        rule: SYNTAX,
        scene: Scene::DefaultSubnet,
        name,
        holds,
        right,
        put,
        own,
    };
    [
        field(
            "gatewayType",
            Holds::Words,
            |_| Some("distributed".into()),
            |_, value| json!({"gatewayType": value, "gatewayNode": "n1"}),
            &[("centralized", |_| Some("centralized".into()))],
        ),
        field(
            "externalEgressGateway",
            Holds::Addresses,
            |ground| Some(ground.strangers(1, 1, ("", "")).into()),
            |ground, value| json!({"externalEgressGateway": value, "policyRoutingPriority": 1000, "policyRoutingTableID": 1000 + ground.number}),
            &[
                ("of-other-family", |ground| Some(ground.of_other_family().into())),
                ("three", |ground| Some(format!("{0},{0},{0}", ground.stranger(1, 1)).into())),
                ("inside", |ground| Some(ground.hosts(9).into())),
            ],
        ),
        field(
            "natOutgoing",
            Holds::Own,
            |_| Some(json!({"natOutgoing": true})),
            |_, value| value,
            &[("with-externalEgressGateway", |ground| {
                let egress = ground.strangers(1, 1, ("", ""));
                let table = 1000 + ground.number;
                Some(
                    json!({"natOutgoing": true, "externalEgressGateway": egress, "policyRoutingPriority": 1000, "policyRoutingTableID": table}),
                )
            })],
        ),
        field(
            "natOutgoingPolicyRules.srcIPs",
            Holds::Either,
            |ground| Some(format!("{},{}", ground.elsewhere(1), ground.stranger(1, 9)).into()),
            |ground, value| nat_rule(&json!({"srcIPs": value, "dstIPs": ground.elsewhere(2)}), "nat"),
            NAT_SIDE,
        ),
        field(
            "natOutgoingPolicyRules.dstIPs",
            Holds::Either,
            |ground| Some(ground.stranger(1, 9).into()),
            |_, value| nat_rule(&json!({"dstIPs": value}), "nat"),
            NAT_SIDE,
        ),
        field(
            "natOutgoingPolicyRules.action",
            Holds::Words,
            |_| Some("nat".into()),
            |ground, value| json!({"natOutgoing": true, "natOutgoingPolicyRules": [{"match": {"dstIPs": ground.elsewhere(1)}, "action": value}]}),
            &[("forward", |_| Some("forward".into())), ("drop", |_| Some("drop".into()))],
        ),
        field(
            "policyRoutingPriority",
            Holds::Own,
            |_| Some(2000.into()),
            |ground, value| {
                let egress = ground.strangers(1, 1, ("", ""));
                json!({"externalEgressGateway": egress, "policyRoutingPriority": value, "policyRoutingTableID": 1000 + ground.number})
            },
            ROUTING_NUMBERS,
        ),
        field(
            "policyRoutingTableID",
            Holds::Own,
            |ground| (ground.shape == Shape::V4).then(|| (1000 + ground.number).into()),
            |ground, value| {
                let egress = ground.strangers(1, 1, ("", ""));
                json!({"externalEgressGateway": egress, "policyRoutingPriority": 1000, "policyRoutingTableID": value})
            },
            ROUTING_NUMBERS,
        ),
    ]
}

fn nat_rule(matched: &Value, action: &str) -> Value {
    json!({"natOutgoing": true, "natOutgoingPolicyRules": [{"match": matched, "action": action}]})
}

/// Two Subnets with one table are in each other's way, so that it is asked once, and without 0, which is that of none.
const ROUTING_NUMBERS: &[(&str, Make)] = &[
    ("negative", |_| Some((-1).into())),
    ("too-large", |_| Some(4_294_967_296_i64.into())),
    ("text", |_| Some("1000".into())),
    ("reserved", |ground| (ground.shape == Shape::V4).then(|| 254.into())),
];

const NAT_SIDE: &[(&str, Make)] = &[
    ("of-two-families", |ground| Some(format!("{},{}", ground.stranger(1, 9), ground.of_other_family()).into())),
    ("of-other-family", |ground| Some(ground.of_other_family().into())),
    ("everything", |ground| Some(if ground.has_v4() { "0.0.0.0/0" } else { "::/0" }.into())),
];

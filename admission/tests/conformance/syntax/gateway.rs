//! The fields of a NAT gateway.

use serde_json::json;

use super::field::{Field, Holds, Make, Scene};

/// All of them.
pub(crate) fn fields() -> Vec<Field> {
    vec![
        Field {
            rule: "lan-ip-in-subnet",
            scene: Scene::Gateway,
            name: "lanIp",
            holds: Holds::Addresses,
            right: |ground| Some(ground.host(ground.some).into()),
            put: |_, value| json!({"lanIp": value}),
            own: LAN_IP,
        },
        Field {
            rule: "gateway-selector",
            scene: Scene::Gateway,
            name: "selector",
            holds: Holds::Words,
            right: |_| Some("kubernetes.io/os: linux".into()),
            put: |_, value| json!({"selector": [value]}),
            own: SELECTOR,
        },
    ]
}

const LAN_IP: &[(&str, Make)] = &[
    ("outside", |ground| Some(ground.stranger(1, 5).into())),
    ("the-gateway", |ground| Some(ground.host(1).into())),
    ("network-address", |ground| Some(ground.host(0).into())),
    ("last-address", |ground| Some(ground.last().into())),
    ("of-both-families", |ground| Some(ground.hosts(10).into())),
    ("of-other-family", |ground| Some(ground.of_other_family().into())),
    ("two", |ground| Some(format!("{},{}", ground.host(8), ground.host(9)).into())),
];

const SELECTOR: &[(&str, Make)] = &[
    ("without-blank", |_| Some("kubernetes.io/os:linux".into())),
    ("equals-sign", |_| Some("kubernetes.io/os=linux".into())),
    ("two-colons", |_| Some("kubernetes.io/os: linux: x".into())),
    ("without-value", |_| Some("node-role.kubernetes.io/x:".into())),
    ("without-key", |_| Some(": linux".into())),
    ("blank-in-value", |_| Some("kubernetes.io/os: li nux".into())),
    ("blank-in-key", |_| Some("kubernetes.io/o s: linux".into())),
    ("two-slashes", |_| Some("kubernetes.io/os/x: linux".into())),
    ("comma", |_| Some("kubernetes.io/os: linux,x: y".into())),
    ("quotes", |_| Some("kubernetes.io/os: \"linux\"".into())),
];

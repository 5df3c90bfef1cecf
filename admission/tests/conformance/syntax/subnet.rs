//! The fields of a Subnet.

use serde_json::json;

use super::field::{Field, Holds, Make, Scene};

pub(super) const SYNTAX: &str = "subnet-syntax";

/// All of them.
pub(crate) fn fields() -> Vec<Field> {
    overlay().into_iter().chain(underlay()).collect()
}

/// Those of a Subnet of a custom VPC.
fn overlay() -> [Field; 9] {
    let field =
        |name, holds, right, put, own| Field { rule: SYNTAX, scene: Scene::Subnet, name, holds, right, put, own };
    [
        field(
            "cidrBlock",
            Holds::Prefixes,
            |ground| Some(ground.prefixes().into()),
            |_, value| json!({"cidrBlock": value}),
            CIDR_BLOCK,
        ),
        field(
            "gateway",
            Holds::Addresses,
            |ground| Some(ground.hosts(ground.some).into()),
            |_, value| json!({"gateway": value}),
            GATEWAY,
        ),
        field(
            "excludeIps",
            Holds::Addresses,
            |ground| Some(ground.host(10).into()),
            |_, value| json!({"excludeIps": [value]}),
            EXCLUDE_IPS,
        ),
        field(
            "vips",
            Holds::Addresses,
            |ground| Some(ground.host(10).into()),
            |_, value| json!({"vips": [value]}),
            VIPS,
        ),
        field(
            "allowSubnets",
            Holds::Prefixes,
            |ground| Some(ground.elsewhere(1).into()),
            |_, value| json!({"private": true, "allowSubnets": [value]}),
            ALLOW_SUBNETS,
        ),
        field(
            "protocol",
            Holds::Words,
            |ground| {
                Some(
                    (if ground.has_v4() && ground.has_v6() {
                        "Dual"
                    } else if ground.has_v4() {
                        "IPv4"
                    } else {
                        "IPv6"
                    })
                    .into(),
                )
            },
            |_, value| json!({"protocol": value}),
            PROTOCOL,
        ),
        field("mtu", Holds::Own, |_| Some(1400.into()), |_, value| json!({"mtu": value}), MTU),
        field(
            "u2oInterconnectionIP",
            Holds::Addresses,
            |ground| Some(ground.host(10).into()),
            |_, value| json!({"u2oInterconnectionIP": value}),
            INSIDE,
        ),
        field(
            "overlayOnlyRouting",
            Holds::Own,
            |_| Some(false.into()),
            |_, value| json!({"u2oFeatures": {"overlayOnlyRouting": value}}),
            &[("without-vlan", |_| Some(true.into()))],
        ),
    ]
}

/// Those that do something on a VLAN only.
fn underlay() -> [Field; 4] {
    let field =
        |name, holds, right, put, own| Field { rule: SYNTAX, scene: Scene::Underlay, name, holds, right, put, own };
    [
        field(
            "u2oInterconnectionIP-on",
            Holds::Addresses,
            |ground| Some(ground.hosts(10).into()),
            |_, value| json!({"u2oInterconnection": true, "u2oInterconnectionIP": value}),
            INSIDE,
        ),
        field(
            "logicalGateway",
            Holds::Own,
            |_| Some(false.into()),
            |_, value| json!({"u2oInterconnection": true, "logicalGateway": value}),
            &[("with-u2oInterconnection", |_| Some(true.into()))],
        ),
        field(
            "no-cidrBlock",
            Holds::Own,
            |_| Some(json!({"cidrBlock": ""})),
            |_, value| value,
            &[
                ("with-gateway", |ground| Some(json!({"cidrBlock": "", "gateway": ground.hosts(1)}))),
                ("with-excludeIps", |ground| {
                    Some(json!({"cidrBlock": "", "gateway": "", "excludeIps": [ground.host(1)]}))
                }),
                ("with-vips", |ground| Some(json!({"cidrBlock": "", "gateway": "", "vips": [ground.host(1)]}))),
            ],
        ),
        field(
            "overlayOnlyRouting-on",
            Holds::Own,
            |_| Some(json!({"u2oInterconnection": true, "u2oFeatures": {"overlayOnlyRouting": true}})),
            |_, value| value,
            &[("without-u2oInterconnection", |_| Some(json!({"u2oFeatures": {"overlayOnlyRouting": true}})))],
        ),
    ]
}

const MTU: &[(&str, Make)] = &[
    ("negative", |_| Some((-1).into())),
    ("zero", |_| Some(0.into())),
    ("one", |_| Some(1.into())),
    ("under-least-of-v4", |_| Some(67.into())),
    ("least-of-v4", |_| Some(68.into())),
    ("thousand", |_| Some(1000.into())),
    ("under-least-of-v6", |_| Some(1279.into())),
    ("least-of-v6", |_| Some(1280.into())),
    ("most", |_| Some(65535.into())),
    ("over-most", |_| Some(65536.into())),
    ("too-large", |_| Some(4_294_967_296_i64.into())),
    ("text", |_| Some("1400".into())),
    ("fraction", |_| Some(1400.5.into())),
];

const PROTOCOL: &[(&str, Make)] = &[
    ("mac", |_| Some("Mac".into())),
    ("of-other-family", |ground| Some(if ground.has_v4() { "IPv6" } else { "IPv4" }.into())),
    ("dual", |_| Some("Dual".into())),
];

const ALLOW_SUBNETS: &[(&str, Make)] = &[
    ("one-host", |ground| Some(format!("{}/{}", ground.stranger(1, 5), if ground.has_v4() { 32 } else { 128 }).into())),
    ("host-bits", |ground| Some(format!("{}/{}", ground.stranger(1, 5), if ground.has_v4() { 24 } else { 64 }).into())),
    ("everything", |ground| Some(if ground.has_v4() { "0.0.0.0/0" } else { "::/0" }.into())),
    ("of-other-family", |ground| Some(if ground.has_v4() { "fd00:9::/64" } else { "10.9.0.0/16" }.into())),
    ("bare", |ground| Some(ground.stranger(1, 5).into())),
];

/// Values of an address that should lie in the Subnet.
const INSIDE: &[(&str, Make)] = &[
    ("outside", |ground| Some(ground.stranger(1, 5).into())),
    ("the-gateway", |ground| Some(ground.host(1).into())),
    ("network-address", |ground| Some(ground.host(0).into())),
    ("last-address", |ground| Some(ground.last().into())),
    ("of-both-families", |ground| Some(ground.hosts(10).into())),
    ("of-other-family", |ground| Some(ground.of_other_family().into())),
];

const VIPS: &[(&str, Make)] = INSIDE;

const GATEWAY: &[(&str, Make)] = &[
    ("network-address", |ground| Some(ground.host(0).into())),
    ("last-address", |ground| Some(ground.last().into())),
    ("outside", |ground| Some(ground.stranger(1, 1).into())),
    ("two-of-one-family", |ground| Some(format!("{},{}", ground.host(1), ground.host(2)).into())),
    ("of-first-family", |ground| Some(ground.host(1).into())),
    ("of-other-family", |ground| Some(ground.of_other_family().into())),
    ("of-both-families", |ground| Some(format!("{},{}", ground.v4(1), ground.v6(1)).into())),
    ("three", |ground| Some(format!("{},{}", ground.hosts(1), ground.host(3)).into())),
];

const EXCLUDE_IPS: &[(&str, Make)] = &[
    ("range", |ground| Some(format!("{}..{}", ground.host(2), ground.host(9)).into())),
    ("range-of-one", |ground| Some(format!("{0}..{0}", ground.host(9)).into())),
    ("range-reversed", |ground| Some(format!("{}..{}", ground.host(9), ground.host(2)).into())),
    ("range-outside", |ground| Some(format!("{}..{}", ground.stranger(1, 2), ground.stranger(1, 9)).into())),
    ("range-partly-outside", |ground| Some(format!("{}..{}", ground.host(6), ground.stranger(1, 9)).into())),
    ("range-of-two-families", |ground| Some(format!("{}..{}", ground.v4(2), ground.v6(9)).into())),
    ("range-of-two-families-reversed", |ground| Some(format!("{}..{}", ground.v6(2), ground.v4(9)).into())),
    ("range-with-blanks", |ground| Some(format!("{} .. {}", ground.host(2), ground.host(9)).into())),
    ("range-with-one-dot", |ground| Some(format!("{}.{}", ground.host(2), ground.host(9)).into())),
    ("range-with-three-dots", |ground| Some(format!("{}...{}", ground.host(2), ground.host(9)).into())),
    ("range-with-a-dash", |ground| Some(format!("{}-{}", ground.host(2), ground.host(9)).into())),
    ("range-of-three", |ground| Some(format!("{}..{}..{}", ground.host(2), ground.host(3), ground.host(9)).into())),
    ("range-in-upper-case", |ground| {
        ground.has_v6().then(|| format!("{}..{}", ground.v6(2), ground.v6(9)).to_uppercase().into())
    }),
    ("range-open", |ground| Some(format!("{}..", ground.host(2)).into())),
    ("the-gateway", |ground| Some(ground.host(1).into())),
    ("network-address", |ground| Some(ground.host(0).into())),
    ("last-address", |ground| Some(ground.last().into())),
    ("outside", |ground| Some(ground.stranger(1, 9).into())),
    ("of-other-family", |ground| Some(ground.of_other_family().into())),
];

const CIDR_BLOCK: &[(&str, Make)] = &[
    ("host-bits", |ground| Some(ground.prefixes().replacen("0/", "5/", 1).replacen("::/", "::5/", 1).into())),
    ("of-single-address", |ground| {
        Some(format!("{}/{}", ground.host(1), if ground.has_v4() { 32 } else { 128 }).into())
    }),
    ("of-two-addresses", |ground| {
        Some(format!("{}/{}", ground.host(0), if ground.has_v4() { 31 } else { 127 }).into())
    }),
    ("of-four-addresses", |ground| {
        Some(format!("{}/{}", ground.host(0), if ground.has_v4() { 30 } else { 126 }).into())
    }),
    ("length-zero", |ground| Some(if ground.has_v4() { "0.0.0.0/0" } else { "::/0" }.into())),
    ("length-one", |ground| Some(if ground.has_v4() { "64.0.0.0/2" } else { "2000::/3" }.into())),
    ("two-of-one-family", |ground| Some(format!("{},{}", ground.prefixes(), ground.elsewhere(1)).into())),
    ("another-of-its-family", |ground| {
        (ground.has_v4() != ground.has_v6()).then(|| format!("{},{}", ground.prefixes(), ground.elsewhere(1)).into())
    }),
    ("multicast", |ground| Some(if ground.has_v4() { "224.1.0.0/24" } else { "ff05::/64" }.into())),
    ("loopback", |ground| Some(if ground.has_v4() { "127.0.1.0/24" } else { "::/64" }.into())),
    ("link-local", |ground| Some(if ground.has_v4() { "169.254.7.0/24" } else { "fe80::/64" }.into())),
    ("unspecified", |ground| Some(if ground.has_v4() { "0.0.0.0/8" } else { "::/96" }.into())),
    ("broadcast", |ground| Some(if ground.has_v4() { "255.255.255.0/24" } else { "ff00::/8" }.into())),
    ("class-e", |ground| ground.has_v4().then(|| "241.0.0.0/24".into())),
    ("mapped-as-v6", |ground| (!ground.has_v4()).then(|| format!("::ffff:{}/120", ground.v4(0)).into())),
];

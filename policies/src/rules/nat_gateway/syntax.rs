//! Refuses a NAT gateway that Kube-OVN cannot make from what is written.
//!
//! An API server takes all of it, and Kube-OVN stops with a line in its log, or makes a Pod that is not what was meant:
//!
//! - `vpc` or `subnet` is empty;
//! - the name is too long: Kubernetes makes no Pods of a StatefulSet whose name, `vpc-nat-gw-` and that of the gateway, has more than 52
//!   characters. Another prefix is `natGwNamePrefix` in the ConfigMap `ovn-vpc-nat-config`, where that is seen;
//! - `replicas` is below 0;
//! - Kubernetes refuses a toleration, and makes no Pod: an `operator` or `effect` that is none of its own, also in another case; no `key`, but with
//!   `Exists`; a `value` with that; `tolerationSeconds` without the effect `NoExecute`;
//! - `routes` without a prefix, with a next hop that is neither an address nor `gateway`, or of another address family: the Pod gets no
//!   network;
//! - an entry of `internalCIDRs` is neither a prefix nor an address: OVN cannot read the policy that is made of it;
//! - a number of `bfd` or `bgpSpeaker` is out of its range.
//!
//! An empty `lanIp` is for `lan-ip-in-subnet`.
//!
//! ```yaml bad
//! # bad: the effect is in lower case
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec:
//!   vpc: blue
//!   subnet: blue-apps
//!   lanIp: 10.0.1.254
//!   tolerations: [{key: dedicated, operator: Exists, effect: noSchedule}]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {staticRoutes: [{cidr: 0.0.0.0/0, nextHopIP: 10.0.1.254}]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcNatGateway
//! metadata: {name: blue-gw}
//! spec:
//!   vpc: blue
//!   subnet: blue-apps
//!   lanIp: 10.0.1.254
//!   tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}]
//! ```
//!
//! Correct the field that the message names.

use std::ops::RangeInclusive;

use crate::inventory::Answer;
use crate::kinds::{GatewayRoute, NAT_CONFIG, NatGateway};
use crate::net::{Cidr, Family, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::{corrections, tolerations};
use crate::text::{quoted, shortened};

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-syntax",
    summary: "a NAT gateway is written so that Kube-OVN cannot make it",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatGatewayLanIp,
    asks: &[Kind::ConfigMap],
    checks: &[Check::NatGateway(
        &[
            Read::Field("metadata.name"),
            Read::Field("spec.vpc"),
            Read::Field("spec.subnet"),
            Read::Field("spec.replicas"),
            Read::Field("spec.tolerations"),
            Read::Field("spec.routes"),
            Read::Field("spec.internalCIDRs"),
            Read::Field("spec.bfd"),
            Read::Field("spec.bgpSpeaker"),
        ],
        check,
    )],
};

/// How long the name of a StatefulSet may be that is to have Pods: with the hash behind it, it is the value of a label.
const LONGEST_NAME: usize = 52;
/// What stands before the name of a gateway in that of its StatefulSet, and the key under which it is another.
const PREFIX: &str = "vpc-nat-gw";
const PREFIX_KEY: &str = "natGwNamePrefix";

/// What stands for the gateway of the Subnet among next hops.
const OF_SUBNET: &str = "gateway";

const INTERVAL: RangeInclusive<i64> = 1..=3_600_000;
const MULTIPLIER: RangeInclusive<i64> = 1..=255;
const SYSTEM: RangeInclusive<i64> = 0..=4_294_967_295;

fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    for (field, text, help) in [
        ("spec.vpc", &gateway.vpc, "Name the VPC whose traffic it is to take."),
        ("spec.subnet", &gateway.subnet, "Name a Subnet of the VPC, in which the gateway gets its lanIp."),
    ] {
        if text.trim().is_empty() {
            let finding = Finding::required(FieldPath::of(field), "Kube-OVN makes no NAT gateway without it");
            context.deny(finding.help(help));
        }
    }
    name(gateway, context)?;
    if gateway.replicas < 0 {
        let finding = Finding::invalid_number(FieldPath::of("spec.replicas"), gateway.replicas, "must not be below 0");
        context.deny(finding.help("Write 1, or more for high availability."));
    }
    tolerations::judge(&gateway.tolerations, context);
    for (at, route) in gateway.routes.iter().enumerate() {
        judge(route, &FieldPath::of("spec.routes").index(at), context);
    }
    for (at, text) in gateway.internal_cidrs.iter().enumerate() {
        if Cidr::parse_or_address(text).is_none() {
            let detail = "is neither a prefix nor an address, so OVN cannot read the policy of it";
            let finding = Finding::invalid(FieldPath::of("spec.internalCIDRs").index(at), text, detail);
            context.deny(finding.help("Write one prefix an entry, as in 10.0.0.0/16 or fd00::/64."));
        }
    }
    numbers(gateway, context);
    Ok(())
}

fn name(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let name = gateway.meta.name.as_str();
    let prefix = prefix(context)?;
    let length = prefix.len() + 1 + name.len();
    if length > LONGEST_NAME {
        let detail = format!(
            "makes a StatefulSet of {length} characters, with {} before it: Kubernetes makes no Pods of one with more than {LONGEST_NAME}",
            quoted(&format!("{prefix}-"))
        );
        let most = LONGEST_NAME.saturating_sub(prefix.len() + 1);
        let finding = Finding::invalid(FieldPath::of("metadata.name"), name, detail);
        context.deny(finding.help(format!("Choose a name of at most {most} characters.")));
    }
    Ok(())
}

/// What stands before the names of gateways, as far as it is seen.
fn prefix(context: &Context<'_>) -> Answer<String> {
    let config = context.cluster.config_map(&context.kube_ovn().namespace, NAT_CONFIG)?;
    let written = config.as_ref().and_then(|config| config.text(PREFIX_KEY)).filter(|prefix| !prefix.is_empty());
    Ok(written.unwrap_or(PREFIX).to_owned())
}

fn judge(route: &GatewayRoute, path: &FieldPath, context: &mut Context<'_>) {
    let (field, text) = (path.clone().field("cidr"), route.cidr.as_str());
    let to = match Cidr::parse(text) {
        Ok(cidr) => Some(cidr.family()),
        Err(_) if text.is_empty() => {
            context.deny(
                Finding::required(field, "a route needs a prefix").help("Write where it leads, as in 10.0.0.0/8."),
            );
            None
        }
        Err(error) => {
            context.deny(Finding::invalid(field, text, error.to_string()).help(corrections::prefix(text, error)));
            None
        }
    };
    let (field, text) = (path.clone().field("nextHopIP"), route.next_hop_ip.as_str());
    if text == OF_SUBNET {
        return;
    }
    let hop = parse_ip(text).map(Family::of);
    if text.is_empty() {
        let finding = Finding::required(field, "a route needs an address, or `gateway` for that of the Subnet");
        context.deny(finding.help("Write gateway, or the address of a router in the Subnet."));
    } else if hop.is_none() {
        let finding = Finding::invalid(field, text, "is neither an address nor `gateway`");
        context.deny(finding.help("Write gateway, or the address of a router in the Subnet."));
    } else if let (Some(to), Some(hop)) = (to, hop)
        && to != hop
    {
        let detail = format!("is {}, but the cidr is {}", hop.name(), to.name());
        let help = format!("Send {} to an {} address, or to gateway.", shortened(&route.cidr), to.name());
        context.deny(Finding::invalid(field, text, detail).help(help));
    }
}

fn numbers(gateway: &NatGateway, context: &mut Context<'_>) {
    let (bfd, bgp) = (&gateway.bfd, &gateway.bgp);
    for (field, number, range) in [
        ("spec.bfd.minRX", bfd.min_rx, INTERVAL),
        ("spec.bfd.minTX", bfd.min_tx, INTERVAL),
        ("spec.bfd.multiplier", bfd.multiplier, MULTIPLIER),
        ("spec.bgpSpeaker.asn", bgp.asn, SYSTEM),
        ("spec.bgpSpeaker.remoteAsn", bgp.remote_asn, SYSTEM),
    ] {
        if let Some(number) = number.filter(|number| !range.contains(number)) {
            let (first, last) = (range.start(), range.end());
            let finding =
                Finding::invalid_number(FieldPath::of(field), number, format!("must be from {first} to {last}"));
            context.deny(finding.help(format!("Write a number from {first} to {last}.")));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::Cluster;

    fn gateway(spec: Value) -> Value {
        let mut whole = json!({"vpc": "v", "subnet": "s", "lanIp": "10.0.1.254"});
        for (key, value) in spec.as_object().unwrap() {
            whole[key] = value.clone();
        }
        json!({"kind": "VpcNatGateway", "name": "gw", "spec": whole})
    }

    #[test]
    fn each_fault_is_named() {
        let route = |cidr: &str, hop: &str| json!({"routes": [{"cidr": cidr, "nextHopIP": hop}]});
        for (spec, wanted) in [
            (json!({"vpc": ""}), "spec.vpc: Required value: Kube-OVN makes no NAT gateway without it"),
            (json!({"subnet": " "}), "spec.subnet: Required value: Kube-OVN makes no NAT gateway without it"),
            (json!({"replicas": -1}), "spec.replicas: Invalid value: -1: must not be below 0"),
            (
                json!({"tolerations": [{"operator": "exists"}]}),
                r#"spec.tolerations[0].operator: Unsupported value: "exists": supported values: "Exists", "Equal""#,
            ),
            (
                json!({"tolerations": [{"key": "a"}, {"key": "a", "effect": "Never"}]}),
                r#"spec.tolerations[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#,
            ),
            (route("", "gateway"), "spec.routes[0].cidr: Required value: a route needs a prefix"),
            (
                route("10.0.0.1", "gateway"),
                r#"spec.routes[0].cidr: Invalid value: "10.0.0.1": needs a prefix length, as in 10.0.0.0/16 or fd00::/64"#,
            ),
            (
                route("10.0.0.0/8", ""),
                "spec.routes[0].nextHopIP: Required value: a route needs an address, or `gateway` for that of the Subnet",
            ),
            (
                route("10.0.0.0/8", "Gateway"),
                r#"spec.routes[0].nextHopIP: Invalid value: "Gateway": is neither an address nor `gateway`"#,
            ),
            (
                route("fd00::/8", "10.0.1.1"),
                r#"spec.routes[0].nextHopIP: Invalid value: "10.0.1.1": is IPv4, but the cidr is IPv6"#,
            ),
            (
                json!({"internalCIDRs": ["10.0.0.0/8", "10.1.0.0/16,10.2.0.0/16"]}),
                r#"spec.internalCIDRs[1]: Invalid value: "10.1.0.0/16,10.2.0.0/16": is neither a prefix nor an address, so OVN cannot read the policy of it"#,
            ),
            (json!({"bfd": {"minRX": 0}}), "spec.bfd.minRX: Invalid value: 0: must be from 1 to 3600000"),
            (json!({"bfd": {"minTX": 3_600_001}}), "spec.bfd.minTX: Invalid value: 3600001: must be from 1 to 3600000"),
            (json!({"bfd": {"multiplier": 256}}), "spec.bfd.multiplier: Invalid value: 256: must be from 1 to 255"),
            (
                json!({"bgpSpeaker": {"asn": -1}}),
                "spec.bgpSpeaker.asn: Invalid value: -1: must be from 0 to 4294967295",
            ),
            (
                json!({"bgpSpeaker": {"remoteAsn": 4_294_967_296_i64}}),
                "spec.bgpSpeaker.remoteAsn: Invalid value: 4294967296: must be from 0 to 4294967295",
            ),
        ] {
            Cluster::of(RULE.id).refuses(&gateway(spec), &[&format!("{wanted} [gateway-syntax]")]);
        }
    }

    #[test]
    fn what_kube_ovn_makes_is_taken() {
        for spec in [
            json!({"lanIp": ""}),
            json!({"replicas": 0}),
            json!({"tolerations": [{"key": "a", "operator": "", "effect": ""}, {"key": "b", "operator": "Equal", "effect": "NoExecute"}]}),
            json!({"routes": [{"cidr": "10.0.0.0/8", "nextHopIP": "gateway"}, {"cidr": "fd00::/8", "nextHopIP": "fd00::1"}]}),
            json!({"internalCIDRs": ["10.0.0.0/8", "fd00::/8", "10.1.1.1"]}),
            json!({"bfd": {"minRX": 1, "minTX": 3_600_000, "multiplier": 255}}),
            json!({"bgpSpeaker": {"asn": 65000, "remoteAsn": 4_200_000_000_i64}}),
        ] {
            Cluster::of(RULE.id).accepts(&gateway(spec));
        }
    }

    #[test]
    fn a_name_leaves_room_for_what_kubernetes_adds() {
        let called = |length: usize| {
            let spec = json!({"vpc": "v", "subnet": "s", "lanIp": "10.0.1.254"});
            json!({"kind": "VpcNatGateway", "name": "g".repeat(length), "spec": spec})
        };
        let wanted = |length: usize, prefix: &str| {
            format!(
                r#"metadata.name: Invalid value: "{}": makes a StatefulSet of 53 characters, with "{prefix}-" before it: Kubernetes makes no Pods of one with more than 52 [gateway-syntax]"#,
                "g".repeat(length)
            )
        };
        Cluster::of(RULE.id).accepts(&called(41));
        Cluster::of(RULE.id).refuses(&called(42), &[&wanted(42, "vpc-nat-gw")]);
        let config = |prefix: &str| json!({"kind": "ConfigMap", "namespace": "kube-system", "name": "ovn-vpc-nat-config", "data": {"natGwNamePrefix": prefix}});
        Cluster::of(RULE.id).with(config("gw")).accepts(&called(49));
        Cluster::of(RULE.id).with(config("gw")).refuses(&called(50), &[&wanted(50, "gw")]);
        Cluster::of(RULE.id).with(config("")).refuses(&called(42), &[&wanted(42, "vpc-nat-gw")]);
    }
}

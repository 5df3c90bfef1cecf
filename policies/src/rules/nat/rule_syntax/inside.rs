//! Addresses and rules inside a gateway, of v1.7 to v1.9: all of them reach a shell.

use super::text::Reader::Controller;
use super::text::{Form, Text, judge};
use crate::kinds::{Eip, NatGateway, NatRule};
use crate::net::{Cidr, Family, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::nat::with_convert;

const V4: Form = Form::Address(Family::V4);
const EIP: Text<NatRule> = Text::inside("eip", |rule| &rule.eip, V4);
const INTERNAL_IP: Text<NatRule> = Text::inside("internalIp", |rule| &rule.internal_ip, V4);

pub(super) const EIPS: &[Text<Eip>] = &[
    Text::inside("eipCIDR", |eip| &eip.eip_cidr, Form::AddressOfNetwork),
    Text::inside("gateway", |eip| &eip.gateway, V4),
];

pub(super) const FLOATING_IP_RULES: &[Text<NatRule>] = &[EIP, INTERNAL_IP];

pub(super) const DNAT_RULES: &[Text<NatRule>] = &[
    EIP,
    Text::inside("externalPort", |rule| &rule.external_port, Form::Port),
    Text::inside("protocol", |rule| &rule.protocol, Form::AnyCase(&["tcp", "udp"])),
    INTERNAL_IP,
    Text::inside("internalPort", |rule| &rule.internal_port, Form::Port),
];

pub(super) const SNAT_RULES: &[Text<NatRule>] =
    &[EIP, Text::inside("internalCIDR", |rule| &rule.internal_cidr, Form::Prefix(Family::V4))];

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    for (at, name) in gateway.external_subnets.iter().enumerate() {
        Form::Name.judge(name, FieldPath::of("spec.externalSubnets").index(at), Controller, context);
    }
    if !gateway.qos_policy.is_empty() {
        Form::Name.judge(&gateway.qos_policy, FieldPath::of("spec.qosPolicy"), Controller, context);
    }
    let inside = &gateway.inside;
    for (at, eip) in inside.eips.iter().enumerate() {
        let place = FieldPath::of("spec.eips").index(at);
        judge(EIPS, eip, &place, context);
        network(eip, &place, context);
    }
    let lists = [
        ("spec.floatingIpRules", &inside.floating_ip_rules, FLOATING_IP_RULES),
        ("spec.dnatRules", &inside.dnat_rules, DNAT_RULES),
        ("spec.snatRules", &inside.snat_rules, SNAT_RULES),
    ];
    for (list, rules, texts) in lists {
        for (at, rule) in rules.iter().enumerate() {
            judge(texts, rule, &FieldPath::of(list).index(at), context);
        }
    }
    Ok(())
}

/// The router of the underlay must be reached from the address.
fn network(eip: &Eip, place: &FieldPath, context: &mut Context<'_>) {
    let (Ok(cidr), Some(gateway)) = (Cidr::parse(&eip.eip_cidr), parse_ip(&eip.gateway)) else { return };
    let field = place.clone().field("gateway");
    if !cidr.contains(gateway) {
        let detail = format!("is not in {cidr}: the gateway has no way out by it");
        context.deny(
            Finding::invalid(field, &eip.gateway, detail)
                .help(with_convert("Write the underlay's router, in the EIP's network.")),
        );
    } else if gateway == cidr.address() {
        let detail = "is the EIP's own address: the gateway has no way out by it";
        context.deny(
            Finding::invalid(field, &eip.gateway, detail)
                .help(with_convert("Write the underlay's router, or another eipCIDR.")),
        );
    }
}

//! Addresses and rules of NAT gateways, as objects of their own.

use super::text::Reader::{Controller, Nobody, Shell, ShellOfPort, ShellOfV110};
use super::text::{Form, Text, judge};
use crate::kinds::{IptablesDnatRule, IptablesEip, IptablesFipRule, IptablesSnatRule};
use crate::net::Family;
use crate::rule::prelude::*;

const V4: Form = Form::Address(Family::V4);

pub(super) const EIP: &[Text<IptablesEip>] = &[
    Text::needed("natGwDp", |eip| &eip.nat_gateway, Form::Name, Controller),
    Text::optional("externalSubnet", |eip| &eip.external_subnet, Form::Name, Controller),
    Text::optional("v4ip", |eip| &eip.v4_ip.text, Form::V4First, ShellOfV110),
    Text::optional("v6ip", |eip| &eip.v6_ip.text, Form::LowerCaseV6, Nobody),
    Text::optional("qosPolicy", |eip| &eip.qos_policy, Form::Name, Controller),
    Text::optional("namespace", |eip| &eip.namespace, Form::Name, Controller),
];

pub(super) const FIP: &[Text<IptablesFipRule>] = &[
    Text::needed("eip", |rule| &rule.eip, Form::Name, Controller),
    Text::needed("internalIp", |rule| &rule.internal_ip, V4, Shell),
];

pub(super) const DNAT: &[Text<IptablesDnatRule>] = &[
    Text::needed("eip", |rule| &rule.eip, Form::Name, Controller),
    Text::needed("externalPort", |rule| &rule.external_port, Form::Port, ShellOfPort),
    Text::needed("protocol", |rule| &rule.protocol, Form::AnyCase(&["tcp", "udp"]), Shell),
    Text::needed("internalIp", |rule| &rule.internal_ip, V4, Shell),
    Text::needed("internalPort", |rule| &rule.internal_port, Form::Port, ShellOfPort),
    Text::optional("type", |rule| &rule.sharing, Form::Exactly(&["exclusive", "share"]), Controller),
];

pub(super) const SNAT: &[Text<IptablesSnatRule>] = &[
    Text::needed("eip", |rule| &rule.eip, Form::Name, Controller),
    Text::needed("internalCIDR", |rule| &rule.internal_cidr, Form::Prefix(Family::V4), Shell),
];

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn eip(eip: &IptablesEip, context: &mut Context<'_>) -> Outcome {
    judge(EIP, eip, &FieldPath::of("spec"), context);
    // Kube-OVN writes the addresses that it has given into the spec.
    if eip.is_set_up() {
        return Ok(());
    }
    if !eip.mac_address.is_empty() {
        let detail = "Kube-OVN gives the EIP another MAC address";
        let finding = Finding::forbidden(FieldPath::of("spec.macAddress"), &eip.mac_address, detail);
        context.warn(finding.help("Leave it out."));
    }
    if eip.v4_ip.addresses.len() > 1 {
        let detail =
            "NAT gateways serve IPv4 alone: of a dual-stack Subnet both are taken, and nothing comes in by the second";
        let finding = Finding::forbidden(FieldPath::of("spec.v4ip"), &eip.v4_ip.text, detail);
        context.warn(finding.help("Write the IPv4 address alone."));
    }
    if Form::LowerCaseV6.fits(&eip.v6_ip.text) && !eip.v4_ip.holds(&eip.v6_ip) {
        let detail = "NAT gateways serve IPv4 alone, and Kube-OVN does not read this address";
        let finding = Finding::forbidden(FieldPath::of("spec.v6ip"), &eip.v6_ip.text, detail);
        let help = if eip.v4_ip.is_empty() { "Write v4ip, or leave both out." } else { "Leave it out." };
        context.warn(finding.help(help));
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn fip(rule: &IptablesFipRule, context: &mut Context<'_>) -> Outcome {
    judge(FIP, rule, &FieldPath::of("spec"), context);
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn dnat(rule: &IptablesDnatRule, context: &mut Context<'_>) -> Outcome {
    judge(DNAT, rule, &FieldPath::of("spec"), context);
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn snat(rule: &IptablesSnatRule, context: &mut Context<'_>) -> Outcome {
    judge(SNAT, rule, &FieldPath::of("spec"), context);
    Ok(())
}

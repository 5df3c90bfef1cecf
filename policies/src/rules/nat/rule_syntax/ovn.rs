//! Addresses and rules of NAT by OVN. No shell sees them.

use std::net::IpAddr;

use super::text::Reader::{Controller, Ipam, Nobody, Ovn};
use super::text::{Form, Text, judge};
use crate::kinds::{OvnDnatRule, OvnEip, OvnFip, OvnSnatRule, OvnTarget, RouterLbRule};
use crate::net::Family;
use crate::rule::prelude::*;
use crate::rules::support::labels::is_pair;

const V4: Form = Form::Address(Family::V4);
const V6: Form = Form::Address(Family::V6);

pub(super) const EIP: &[Text<OvnEip>] = &[
    Text::optional("externalSubnet", |eip| &eip.external_subnet, Form::Name, Controller),
    Text::optional("v4Ip", |eip| &eip.v4_ip.text, Form::AddressOrBoth, Ipam),
    Text::optional("v6Ip", |eip| &eip.v6_ip.text, Form::LowerCaseV6, Nobody),
    Text::optional("type", |eip| &eip.usage, Form::Exactly(&["nat", "lrp", "lsp"]), Controller),
];

pub(super) const FIP: &[Text<OvnFip>] = &[Text::needed("ovnEip", |fip| &fip.ovn_eip, Form::Name, Controller)];

pub(super) const DNAT: &[Text<OvnDnatRule>] = &[
    Text::needed("ovnEip", |rule| &rule.ovn_eip, Form::Name, Controller),
    Text::needed("externalPort", |rule| &rule.external_port, Form::Port, Ovn),
    Text::needed("internalPort", |rule| &rule.internal_port, Form::Port, Ovn),
    Text::needed("protocol", |rule| &rule.protocol, Form::Exactly(&["tcp", "udp", "sctp"]), Ovn),
];

pub(super) const TARGET: &[Text<OvnTarget>] = &[
    Text::optional("ipName", |target| &target.ip_name, Form::Name, Controller),
    Text::optional("vpc", |target| &target.vpc, Form::Name, Controller),
    Text::optional("v4Ip", |target| &target.v4_ip, V4, Ovn),
    Text::optional("v6Ip", |target| &target.v6_ip, V6, Ovn),
];

pub(super) const SNAT: &[Text<OvnSnatRule>] = &[
    Text::needed("ovnEip", |rule| &rule.ovn_eip, Form::Name, Controller),
    Text::optional("vpcSubnet", |rule| &rule.vpc_subnet, Form::Name, Controller),
    Text::optional("ipName", |rule| &rule.ip_name, Form::Name, Controller),
    Text::optional("vpc", |rule| &rule.vpc, Form::Name, Controller),
    Text::optional("v4IpCidr", |rule| &rule.v4_ip_cidr, Form::Prefix(Family::V4), Ovn),
    Text::optional("v6IpCidr", |rule| &rule.v6_ip_cidr, Form::Prefix(Family::V6), Ovn),
];

pub(super) const ROUTER_LB: &[Text<RouterLbRule>] = &[
    Text::needed("ovnEip", |rule| &rule.ovn_eip, Form::Name, Controller),
    Text::needed("vpc", |rule| &rule.vpc, Form::Name, Controller),
    Text::optional("namespace", |rule| &rule.namespace, Form::Name, Controller),
    Text::optional("sessionAffinity", |rule| &rule.session_affinity, Form::Exactly(&["None", "ClientIP"]), Controller),
];

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn eip(eip: &OvnEip, context: &mut Context<'_>) -> Outcome {
    judge(EIP, eip, &FieldPath::of("spec"), context);
    // Kube-OVN writes the addresses that it has given into the spec.
    let is_new = !eip.is_ready && eip.status_v4_ip.is_empty() && eip.status_v6_ip.is_empty();
    if is_new && Form::LowerCaseV6.fits(&eip.v6_ip.text) && !eip.v4_ip.holds(&eip.v6_ip) {
        let detail = "Kube-OVN reads v4Ip alone: in a Subnet with IPv6 it draws an address in place of this one";
        let finding = Finding::forbidden(FieldPath::of("spec.v6Ip"), &eip.v6_ip.text, detail);
        context.warn(finding.help(help_for_v6(eip)));
    }
    Ok(())
}

/// How an IPv6 address is asked for.
fn help_for_v6(eip: &OvnEip) -> String {
    let (v4, v6) = (&eip.v4_ip.text, &eip.v6_ip.text);
    match eip.v4_ip.addresses[..] {
        [IpAddr::V4(_)] if v4.parse::<IpAddr>().is_ok() => {
            format!("Write v4Ip: \"{v4},{v6}\" in a dual-stack Subnet, else leave it out.")
        }
        [] => {
            "Write it in v4Ip, in a dual-stack Subnet behind an IPv4 address and a comma, or leave it out.".to_owned()
        }
        _ => "Leave it out.".to_owned(),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn fip(fip: &OvnFip, context: &mut Context<'_>) -> Outcome {
    judge(FIP, fip, &FieldPath::of("spec"), context);
    target(&fip.target, context);
    word("type", &fip.placement, &["distributed", "centralized"], context);
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn dnat(rule: &OvnDnatRule, context: &mut Context<'_>) -> Outcome {
    judge(DNAT, rule, &FieldPath::of("spec"), context);
    target(&rule.target, context);
    Ok(())
}

/// What a floating IP or a destination NAT rule leads to: a name, or an address with the VPC of it.
fn target(target: &OvnTarget, context: &mut Context<'_>) {
    judge(TARGET, target, &FieldPath::of("spec"), context);
    word("ipType", &target.ip_type, &["ip", "vip"], context);
    if !target.ip_name.is_empty() {
        return;
    }
    if target.v4_ip.is_empty() && target.v6_ip.is_empty() {
        let finding = Finding::required(FieldPath::of("spec.ipName"), "nothing is said of where it leads to");
        context.deny(finding.help("Write ipName, or vpc with v4Ip or v6Ip."));
    } else {
        vpc_of_address(&target.vpc, context);
    }
}

fn vpc_of_address(vpc: &str, context: &mut Context<'_>) {
    if vpc.is_empty() {
        let finding = Finding::required(FieldPath::of("spec.vpc"), "an address alone does not say of which VPC it is");
        context.deny(finding.help("Write the Vpc in which the address is."));
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn snat(rule: &OvnSnatRule, context: &mut Context<'_>) -> Outcome {
    judge(SNAT, rule, &FieldPath::of("spec"), context);
    let (subnet, ip_name) = (&rule.vpc_subnet, &rule.ip_name);
    let has_name = !subnet.is_empty() || !ip_name.is_empty();
    if !rule.v4_ip_cidr.is_empty() {
        vpc_of_address(&rule.vpc, context);
        for (field, name) in [("spec.vpcSubnet", subnet), ("spec.ipName", ip_name)] {
            if !name.is_empty() {
                passed_over(field, name, "v4IpCidr", context);
            }
        }
        return Ok(());
    }
    if !subnet.is_empty() && !ip_name.is_empty() {
        passed_over("spec.ipName", ip_name, "vpcSubnet", context);
    }
    if rule.v6_ip_cidr.is_empty() {
        if !has_name {
            let finding = Finding::required(FieldPath::of("spec.vpcSubnet"), "nothing is said of what it is for");
            context.deny(finding.help("Write one of vpcSubnet, ipName, and vpc with v4IpCidr or v6IpCidr."));
        }
    } else if has_name {
        let wins = if subnet.is_empty() { "ipName" } else { "vpcSubnet" };
        passed_over("spec.v6IpCidr", &rule.v6_ip_cidr, wins, context);
    } else {
        vpc_of_address(&rule.vpc, context);
    }
    Ok(())
}

fn passed_over(field: &'static str, value: &str, winner: &str, context: &mut Context<'_>) {
    let finding =
        Finding::forbidden(FieldPath::of(field), value, format!("Kube-OVN passes it over, for {winner} is there"));
    context.warn(finding.help(format!("Leave it out, or write a rule for it that has no {winner}.")));
}

/// A word that Kube-OVN takes for its default where it does not know it.
fn word(field: &'static str, value: &str, known: &[&str], context: &mut Context<'_>) {
    if !value.is_empty() && !known.contains(&value) {
        let finding = Finding::not_supported(FieldPath::of("spec").field(field), value, known);
        context.warn(finding.help("Write one of these words: Kube-OVN takes any other for its default."));
    }
}

/// The protocols of a Service's ports, of which Kube-OVN makes one.
const PROTOCOLS: Form = Form::Exactly(&["TCP", "UDP", "SCTP"]);

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn router_lb(rule: &RouterLbRule, context: &mut Context<'_>) -> Outcome {
    judge(ROUTER_LB, rule, &FieldPath::of("spec"), context);
    let ports = FieldPath::of("spec.ports");
    if rule.ports.is_empty() {
        let finding = Finding::required(ports.clone(), "Kube-OVN leaves the rule out without a port");
        context.deny(finding.help("Write a port, as in {port: 443, targetPort: 8443, protocol: TCP}."));
    }
    for (at, port) in rule.ports.iter().enumerate() {
        let place = ports.clone().index(at);
        let numbers = [("port", port.port, 1), ("targetPort", port.target_port, 0)];
        for (field, number, least) in numbers {
            if !(least..=65535).contains(&number) {
                let detail =
                    "must be a port from 1 to 65535: the API server refuses the Service that Kube-OVN makes of it";
                let finding = Finding::invalid_number(place.clone().field(field), number, detail);
                context.deny(finding.help("Write a number from 1 to 65535."));
            }
        }
        if !port.protocol.is_empty() {
            PROTOCOLS.judge(&port.protocol, place.field("protocol"), Controller, context);
        }
    }
    for (at, entry) in rule.selector.iter().enumerate().filter(|(_, entry)| !is_pair(entry)) {
        let detail = "must be one label and its value, with a colon between: Kube-OVN leaves it out";
        let finding = Finding::invalid(FieldPath::of("spec.selector").index(at), entry, detail);
        context.deny(finding.help("Write a label as in app:web."));
    }
    for (at, endpoint) in rule.endpoints.iter().enumerate() {
        Form::AnyAddress.judge(endpoint, FieldPath::of("spec.endpoints").index(at), Controller, context);
    }
    Ok(())
}

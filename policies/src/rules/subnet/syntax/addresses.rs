//! The addresses of a Subnet that must lie in its prefixes, or go with them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{in_lower_case, refuse_upper_case};
use crate::finding::Action;
use crate::gather::gathered;
use crate::kinds::Subnet;
use crate::net::{Cidr, Family, PrefixSet, has_upper_case, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::corrections;
use crate::text::shortened;

/// What the addresses of a Subnet are compared with, gathered once for all of them.
struct Ground<'s> {
    subnet: &'s Subnet,
    prefixes: PrefixSet,
    /// Whether all prefixes are known, so that what is in none of them is outside.
    is_whole: bool,
}

pub(super) fn check(subnet: &Subnet, context: &mut Context<'_>) {
    let ground = &Ground {
        subnet,
        prefixes: subnet.prefix_set(),
        is_whole: subnet.cidrs.len() == subnet.cidr_block.split(',').count(),
    };
    gateway(ground, context);
    for (at, text) in subnet.exclude_ips.iter().enumerate() {
        exclude_ips(FieldPath::of("spec.excludeIps").index(at), text, context);
    }
    for (at, text) in subnet.vips.iter().enumerate() {
        inside(ground, FieldPath::of("spec.vips").index(at), text, context);
    }
    external_egress_gateway(ground, context);
    u2o_interconnection_ip(ground, context);
}

fn gateway(ground: &Ground<'_>, context: &mut Context<'_>) {
    let field = || FieldPath::of("spec.gateway");
    let mut families = BTreeSet::new();
    for part in parts(&ground.subnet.gateway) {
        let Some(address) = inside(ground, field(), part, context) else { continue };
        for cidr in ground.prefixes.holding(address).map(Cidr::from) {
            if context.has_enough(Action::Deny) || context.has_enough(Action::Warn) {
                return;
            }
            let help = format!("Choose a host's address, such as {}.", cidr.first_host());
            if cidr.is_network_address(address) {
                // An IPv6 host may have this address (RFC 4291, section 2.6.1, gives it to routers), but not in Kube-OVN.
                let action = if address.is_ipv4() { Action::Deny } else { Action::Warn };
                let aside = if address.is_ipv4() { "" } else { ", which Kube-OVN refuses as a gateway" };
                let detail = format!("is the network address of {cidr}{aside}");
                context.report(action, Finding::invalid(field(), part, detail).help(help));
            } else if cidr.is_broadcast(address) {
                let finding = Finding::invalid(field(), part, format!("is the broadcast address of {cidr}"));
                context.deny(finding.help(help));
            }
        }
        let family = Family::of(address);
        if !families.insert(family) {
            let finding = Finding::invalid(field(), part, format!("is a second {} gateway", family.name()));
            context.deny(finding.help(format!("Keep one {} address.", family.name())));
        }
    }
}

fn exclude_ips(field: FieldPath, text: &str, context: &mut Context<'_>) {
    if has_upper_case(text) {
        let detail = "is in upper case, which Kube-OVN turns into lower case";
        context.warn(Finding::invalid(field.clone(), text, detail).help(in_lower_case(text)));
    }
    let ends: Option<Vec<IpAddr>> = text.split("..").map(parse_ip).collect();
    let (fault, help) = match ends.as_deref() {
        Some([first, last]) if Family::of(*first) != Family::of(*last) => {
            ("is a range of two address families", "Write a range for each address family.".to_owned())
        }
        Some([first, last]) if first > last => {
            ("is a range that ends before it begins", format!("Write {last}..{first}."))
        }
        Some([_] | [_, _]) => return,
        _ => (
            "is neither an address nor a range of the form 10.0.0.1..10.0.0.9",
            "Write one address, or the first and the last of a range with two dots between them.".to_owned(),
        ),
    };
    context.deny(Finding::invalid(field, text, fault).help(help));
}

fn external_egress_gateway(ground: &Ground<'_>, context: &mut Context<'_>) {
    let field = || FieldPath::of("spec.externalEgressGateway");
    let subnet = ground.subnet;
    let text = subnet.external_egress_gateway.as_str();
    if text.is_empty() {
        return;
    }
    if subnet.nat_outgoing {
        let finding = Finding::forbidden(field(), text, "may not be used together with spec.natOutgoing");
        context.deny(finding.help("Leave one of the two out."));
    }
    if parts(text).count() > 2 {
        let finding = Finding::invalid(field(), text, "may hold at most two addresses");
        context.deny(finding.help("Keep one address for each address family of the Subnet."));
    }
    let families: BTreeSet<_> = gathered(subnet.cidrs.iter().map(Cidr::family));
    for part in parts(text) {
        refuse_upper_case(context, field(), part);
        match parse_ip(part) {
            None => {
                let finding = Finding::invalid(field(), part, "is not an IP address");
                context.deny(finding.help(corrections::address(part)));
            }
            Some(address) if ground.is_whole && !families.contains(&Family::of(address)) => {
                let family = Family::of(address).name();
                let finding = Finding::invalid(field(), part, format!("is {family}, which spec.cidrBlock is not"));
                context.deny(finding.help(format!("Leave it out, or give the Subnet an {family} prefix.")));
            }
            Some(_) => {}
        }
    }
}

fn u2o_interconnection_ip(ground: &Ground<'_>, context: &mut Context<'_>) {
    let subnet = ground.subnet;
    // Kube-OVN takes it away before it looks at it.
    if !subnet.u2o_interconnection {
        return;
    }
    let field = || FieldPath::of("spec.u2oInterconnectionIP");
    let gateways: BTreeSet<_> = gathered(subnet.gateways.iter().copied());
    for part in parts(&subnet.u2o_interconnection_ip) {
        let address = inside(ground, field(), part, context);
        if address.is_some_and(|address| gateways.contains(&address)) {
            let finding = Finding::invalid(field(), part, "is the gateway of the Subnet");
            context.deny(
                finding.help("Choose another address of the Subnet, or leave it out: Kube-OVN then takes a free one."),
            );
        }
    }
}

/// The address, if the text is one that lies in the Subnet.
fn inside(ground: &Ground<'_>, field: FieldPath, text: &str, context: &mut Context<'_>) -> Option<IpAddr> {
    refuse_upper_case(context, field.clone(), text);
    let Some(address) = parse_ip(text) else {
        let whitespace = text.trim() != text && parse_ip(text.trim()).is_some();
        let fault = if whitespace { "must not have whitespace around it" } else { "is not an IP address" };
        context.deny(Finding::invalid(field, text, fault).help(corrections::address(text)));
        return None;
    };
    if ground.is_whole && !ground.prefixes.holds(address) {
        let detail = format!("not in spec.cidrBlock {}", shortened(&ground.subnet.cidr_block));
        let help = format!("Choose an address in {}.", shortened(&ground.subnet.cidr_block));
        context.deny(Finding::invalid(field, text, detail).help(help));
        return None;
    }
    Some(address)
}

/// The parts of a comma list as Kube-OVN takes them, whitespace and all; none of an empty text.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(move |_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn subnet(field: &str, value: Value) -> Value {
        let mut subnet =
            json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/24,fd00::/120", "u2oInterconnection": true}});
        subnet["spec"][field] = value;
        subnet
    }

    #[test]
    fn each_fault_of_an_address_is_named() {
        for (field, value, wanted) in [
            (
                "gateway",
                json!("10.0.0.0"),
                r#"spec.gateway: Invalid value: "10.0.0.0": is the network address of 10.0.0.0/24"#,
            ),
            (
                "gateway",
                json!("10.0.0.255"),
                r#"spec.gateway: Invalid value: "10.0.0.255": is the broadcast address of 10.0.0.0/24"#,
            ),
            ("gateway", json!("foo"), r#"spec.gateway: Invalid value: "foo": is not an IP address"#),
            (
                "gateway",
                json!("10.0.0.1, fd00::1"),
                r#"spec.gateway: Invalid value: " fd00::1": must not have whitespace around it"#,
            ),
            (
                "gateway",
                json!("10.0.0.1,10.0.0.2"),
                r#"spec.gateway: Invalid value: "10.0.0.2": is a second IPv4 gateway"#,
            ),
            ("gateway", json!("FD00::1"), r#"spec.gateway: Invalid value: "FD00::1": must be in lower case"#),
            (
                "excludeIps",
                json!(["10.0.0.9..10.0.0.1"]),
                r#"spec.excludeIps[0]: Invalid value: "10.0.0.9..10.0.0.1": is a range that ends before it begins"#,
            ),
            (
                "excludeIps",
                json!(["10.0.0.1..fd00::1"]),
                r#"spec.excludeIps[0]: Invalid value: "10.0.0.1..fd00::1": is a range of two address families"#,
            ),
            (
                "excludeIps",
                json!(["10.0.0.1-10.0.0.9"]),
                r#"spec.excludeIps[0]: Invalid value: "10.0.0.1-10.0.0.9": is neither an address nor a range of the form 10.0.0.1..10.0.0.9"#,
            ),
            (
                "vips",
                json!(["10.0.1.1"]),
                r#"spec.vips[0]: Invalid value: "10.0.1.1": not in spec.cidrBlock 10.0.0.0/24,fd00::/120"#,
            ),
            (
                "u2oInterconnectionIP",
                json!("10.0.0.1"),
                r#"spec.u2oInterconnectionIP: Invalid value: "10.0.0.1": is the gateway of the Subnet"#,
            ),
            (
                "externalEgressGateway",
                json!("1.1.1.1,2.2.2.2,3.3.3.3"),
                r#"spec.externalEgressGateway: Invalid value: "1.1.1.1,2.2.2.2,3.3.3.3": may hold at most two addresses"#,
            ),
        ] {
            Cluster::of(crate::rules::subnet::syntax::RULE.id)
                .refuses(&subnet(field, value), &[&format!("{wanted} [subnet-syntax]")]);
        }
    }

    #[test]
    fn an_interconnection_address_counts_with_the_interconnection() {
        let mut subnet = subnet("u2oInterconnectionIP", json!("192.0.2.1"));
        subnet["spec"]["u2oInterconnection"] = json!(false);
        Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&subnet);
    }

    #[test]
    fn upper_case_in_excluded_addresses_is_a_warning() {
        let wanted =
            r#"spec.excludeIps[0]: "FD00::9": is in upper case, which Kube-OVN turns into lower case [subnet-syntax]"#;
        Cluster::of(crate::rules::subnet::syntax::RULE.id).warns(&subnet("excludeIps", json!(["FD00::9"])), &[wanted]);
    }

    #[test]
    fn an_address_is_not_outside_what_is_not_known() {
        let subnet =
            |gateway: &str| json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/24,x/64", "gateway": gateway}});
        let prefix = r#"spec.cidrBlock: Invalid value: "x/64": has no valid address before the slash [subnet-syntax]"#;
        Cluster::of(crate::rules::subnet::syntax::RULE.id).refuses(&subnet("fd00::1"), &[prefix]);
        let gateway = r#"spec.gateway: Invalid value: " x": is not an IP address [subnet-syntax]"#;
        Cluster::of(crate::rules::subnet::syntax::RULE.id).refuses(&subnet(" x"), &[prefix, gateway]);
    }

    #[test]
    fn what_kube_ovn_can_use_is_accepted() {
        for (field, value) in [
            ("gateway", json!("10.0.0.254,fd00::ff")),
            ("excludeIps", json!(["10.0.0.1", "10.0.0.5..10.0.0.9", "fd00::2..fd00::2"])),
            ("vips", json!(["10.0.0.9", "fd00::9"])),
            ("externalEgressGateway", json!("192.168.0.1,fd01::1")),
            ("u2oInterconnectionIP", json!("10.0.0.2,fd00::2")),
        ] {
            Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&subnet(field, value));
        }
    }
}

//! The addresses of a Subnet that must lie in its prefixes, or go with them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{in_lower_case, refuse_upper_case};
use crate::finding::Action;
use crate::gather::gathered;
use crate::kinds::Subnet;
use crate::net::{Cidr, Family, PrefixSet, has_upper_case, is_mapped, parse_ip};
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

impl Ground<'_> {
    /// What becomes of a gateway that OVN cannot read. Beside an underlay that has a router of its own nobody knows.
    fn action_on_gateway(&self) -> Action {
        if self.is_port() { Action::Deny } else { Action::Warn }
    }

    /// Whether the gateway is a port of the VPC's router.
    fn is_port(&self) -> bool {
        self.subnet.vpc.is_some() && self.subnet.is_overlay()
    }
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
            if is_mapped(part) {
                let detail = "must be written as the IPv4 address that it is: OVN takes it for IPv6";
                let finding = Finding::invalid(field(), part, detail).help(corrections::address(part));
                context.report(ground.action_on_gateway(), finding);
            }
            if cidr.is_network_address(address) {
                // An IPv6 host may have this address (RFC 4291, section 2.6.1, gives it to routers), but not in Kube-OVN.
                let action = if address.is_ipv4() { Action::Deny } else { Action::Warn };
                let aside = if address.is_ipv4() { "" } else { ", which Kube-OVN refuses as a gateway" };
                let detail = format!("is the network address of {cidr}{aside}");
                context.report(action, Finding::invalid(field(), part, detail).help(help));
            } else if cidr.is_broadcast(address) {
                let finding = Finding::invalid(field(), part, format!("is the broadcast address of {cidr}"));
                context.deny(finding.help(help));
            } else if cidr.is_last(address) {
                let detail =
                    format!("is the last address of {cidr}, which Kube-OVN takes for a broadcast address in IPv6 too");
                context.deny(Finding::invalid(field(), part, detail).help(help));
            }
        }
        let family = Family::of(address);
        if !families.insert(family) {
            let finding = Finding::invalid(field(), part, format!("is a second {} gateway", family.name()));
            context.deny(finding.help(format!("Keep one {} address.", family.name())));
        }
    }
    order(ground, context);
}

/// Wants the gateways of both families in the order of their prefixes. One alone Kube-OVN completes, and rightly only where the IPv4
/// prefix comes first and the gateway is of that.
fn order(ground: &Ground<'_>, context: &mut Context<'_>) {
    let subnet = ground.subnet;
    let ([first, second], true) = (subnet.cidrs.as_slice(), ground.is_whole) else { return };
    if first.family() == second.family() {
        return;
    }
    let gateways: Option<Vec<IpAddr>> = parts(&subnet.gateway).map(parse_ip).collect();
    let fault = match gateways.as_deref() {
        Some([alone]) if first.family() == Family::V6 || !alone.is_ipv4() => {
            "stands alone beside prefixes of both families, and Kube-OVN completes it to what it cannot use"
        }
        Some([one, other]) if Family::of(*one) == second.family() && Family::of(*other) == first.family() => {
            let takes_first = subnet.vpc.is_some() && subnet.enable_dhcp && !subnet.u2o_interconnection;
            if ground.is_port() {
                "is in another order than the prefixes of spec.cidrBlock, so that the router gets no port"
            } else if takes_first && first.family() == Family::V4 {
                "is in another order than the prefixes of spec.cidrBlock, so that DHCP names an IPv6 address as the router of IPv4"
            } else {
                // Nodes tell the two by their families.
                return;
            }
        }
        _ => return,
    };
    let gateways = gateways.unwrap_or_default();
    let of = |cidr: &Cidr| {
        let written = gateways.iter().find(|gateway| Family::of(**gateway) == cidr.family());
        written.copied().unwrap_or_else(|| cidr.first_host())
    };
    let help = format!("Write {},{}.", of(first), of(second));
    let finding = Finding::invalid(FieldPath::of("spec.gateway"), &subnet.gateway, fault).help(help);
    context.report(ground.action_on_gateway(), finding);
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
    let count = parts(text).count();
    if count > 2 {
        let finding = Finding::invalid(field(), text, "may hold at most two addresses");
        context.deny(finding.help("Keep one address for each address family of the Subnet."));
    }
    let families: BTreeSet<_> = gathered(subnet.cidrs.iter().map(Cidr::family));
    let mut seen = BTreeSet::new();
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
            // More than two are refused already.
            Some(address) if !seen.insert(Family::of(address)) && count == 2 => {
                let family = Family::of(address).name();
                let (action, fault) = if families.len() > 1 {
                    (Action::Warn, "of which nodes take one alone")
                } else {
                    (Action::Deny, "and Kube-OVN makes no Subnet with two")
                };
                let finding = Finding::invalid(field(), part, format!("is a second {family} address, {fault}"));
                context.report(action, finding.help(format!("Keep one {family} address.")));
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
    let mut families = BTreeSet::new();
    for part in parts(&subnet.u2o_interconnection_ip) {
        let Some(address) = inside(ground, field(), part, context) else { continue };
        let is_reserved = |cidr: Cidr| cidr.is_network_address(address) || cidr.is_last(address);
        let fault = if gateways.contains(&address) {
            "is the gateway of the Subnet".to_owned()
        } else if is_mapped(part) {
            "must be written as the IPv4 address that it is: Kube-OVN makes no switch".to_owned()
        } else if ground.prefixes.holding(address).map(Cidr::from).any(is_reserved) {
            "is the first or the last address of its prefix, which the router cannot have: Kube-OVN makes no switch"
                .to_owned()
        } else if !families.insert(Family::of(address)) {
            format!("is a second {} address: Kube-OVN makes no switch", Family::of(address).name())
        } else {
            continue;
        };
        let finding = Finding::invalid(field(), part, fault);
        context.deny(
            finding.help("Choose another address of the Subnet, or leave it out: Kube-OVN then takes a free one."),
        );
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
        let mut subnet = json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/24,fd00::/120", "u2oInterconnection": true,
                   "policyRoutingTableID": 1000}});
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
            ("gateway", json!("10.0.0.1,FD00::1"), r#"spec.gateway: Invalid value: "FD00::1": must be in lower case"#),
            (
                "gateway",
                json!("10.0.0.1,fd00::ff"),
                r#"spec.gateway: Invalid value: "fd00::ff": is the last address of fd00::/120, which Kube-OVN takes for a broadcast address in IPv6 too"#,
            ),
            (
                "gateway",
                json!("fd00::1"),
                r#"spec.gateway: Invalid value: "fd00::1": stands alone beside prefixes of both families, and Kube-OVN completes it to what it cannot use"#,
            ),
            (
                "gateway",
                json!("fd00::1,10.0.0.1"),
                r#"spec.gateway: Invalid value: "fd00::1,10.0.0.1": is in another order than the prefixes of spec.cidrBlock, so that the router gets no port"#,
            ),
            (
                "gateway",
                json!("::ffff:10.0.0.1"),
                r#"spec.gateway: Invalid value: "::ffff:10.0.0.1": must be written as the IPv4 address that it is: OVN takes it for IPv6"#,
            ),
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
                "u2oInterconnectionIP",
                json!("10.0.0.0"),
                r#"spec.u2oInterconnectionIP: Invalid value: "10.0.0.0": is the first or the last address of its prefix, which the router cannot have: Kube-OVN makes no switch"#,
            ),
            (
                "u2oInterconnectionIP",
                json!("fd00::ff"),
                r#"spec.u2oInterconnectionIP: Invalid value: "fd00::ff": is the first or the last address of its prefix, which the router cannot have: Kube-OVN makes no switch"#,
            ),
            (
                "u2oInterconnectionIP",
                json!("10.0.0.5,10.0.0.5"),
                r#"spec.u2oInterconnectionIP: Invalid value: "10.0.0.5": is a second IPv4 address: Kube-OVN makes no switch"#,
            ),
            (
                "u2oInterconnectionIP",
                json!("::ffff:10.0.0.5"),
                r#"spec.u2oInterconnectionIP: Invalid value: "::ffff:10.0.0.5": must be written as the IPv4 address that it is: Kube-OVN makes no switch"#,
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
            ("gateway", json!("10.0.0.254,fd00::fe")),
            ("gateway", json!("10.0.0.254")),
            ("gateway", json!("")),
            ("excludeIps", json!(["10.0.0.1", "10.0.0.5..10.0.0.9", "fd00::2..fd00::2"])),
            ("vips", json!(["10.0.0.9", "::ffff:10.0.0.9", "fd00::9"])),
            ("externalEgressGateway", json!("192.168.0.1,fd01::1")),
            ("u2oInterconnectionIP", json!("10.0.0.2,fd00::2")),
        ] {
            Cluster::of(crate::rules::subnet::syntax::RULE.id).accepts(&subnet(field, value));
        }
    }

    #[test]
    fn gateways_are_in_the_order_of_the_prefixes() {
        let rule = || Cluster::of(crate::rules::subnet::syntax::RULE.id);
        let subnet = |gateway: &str, spec: Value| {
            let mut whole = json!({"cidrBlock": "fd00::/120,10.0.0.0/24", "gateway": gateway});
            for (key, value) in spec.as_object().unwrap() {
                whole[key] = value.clone();
            }
            json!({"kind": "Subnet", "spec": whole})
        };
        rule().accepts(&subnet("fd00::1,10.0.0.1", json!({})));
        for alone in ["fd00::1", "10.0.0.1"] {
            let wanted = format!(
                "spec.gateway: Invalid value: {alone:?}: stands alone beside prefixes of both families, and Kube-OVN completes it to what it cannot use [subnet-syntax]"
            );
            rule().refuses(&subnet(alone, json!({})), &[&wanted]);
        }
        // Beside a router of the underlay, or of another plug-in, OVN has no port there.
        for other in [
            json!({"vlan": "v"}),
            json!({"provider": "out.ns", "enableDHCP": true}),
            json!({"vlan": "v", "enableDHCP": true}),
        ] {
            rule().accepts(&subnet("10.0.0.1,fd00::1", other));
        }
        let underlay = |spec: Value| {
            let mut whole = json!({"cidrBlock": "10.0.0.0/24,fd00::/120", "gateway": "fd00::1,10.0.0.1", "vlan": "v"});
            for (key, value) in spec.as_object().unwrap() {
                whole[key] = value.clone();
            }
            json!({"kind": "Subnet", "spec": whole})
        };
        let order = r#"spec.gateway: "fd00::1,10.0.0.1": is in another order than the prefixes of spec.cidrBlock, so that DHCP names an IPv6 address as the router of IPv4 [subnet-syntax]"#;
        rule().warns(&underlay(json!({"enableDHCP": true})), &[order]);
        rule().accepts(&underlay(json!({})));
        rule().accepts(&underlay(json!({"enableDHCP": true, "u2oInterconnection": true})));
    }

    #[test]
    fn one_router_outside_an_address_family() {
        let rule = || Cluster::of(crate::rules::subnet::syntax::RULE.id);
        let subnet = |cidr: &str| {
            json!({"kind": "Subnet", "spec": {
                "cidrBlock": cidr, "externalEgressGateway": "1.1.1.1,1.1.1.1", "policyRoutingTableID": 1000,
            }})
        };
        let refused = r#"spec.externalEgressGateway: Invalid value: "1.1.1.1": is a second IPv4 address, and Kube-OVN makes no Subnet with two [subnet-syntax]"#;
        rule().refuses(&subnet("10.0.0.0/24"), &[refused]);
        let warned = r#"spec.externalEgressGateway: "1.1.1.1": is a second IPv4 address, of which nodes take one alone [subnet-syntax]"#;
        rule().warns(&subnet("10.0.0.0/24,fd00::/120"), &[warned]);
    }
}

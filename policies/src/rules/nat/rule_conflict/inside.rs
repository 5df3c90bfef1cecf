//! Rules inside a gateway, of v1.7 to v1.9.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::OTHER_PORT;
use crate::kinds::{NatGateway, NatInside, NatRule};
use crate::net::Cidr;
use crate::rule::prelude::*;
use crate::rules::support::nat::with_convert;

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to read the cluster")]
pub(super) fn gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let floating = floating_ips(&gateway.inside, context);
    ports(&gateway.inside, &floating, context);
    prefixes(&gateway.inside, context);
    Ok(())
}

/// The EIPs of floating IPs, each with the first that has it.
fn floating_ips<'a>(inside: &'a NatInside, context: &mut Context<'_>) -> BTreeMap<&'a str, FieldPath> {
    let mut first = BTreeMap::new();
    for (place, rule) in places("spec.floatingIpRules", &inside.floating_ip_rules) {
        match first.get(rule.eip.as_str()) {
            Some(other) => {
                let detail = format!("{other} has this EIP: the gateway takes one of them");
                deny(place.field("eip"), &rule.eip, detail, "Take another EIP.", context);
            }
            None => drop(first.insert(rule.eip.as_str(), place)),
        }
    }
    first
}

fn ports(inside: &NatInside, floating: &BTreeMap<&str, FieldPath>, context: &mut Context<'_>) {
    let mut first = BTreeMap::new();
    for (place, rule) in places("spec.dnatRules", &inside.dnat_rules) {
        if let Some(other) = floating.get(rule.eip.as_str()) {
            let detail = format!("{other} takes all ports of this EIP, so that this rule does nothing");
            deny(place.clone().field("eip"), &rule.eip, detail, "Take another EIP.", context);
        }
        let key = (rule.eip.as_str(), rule.external_port.as_str(), rule.protocol.to_ascii_lowercase());
        match first.get(&key) {
            Some(other) => {
                let detail = format!("{other} has this port of the EIP: the gateway takes one of them");
                deny(place.field("externalPort"), &rule.external_port, detail, OTHER_PORT, context);
            }
            None => drop(first.insert(key, place)),
        }
    }
}

fn prefixes(inside: &NatInside, context: &mut Context<'_>) {
    let mut first: BTreeMap<IpNet, (FieldPath, &NatRule)> = BTreeMap::new();
    for (place, rule) in places("spec.snatRules", &inside.snat_rules) {
        let Some(prefix) = Cidr::parse_or_address(&rule.internal_cidr) else { continue };
        let field = place.clone().field("internalCIDR");
        if let Some((other, _)) = first.get(&prefix.network()) {
            let detail = format!("{other} is for this prefix: the gateway takes the EIP of one of them");
            let finding = Finding::duplicate(field, &rule.internal_cidr, detail);
            context.warn(finding.help(with_convert("Write one rule for each prefix.")));
            continue;
        }
        // The rules of a gateway stand in their order, and the first that matches counts.
        let mut wider = std::iter::successors(prefix.network().supernet(), IpNet::supernet);
        if let Some((other, of)) = wider.find_map(|wider| first.get(&wider)).filter(|(_, of)| of.eip != rule.eip) {
            let detail = format!(
                "{other} is for {} by another EIP and stands before, so that this rule does nothing",
                of.internal_cidr
            );
            let finding = Finding::invalid(field, &rule.internal_cidr, detail);
            context.warn(finding.help(with_convert("Write the rule of the longer prefix before the other.")));
        }
        first.insert(prefix.network(), (place, rule));
    }
}

fn places<'a>(list: &'static str, rules: &'a [NatRule]) -> impl Iterator<Item = (FieldPath, &'a NatRule)> + use<'a> {
    let filled = rules.iter().enumerate().filter(|(_, rule)| !rule.eip.is_empty());
    filled.map(move |(at, rule)| (FieldPath::of(list).index(at), rule))
}

fn deny(field: FieldPath, value: &str, detail: String, help: &'static str, context: &mut Context<'_>) {
    context.deny(Finding::duplicate(field, value, detail).help(with_convert(help)));
}

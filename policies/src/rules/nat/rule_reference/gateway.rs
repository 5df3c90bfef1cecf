//! What the rules inside a VpcNatGateway of v1.7 to v1.9 name.

use std::collections::BTreeSet;

use super::{outside_with, qos};
use crate::gather::gathered;
use crate::kinds::{NatGateway, NatInside, NatRule};
use crate::net::{Cidr, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::inside::Inside;
use crate::rules::support::nat::with_convert;

pub(super) fn check(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    qos::of_gateway(gateway, context)?;
    if gateway.inside.is_empty() {
        return Ok(());
    }
    addresses(&gateway.inside, context);
    let inside = Inside::of_gateway(gateway, context);
    for (rule, path) in rules(&gateway.inside) {
        outside_with(with_convert, &inside, path.clone().field("internalIp"), &rule.internal_ip, context)?;
        outside_with(with_convert, &inside, path.field("internalCIDR"), &rule.internal_cidr, context)?;
    }
    Ok(())
}

/// A rule is for one of the gateway's own addresses.
fn addresses(inside: &NatInside, context: &mut Context<'_>) {
    let own: BTreeSet<_> =
        gathered(inside.eips.iter().filter_map(|eip| Some(Cidr::parse_trimmed(&eip.eip_cidr)?.address())));
    for (rule, path) in rules(inside) {
        if parse_ip(rule.eip.trim()).is_some_and(|eip| !own.contains(&eip)) {
            let detail = "is none of the gateway's own eips, so nothing comes in by it";
            let finding = Finding::invalid(path.field("eip"), &rule.eip, detail);
            context.deny(finding.help(with_convert("Use the address of one of spec.eips, or add it there.")));
        }
    }
}

fn rules(inside: &NatInside) -> impl Iterator<Item = (&NatRule, FieldPath)> {
    let of = |list: &'static str, rules| {
        let rules: &[NatRule] = rules;
        rules.iter().enumerate().map(move |(at, rule)| (rule, FieldPath::of(list).index(at)))
    };
    let floating = of("spec.floatingIpRules", inside.floating_ip_rules.as_slice());
    let dnat = of("spec.dnatRules", inside.dnat_rules.as_slice());
    floating.chain(dnat).chain(of("spec.snatRules", inside.snat_rules.as_slice()))
}

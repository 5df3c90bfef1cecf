//! Whose traffic the gateway takes.

use std::collections::BTreeSet;

use crate::kinds::{EgressGateway, LabelSelector};
use crate::net::{Cidr, Family, is_mapped};
use crate::rule::prelude::*;
use crate::rules::support::labels;

/// What becomes of a gateway with a selector that cannot be read: Kube-OVN stops there, and sends it nothing.
const NO_TRAFFIC: &str = "no traffic at all comes to a gateway with a selector that cannot be read";

/// Refuses what takes nothing, and what is not told in a way that can be read.
pub(super) fn judge(gateway: &EgressGateway, context: &mut Context<'_>) {
    if gateway.policy_blocks.is_empty() && gateway.selectors.is_empty() {
        let detail = "without a policy and without selectors it takes no traffic";
        let finding = Finding::required(FieldPath::of("spec.policies"), detail);
        context.deny(finding.help("Write whose traffic it takes, as in policies: [{snat: true, subnets: [apps]}]."));
    }
    for (at, (blocks, subnets)) in gateway.policy_blocks.iter().zip(&gateway.policy_subnets).enumerate() {
        let place = FieldPath::of("spec.policies").index(at);
        if blocks.is_empty() && subnets.is_empty() {
            let finding = Finding::required(
                place.clone().field("subnets"),
                "without Subnets and ipBlocks the policy takes no traffic",
            );
            context.deny(finding.help("Name the Subnets whose traffic it takes, or write their prefixes as ipBlocks."));
        }
        let list = place.clone().field("ipBlocks");
        for (at, block) in blocks.iter().enumerate() {
            let (detail, help) = match Cidr::parse_or_address(block) {
                None => (
                    "is neither an address nor a prefix, so OVN cannot read the policy of it",
                    "Write one address or prefix an entry, as in 10.0.1.0/24 or fd00::/64.".to_owned(),
                ),
                Some(cidr) if is_mapped(block.split_once('/').map_or(block, |(address, _)| address)) => (
                    "must be written as the IPv4 that it is: neither OVN nor a route of the gateway's Pods takes this form",
                    corrected(&cidr),
                ),
                Some(_) => continue,
            };
            context.deny(Finding::invalid(list.clone().index(at), block, detail).help(help));
        }
        repeated(&list, blocks, context);
        let list = place.field("subnets");
        for (at, _) in subnets.iter().enumerate().filter(|(_, name)| name.is_empty()) {
            let finding = Finding::required(
                list.clone().index(at),
                "Kube-OVN finds no Subnet without a name, and makes no gateway",
            );
            context.deny(finding.help("Name the Subnet, or leave the entry out."));
        }
        repeated(&list, subnets, context);
    }
    for (at, selector) in gateway.selectors.iter().enumerate() {
        let place = FieldPath::of("spec.selectors").index(at);
        for (field, is_written, selected) in [
            ("namespaceSelector", selector.names_namespaces, &selector.namespaces),
            ("podSelector", selector.names_pods, &selector.pods),
        ] {
            let field = place.clone().field(field);
            if is_written && *selected == LabelSelector::default() {
                let detail = "is empty and selects all, as if it were left out: other releases of Kube-OVN refuse it";
                let finding = Finding::required(field, detail);
                context.warn(finding.help("Leave the field out for all, or write the labels."));
            } else {
                labels::conditions(selected, &field, NO_TRAFFIC, context);
            }
        }
    }
}

/// What was meant, as IPv4.
fn corrected(cidr: &Cidr) -> String {
    match cidr.family() {
        Family::V4 if cidr.is_single() => format!("Write {}.", cidr.address()),
        Family::V4 => format!("Write {cidr}."),
        Family::V6 => "Write a prefix of IPv4, as in 10.0.1.0/24.".to_owned(),
    }
}

fn repeated(list: &FieldPath, entries: &[String], context: &mut Context<'_>) {
    let mut seen = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_empty()) {
        if !seen.insert(entry) {
            let finding = Finding::duplicate(list.clone().index(at), entry, "stands before already");
            context.warn(finding.help("Write it once: other releases of Kube-OVN refuse the gateway."));
        }
    }
}

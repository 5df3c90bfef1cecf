//! Rules of NAT gateways, as objects of their own.

use std::cell::OnceCell;

use ipnet::IpNet;

use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{IptablesDnatRule, IptablesFipRule, IptablesSnatRule, ObjectRef};
use crate::net::Cidr;
use crate::rule::prelude::*;

pub(super) fn fip(rule: &IptablesFipRule, context: &mut Context<'_>) -> Outcome {
    if rule.eip.is_empty() {
        return Ok(());
    }
    for other in context.admitted.fip_rules_of_eip(&rule.eip)? {
        if other.meta.name != rule.meta.name {
            let mentioned = context.mention(Kind::IptablesFipRule, &other.meta.name);
            let detail = format!("{mentioned} has this EIP: Kube-OVN leaves the later one out");
            refuse(&rule.eip, detail, &other.meta.name, other.reference(), "Take another EIP.", context);
        }
    }
    for other in context.admitted.dnat_rules_of_eip(&rule.eip)? {
        if context.has_enough(Action::Deny) {
            break;
        }
        let mentioned = context.mention(Kind::IptablesDnatRule, &other.meta.name);
        let detail = format!("{mentioned} has a port of this EIP, all of which a floating IP takes");
        refuse(&rule.eip, detail, &other.meta.name, other.reference(), "Take another EIP.", context);
    }
    Ok(())
}

pub(super) fn dnat(rule: &IptablesDnatRule, context: &mut Context<'_>) -> Outcome {
    if rule.eip.is_empty() {
        return Ok(());
    }
    for other in context.admitted.dnat_rules_of_port(&rule.port_of_eip())? {
        let is_shared = other.is_shared() && rule.is_shared();
        if other.meta.name == rule.meta.name || is_shared || context.has_enough(Action::Deny) {
            continue;
        }
        let mentioned = context.mention(Kind::IptablesDnatRule, &other.meta.name);
        let detail = format!("{mentioned} has this port of the EIP: the later one does nothing");
        let finding = Finding::duplicate(FieldPath::of("spec.externalPort"), &rule.external_port, detail)
            .related(other.reference(), Some(FieldPath::of("spec.externalPort")))
            .in_conflict_with(&other.meta.name);
        context.deny(finding.help("Take another port or another EIP, or write type: share in both rules."));
    }
    for other in context.admitted.fip_rules_of_eip(&rule.eip)? {
        let mentioned = context.mention(Kind::IptablesFipRule, &other.meta.name);
        let detail = format!("{mentioned} takes all ports of this EIP, so that this rule does nothing");
        refuse(&rule.eip, detail, &other.meta.name, other.reference(), "Take another EIP.", context);
    }
    Ok(())
}

fn refuse(eip: &str, detail: String, name: &str, other: ObjectRef, help: &'static str, context: &mut Context<'_>) {
    let field = FieldPath::of("spec.eip");
    let finding = Finding::duplicate(field.clone(), eip, detail).related(other, Some(field)).in_conflict_with(name);
    context.deny(finding.help(help));
}

const INTERNAL_CIDR: &str = "spec.internalCIDR";

/// Many addresses for one prefix are asked for where one has too few ports. Kube-OVN tells the gateway all, which takes the first.
pub(super) fn snat(rule: &IptablesSnatRule, context: &mut Context<'_>) -> Outcome {
    let Some(prefix) = Cidr::parse_or_address(&rule.internal_cidr) else { return Ok(()) };
    let own_gateway = OnceCell::new();
    for other in context.admitted.snat_rules_for(prefix.network())? {
        if other.meta.name == rule.meta.name || context.has_enough(Action::Warn) {
            continue;
        }
        // The same prefix of another VPC is another one.
        if other.eip != rule.eip && !is_of_one_gateway(rule, &other, &own_gateway, context)? {
            continue;
        }
        let mentioned = context.mention(Kind::IptablesSnatRule, &other.meta.name);
        let detail = format!("{mentioned} is for this prefix: the gateway takes the EIP of the first of them");
        let finding = Finding::duplicate(FieldPath::of(INTERNAL_CIDR), &rule.internal_cidr, detail);
        tell(finding, &other, "Keep one rule for the prefix.", context);
    }
    // Up to v1.16.2 the rules of a gateway stand in the order in which they were made. A longer prefix that was made first counts.
    for wider in std::iter::successors(prefix.network().supernet(), IpNet::supernet) {
        for other in context.admitted.snat_rules_for(wider)? {
            let is_another = other.meta.name != rule.meta.name && other.eip != rule.eip;
            if !is_another || context.has_enough(Action::Warn) {
                continue;
            }
            if is_of_one_gateway(rule, &other, &own_gateway, context)? {
                let mentioned = context.mention(Kind::IptablesSnatRule, &other.meta.name);
                let detail = format!(
                    "{mentioned} is for {wider} by another EIP of the gateway: up to v1.16.2 the rule that was made first \
                     counts, and this one does nothing"
                );
                let finding = Finding::invalid(FieldPath::of(INTERNAL_CIDR), &rule.internal_cidr, detail);
                let help =
                    "Use one EIP for both, prefixes that do not overlap, or make the rule of the longer prefix first.";
                tell(finding, &other, help, context);
            }
        }
    }
    Ok(())
}

fn tell(finding: Finding, other: &IptablesSnatRule, help: &'static str, context: &mut Context<'_>) {
    let finding =
        finding.related(other.reference(), Some(FieldPath::of(INTERNAL_CIDR))).in_conflict_with(&other.meta.name);
    context.warn(finding.help(help));
}

/// Whether two rules are one gateway's, as far as is known. Its own is looked up once.
fn is_of_one_gateway(
    rule: &IptablesSnatRule,
    other: &IptablesSnatRule,
    own: &OnceCell<Option<String>>,
    context: &Context<'_>,
) -> Answer<bool> {
    if own.get().is_none() {
        let found = gateway_of(&rule.eip, context)?;
        own.get_or_init(|| found);
    }
    let gateway = own.get().and_then(Option::as_ref);
    Ok(gateway.is_some() && gateway_of(&other.eip, context)?.as_ref() == gateway)
}

fn gateway_of(eip: &str, context: &Context<'_>) -> Answer<Option<String>> {
    Ok(context.cluster.iptables_eip(eip)?.map(|eip| eip.nat_gateway.clone()))
}

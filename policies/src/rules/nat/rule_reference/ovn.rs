//! What NAT rules by OVN name.

use std::sync::Arc;

use super::outside;
use crate::inventory::Answer;
use crate::kinds::{ObjectRef, OvnDnatRule, OvnEip, OvnFip, OvnSnatRule, OvnTarget, RouterLbRule, Subnet};
use crate::net::Family;
use crate::rule::prelude::*;
use crate::rules::support::inside::Inside;
use crate::rules::support::nat::Place;

/// The address of a gateway node, by which Kube-OVN translates nothing.
const OF_A_NODE: &str = "lsp";

/// Which address families something has: IPv4, IPv6.
type Families = (bool, bool);

pub(super) fn fip(fip: &OvnFip, context: &mut Context<'_>) -> Outcome {
    target(Kind::OvnFip, &fip.meta.name, &fip.ovn_eip, &fip.target, context)
}

pub(super) fn dnat_rule(rule: &OvnDnatRule, context: &mut Context<'_>) -> Outcome {
    target(Kind::OvnDnatRule, &rule.meta.name, &rule.ovn_eip, &rule.target, context)
}

fn target(kind: Kind, name: &str, ovn_eip: &str, target: &OvnTarget, context: &mut Context<'_>) -> Outcome {
    let place = Place::of_target(target, context)?;
    if target.ip_name.is_empty() && !target.vpc.is_empty() {
        let inside = Inside::of(&target.vpc, context);
        outside(&inside, FieldPath::of("spec.v4Ip"), &target.v4_ip, context)?;
        outside(&inside, FieldPath::of("spec.v6Ip"), &target.v6_ip, context)?;
    }
    let Some(eip) = context.cluster.ovn_eip(ovn_eip)? else { return Ok(()) };
    is_for_nat(&eip, context);
    same_family(&eip, of_target(target, context)?, context)?;
    other_vpcs(&eip, place.as_ref(), kind, name, context)
}

pub(super) fn snat_rule(rule: &OvnSnatRule, context: &mut Context<'_>) -> Outcome {
    let place = Place::of_snat_rule(rule, context)?;
    let is_range = !rule.v4_ip_cidr.is_empty() || (rule.vpc_subnet.is_empty() && rule.ip_name.is_empty());
    if is_range && !rule.vpc.is_empty() {
        let inside = Inside::of(&rule.vpc, context);
        outside(&inside, FieldPath::of("spec.v4IpCidr"), &rule.v4_ip_cidr, context)?;
        outside(&inside, FieldPath::of("spec.v6IpCidr"), &rule.v6_ip_cidr, context)?;
    }
    let Some(eip) = context.cluster.ovn_eip(&rule.ovn_eip)? else { return Ok(()) };
    is_for_nat(&eip, context);
    let families = if is_range {
        Some((!rule.v4_ip_cidr.is_empty(), !rule.v6_ip_cidr.is_empty()))
    } else if rule.vpc_subnet.is_empty() {
        of_ip(&rule.ip_name, context)?
    } else {
        of_subnet(context.cluster.subnet(&rule.vpc_subnet)?.as_deref())
    };
    same_family(&eip, families, context)?;
    other_vpcs(&eip, place.as_ref(), Kind::OvnSnatRule, &rule.meta.name, context)
}

pub(super) fn router_lb_rule(rule: &RouterLbRule, context: &mut Context<'_>) -> Outcome {
    let Some(eip) = context.cluster.ovn_eip(&rule.ovn_eip)? else { return Ok(()) };
    is_for_nat(&eip, context);
    other_vpcs(&eip, Place::named(&rule.vpc).as_ref(), Kind::RouterLbRule, &rule.meta.name, context)
}

fn is_for_nat(eip: &OvnEip, context: &mut Context<'_>) {
    if eip.usage == OF_A_NODE {
        let detail = "is of type lsp, the address of a gateway node, by which Kube-OVN translates nothing";
        let finding = Finding::invalid(FieldPath::of("spec.ovnEip"), &eip.meta.name, detail)
            .related(eip.reference(), Some(FieldPath::of("spec.type")));
        context.deny(finding.help("Name an OvnEip of type nat."));
    }
}

fn same_family(eip: &OvnEip, target: Option<Families>, context: &mut Context<'_>) -> Outcome {
    let (Some(of_eip), Some(of_target)) = (of_eip(eip, context)?, target) else { return Ok(()) };
    let (own, wanted) = match (of_eip, of_target) {
        ((true, false), (false, true)) => (Family::V4, Family::V6),
        ((false, true), (true, false)) => (Family::V6, Family::V4),
        _ => return Ok(()),
    };
    let detail = format!("has {} only, and the target {} only", own.name(), wanted.name());
    let finding = Finding::invalid(FieldPath::of("spec.ovnEip"), &eip.meta.name, detail)
        .related(eip.reference(), Some(FieldPath::of("spec.externalSubnet")));
    context.deny(finding.help("Name an OvnEip of an external Subnet with addresses of the target's family."));
    Ok(())
}

/// What it has got, or else what its Subnet has.
fn of_eip(eip: &OvnEip, context: &Context<'_>) -> Answer<Option<Families>> {
    let got = (!eip.status_v4_ip.is_empty(), !eip.status_v6_ip.is_empty());
    if got.0 || got.1 {
        return Ok(Some(got));
    }
    Ok(of_subnet(context.cluster.subnet(&eip.external_subnet)?.as_deref()))
}

fn of_target(target: &OvnTarget, context: &Context<'_>) -> Answer<Option<Families>> {
    if target.ip_name.is_empty() {
        return Ok(Some((!target.v4_ip.is_empty(), !target.v6_ip.is_empty())));
    }
    if !target.is_vip() {
        return of_ip(&target.ip_name, context);
    }
    let Some(vip) = context.cluster.vip(&target.ip_name)? else { return Ok(None) };
    Ok(of_subnet(context.cluster.subnet(&vip.subnet)?.as_deref()))
}

/// What a Pod has been given, where that is seen.
fn of_ip(name: &str, context: &Context<'_>) -> Answer<Option<Families>> {
    let ip = if context.sees_ips() { context.cluster.ip(name)? } else { None };
    let given = ip.map(|ip| (!ip.v4_ip.is_empty(), !ip.v6_ip.is_empty()));
    Ok(given.filter(|families| families.0 || families.1))
}

fn of_subnet(subnet: Option<&Subnet>) -> Option<Families> {
    subnet.map(|subnet| (subnet.has_family(Family::V4), subnet.has_family(Family::V6)))
}

/// Rules of one address in several VPCs.
fn other_vpcs(eip: &Arc<OvnEip>, place: Option<&Place>, kind: Kind, name: &str, context: &mut Context<'_>) -> Outcome {
    let Some(place) = place else { return Ok(()) };
    let vpc = context.kube_ovn().vpc_or_default(&place.vpc);
    for (of_kind, other, theirs) in rules_of(&eip.meta.name, context)? {
        let is_own = of_kind == kind && other.name == name;
        if is_own || theirs.is_empty() || context.kube_ovn().vpc_or_default(&theirs) == vpc {
            continue;
        }
        let (rule, of) = (context.mention(of_kind, &other.name), context.mention(Kind::Vpc, &theirs));
        let detail = format!("is that of {rule} in {of} too, and Kube-OVN keeps one VPC of it");
        let finding = Finding::invalid(FieldPath::of("spec.ovnEip"), &eip.meta.name, detail)
            .related(other, None)
            .in_conflict_with(&theirs);
        context.warn(finding.help("Make an OvnEip for each VPC."));
        break;
    }
    Ok(())
}

/// The rules of an address that came before, each with its VPC as far as that is known.
fn rules_of(ovn_eip: &str, context: &Context<'_>) -> Answer<Vec<(Kind, ObjectRef, String)>> {
    let admitted = context.admitted;
    let mut rules = Vec::new();
    for fip in admitted.ovn_fips_of_eip(ovn_eip)? {
        rules.push((Kind::OvnFip, fip.reference(), fip.target.effective_vpc().to_owned()));
    }
    for rule in admitted.ovn_dnat_rules_of_eip(ovn_eip)? {
        rules.push((Kind::OvnDnatRule, rule.reference(), rule.target.effective_vpc().to_owned()));
    }
    for rule in admitted.ovn_snat_rules_of_eip(ovn_eip)? {
        let vpc = Place::of_snat_rule(&rule, context)?.map(|place| place.vpc);
        rules.push((Kind::OvnSnatRule, rule.reference(), vpc.unwrap_or_default()));
    }
    for rule in admitted.router_lb_rules_of_eip(ovn_eip)? {
        rules.push((Kind::RouterLbRule, rule.reference(), rule.vpc.clone()));
    }
    Ok(rules)
}

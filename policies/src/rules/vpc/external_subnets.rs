//! Warns of external Subnets that a VPC's router is not attached to, or that lead nowhere.
//!
//! `enableExternal` attaches a VPC's router to an external Subnet, so that OVN can translate addresses there, and
//! `extraExternalSubnets` to further ones. Kube-OVN accepts them, and
//!
//! - looks at `extraExternalSubnets` only with `enableExternal` (kube-ovn issue 4888);
//! - attaches the router to a Subnet without a `vlan` too, which has no port to the outside;
//! - attaches no router while no Node has the label `ovn.kubernetes.io/external-gw: "true"`, with a line in its log;
//! - makes no route to an external Subnet of `extraExternalSubnets`: what an OvnSnatRule or OvnFip translates leaves by none of
//!   them (kube-ovn issue 3801);
//! - writes an OvnFip, OvnSnatRule or OvnDnatRule into the router of a VPC without `enableExternal`, where no packet comes by;
//! - makes a BFD port without an address, since 1.16, or with one that OVN cannot read.
//!
//! The default VPC gets its external Subnet by Kube-OVN's ConfigMap, and that Subnet its port to the outside: of both nothing
//! is said. A route of the Vpc or a policy route leads to an external Subnet if its next hop lies there. Where Nodes are not seen, as in most folders, the label is not looked for.
//!
//! ```yaml bad
//! # bad: without enableExternal
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: vlan-20}
//! spec: {id: 20, provider: uplink}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: backup}
//! spec: {vlan: vlan-20, cidrBlock: 203.0.113.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {extraExternalSubnets: [backup]}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vlan
//! metadata: {name: vlan-20}
//! spec: {id: 20, provider: uplink}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: backup}
//! spec: {vlan: vlan-20, cidrBlock: 203.0.113.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {enableExternal: true, extraExternalSubnets: [backup]}
//! ```
//!
//! Set `enableExternal`, name Subnets on a Vlan, and write the routes to their gateways.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use crate::inventory::{Answer, Known};
use crate::kinds::{EXTERNAL_GATEWAY, ObjectRef, OvnFip, Subnet, VPC_EXTERNAL, Vpc};
use crate::net::{Cidr, Family, PrefixSet, parse_ip};
use crate::rule::prelude::*;
use crate::rules::support::nat::{Place, RULE_FIELDS};

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-external-subnets",
    summary: "an external Subnet, or the BFD port, of a VPC is attached to nothing, or no route leads there",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::NatRules,
    asks: &[
        Kind::Vpc,
        Kind::Subnet,
        Kind::Node,
        Kind::Vip,
        Kind::OvnEip,
        Kind::OvnFip,
        Kind::OvnDnatRule,
        Kind::OvnSnatRule,
        Kind::Ip,
    ],
    checks: &[
        Check::Vpc(
            &[
                Read::Field("spec.enableExternal"),
                Read::Field("spec.extraExternalSubnets"),
                Read::Field("spec.bfdPort"),
                Read::Field("spec.staticRoutes"),
                Read::Field("spec.policyRoutes"),
                Read::Label(VPC_EXTERNAL),
            ],
            vpc,
        ),
        Check::OvnFip(RULE_FIELDS, |fip, context| {
            let place = Place::of_target(&fip.target, context)?;
            nat_rule(place, Some(&fip.ovn_eip), context)
        }),
        Check::OvnDnatRule(RULE_FIELDS, |rule, context| {
            let place = Place::of_target(&rule.target, context)?;
            nat_rule(place, None, context)
        }),
        Check::OvnSnatRule(RULE_FIELDS, |rule, context| {
            let place = Place::of_snat_rule(rule, context)?;
            nat_rule(place, Some(&rule.ovn_eip), context)
        }),
    ],
};

const ROUTE_HELP: &str =
    "Add a static or policy route to the Vpc whose next hop is the gateway of the external Subnet.";

/// How many external Subnets are looked at.
const MOST_SUBNETS: usize = 50;

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if vpc.is_external() {
        return Ok(());
    }
    bfd_port(vpc, context)?;
    if !context.kube_ovn().is_custom_vpc(&vpc.meta.name) {
        return Ok(());
    }
    if !vpc.enable_external {
        return not_enabled(vpc, context);
    }
    nodes(context)?;
    for (at, name) in vpc.extra_external_subnets.iter().enumerate().take(MOST_SUBNETS) {
        let is_own = *name == context.kube_ovn().external_subnet;
        let Some(subnet) = context.cluster.subnet(name)?.filter(|subnet| subnet.vlan.is_empty() && !is_own) else {
            continue;
        };
        let detail = "is on no Vlan, so that nothing outside is reached by it";
        let finding = Finding::invalid(FieldPath::of("spec.extraExternalSubnets").index(at), name, detail)
            .related(subnet.reference(), Some(FieldPath::of("spec.vlan")))
            .help("Name a Subnet on a Vlan of the nodes.");
        context.deny(finding);
    }
    unrouted(vpc, context)
}

/// What needs the external Subnets, where there are none.
fn not_enabled(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !vpc.extra_external_subnets.is_empty() {
        let detail = "without enableExternal Kube-OVN attaches the router to none of them";
        let names = vpc.extra_external_subnets.iter().take(MOST_SUBNETS).map(String::as_str);
        let value = names.collect::<Vec<_>>().join(", ");
        let finding = Finding::forbidden(FieldPath::of("spec.extraExternalSubnets"), &value, detail);
        context.deny(finding.help("Set spec.enableExternal to true, or leave them out."));
    }
    if let Some(rule) = rules_of(vpc, context)?.into_iter().chain(destination_rules_of(vpc, context)?).next() {
        let mentioned = mentioned(&rule, context);
        let detail = format!("the router needs a port outside for {mentioned}, which no packet comes by otherwise");
        let finding = Finding::required(FieldPath::of("spec.enableExternal"), detail);
        context.deny(finding.related(rule.object, None).help("Set spec.enableExternal to true."));
    }
    Ok(())
}

/// Kube-OVN puts the router's ports on these Nodes.
fn nodes(context: &mut Context<'_>) -> Outcome {
    let Known::Seen(nodes) = context.cluster.nodes()? else {
        context.cannot_see(Kind::Node);
        return Ok(());
    };
    if !nodes.iter().any(|node| node.is_external_gateway()) {
        let detail =
            format!("no Node has the label {EXTERNAL_GATEWAY}: \"true\", so that Kube-OVN attaches the router nowhere");
        let finding = Finding::invalid(FieldPath::of("spec.enableExternal"), "true", detail).unless_any(Kind::Node);
        context.warn(finding.help("Label the Nodes that have the external network, or name them in external-gw-nodes of the ConfigMap ovn-external-gw-config."));
    }
    Ok(())
}

/// A VPC whose rules translate what is routed nowhere.
fn unrouted(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let Some(subnets) = unrouted_subnets(vpc, context)? else { return Ok(()) };
    for rule in rules_of(vpc, context)? {
        if leaves_elsewhere(&rule.ovn_eip, &subnets, context)? {
            continue;
        }
        let mentioned = mentioned(&rule, context);
        let detail = format!("none leads to {}, so {mentioned} takes no traffic there", named(&subnets, context));
        let finding = Finding::required(FieldPath::of("spec.staticRoutes"), detail).related(rule.object, None);
        context.warn(related(finding, &subnets).help(ROUTE_HELP));
        break;
    }
    Ok(())
}

/// A rule that comes to a VPC which was there before.
fn nat_rule(place: Option<Place>, ovn_eip: Option<&str>, context: &mut Context<'_>) -> Outcome {
    let Some(place) = place else { return Ok(()) };
    if !context.kube_ovn().is_custom_vpc(&place.vpc) {
        return Ok(());
    }
    let Some(vpc) = context.admitted.vpc(&place.vpc)?.filter(|vpc| !vpc.is_external()) else { return Ok(()) };
    let (field, value) = (FieldPath::of(place.from.0), &place.from.1);
    if !vpc.enable_external {
        let mentioned = context.mention(Kind::Vpc, &vpc.meta.name);
        let detail =
            format!("{mentioned} has no enableExternal, so its router has no port outside, where packets come by");
        let finding = Finding::invalid(field, value, detail)
            .related(vpc.reference(), Some(FieldPath::of("spec.enableExternal")))
            .help("Set spec.enableExternal of the Vpc to true.");
        context.deny(finding);
        return Ok(());
    }
    let Some(ovn_eip) = ovn_eip else { return Ok(()) };
    let Some(subnets) = unrouted_subnets(&vpc, context)? else { return Ok(()) };
    if !leaves_elsewhere(ovn_eip, &subnets, context)? {
        let mentioned = context.mention(Kind::Vpc, &vpc.meta.name);
        let detail = format!("no route of {mentioned} leads to {}, and Kube-OVN makes none", named(&subnets, context));
        let finding =
            Finding::invalid(field, value, detail).related(vpc.reference(), Some(FieldPath::of("spec.staticRoutes")));
        context.warn(related(finding, &subnets).help(ROUTE_HELP));
    }
    Ok(())
}

/// The Subnets of `extraExternalSubnets`, if they all are known and no route leads to one of them.
fn unrouted_subnets(vpc: &Vpc, context: &Context<'_>) -> Answer<Option<Vec<Arc<Subnet>>>> {
    let mut subnets = Vec::new();
    for name in vpc.extra_external_subnets.iter().take(MOST_SUBNETS) {
        let Some(subnet) = context.cluster.subnet(name)? else { return Ok(None) };
        subnets.push(subnet);
    }
    let prefixes = PrefixSet::of(subnets.iter().flat_map(|subnet| subnet.cidrs.iter().map(Cidr::network)));
    let hops = vpc.static_routes.iter().filter_map(|route| parse_ip(route.next_hop_ip.trim()));
    let mut hops = hops.chain(vpc.policy_routes.iter().flat_map(|route| route.next_hops().map(|(_, hop)| hop)));
    let is_routed = hops.any(|hop| prefixes.holds(hop));
    Ok((!subnets.is_empty() && !is_routed).then_some(subnets))
}

/// Whether the address of a rule is of another external Subnet, or of nobody knows which.
fn leaves_elsewhere(ovn_eip: &str, subnets: &[Arc<Subnet>], context: &Context<'_>) -> Answer<bool> {
    let eip = context.cluster.ovn_eip(ovn_eip)?;
    Ok(eip.is_none_or(|eip| subnets.iter().all(|subnet| subnet.meta.name != eip.external_subnet)))
}

/// A rule as a message names it.
struct NatRule {
    kind: Kind,
    object: ObjectRef,
    ovn_eip: String,
}

fn mentioned(rule: &NatRule, context: &Context<'_>) -> String {
    context.mention(rule.kind, &rule.object.name)
}

/// The floating IPs and source NAT rules of a VPC that came before it.
fn rules_of(vpc: &Vpc, context: &Context<'_>) -> Answer<Vec<NatRule>> {
    let name = vpc.meta.name.as_str();
    let fips = context.admitted.ovn_fips_of_vpc(name)?;
    let fip = |fip: &Arc<OvnFip>| NatRule { kind: Kind::OvnFip, object: fip.reference(), ovn_eip: fip.ovn_eip.clone() };
    let mut rules: Vec<NatRule> = fips.iter().map(fip).collect();
    let mut snats = context.admitted.ovn_snat_rules_of_vpc(name)?;
    for subnet in context.cluster.subnets_of_vpc(name)? {
        snats.extend(context.admitted.ovn_snat_rules_of_subnet(&subnet.meta.name)?);
    }
    rules.extend(snats.iter().map(|rule| NatRule {
        kind: Kind::OvnSnatRule,
        object: rule.reference(),
        ovn_eip: rule.ovn_eip.clone(),
    }));
    Ok(rules)
}

/// The destination NAT rules of a VPC that came before it.
fn destination_rules_of(vpc: &Vpc, context: &Context<'_>) -> Answer<Vec<NatRule>> {
    let rules = context.admitted.ovn_dnat_rules_of_vpc(&vpc.meta.name)?;
    let rules = rules.iter().map(|rule| NatRule {
        kind: Kind::OvnDnatRule,
        object: rule.reference(),
        ovn_eip: rule.ovn_eip.clone(),
    });
    Ok(rules.collect())
}

fn named(subnets: &[Arc<Subnet>], context: &Context<'_>) -> String {
    let Some((first, others)) = subnets.split_first() else { return String::new() };
    let first = context.mention(Kind::Subnet, &first.meta.name);
    if others.is_empty() { first } else { format!("{first} or another of its extraExternalSubnets") }
}

fn related(finding: Finding, subnets: &[Arc<Subnet>]) -> Finding {
    let gateway = || Some(FieldPath::of("spec.gateway"));
    subnets.iter().take(3).fold(finding, |finding, subnet| finding.related(subnet.reference(), gateway()))
}

/// What the schema of 1.15 held the BFD port to.
fn bfd_port(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    const HELP: &str = "Give it an address in no network of the VPC, as in 10.255.255.255, or one of each family.";
    let written = vpc.bfd_port_ip.trim();
    let field = FieldPath::of("spec.bfdPort.ip");
    if !vpc.has_bfd_port {
        return Ok(());
    }
    if written.is_empty() {
        context.deny(Finding::required(field, "without it the router's BFD port has no address").help(HELP));
        return Ok(());
    }
    let parts: Vec<Option<IpAddr>> = written.split(',').map(|part| parse_ip(part.trim())).collect();
    let is_right = match parts.as_slice() {
        [Some(_)] => true,
        [Some(first), Some(second)] => Family::of(*first) != Family::of(*second),
        _ => false,
    };
    if !is_right {
        let detail = "must be one address, or one of each family with a comma between them";
        context.deny(Finding::invalid(field, written, detail).help(HELP));
        return Ok(());
    }
    for subnet in context.cluster.subnets_of_vpc(&vpc.meta.name)? {
        let Some(address) = parts.iter().flatten().find(|address| subnet.contains(**address)) else { continue };
        if subnet.is_on_router() {
            let detail = format!(
                "lies in {}, in which the router has a port already",
                context.mention(Kind::Subnet, &subnet.meta.name)
            );
            let finding = Finding::invalid(field.clone(), &address.to_string(), detail)
                .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
            context.deny(finding.help(HELP));
        }
    }
    Ok(())
}

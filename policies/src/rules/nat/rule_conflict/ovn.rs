//! NAT by OVN.

use std::collections::BTreeSet;
use std::sync::Arc;

use ipnet::IpNet;

use super::OTHER_PORT;
use crate::finding::Action;
use crate::gather::gathered;
use crate::inventory::Answer;
use crate::kinds::{ObjectRef, OvnDnatRule, OvnFip, OvnSnatRule, RouterLbRule};
use crate::net::Cidr;
use crate::rule::prelude::*;

pub(super) fn fip(fip: &OvnFip, context: &mut Context<'_>) -> Outcome {
    if fip.ovn_eip.is_empty() {
        return Ok(());
    }
    for other in context.admitted.ovn_fips_of_eip(&fip.ovn_eip)? {
        if other.meta.name != fip.meta.name {
            let mentioned = context.mention(Kind::OvnFip, &other.meta.name);
            let field = FieldPath::of("spec.ovnEip");
            let detail = format!("{mentioned} has this OvnEip: Kube-OVN leaves the later one out");
            let finding = Finding::duplicate(field.clone(), &fip.ovn_eip, detail)
                .related(other.reference(), Some(field))
                .in_conflict_with(&other.meta.name);
            context.deny(finding.help("Take another OvnEip."));
        }
    }
    Ok(())
}

pub(super) fn dnat(rule: &OvnDnatRule, context: &mut Context<'_>) -> Outcome {
    let field = FieldPath::of("spec.externalPort");
    port(&rule.ovn_eip, &rule.external_port, &field, (Kind::OvnDnatRule, &rule.meta.name), context)
}

pub(super) fn router_lb(rule: &RouterLbRule, context: &mut Context<'_>) -> Outcome {
    for (at, each) in rule.ports.iter().enumerate() {
        if context.has_enough(Action::Deny) {
            break;
        }
        let field = FieldPath::of("spec.ports").index(at).field("port");
        port(&rule.ovn_eip, &each.port.to_string(), &field, (Kind::RouterLbRule, &rule.meta.name), context)?;
    }
    Ok(())
}

/// Kube-OVN makes a load balancer of each, and asks for the port alone. Up to v1.16 it looks for a label that it writes on rules of NAT
/// gateways only, and finds nothing.
fn port(eip: &str, port: &str, field: &FieldPath, own: (Kind, &str), context: &mut Context<'_>) -> Outcome {
    if eip.is_empty() || port.is_empty() {
        return Ok(());
    }
    let rules = context.admitted.ovn_dnat_rules_of_port(eip, port)?;
    let mut others: Vec<_> = rules.iter().map(|rule| (Kind::OvnDnatRule, &rule.meta.name, rule.reference())).collect();
    let balancers = context.admitted.router_lb_rules_of_port(eip, port)?;
    others.extend(balancers.iter().map(|rule| (Kind::RouterLbRule, &rule.meta.name, rule.reference())));
    for (kind, name, reference) in others {
        let taken = FieldPath::of(if kind == Kind::OvnDnatRule { "spec.externalPort" } else { "spec.ports" });
        if (kind, name.as_str()) == own || context.has_enough(Action::Deny) {
            continue;
        }
        let mentioned = context.mention(kind, name);
        let detail = format!(
            "{mentioned} has this port of the OvnEip: Kube-OVN up to v1.16 makes both, and later releases leave the later one out, whatever the protocol"
        );
        let finding = Finding::duplicate(field.clone(), port, detail)
            .related(reference, Some(taken))
            .in_conflict_with(&format!("{kind} {name}"));
        context.deny(finding.help(OTHER_PORT));
    }
    Ok(())
}

pub(super) fn snat(rule: &OvnSnatRule, context: &mut Context<'_>) -> Outcome {
    let Some((vpc, prefixes)) = source(rule, context)? else { return Ok(()) };
    for prefix in prefixes {
        let mut others: Vec<Arc<OvnSnatRule>> = context.admitted.ovn_snat_rules_for(prefix)?;
        for (subnet, own) in context.cluster.overlapping_in_vpc(&vpc, prefix)? {
            if own == prefix {
                others.extend(context.admitted.ovn_snat_rules_of_subnet(&subnet.meta.name)?);
            }
        }
        let mut seen = BTreeSet::from([rule.meta.name.clone()]);
        for other in others {
            if context.has_enough(Action::Warn) {
                break;
            }
            let is_the_same =
                || Ok(source(&other, context)?.is_some_and(|(of, prefixes)| of == vpc && prefixes.contains(&prefix)));
            if seen.insert(other.meta.name.clone()) && is_the_same()? {
                warn(rule, prefix, &other.meta.name, other.reference(), context);
            }
        }
    }
    Ok(())
}

fn warn(rule: &OvnSnatRule, prefix: IpNet, name: &str, other: ObjectRef, context: &mut Context<'_>) {
    let (field, value) = match (rule.v4_ip_cidr.is_empty(), rule.vpc_subnet.is_empty()) {
        (true, false) => ("spec.vpcSubnet", &rule.vpc_subnet),
        (false, _) if prefix.addr().is_ipv4() => ("spec.v4IpCidr", &rule.v4_ip_cidr),
        _ => ("spec.v6IpCidr", &rule.v6_ip_cidr),
    };
    let mentioned = context.mention(Kind::OvnSnatRule, name);
    let detail = format!("{mentioned} is for {prefix} of this VPC: OVN takes one of them");
    let finding = Finding::duplicate(FieldPath::of(field), value, detail).related(other, None).in_conflict_with(name);
    context.warn(finding.help("Write rules for different prefixes, of which the longest wins, or one alone."));
}

/// The VPC and the prefixes that a rule is for, as Kube-OVN reads them: an IPv4 prefix wins over a Subnet, and that over the rest.
fn source(rule: &OvnSnatRule, context: &Context<'_>) -> Answer<Option<(String, BTreeSet<IpNet>)>> {
    if rule.v4_ip_cidr.is_empty() && !rule.vpc_subnet.is_empty() {
        let Some(subnet) = context.cluster.subnet(&rule.vpc_subnet)? else { return Ok(None) };
        let prefixes = gathered(subnet.cidrs.iter().map(Cidr::network));
        return Ok(subnet.vpc.clone().map(|vpc| (vpc, prefixes)));
    }
    if rule.vpc.is_empty() || (rule.v4_ip_cidr.is_empty() && !rule.ip_name.is_empty()) {
        return Ok(None);
    }
    Ok(Some((rule.vpc.clone(), gathered(rule.prefixes()))))
}

//! What the rules and addresses of NAT gateways name.

use super::{outside, qos};
use crate::kinds::{IptablesDnatRule, IptablesEip};
use crate::net::Family;
use crate::rule::prelude::*;
use crate::rules::support::inside::Inside;

/// Where a rule leads: inside the VPC of its address's gateway.
pub(super) fn target(eip: &str, field: &'static str, written: &str, context: &mut Context<'_>) -> Outcome {
    let Some(eip) = context.cluster.iptables_eip(eip)? else { return Ok(()) };
    let Some(gateway) = context.cluster.nat_gateway(&eip.nat_gateway)? else { return Ok(()) };
    outside(&Inside::of_gateway(&gateway, context), FieldPath::of(field), written, context)
}

pub(super) fn dnat_rule(rule: &IptablesDnatRule, context: &mut Context<'_>) -> Outcome {
    if rule.is_shared()
        && let Some(eip) = context.cluster.iptables_eip(&rule.eip)?
        && eip.v4_ip.is_empty()
        && !eip.v6_ip.is_empty()
    {
        let mentioned = context.mention(Kind::IptablesEip, &eip.meta.name);
        let detail = format!("needs an IPv4 address, and {mentioned} has IPv6 only");
        let finding = Finding::invalid(FieldPath::of("spec.type"), &rule.sharing, detail)
            .related(eip.reference(), Some(FieldPath::of("spec.v6ip")));
        context.deny(finding.help("Name an IptablesEIP with an IPv4 address."));
    }
    target(&rule.eip, "spec.internalIp", &rule.internal_ip, context)
}

pub(super) fn eip(eip: &IptablesEip, context: &mut Context<'_>) -> Outcome {
    external_subnet(eip, context)?;
    qos::of_eip(eip, context)
}

fn external_subnet(eip: &IptablesEip, context: &mut Context<'_>) -> Outcome {
    let subnet = context.cluster.subnet(&eip.external_subnet)?;
    let field = FieldPath::of("spec.externalSubnet");
    if let Some(subnet) = &subnet
        && !subnet.cidrs.is_empty()
        && !subnet.has_family(Family::V4)
    {
        let detail = "has no IPv4 addresses, without which Kube-OVN makes no IptablesEIP";
        let finding = Finding::invalid(field.clone(), &eip.external_subnet, detail)
            .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
        context.warn(finding.help("Name an external Subnet with IPv4 addresses."));
    }
    let Some(gateway) = context.cluster.nat_gateway(&eip.nat_gateway)? else { return Ok(()) };
    let first = gateway.external_subnet();
    if first == eip.external_subnet {
        return Ok(());
    }
    let other = context.cluster.subnet(first)?;
    let is_one_network =
        subnet.is_some_and(|own| other.is_some_and(|other| own.provider == other.provider && own.vlan == other.vlan));
    if !is_one_network {
        let mentioned = context.mention(Kind::VpcNatGateway, &gateway.meta.name);
        let elsewhere = context.mention(Kind::Subnet, first);
        let detail = format!("{mentioned} has its interface outside in {elsewhere}, and none here");
        let finding = Finding::invalid(field, &eip.external_subnet, detail)
            .related(gateway.reference(), Some(FieldPath::of("spec.externalSubnets")));
        context.warn(
            finding.help(
                "Name the first of the gateway's externalSubnets, unless both Subnets are ranges of one network.",
            ),
        );
    }
    Ok(())
}

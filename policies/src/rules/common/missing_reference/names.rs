//! What the objects of each kind name, but for Pods.

use super::{MEANT, refer, refer_all, refer_definition, refer_other_than, refer_vpc, refer_where_seen, refer_with};
use crate::inventory::Sight;
use crate::kinds::{
    ATTACHMENT_PROVIDER, EXTERNAL_NETWORK, EgressGateway, IP_POOL, IptablesEip, LOGICAL_SWITCH, Namespace, NatGateway,
    OvnEip, OvnSnatRule, OvnTarget, RouterLbRule, SecurityGroup, SecurityRule, Service, Subnet, Vlan, Vpc, VpcDns,
};
use crate::rule::prelude::*;
use crate::rules::{namespace, service};

pub(super) fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let comes_first = context.precedes_its_subnets(vpc)?;
    if !comes_first {
        refer(context, Kind::Subnet, FieldPath::of("spec.defaultSubnet"), &vpc.default_subnet)?;
    }
    external_subnets(vpc, context)?;
    for (at, peering) in vpc.peerings.iter().enumerate() {
        let field = FieldPath::of("spec.vpcPeerings").index(at).field("remoteVpc");
        if peering.remote_vpc != vpc.meta.name && !comes_first {
            refer_other_than(&vpc.meta.name, context, Kind::Vpc, field, &peering.remote_vpc)?;
        }
    }
    Ok(())
}

/// Nobody looks for them without enableExternal, and in the default VPC Kube-OVN goes by a ConfigMap.
fn external_subnets(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    if !vpc.enable_external || vpc.is_external() {
        return Ok(());
    }
    refer_all(context, Kind::Subnet, &FieldPath::of("spec.extraExternalSubnets"), &vpc.extra_external_subnets)?;
    let is_meant = vpc.extra_external_subnets.is_empty() && context.kube_ovn().is_custom_vpc(&vpc.meta.name);
    // A folder with a Vpc alone is a part of something.
    if is_meant && context.cluster.sight(Kind::Subnet) == Sight::All {
        let name = context.kube_ovn().external_subnet.as_str();
        refer_with(MEANT, "", context, Kind::Subnet, FieldPath::of("spec.enableExternal"), name)?;
    }
    Ok(())
}

pub(super) fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    if let Some(named) = subnet.definition() {
        let name = (named.namespace, named.name);
        refer_definition(context, FieldPath::of("spec.provider"), name, &subnet.provider)?;
    }
    // In a cluster of VLANs Kube-OVN makes its own Subnets with theirs.
    if !context.kube_ovn().is_own_subnet(&subnet.meta.name) {
        refer_where_seen(context, Kind::Vlan, "spec.vlan", &subnet.vlan)?;
    }
    match subnet.vpc.as_deref() {
        Some(vpc) if context.kube_ovn().is_custom_vpc(vpc) => refer(context, Kind::Vpc, FieldPath::of("spec.vpc"), vpc),
        // Kube-OVN makes the default VPC itself, and reads spec.vpc for OVN providers only.
        _ => Ok(()),
    }
}

pub(super) fn nat_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    refer_vpc(context, &gateway.vpc)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.subnet"), &gateway.subnet)?;
    refer_all(context, Kind::Subnet, &FieldPath::of("spec.externalSubnets"), &gateway.external_subnets)?;
    // A gateway of v1.7 to v1.9 has no such Subnet, and a folder with a gateway alone is a part of something.
    let sees_all = context.cluster.sight(Kind::Subnet) == Sight::All;
    if gateway.external_subnets.is_empty() && gateway.inside.is_empty() && sees_all {
        refer(context, Kind::Subnet, FieldPath::of("spec.externalSubnets"), EXTERNAL_NETWORK)?;
    }
    refer_all(context, Kind::Subnet, &FieldPath::of("spec.internalSubnets"), &gateway.internal_subnets)?;
    qos_policy(&gateway.qos_policy, context)
}

/// The network of the settings Kube-OVN may have made itself, and no folder holds it then.
pub(super) fn vlan(vlan: &Vlan, context: &mut Context<'_>) -> Outcome {
    let is_own = vlan.provider == context.kube_ovn().default_provider;
    if is_own && context.cluster.sight(Kind::ProviderNetwork) != Sight::All {
        return Ok(());
    }
    refer_where_seen(context, Kind::ProviderNetwork, "spec.provider", &vlan.provider)
}

/// Which policies there are is known only where there are some to see.
fn qos_policy(name: &str, context: &mut Context<'_>) -> Outcome {
    if !name.is_empty() && context.cluster.sight(Kind::QosPolicy) == Sight::Nothing {
        context.cannot_see(Kind::QosPolicy);
        return Ok(());
    }
    refer_with(": nothing is limited", "", context, Kind::QosPolicy, FieldPath::of("spec.qosPolicy"), name)
}

pub(super) fn egress_gateway(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    refer_vpc(context, &gateway.vpc)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.internalSubnet"), &gateway.internal_subnet)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.externalSubnet"), &gateway.external_subnet)?;
    refer(context, Kind::IpPool, FieldPath::of("spec.internalIPPool"), &gateway.internal_ip_pool)?;
    refer(context, Kind::IpPool, FieldPath::of("spec.externalIPPool"), &gateway.external_ip_pool)?;
    for (at, subnets) in gateway.policy_subnets.iter().enumerate() {
        refer_all(context, Kind::Subnet, &FieldPath::of("spec.policies").index(at).field("subnets"), subnets)?;
    }
    refer_where_seen(context, Kind::BgpConf, "spec.bgpConf", &gateway.bgp_conf)?;
    refer_where_seen(context, Kind::EvpnConf, "spec.evpnConf", &gateway.evpn_conf)
}

pub(super) fn iptables_eip(eip: &IptablesEip, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::VpcNatGateway, FieldPath::of("spec.natGwDp"), &eip.nat_gateway)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.externalSubnet"), &eip.external_subnet)?;
    qos_policy(&eip.qos_policy, context)
}

pub(super) fn iptables_rule(eip: &str, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::IptablesEip, FieldPath::of("spec.eip"), eip)
}

pub(super) fn ovn_eip(eip: &OvnEip, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::Subnet, FieldPath::of("spec.externalSubnet"), &eip.external_subnet)
}

pub(super) fn ovn_rule(ovn_eip: &str, target: &OvnTarget, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::OvnEip, FieldPath::of("spec.ovnEip"), ovn_eip)?;
    refer_vpc(context, &target.vpc)?;
    if target.is_vip() {
        refer(context, Kind::Vip, FieldPath::of("spec.ipName"), &target.ip_name)
    } else {
        ip(&target.ip_name, context)
    }
}

pub(super) fn ovn_snat_rule(rule: &OvnSnatRule, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::OvnEip, FieldPath::of("spec.ovnEip"), &rule.ovn_eip)?;
    refer_vpc(context, &rule.vpc)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.vpcSubnet"), &rule.vpc_subnet)?;
    ip(&rule.ip_name, context)
}

/// The address of a Pod, which Kube-OVN makes: no folder need have any.
fn ip(name: &str, context: &mut Context<'_>) -> Outcome {
    if context.sees_ips() { refer(context, Kind::Ip, FieldPath::of("spec.ipName"), name) } else { Ok(()) }
}

pub(super) fn router_lb_rule(rule: &RouterLbRule, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::OvnEip, FieldPath::of("spec.ovnEip"), &rule.ovn_eip)?;
    refer_vpc(context, &rule.vpc)?;
    namespace_of_backends(&rule.namespace, context)
}

pub(super) fn vpc_dns(dns: &VpcDns, context: &mut Context<'_>) -> Outcome {
    refer_vpc(context, &dns.vpc)?;
    subnet_of(&dns.subnet, context)
}

/// The namespaces that every cluster has.
const BUILT_IN: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

pub(super) fn namespace_of_backends(name: &str, context: &mut Context<'_>) -> Outcome {
    if BUILT_IN.contains(&name) || name == context.kube_ovn().namespace {
        return Ok(());
    }
    refer_where_seen(context, Kind::Namespace, "spec.namespace", name)
}

pub(super) fn subnet_of(subnet: &str, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::Subnet, FieldPath::of("spec.subnet"), subnet)
}

pub(super) fn namespace(namespace: &Namespace, context: &mut Context<'_>) -> Outcome {
    let other_rule = Some(&namespace::vpc_binding::RULE).filter(|_| namespace::vpc_binding::is_certain(context));
    for name in namespace.logical_switches() {
        refer_unless(other_rule, context, Kind::Subnet, LOGICAL_SWITCH, name)?;
    }
    for name in namespace.ip_pools() {
        refer(context, Kind::IpPool, FieldPath::annotation(IP_POOL), name)?;
    }
    Ok(())
}

pub(super) fn service(service: &Service, context: &mut Context<'_>) -> Outcome {
    let other_rule = |kind, context: &Context<'_>| {
        Some(&service::vpc_binding::RULE).filter(|_| context.cluster.sight(kind) == Sight::All)
    };
    for (key, name) in service.vpcs().filter(|(_, name)| context.kube_ovn().is_custom_vpc(name)).collect::<Vec<_>>() {
        refer_unless(other_rule(Kind::Vpc, context), context, Kind::Vpc, key, name)?;
    }
    if let Some((key, name)) = service.subnet() {
        refer_unless(other_rule(Kind::Subnet, context), context, Kind::Subnet, key, name)?;
    }
    let written = service.meta.annotation(ATTACHMENT_PROVIDER).filter(|written| !written.is_empty());
    let network = written.and_then(|written| Some((written, service.network()?.reference)));
    if let Some((written, reference)) = network
        && let Some((namespace, name)) = reference.split_once('/')
    {
        refer_definition(context, FieldPath::annotation(ATTACHMENT_PROVIDER), (namespace, name), written)?;
    }
    Ok(())
}

/// Leaves what does not exist to another rule, if that is on. What is being deleted exists, to rules that isolate.
fn refer_unless(other_rule: Option<&Rule>, context: &mut Context<'_>, kind: Kind, key: &str, name: &str) -> Outcome {
    let is_on = other_rule.is_some_and(|rule| rule.action(context.settings) != RuleAction::Off);
    if is_on && context.cluster.get(kind, "", name)?.is_none() {
        return Ok(());
    }
    refer(context, kind, FieldPath::annotation(key), name)
}

pub(super) fn security_group(group: &SecurityGroup, context: &mut Context<'_>) -> Outcome {
    for (direction, at, rule) in group.rules() {
        if rule.remote_type == "securityGroup" && rule.remote_security_group != group.meta.name {
            let field = SecurityRule::path(direction, at).field("remoteSecurityGroup");
            refer_other_than(&group.meta.name, context, Kind::SecurityGroup, field, &rule.remote_security_group)?;
        }
    }
    Ok(())
}

//! Warns of a gateway that Kube-OVN never makes, or not as it is written, for something that it needs is not there.
//!
//! The object is stored, and Kube-OVN waits, with a line in its log or a condition of the gateway:
//!
//! | gateway | what it needs |
//! |---|---|
//! | VpcEgressGateway | an `internalSubnet`, or a default Subnet of its VPC: one with `default: true`, or that the Vpc names as `defaultSubnet`. The Subnet has a provider of OVN |
//! | both | an external Subnet whose provider is `<network>.<namespace>` or `<network>.<namespace>.ovn`, and that NetworkAttachmentDefinition, with an `ipam` |
//! | VpcNatGateway | one external Subnet: of several only the first gets an interface |
//! | VpcEgressGateway with `bfd` | `bfdPort` in its Vpc |
//! | VpcNatGateway with `bfd` | `bfdPort` or `enableBfd` in its Vpc |
//! | VpcEgressGateway | `internalIPPool` and `externalIPPool` of its Subnets |
//! | VpcEgressGateway with `evpnConf` | `bgpConf`, without which Kube-OVN ignores it |
//!
//! For a NAT gateway a network that is called as the Subnet, in Kube-OVN's own namespace, will do whatever the provider. A gateway with
//! `noDefaultEIP` needs no `ipam`. What does not exist at all is for `missing-reference`, but for the network of an external Subnet;
//! that is looked for where NetworkAttachmentDefinitions are seen. A VPC of which no Subnet is seen, in files, may have its default one elsewhere. At `deny` the gateway is refused.
//!
//! ```yaml bad
//! # bad: Subnet external has no network of Multus
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, namespaces: [blue], cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec:
//!   vpc: blue
//!   internalSubnet: blue-apps
//!   externalSubnet: external
//!   policies: [{snat: true, subnets: [blue-apps]}]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec: {namespaces: [blue]}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, namespaces: [blue], cidrBlock: 10.0.1.0/24}
//! ---
//! apiVersion: k8s.cni.cncf.io/v1
//! kind: NetworkAttachmentDefinition
//! metadata: {name: external, namespace: kube-system}
//! spec:
//!   config: '{"cniVersion": "0.3.1", "type": "macvlan", "master": "eth1", "ipam": {"type": "kube-ovn", "server_socket": "/run/openvswitch/kube-ovn-daemon.sock", "provider": "external.kube-system"}}'
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {provider: external.kube-system, cidrBlock: 192.168.100.0/24}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: VpcEgressGateway
//! metadata: {name: out, namespace: blue}
//! spec:
//!   vpc: blue
//!   internalSubnet: blue-apps
//!   externalSubnet: external
//!   policies: [{snat: true, subnets: [blue-apps]}]
//! ```
//!
//! Make what the message names.

mod outside;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use outside::Outside;

use crate::inventory::{Answer, Sight};
use crate::kinds::{EgressGateway, NatGateway, Subnet, Vpc};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "gateway-prerequisites",
    summary: "Kube-OVN never makes a NAT or egress gateway, or not as it is written, for something else is not there",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::EgressGateway,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::IpPool, Kind::AttachmentDefinition],
    checks: &[
        Check::NatGateway(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.externalSubnets"),
                Read::Field("spec.noDefaultEIP"),
                Read::Field("spec.bfd"),
            ],
            nat_gateway,
        ),
        Check::EgressGateway(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.internalSubnet"),
                Read::Field("spec.externalSubnet"),
                Read::Field("spec.internalIPPool"),
                Read::Field("spec.externalIPPool"),
                Read::Field("spec.bfd"),
                Read::Field("spec.bgpConf"),
                Read::Field("spec.evpnConf"),
            ],
            egress_gateway,
        ),
    ],
};

fn nat_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    let field = FieldPath::of("spec.externalSubnets");
    for (at, name) in gateway.external_subnets.iter().enumerate().skip(1) {
        let detail = "gets no interface: of several external Subnets Kube-OVN reads the first alone";
        let finding = Finding::invalid(field.clone().index(at), name, detail);
        context.deny(finding.help("Name one external Subnet, and make another gateway for the other."));
    }
    // A gateway of v1.7 to v1.9 has its network outside in a ConfigMap.
    if gateway.inside.is_empty() {
        let field = if gateway.external_subnets.is_empty() { field } else { field.index(0) };
        let outside = Outside { field, subnet: gateway.external_subnet(), needs_address: !gateway.no_default_eip };
        outside::judge(outside, Some(&context.kube_ovn().namespace), context)?;
    }
    if gateway.bfd.enabled
        && let Some(vpc) = context.cluster.vpc(&gateway.vpc)?
        && !vpc.has_bfd_port
        && !vpc.enable_bfd
    {
        let mentioned = context.mention(Kind::Vpc, &vpc.meta.name);
        let finding = without_bfd(format!("{mentioned} has neither bfdPort nor enableBfd: nobody answers"), &vpc);
        context.deny(finding.help("Write bfdPort: {enabled: true, ip: …} into the Vpc, or leave bfd out."));
    }
    Ok(())
}

fn without_bfd(detail: String, vpc: &Vpc) -> Finding {
    Finding::invalid(FieldPath::of("spec.bfd.enabled"), "true", detail)
        .related(vpc.reference(), Some(FieldPath::of("spec.bfdPort")))
}

fn egress_gateway(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    let vpc = context.cluster.vpc(context.kube_ovn().vpc_or_default(&gateway.vpc))?;
    let inside = inside(gateway, vpc.as_ref(), context)?;
    let field = FieldPath::of("spec.externalSubnet");
    outside::judge(Outside { field, subnet: &gateway.external_subnet, needs_address: true }, None, context)?;
    for (field, pool, subnet) in [
        ("spec.internalIPPool", &gateway.internal_ip_pool, inside.as_deref().map(|subnet| subnet.meta.name.as_str())),
        ("spec.externalIPPool", &gateway.external_ip_pool, Some(gateway.external_subnet.as_str())),
    ] {
        let (Some(pool), Some(subnet)) = (context.cluster.ip_pool(pool)?, subnet) else { continue };
        if !subnet.is_empty() && pool.subnet != subnet {
            let other = context.mention(Kind::Subnet, &pool.subnet);
            let detail = format!("is of {other}, and the gateway stands in Subnet {subnet:?}: its Pods get no address");
            let finding = Finding::invalid(FieldPath::of(field), &pool.meta.name, detail)
                .related(pool.reference(), Some(FieldPath::of("spec.subnet")));
            context.deny(finding.help("Name an IPPool of the gateway's own Subnet."));
        }
    }
    if gateway.bfd.enabled
        && let Some(vpc) = vpc.filter(|vpc| !vpc.has_bfd_port)
    {
        let mentioned = context.mention(Kind::Vpc, &vpc.meta.name);
        let finding = without_bfd(format!("{mentioned} has no bfdPort, and Kube-OVN waits for it"), &vpc);
        context.deny(finding.help("Write bfdPort: {enabled: true, ip: …} into the Vpc, or leave bfd out."));
    }
    if !gateway.evpn_conf.is_empty() && gateway.bgp_conf.is_empty() {
        let detail = "is ignored without a bgpConf";
        let finding = Finding::invalid(FieldPath::of("spec.evpnConf"), &gateway.evpn_conf, detail);
        context.deny(finding.help("Name a BgpConf as bgpConf too, or leave evpnConf out."));
    }
    Ok(())
}

/// The Subnet that an egress gateway stands in, as far as it is known.
fn inside(gateway: &EgressGateway, vpc: Option<&Arc<Vpc>>, context: &mut Context<'_>) -> Answer<Option<Arc<Subnet>>> {
    let field = FieldPath::of("spec.internalSubnet");
    let name = &gateway.effective_internal_subnet;
    if !name.is_empty() {
        let subnet = context.cluster.subnet(name)?;
        if let Some(subnet) = subnet.as_deref().filter(|subnet| subnet.vpc.is_none()) {
            let aside = context.aside(&format!("provider {:?}", subnet.provider));
            let detail = format!("is not of OVN{aside}, and no Pod of the gateway gets an address in it");
            let finding =
                Finding::invalid(field, name, detail).related(subnet.reference(), Some(FieldPath::of("spec.provider")));
            context.deny(finding.help("Name a Subnet of the gateway's VPC."));
        }
        return Ok(subnet);
    }
    let Some(vpc) = vpc else { return Ok(None) };
    let subnets = context.cluster.subnets_of_vpc(&vpc.meta.name)?;
    let is_default = |subnet: &&Arc<Subnet>| subnet.default || subnet.meta.name == vpc.default_subnet;
    if let Some(subnet) = subnets.iter().find(is_default) {
        return Ok(Some(Arc::clone(subnet)));
    }
    // The default Subnet may be in other files.
    if !subnets.is_empty() || context.cluster.sight(Kind::Subnet) == Sight::All {
        let mentioned = context.mention(Kind::Vpc, &vpc.meta.name);
        let detail = format!("{mentioned} has no default Subnet, and without one Kube-OVN makes no gateway");
        let finding =
            Finding::required(field, detail).related(vpc.reference(), Some(FieldPath::of("spec.defaultSubnet")));
        context.deny(finding.help("Name the Subnet of the VPC that the gateway is to stand in."));
    }
    Ok(None)
}

//! Points out a name that leads nowhere.
//!
//! A Vpc, Subnet, IPPool, NAT gateway, IptablesEIP, OvnEip, QoSPolicy, Vip, SecurityGroup, Vlan, ProviderNetwork, BgpConf or
//! EvpnConf that is named does not exist, or is being deleted, or the Namespace of the backends of a SwitchLBRule or RouterLBRule, or
//! the NetworkAttachmentDefinition that is the `provider` of a Subnet, or that a template or the `attachmentprovider` of a Service
//! names. Kube-OVN accepts such a name. For most it waits, with a line in its log; a missing `defaultSubnet` or peer it passes over
//! without one. Of the `security_groups` of a Pod it leaves out those that do not exist; where none of them does, nothing of the Pod
//! is filtered. Blanks in that list are part of the names. Where a `qosPolicy` does not exist, nothing is limited; it is looked for
//! where QoSPolicies are seen, and so are Namespaces, Vlans, ProviderNetworks, NetworkAttachmentDefinitions, and what `bgpConf` and
//! `evpnConf` name, and the Vips of a Pod. Manifests come in any order, so this is a warning; with
//! `strictReferences: true` it is a denial. The rules that need the missing object have nothing to say.
//!
//! A Vpc comes before its Subnets, and of two that peer one comes before the other. So nothing is said of `defaultSubnet` and
//! `remoteVpc` when a Vpc is created that has no Subnet yet, with `strictReferences` neither. With it a later change is judged by
//! what it changes: a name that is new in it is refused, one that stood there is a warning. Whatever never comes is found in files
//! and by the audit, where all is there that will be: `vpcguard check` warns of it, and refuses it with `strictReferences`.
//!
//! What no object can be called is not looked for where `nat-rule-syntax` refuses the name already. Where all Subnets are seen, a
//! VpcNatGateway without `externalSubnets` is taken at what it means, `ovn-vpc-external-network`, and a Vpc with `enableExternal` and without
//! `extraExternalSubnets` at the external Subnet of the settings. `extraExternalSubnets` count with `enableExternal` alone. Namespaces are known where there are some to
//! see. An `ipName` of NAT by OVN is that of a Vip, or of an IP, which is looked for where IPs are seen: in a folder that has some, or with the
//! setting `readIPs`.
//!
//! What is called so already is named, if its name differs in a letter or two, but by the Kubewarden policies, which list no names for
//! that. What Kube-OVN reads of a Pod itself, and not of a template,
//! is for `pod-network-unresolvable`; what is to be attached to a template without a namespace, which gets one later, is not looked for where it
//! would be of that one. What a Service names is for `service-vpc-binding`, and what a changed Namespace names for
//! `namespace-vpc-binding`, where all Vpcs and Subnets are seen.
//!
//! ```yaml bad
//! # bad: the Vpc is called blue
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: bleu, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-apps}
//! spec: {vpc: blue, cidrBlock: 10.0.1.0/24}
//! ```
//!
//! Create the object first, or correct the name.

mod names;
mod pods;
#[cfg(test)]
mod tests;

use crate::finding::Action;
use crate::inventory::Sight;
use crate::kinds::{
    ADDRESS_PAIRS, ATTACHMENT_PROVIDER, DEFAULT_NETWORK, EXTERNAL_NETWORK, IP_POOL, IP_POOL_SUFFIX, LOGICAL_ROUTER,
    LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS, ObjectRef, SECURITY_GROUPS_SUFFIX, SERVICE_VPC, VIP, VPC_EXTERNAL,
    is_name,
};
use crate::net::parse_ip;
use crate::rule::prelude::*;
use crate::rules::nat::rule_syntax;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "missing-reference",
    summary: "a named Vpc, Subnet, IPPool, gateway, EIP, QoSPolicy, Vip, SecurityGroup, Vlan, ProviderNetwork, BgpConf, EvpnConf, NetworkAttachmentDefinition or Namespace does not exist",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: true,
    policy: Policy::NetworkReferences,
    asks: &[
        Kind::Vpc,
        Kind::Subnet,
        Kind::VpcNatGateway,
        Kind::IptablesEip,
        Kind::OvnEip,
        Kind::IpPool,
        Kind::Vip,
        Kind::QosPolicy,
        Kind::SecurityGroup,
        Kind::Namespace,
        Kind::Vlan,
        Kind::ProviderNetwork,
        Kind::BgpConf,
        Kind::EvpnConf,
        Kind::AttachmentDefinition,
        Kind::Ip,
    ],
    checks: &[
        Check::Vpc(
            &[
                Read::Field("spec.defaultSubnet"),
                Read::Field("spec.enableExternal"),
                Read::Field("spec.extraExternalSubnets"),
                Read::Field("spec.vpcPeerings"),
                Read::Label(VPC_EXTERNAL),
            ],
            names::vpc,
        ),
        Check::Subnet(
            &[Read::Field("spec.vpc"), Read::Field("spec.provider"), Read::Field("spec.vlan")],
            names::subnet,
        ),
        Check::Vlan(&[Read::Field("spec.provider")], names::vlan),
        Check::NatGateway(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.subnet"),
                Read::Field("spec.externalSubnets"),
                Read::Field("spec.internalSubnets"),
                Read::Field("spec.qosPolicy"),
            ],
            names::nat_gateway,
        ),
        Check::EgressGateway(&[Read::Field("spec")], names::egress_gateway),
        Check::IptablesEip(
            &[Read::Field("spec.natGwDp"), Read::Field("spec.externalSubnet"), Read::Field("spec.qosPolicy")],
            names::iptables_eip,
        ),
        Check::IptablesFipRule(&[Read::Field("spec.eip")], |rule, context| names::iptables_rule(&rule.eip, context)),
        Check::IptablesDnatRule(&[Read::Field("spec.eip")], |rule, context| names::iptables_rule(&rule.eip, context)),
        Check::IptablesSnatRule(&[Read::Field("spec.eip")], |rule, context| names::iptables_rule(&rule.eip, context)),
        Check::OvnEip(&[Read::Field("spec.externalSubnet")], names::ovn_eip),
        Check::OvnFip(&[Read::Field("spec")], |fip, context| names::ovn_rule(&fip.ovn_eip, &fip.target, context)),
        Check::OvnDnatRule(&[Read::Field("spec")], |rule, context| {
            names::ovn_rule(&rule.ovn_eip, &rule.target, context)
        }),
        Check::OvnSnatRule(
            &[
                Read::Field("spec.ovnEip"),
                Read::Field("spec.vpc"),
                Read::Field("spec.vpcSubnet"),
                Read::Field("spec.ipName"),
            ],
            names::ovn_snat_rule,
        ),
        Check::RouterLbRule(
            &[Read::Field("spec.ovnEip"), Read::Field("spec.vpc"), Read::Field("spec.namespace")],
            names::router_lb_rule,
        ),
        Check::SwitchLbRule(&[Read::Field("spec.namespace")], |rule, context| {
            names::namespace_of_backends(&rule.namespace, context)
        }),
        Check::VpcDns(&[Read::Field("spec.vpc"), Read::Field("spec.subnet")], names::vpc_dns),
        Check::IpPool(&[Read::Field("spec.subnet")], |pool, context| names::subnet_of(&pool.subnet, context)),
        Check::Vip(&[Read::Field("spec.subnet")], |vip, context| names::subnet_of(&vip.subnet, context)),
        Check::Ip(&[Read::Field("spec.subnet")], |ip, context| names::subnet_of(&ip.subnet, context)),
        Check::Namespace(&[Read::Annotation(LOGICAL_SWITCH), Read::Annotation(IP_POOL)], names::namespace),
        Check::Service(
            &[
                Read::Annotation(SERVICE_VPC),
                Read::Annotation(LOGICAL_ROUTER),
                Read::Annotation(LOGICAL_SWITCH),
                Read::Annotation(ATTACHMENT_PROVIDER),
            ],
            names::service,
        ),
        Check::SecurityGroup(
            &[Read::Field("spec.ingressRules"), Read::Field("spec.egressRules")],
            names::security_group,
        ),
        Check::Pod(
            &[
                Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
                Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
                Read::PodAnnotationsEnding(SECURITY_GROUPS_SUFFIX),
                Read::PodAnnotation(NETWORKS),
                Read::PodAnnotation(DEFAULT_NETWORK),
                Read::PodAnnotation(VIP),
                Read::PodAnnotation(ADDRESS_PAIRS),
                Read::MachineNetworks,
            ],
            pods::check,
        ),
    ],
};

/// What is said of a name that nobody has written.
const MEANT: &str = ", which Kube-OVN takes where none is named";

/// What there is of a kind is known only where there is some to see.
fn refer_where_seen(context: &mut Context<'_>, kind: Kind, field: &'static str, name: &str) -> Outcome {
    refer_at_where_seen(context, kind, FieldPath::of(field), name)
}

fn refer_at_where_seen(context: &mut Context<'_>, kind: Kind, field: FieldPath, name: &str) -> Outcome {
    if !name.is_empty() && context.cluster.sight(kind) == Sight::Nothing {
        context.cannot_see(kind);
        return Ok(());
    }
    refer(context, kind, field, name)
}

/// A definition in a namespace, written as in `text`, where some are seen.
fn refer_definition(
    context: &mut Context<'_>,
    field: FieldPath,
    (namespace, name): (&str, &str),
    text: &str,
) -> Outcome {
    let kind = Kind::AttachmentDefinition;
    if context.cluster.sight(kind) == Sight::Nothing {
        context.cannot_see(kind);
        return Ok(());
    }
    if context.cluster.attachment_definition(namespace, name)?.is_none() && !context.has_enough(Action::Deny) {
        let detail = format!("there is no {kind} {} in namespace {}", quoted(name), quoted(namespace));
        let finding = Finding::not_found(field, text, detail).missing(ObjectRef::namespaced(kind, namespace, name));
        context.deny(finding.help(format!("Create the {kind} first, or correct the name.")));
    }
    Ok(())
}

/// Whether another rule refuses the name, which nothing can be called: that there is nothing of this name says less.
fn is_refused_as_a_name(name: &str, field: &FieldPath, context: &Context<'_>) -> bool {
    !is_name(name)
        && rule_syntax::judges_name(context.kind, field)
        && rule_syntax::RULE.action(context.settings) != RuleAction::Off
}

fn refer_vpc(context: &mut Context<'_>, name: &str) -> Outcome {
    if context.kube_ovn().is_custom_vpc(name) {
        refer(context, Kind::Vpc, FieldPath::of("spec.vpc"), name)?;
    }
    Ok(())
}

fn refer_all(context: &mut Context<'_>, kind: Kind, list: &FieldPath, names: &[String]) -> Outcome {
    for (at, name) in names.iter().enumerate() {
        refer(context, kind, list.clone().index(at), name)?;
    }
    Ok(())
}

fn refer(context: &mut Context<'_>, kind: Kind, field: FieldPath, name: &str) -> Outcome {
    refer_other_than("", context, kind, field, name)
}

fn refer_other_than(own: &str, context: &mut Context<'_>, kind: Kind, field: FieldPath, name: &str) -> Outcome {
    refer_with("", own, context, kind, field, name)
}

fn refer_with(harm: &str, own: &str, context: &mut Context<'_>, kind: Kind, field: FieldPath, name: &str) -> Outcome {
    // No folder holds what Kube-OVN makes itself.
    let is_own = kind == Kind::Subnet && context.kube_ovn().is_own_subnet(name);
    if name.is_empty() || is_own || is_refused_as_a_name(name, &field, context) {
        return Ok(());
    }
    // Of a list of thousands no more are written down than are kept.
    if !context.cluster.has(kind, name)? && !context.has_enough(Action::Deny) {
        let meant = context.did_you_mean(kind, name, own);
        let taken = if name == EXTERNAL_NETWORK { MEANT } else { "" };
        let finding = Finding::not_found(field, name, format!("there is no {kind} of this name{taken}{harm}{meant}"));
        let finding = finding.missing(ObjectRef::new(kind, name));
        context.deny(finding.help(match parse_ip(name) {
            Some(_) => format!("Write the name of the {kind}, which is no address of it."),
            None => format!("Create the {kind} first, or correct the name."),
        }));
    }
    Ok(())
}

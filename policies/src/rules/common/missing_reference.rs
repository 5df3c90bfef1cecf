//! Points out a name that leads nowhere.
//!
//! A Vpc, Subnet, IPPool, NAT gateway, IptablesEIP or SecurityGroup that is named does not exist, or is being deleted. Kube-OVN
//! accepts such a name. For most it waits, with a line in its log; a missing `defaultSubnet` or peer it passes over
//! without one. Of the `security_groups` of a Pod it leaves out those that do not exist; where none of them does, nothing of the Pod
//! is filtered. Blanks in that list are part of the names. Manifests come in any order, so this is a warning; with `strictReferences: true` it is a denial. The
//! rules that need the missing object have nothing to say.
//!
//! A Vpc comes before its Subnets, and of two that peer one comes before the other. So nothing is said of `defaultSubnet` and
//! `remoteVpc` when a Vpc is created that has no Subnet yet, with `strictReferences` neither. With it a later change is judged by
//! what it changes: a name that is new in it is refused, one that stood there is a warning. Whatever never comes is found in files
//! and by the audit, where all is there that will be: `vpcguard check` warns of it, and refuses it with `strictReferences`.
//!
//! What is called so already is named, if its name differs in a letter or two, but by the Kubewarden policies, which list no names for
//! that. What Kube-OVN reads of a Pod itself, and not of a template,
//! is for `pod-network-unresolvable`; what a Service names is for `service-vpc-binding`, and what a changed Namespace names for
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

use crate::attach::Attachments;
use crate::inventory::Sight;
use crate::kinds::{
    EgressGateway, IP_POOL_SUFFIX, IpPool, IptablesEip, LOGICAL_ROUTER, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX,
    Namespace, NatGateway, ObjectRef, PodTemplate, SECURITY_GROUPS_SUFFIX, SERVICE_VPC, SecurityGroup, SecurityRule,
    Service, Subnet, Vpc,
};
use crate::rule::prelude::*;
use crate::rules::pod::network_unresolvable;
use crate::rules::{namespace, service};

/// The rule.
pub const RULE: Rule = Rule {
    id: "missing-reference",
    summary: "a named Vpc, Subnet, IPPool, gateway, IptablesEIP or SecurityGroup does not exist",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: true,
    policy: Policy::NetworkReferences,
    asks: &[Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::IptablesEip, Kind::IpPool, Kind::SecurityGroup],
    checks: &[
        Check::Vpc(
            &[
                Read::Field("spec.defaultSubnet"),
                Read::Field("spec.extraExternalSubnets"),
                Read::Field("spec.vpcPeerings"),
            ],
            vpc,
        ),
        Check::Subnet(&[Read::Field("spec.vpc"), Read::Field("spec.provider")], subnet),
        Check::NatGateway(
            &[
                Read::Field("spec.vpc"),
                Read::Field("spec.subnet"),
                Read::Field("spec.externalSubnets"),
                Read::Field("spec.internalSubnets"),
            ],
            nat_gateway,
        ),
        Check::EgressGateway(&[Read::Field("spec")], egress_gateway),
        Check::IptablesEip(&[Read::Field("spec.natGwDp"), Read::Field("spec.externalSubnet")], iptables_eip),
        Check::IptablesFipRule(&[Read::Field("spec.eip")], |rule, context| iptables_rule(&rule.eip, context)),
        Check::IptablesDnatRule(&[Read::Field("spec.eip")], |rule, context| iptables_rule(&rule.eip, context)),
        Check::IptablesSnatRule(&[Read::Field("spec.eip")], |rule, context| iptables_rule(&rule.eip, context)),
        Check::IpPool(&[Read::Field("spec.subnet")], ip_pool),
        Check::Namespace(&[Read::Annotation(LOGICAL_SWITCH)], namespace),
        Check::Service(
            &[Read::Annotation(SERVICE_VPC), Read::Annotation(LOGICAL_ROUTER), Read::Annotation(LOGICAL_SWITCH)],
            service,
        ),
        Check::SecurityGroup(&[Read::Field("spec.ingressRules"), Read::Field("spec.egressRules")], security_group),
        Check::Pod(
            &[
                Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
                Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
                Read::PodAnnotationsEnding(SECURITY_GROUPS_SUFFIX),
            ],
            pod,
        ),
    ],
};

fn vpc(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let comes_first = context.precedes_its_subnets(vpc)?;
    if !comes_first {
        refer(context, Kind::Subnet, FieldPath::of("spec.defaultSubnet"), &vpc.default_subnet)?;
    }
    refer_all(context, Kind::Subnet, &FieldPath::of("spec.extraExternalSubnets"), &vpc.extra_external_subnets)?;
    for (at, peering) in vpc.peerings.iter().enumerate() {
        let field = FieldPath::of("spec.vpcPeerings").index(at).field("remoteVpc");
        if peering.remote_vpc != vpc.meta.name && !comes_first {
            refer_other_than(&vpc.meta.name, context, Kind::Vpc, field, &peering.remote_vpc)?;
        }
    }
    Ok(())
}

fn subnet(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    match subnet.vpc.as_deref() {
        Some(vpc) if context.kube_ovn().is_custom_vpc(vpc) => refer(context, Kind::Vpc, FieldPath::of("spec.vpc"), vpc),
        // Kube-OVN makes the default VPC itself, and reads spec.vpc for OVN providers only.
        _ => Ok(()),
    }
}

fn nat_gateway(gateway: &NatGateway, context: &mut Context<'_>) -> Outcome {
    refer_vpc(context, &gateway.vpc)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.subnet"), &gateway.subnet)?;
    refer_all(context, Kind::Subnet, &FieldPath::of("spec.externalSubnets"), &gateway.external_subnets)?;
    refer_all(context, Kind::Subnet, &FieldPath::of("spec.internalSubnets"), &gateway.internal_subnets)
}

fn egress_gateway(gateway: &EgressGateway, context: &mut Context<'_>) -> Outcome {
    refer_vpc(context, &gateway.vpc)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.internalSubnet"), &gateway.internal_subnet)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.externalSubnet"), &gateway.external_subnet)?;
    refer(context, Kind::IpPool, FieldPath::of("spec.internalIPPool"), &gateway.internal_ip_pool)?;
    refer(context, Kind::IpPool, FieldPath::of("spec.externalIPPool"), &gateway.external_ip_pool)?;
    for (at, subnets) in gateway.policy_subnets.iter().enumerate() {
        refer_all(context, Kind::Subnet, &FieldPath::of("spec.policies").index(at).field("subnets"), subnets)?;
    }
    Ok(())
}

fn iptables_eip(eip: &IptablesEip, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::VpcNatGateway, FieldPath::of("spec.natGwDp"), &eip.nat_gateway)?;
    refer(context, Kind::Subnet, FieldPath::of("spec.externalSubnet"), &eip.external_subnet)
}

fn iptables_rule(eip: &str, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::IptablesEip, FieldPath::of("spec.eip"), eip)
}

fn ip_pool(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    refer(context, Kind::Subnet, FieldPath::of("spec.subnet"), &pool.subnet)
}

fn namespace(namespace: &Namespace, context: &mut Context<'_>) -> Outcome {
    let other_rule = Some(&namespace::vpc_binding::RULE).filter(|_| namespace::vpc_binding::is_certain(context));
    for name in namespace.logical_switches() {
        refer_unless(other_rule, context, Kind::Subnet, LOGICAL_SWITCH, name)?;
    }
    Ok(())
}

fn service(service: &Service, context: &mut Context<'_>) -> Outcome {
    let other_rule = |kind, context: &Context<'_>| {
        Some(&service::vpc_binding::RULE).filter(|_| context.cluster.sight(kind) == Sight::All)
    };
    for (key, name) in service.vpcs().filter(|(_, name)| context.kube_ovn().is_custom_vpc(name)).collect::<Vec<_>>() {
        refer_unless(other_rule(Kind::Vpc, context), context, Kind::Vpc, key, name)?;
    }
    match service.subnet() {
        Some((key, name)) => refer_unless(other_rule(Kind::Subnet, context), context, Kind::Subnet, key, name),
        None => Ok(()),
    }
}

/// Leaves what does not exist to another rule, if that is on. What is being deleted exists, to rules that isolate.
fn refer_unless(other_rule: Option<&Rule>, context: &mut Context<'_>, kind: Kind, key: &str, name: &str) -> Outcome {
    let is_on = other_rule.is_some_and(|rule| rule.action(context.settings) != RuleAction::Off);
    if is_on && context.cluster.get(kind, "", name)?.is_none() {
        return Ok(());
    }
    refer(context, kind, FieldPath::annotation(key), name)
}

fn security_group(group: &SecurityGroup, context: &mut Context<'_>) -> Outcome {
    for (direction, at, rule) in group.rules() {
        if rule.remote_type == "securityGroup" && rule.remote_security_group != group.meta.name {
            let field = SecurityRule::path(direction, at).field("remoteSecurityGroup");
            refer_other_than(&group.meta.name, context, Kind::SecurityGroup, field, &rule.remote_security_group)?;
        }
    }
    Ok(())
}

fn pod(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    security_groups(pod, context)?;
    networks(pod, context)
}

/// The group that Kube-OVN makes itself, without an object.
const DENY_ALL: &str = "kubeovn_deny_all";

/// Which groups there are is known only where there are some to see.
fn security_groups(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if context.cluster.sight(Kind::SecurityGroup) == Sight::Nothing {
        if pod.security_groups().next().is_some() {
            context.cannot_see(Kind::SecurityGroup);
        }
        return Ok(());
    }
    for (key, names) in pod.security_groups() {
        let (mut missing, mut is_any_there) = (Vec::new(), false);
        for name in names {
            if name == DENY_ALL || context.cluster.has(Kind::SecurityGroup, name)? {
                is_any_there = true;
            } else {
                missing.push(name);
            }
        }
        let harm = if is_any_there {
            ": Kube-OVN leaves it out"
        } else {
            ", nor of any other that is named: nothing is filtered"
        };
        for name in missing {
            let meant = context.did_you_mean(Kind::SecurityGroup, name, "");
            let detail = format!("there is no SecurityGroup of this name{harm}{meant}");
            let finding = Finding::not_found(pod.annotation_path(key), name, detail);
            let finding = finding.missing(ObjectRef::new(Kind::SecurityGroup, name));
            context
                .deny(finding.help("Create the SecurityGroup first, or correct the name, in which whitespace counts."));
        }
    }
    Ok(())
}

fn networks(pod: &PodTemplate, context: &mut Context<'_>) -> Outcome {
    if pod.logical_switches().next().is_none() && pod.ip_pools().next().is_none() {
        return Ok(());
    }
    // What Kube-OVN reads of a Pod itself is for `pod-network-unresolvable`, where that sees the kind.
    let other_rule = pod.kind == Kind::Pod && network_unresolvable::RULE.action(context.settings) != RuleAction::Off;
    let asked = other_rule.then(|| Attachments::by(pod, context.namespace, context.kube_ovn()));
    let keys = asked.as_ref().map(Attachments::keys).unwrap_or_default();
    let is_said =
        |key: &str, kind, context: &Context<'_>| keys.contains(key) && context.cluster.sight(kind) != Sight::Nothing;
    for (key, name) in pod.logical_switches() {
        if !is_said(key, Kind::Subnet, context) {
            refer(context, Kind::Subnet, pod.annotation_path(key), name)?;
        }
    }
    for (key, name) in pod.ip_pools() {
        if !is_said(key, Kind::IpPool, context) {
            refer(context, Kind::IpPool, pod.annotation_path(key), name)?;
        }
    }
    Ok(())
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
    // No folder holds what Kube-OVN makes itself.
    let is_own = kind == Kind::Subnet && context.kube_ovn().is_own_subnet(name);
    if !name.is_empty() && !is_own && !context.cluster.has(kind, name)? {
        let meant = context.did_you_mean(kind, name, own);
        let finding = Finding::not_found(field, name, format!("there is no {kind} of this name{meant}"));
        let finding = finding.missing(ObjectRef::new(kind, name));
        context.deny(finding.help(format!("Create the {kind} first, or correct the name.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::support::testing::{Cluster, as_warning, update};

    #[test]
    fn a_name_that_leads_nowhere_is_a_warning() {
        let gateway = json!({"kind": "VpcNatGateway", "spec": {"subnet": "sn", "lanIp": "10.0.0.5"}});
        let wanted = r#"spec.subnet: Not found: "sn": there is no Subnet of this name [missing-reference]"#;
        Cluster::of(super::RULE.id).warns(&gateway, &[&as_warning(wanted)]);
        Cluster::of(super::RULE.id).settings(&json!({"strictReferences": true})).refuses(&gateway, &[wanted]);
    }

    #[test]
    fn a_name_that_is_like_it_is_meant() {
        let eip = |gateway: &str| json!({"kind": "IptablesEIP", "spec": {"natGwDp": gateway}});
        let cluster = || {
            Cluster::of(super::RULE.id)
                .with(json!({"kind": "VpcNatGateway", "name": "blue-gateway"}))
                .with(json!({"kind": "VpcNatGateway", "metadata": {"name": "blue-gatewax", "deletionTimestamp": "2026-01-01T00:00:00Z"}}))
        };
        let wanted = |name: &str, meant: &str| {
            format!(r#"spec.natGwDp: "{name}": there is no VpcNatGateway of this name{meant} [missing-reference]"#)
        };
        let meant = wanted("blue-gatewy", r#"; did you mean "blue-gateway"?"#);
        cluster().warns(&eip("blue-gatewy"), &[&meant]);
        cluster().warns(&eip("green-gateway"), &[&wanted("green-gateway", "")]);
        let hidden = json!({"disclose": "none"});
        cluster().settings(&hidden).warns(&eip("blue-gatewy"), &[&wanted("blue-gatewy", "")]);
    }

    #[test]
    fn a_guess_looks_at_no_more_names_than_it_may() {
        let cluster = |many: usize| {
            let subnets = (0..many).map(|at| json!({"kind": "Subnet", "name": format!("tenant-{at:05}-apps")}));
            subnets.fold(Cluster::of(super::RULE.id), Cluster::with)
        };
        let pool = json!({"kind": "IPPool", "spec": {"subnet": "tenant-01000-appps"}});
        let wanted = r#"spec.subnet: "tenant-01000-appps": there is no Subnet of this name; did you mean "tenant-01000-apps"? [missing-reference]"#;
        cluster(2000).warns(&pool, &[wanted]);
        let entries = |many| cluster(many).entries(&pool);
        assert!(entries(100) > 100 && entries(1500) == entries(2000) && entries(2000) < 600, "{}", entries(2000));
    }

    #[test]
    fn a_vpc_does_not_mean_itself() {
        let peering =
            |remote: &str| json!({"kind": "Vpc", "name": "blue", "spec": {"vpcPeerings": [{"remoteVpc": remote}]}});
        let cluster = Cluster::of(super::RULE.id)
            .with(peering(""))
            .with(json!({"kind": "Subnet", "name": "s", "spec": {"vpc": "blue"}}));
        let wanted = r#"spec.vpcPeerings[0].remoteVpc: "blu": there is no Vpc of this name [missing-reference]"#;
        cluster.warns(&peering("blu"), &[wanted]);
    }

    #[test]
    fn a_vpc_comes_before_what_it_names() {
        let vpc =
            json!({"kind": "Vpc", "name": "v", "spec": {"defaultSubnet": "s", "vpcPeerings": [{"remoteVpc": "w"}]}});
        Cluster::of(super::RULE.id).accepts(&vpc);
        let wanted = [
            r#"spec.defaultSubnet: "s": there is no Subnet of this name [missing-reference]"#,
            r#"spec.vpcPeerings[0].remoteVpc: "w": there is no Vpc of this name [missing-reference]"#,
        ];
        Cluster::of(super::RULE.id).settled().warns(&vpc, &wanted);
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "t", "spec": {"vpc": "v"}}))
            .warns(&vpc, &wanted);
    }

    #[test]
    fn two_vpcs_that_peer_come_in_either_order_and_what_never_comes_is_found() {
        let strict = || Cluster::of(super::RULE.id).settings(&json!({"strictReferences": true}));
        let vpc = |name: &str, remotes: &[&str]| {
            let peerings: Vec<_> = remotes.iter().map(|remote| json!({"remoteVpc": remote})).collect();
            json!({"kind": "Vpc", "name": name, "spec": {"vpcPeerings": peerings}})
        };
        let subnet = |vpc: &str| json!({"kind": "Subnet", "name": format!("{vpc}-s"), "spec": {"vpc": vpc}});
        for (first, second) in [("a", "b"), ("b", "a")] {
            strict().accepts(&vpc(first, &[second]));
            let first_is_there = || strict().with(vpc(first, &[second])).with(subnet(first));
            first_is_there().accepts(&vpc(second, &[first]));
            // Before the other one comes, what it has already is no reason to refuse a change.
            let changed = first_is_there().verdict(&update(&vpc(first, &[second]), &vpc(first, &[second, second])));
            assert!(changed.allowed && !changed.warnings.is_empty());
            let new = first_is_there().verdict(&update(&vpc(first, &[second]), &vpc(first, &[second, "c"])));
            assert_eq!((new.allowed, new.findings.len()), (false, 1));
            assert_eq!(new.findings[0].field().to_string(), "spec.vpcPeerings[1].remoteVpc");
        }
        let never =
            r#"spec.vpcPeerings[0].remoteVpc: Not found: "b": there is no Vpc of this name [missing-reference]"#;
        strict().settled().refuses(&vpc("a", &["b"]), &[never]);
        strict().with(vpc("b", &[])).settled().accepts(&vpc("a", &["b"]));
    }

    #[test]
    fn what_is_being_deleted_does_not_exist() {
        let deleting = json!({"kind": "Vpc", "metadata": {"name": "v", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let subnet = json!({"kind": "Subnet", "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/16"}});
        let wanted = r#"spec.vpc: "v": there is no Vpc of this name [missing-reference]"#;
        Cluster::of(super::RULE.id).with(deleting).warns(&subnet, &[wanted]);
    }

    #[test]
    fn the_default_vpc_need_not_be_known() {
        Cluster::of(super::RULE.id)
            .accepts(&json!({"kind": "Subnet", "spec": {"vpc": "ovn-cluster", "cidrBlock": "10.0.0.0/16"}}));
        Cluster::of(super::RULE.id).accepts(&json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/16"}}));
        // Nor the Subnets that Kube-OVN makes.
        let pool = |subnet: &str| json!({"kind": "IPPool", "spec": {"subnet": subnet}});
        Cluster::of(super::RULE.id).accepts(&pool("ovn-default"));
        Cluster::of(super::RULE.id).accepts(&pool("join"));
        let elsewhere = json!({"kubeOvn": {"defaultSubnet": "pods"}});
        let wanted = r#"spec.subnet: "ovn-default": there is no Subnet of this name [missing-reference]"#;
        Cluster::of(super::RULE.id).settings(&elsewhere).warns(&pool("ovn-default"), &[wanted]);
    }

    #[test]
    fn what_a_service_names_is_another_rules_where_all_is_seen() {
        let deleting = json!({"kind": "Vpc", "metadata": {"name": "v", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let cluster = || Cluster::of(super::RULE.id).with(deleting.clone());
        let service = |vpc: &str| {
            json!({"kind": "Service", "namespace": "ns1", "annotations": {
                "ovn.kubernetes.io/vpc": vpc, "ovn.kubernetes.io/logical_switch": "gone"}})
        };
        let wanted = |key: &str, kind: &str, name: &str| {
            format!(
                r#"metadata.annotations[ovn.kubernetes.io/{key}]: "{name}": there is no {kind} of this name [missing-reference]"#
            )
        };
        let (subnet, vpc) = (wanted("logical_switch", "Subnet", "gone"), wanted("vpc", "Vpc", "none"));
        cluster().warns(&service("none"), &[&subnet, &vpc]);
        cluster().seeing_all().accepts(&service("none"));
        cluster().seeing_all().warns(&service("v"), &[&wanted("vpc", "Vpc", "v")]);
        let off = json!({"rules": {"service-vpc-binding": "off"}});
        cluster().seeing_all().settings(&off).warns(&service("none"), &[&subnet, &vpc]);
    }
}

//! Explains what the Pods of a namespace get, and what they may have.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::address::Net;
use super::{Choice, Explainer, Missing, Plugin, Primary, Surroundings};
use crate::attach::{Definition, read_definition};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{
    AttachmentDefinition, EGRESS_NAMESPACES, EgressGateway, GUEST_NAMESPACES, Kind, KubeOvn, NatGateway, Object,
    ObjectRef, Typed, Vip, Vpc,
};

/// What is to be known of a namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceExplanation {
    /// The namespace.
    pub object: ObjectRef,
    /// Whether there is such an object: others may speak of it before.
    pub exists: bool,
    /// What its Pods get that ask for nothing.
    pub primary: Primary,
    /// The VPCs that its Pods may be in.
    pub vpcs: Vec<UsableVpc>,
    /// The IPPools that are for it.
    pub pools: Vec<ObjectRef>,
    /// The networks in it that Multus attaches.
    pub networks: Vec<OwnNetwork>,
    /// The gateways that run in it.
    pub gateways: Vec<Standing>,
    /// The Vips that are for its Pods.
    pub vips: Vec<ObjectRef>,
    /// What is named and not there.
    pub missing: Vec<Missing>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// A VPC that a namespace may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsableVpc {
    /// The name.
    pub name: String,
    /// Why it is open to the namespace, or how far.
    pub because: String,
    /// Its Subnets.
    pub subnets: Vec<String>,
}

/// A network that Multus attaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnNetwork {
    /// The NetworkAttachmentDefinition.
    pub object: ObjectRef,
    /// Who makes it.
    pub plugin: Plugin,
    /// The provider by which Subnets are its; none where Kube-OVN has no part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// These Subnets.
    pub subnets: Vec<Choice>,
}

/// What stands somewhere, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The object.
    pub object: ObjectRef,
    /// Its addresses there, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// What it is there.
    pub what: String,
}

/// Explains a namespace; nothing where nobody speaks of it.
///
/// # Errors
///
/// None: what is asked is in memory.
pub fn explain_namespace(name: &str, surroundings: &Surroundings) -> Answer<Option<NamespaceExplanation>> {
    if !surroundings.namespaces()?.contains(name) {
        return Ok(None);
    }
    let (cluster, settings): (&dyn ClusterView, _) = (&surroundings.cluster, &surroundings.settings);
    let namespace = cluster.namespaces_until_gone()?.into_iter().find(|namespace| namespace.meta.name == name);
    let pod = super::plain_pod(name);
    let mut explainer = Explainer::new(&pod, name, cluster, settings);
    let mut primary = explainer.primary()?;
    if primary.provider.is_some() {
        primary.address = Some(explainer.address(&Net::primary(&primary.subnets))?);
    }
    let pools = explainer.namespace_pools()?.iter().map(|pool| pool.reference()).collect();
    let networks = own_networks(name, &mut explainer)?;
    if namespace.as_ref().is_some_and(|namespace| namespace.meta.deleting) {
        explainer.note("it is being deleted: no new Pods are made in it".to_owned());
    }
    let vips = cluster.all(Kind::Vip)?;
    let vips = vips.iter().filter_map(Vip::of).filter(|vip| vip.namespace == name).map(|vip| vip.reference());
    Ok(Some(NamespaceExplanation {
        object: ObjectRef::new(Kind::Namespace, name),
        exists: namespace.is_some(),
        vpcs: usable(name, cluster, &settings.kube_ovn)?,
        pools,
        networks,
        gateways: gateways(name, cluster, &settings.kube_ovn)?,
        vips: vips.collect(),
        primary,
        missing: explainer.missing,
        notes: explainer.notes,
    }))
}

/// The VPCs that a namespace may use, those first that are for it.
fn usable(name: &str, cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Vec<UsableVpc>> {
    let vpcs = cluster.all(Kind::Vpc)?;
    let (mut own, mut open) = (Vec::new(), Vec::new());
    for vpc in vpcs.iter().filter_map(Vpc::of).filter(|vpc| kube_ovn.is_custom_vpc(&vpc.meta.name)) {
        if let Some(because) = because(vpc, name, cluster)? {
            let subnets = subnets_of(&vpc.meta.name, cluster, kube_ovn)?;
            let list = if is_open(vpc) { &mut open } else { &mut own };
            list.push(UsableVpc { name: vpc.meta.name.clone(), because, subnets });
        }
    }
    own.append(&mut open);
    own.push(UsableVpc {
        name: kube_ovn.default_vpc.clone(),
        because: "it is the default VPC, which is open to all namespaces".to_owned(),
        subnets: subnets_of(&kube_ovn.default_vpc, cluster, kube_ovn)?,
    });
    Ok(own)
}

/// The Subnets of a VPC that Pods may be in.
fn subnets_of(vpc: &str, cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Vec<String>> {
    let subnets = cluster.subnets_of_vpc_until_gone(vpc)?;
    let names = subnets.iter().map(|subnet| &subnet.meta.name).filter(|name| **name != kube_ovn.node_switch);
    Ok(names.cloned().collect())
}

/// Whether a VPC lists no namespace, which is no limit.
pub(super) fn is_open(vpc: &Vpc) -> bool {
    vpc.namespaces.is_empty()
}

/// Why a VPC is open to a namespace, or how far; none where it is not.
pub(super) fn because(vpc: &Vpc, namespace: &str, cluster: &dyn ClusterView) -> Answer<Option<String>> {
    if vpc.binds(namespace) {
        return Ok(Some("it lists the namespace (spec.namespaces)".to_owned()));
    }
    if vpc.invites(namespace) {
        return Ok(Some(format!("it invites the namespace (annotation {GUEST_NAMESPACES})")));
    }
    let gateways = cluster.nat_gateways_of_vpc(&vpc.meta.name)?;
    if let Some(gateway) = gateways.iter().find(|gateway| gateway.namespace == namespace) {
        return Ok(Some(format!("its NAT gateway {:?} runs in the namespace", gateway.meta.name)));
    }
    if vpc.lets_out(namespace) {
        let gateways = cluster.egress_gateways_of_vpc_until_gone(&vpc.meta.name)?;
        let own = gateways.iter().find(|gateway| gateway.meta.namespace == namespace);
        return Ok(Some(match own {
            Some(gateway) => format!(
                "it lets the namespace have egress gateways (annotation {EGRESS_NAMESPACES}), and Pods while VpcEgressGateway {:?} is there",
                gateway.meta.name
            ),
            None => format!("for egress gateways only (annotation {EGRESS_NAMESPACES})"),
        }));
    }
    Ok(is_open(vpc).then(|| "it lists no namespace, so it is open to all".to_owned()))
}

/// The NetworkAttachmentDefinitions of a namespace, with the Subnets that they lead to.
fn own_networks(name: &str, explainer: &mut Explainer<'_>) -> Answer<Vec<OwnNetwork>> {
    let definitions = explainer.cluster.all(Kind::AttachmentDefinition)?;
    let own = definitions.iter().filter_map(AttachmentDefinition::of).filter(|own| own.meta.namespace == name);
    let mut networks = Vec::new();
    for definition in own {
        let short = format!("{}.{name}", definition.meta.name);
        let (plugin, provider) = match read_definition(&definition.config) {
            Definition::KubeOvn => (Plugin::KubeOvn, Some(format!("{short}.ovn"))),
            Definition::Addresses => (Plugin::Addresses, Some(short)),
            Definition::Other => (Plugin::Other, None),
            Definition::Elsewhere => (Plugin::Elsewhere, None),
            Definition::Broken(why) | Definition::EndsController(why) => {
                explainer.note(format!("spec.config of NetworkAttachmentDefinition {:?} {why}", definition.meta.name));
                (Plugin::Broken, None)
            }
        };
        let subnets = match &provider {
            Some(provider) => explainer.cluster.subnets_with_provider_until_gone(provider)?,
            None => Vec::new(),
        };
        let object = ObjectRef::namespaced(Kind::AttachmentDefinition, name, &definition.meta.name);
        networks.push(OwnNetwork {
            object,
            plugin,
            provider,
            subnets: subnets.iter().map(|subnet| Choice::of(subnet)).collect(),
        });
    }
    Ok(networks)
}

/// The gateways whose Pods run in a namespace.
fn gateways(name: &str, cluster: &dyn ClusterView, kube_ovn: &KubeOvn) -> Answer<Vec<Standing>> {
    let mut standing = Vec::new();
    let mut namespaces = BTreeSet::from([name]);
    // Those that name none are in Kube-OVN's own.
    if name == kube_ovn.namespace {
        namespaces.insert("");
    }
    for namespace in namespaces {
        let running: Vec<Arc<NatGateway>> = cluster.nat_gateways_running_in(namespace)?;
        standing.extend(running.iter().map(|gateway| Standing {
            object: gateway.reference(),
            addresses:
                gateway.lan_ips().map(|address| address.to_string()).collect::<BTreeSet<_>>().into_iter().collect(),
            what: format!("NAT gateway of VPC {:?}", gateway.vpc),
        }));
    }
    let egress = cluster.all(Kind::VpcEgressGateway)?;
    let own = egress.iter().filter(|object: &&Object| object.meta().namespace == name).filter_map(EgressGateway::of);
    standing.extend(own.map(|gateway| Standing {
        object: gateway.reference(),
        addresses: Vec::new(),
        what: format!("egress gateway of VPC {:?}", kube_ovn.vpc_or_default(&gateway.vpc)),
    }));
    Ok(standing)
}

//! Explains whose a Subnet is, what stands in it, and what is free.

mod free;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::namespace::{Standing, because, is_open};
use super::{Explainer, Missing, Surroundings};
use crate::attach::{Definition, read_definition};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{Kind, NamedDefinition, Namespace, ObjectRef, Subnet, Typed};
use crate::text::quoted;

pub use free::{FreePrefix, PoolOfSubnet};

/// What is to be known of a Subnet.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnetExplanation {
    /// The Subnet.
    pub object: ObjectRef,
    /// Its VPC; none without an OVN provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// What sort of network it is, in words.
    pub network: String,
    /// What gives out its addresses.
    pub provider: String,
    /// Its prefixes, with what is free of each.
    pub prefixes: Vec<FreePrefix>,
    /// The namespaces whose Pods get addresses here that ask for nothing.
    pub bound: Vec<Who>,
    /// Who else may have Pods here.
    pub open_to: Vec<Who>,
    /// Why all may; none where not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_to_all: Option<String>,
    /// The networks that lead here.
    pub networks: Vec<ObjectRef>,
    /// Its IPPools.
    pub pools: Vec<PoolOfSubnet>,
    /// Gateways, addresses outside, Vips, name servers and load balancers.
    pub standing: Vec<Standing>,
    /// Pods, and what makes Pods.
    pub pods: Vec<Standing>,
    /// What is named and not there.
    pub missing: Vec<Missing>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// A namespace, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Who {
    /// The namespace.
    pub namespace: String,
    /// Why.
    pub because: String,
}

/// Explains a Subnet, with so many free ranges of each prefix; nothing where there is none of this name.
///
/// # Errors
///
/// None: what is asked is in memory.
pub fn explain_subnet(name: &str, surroundings: &Surroundings, most: usize) -> Answer<Option<SubnetExplanation>> {
    let (cluster, settings): (&dyn ClusterView, _) = (&surroundings.cluster, &surroundings.settings);
    let Some(subnet) = cluster.subnet_until_gone(name)? else { return Ok(None) };
    let pod = super::plain_pod("");
    let mut explainer = Explainer::new(&pod, "", cluster, settings);
    explainer.choice(name, "")?;
    let bound = bound(&subnet, surroundings, &mut explainer)?;
    let (open_to, open_to_all) = open(&subnet, &bound, &mut explainer)?;
    let networks = networks(&subnet, &mut explainer)?;
    let standing = standing::of(&subnet, cluster, &settings.kube_ovn)?;
    let pods = standing::pods(&subnet, surroundings)?;
    let (prefixes, pools) = free::of(&subnet, surroundings, &standing, &pods, most)?;
    if subnet.distinct_cidrs().next().is_none() {
        explainer.note(if subnet.cidr_block.is_empty() {
            "it has no spec.cidrBlock".to_owned()
        } else {
            format!("spec.cidrBlock {} is no prefix", quoted(&subnet.cidr_block))
        });
    }
    Ok(Some(SubnetExplanation {
        object: subnet.reference(),
        vpc: subnet.vpc.clone(),
        network: network(&subnet, &mut explainer)?,
        provider: if subnet.provider.is_empty() { "ovn".to_owned() } else { subnet.provider.clone() },
        prefixes,
        bound,
        open_to,
        open_to_all,
        networks,
        pools,
        standing,
        pods,
        missing: explainer.missing,
        notes: explainer.notes,
    }))
}

/// What sort of network it is.
fn network(subnet: &Subnet, explainer: &mut Explainer<'_>) -> Answer<String> {
    let sort = if subnet.vpc.is_none() {
        "addresses for a network of another plug-in"
    } else if subnet.is_overlay() && subnet.vlan.is_empty() {
        "overlay"
    } else if subnet.logical_gateway {
        "underlay, with the VPC's router as its gateway"
    } else if subnet.u2o_interconnection {
        "underlay, with a port of the VPC's router beside its own gateway"
    } else {
        "underlay"
    };
    if subnet.vlan.is_empty() {
        return Ok(sort.to_owned());
    }
    Ok(match explainer.cluster.vlan(&subnet.vlan)? {
        Some(vlan) => {
            if explainer.cluster.provider_network(&vlan.provider)?.is_none() {
                let because = format!("Vlan {} names it in spec.provider", quoted(&vlan.meta.name));
                explainer.lacks(Kind::ProviderNetwork, "", &vlan.provider, &because);
            }
            format!(
                "{sort}, Vlan {} ({} of provider network {})",
                quoted(&vlan.meta.name),
                vlan.id,
                quoted(&vlan.provider)
            )
        }
        None => {
            explainer.lacks(Kind::Vlan, "", &subnet.vlan, "the Subnet names it in spec.vlan");
            format!("{sort}, Vlan {}", quoted(&subnet.vlan))
        }
    })
}

/// The namespaces whose Pods come here by themselves.
fn bound(subnet: &Subnet, surroundings: &Surroundings, explainer: &mut Explainer<'_>) -> Answer<Vec<Who>> {
    let (cluster, settings) = (explainer.cluster, explainer.settings);
    let mut who: BTreeMap<String, String> = BTreeMap::new();
    for namespace in &subnet.namespaces {
        who.insert(namespace.clone(), "the Subnet lists it (spec.namespaces)".to_owned());
    }
    let all = cluster.all(Kind::Namespace)?;
    for namespace in all.iter().filter_map(Namespace::of) {
        if subnet.namespace_selectors.iter().any(|selector| selector.matches(&namespace.meta.labels)) {
            let because = "the Subnet selects it (spec.namespaceSelectors)".to_owned();
            who.entry(namespace.meta.name.clone()).or_insert(because);
        }
    }
    if let Some(vpc) = subnet.vpc.as_deref().filter(|vpc| settings.kube_ovn.is_custom_vpc(vpc))
        && let Some(vpc) = cluster.vpc_until_gone(vpc)?
        && (subnet.default || vpc.default_subnet == subnet.meta.name)
    {
        for namespace in &vpc.namespaces {
            let pod = super::plain_pod(namespace);
            let primary = Explainer::new(&pod, namespace, cluster, settings).by_namespace()?;
            if primary.subnets.iter().any(|choice| choice.name == subnet.meta.name) {
                let because = format!("VPC {} lists it, and this is its default Subnet", quoted(&vpc.meta.name));
                who.entry(namespace.clone()).or_insert(because);
            }
        }
    }
    if subnet.meta.name == settings.kube_ovn.default_subnet {
        for namespace in surroundings.namespaces()? {
            let pod = super::plain_pod(&namespace);
            let primary = Explainer::new(&pod, &namespace, cluster, settings).by_namespace()?;
            if primary.subnets.iter().any(|choice| choice.name == subnet.meta.name) {
                who.entry(namespace).or_insert_with(|| "nothing else is bound to it".to_owned());
            }
        }
        explainer.note("it is Kube-OVN's default Subnet: Pods of namespaces that nothing binds are in it".to_owned());
    }
    Ok(who.into_iter().map(|(namespace, because)| Who { namespace, because }).collect())
}

/// Who else may have Pods here by naming the Subnet, a pool or a network of it.
fn open(subnet: &Subnet, bound: &[Who], explainer: &mut Explainer<'_>) -> Answer<(Vec<Who>, Option<String>)> {
    if subnet.meta.name == explainer.settings.kube_ovn.node_switch {
        explainer.note("it is Kube-OVN's own network between nodes and Pods, in which no Pods belong".to_owned());
        return Ok((Vec::new(), None));
    }
    let Some(name) = subnet.vpc.as_deref() else {
        let why = "it has no VPC: whoever may use the network of the other plug-in has addresses of it";
        return Ok((Vec::new(), Some(why.to_owned())));
    };
    if !explainer.settings.kube_ovn.is_custom_vpc(name) {
        return Ok((Vec::new(), Some("it is in the default VPC, which is open to all namespaces".to_owned())));
    }
    let cluster = explainer.cluster;
    let Some(vpc) = cluster.vpc_until_gone(name)? else { return Ok((Vec::new(), None)) };
    let all = is_open(&vpc).then(|| format!("VPC {} lists no namespace, so it is open to all", quoted(name)));
    let mut names: BTreeSet<String> = BTreeSet::new();
    names.extend(vpc.namespaces.iter().cloned());
    names.extend(vpc.guests().chain(vpc.egress_namespaces()).map(str::to_owned));
    names.extend(cluster.nat_gateways_of_vpc(name)?.iter().map(|gateway| gateway.namespace.clone()));
    names.remove("");
    let mut who = Vec::new();
    for namespace in names.into_iter().filter(|name| bound.iter().all(|bound| bound.namespace != *name)) {
        if let Some(why) = because(&vpc, &namespace, cluster)? {
            let because = why.replacen("it ", &format!("VPC {} ", quoted(name)), 1);
            who.push(Who { namespace, because });
        }
    }
    Ok((who, all))
}

/// The NetworkAttachmentDefinition that its provider is of.
fn networks(subnet: &Subnet, explainer: &mut Explainer<'_>) -> Answer<Vec<ObjectRef>> {
    let Some(named) = subnet.definition() else { return Ok(Vec::new()) };
    let NamedDefinition { name, namespace, is_ovn } = named;
    let Some(definition) = explainer.cluster.attachment_definition_until_gone(namespace, name)? else {
        let because = format!("spec.provider {} is of it", quoted(&subnet.provider));
        explainer.lacks(Kind::AttachmentDefinition, namespace, name, &because);
        return Ok(Vec::new());
    };
    let reference = quoted(&named.reference());
    match (read_definition(&definition.config), is_ovn) {
        (Definition::KubeOvn, true) | (Definition::Addresses | Definition::Other | Definition::Elsewhere, false) => {}
        (Definition::KubeOvn, false) => explainer.note(format!(
            "network {reference} is one of Kube-OVN and looks for the provider {}, so that it does not lead here",
            quoted(&format!("{}.ovn", subnet.provider))
        )),
        (Definition::Addresses | Definition::Other, true) => explainer.note(format!(
            "network {reference} is one of another plug-in and looks for the provider {}, so that it does not lead here",
            quoted(&format!("{name}.{namespace}"))
        )),
        (Definition::Elsewhere, true) => {
            explainer.note(format!("network {reference} has no spec.config, so that Kube-OVN skips it"));
        }
        (Definition::Broken(why) | Definition::EndsController(why), _) => {
            explainer.note(format!("spec.config of network {reference} {why}"));
        }
    }
    Ok(vec![named.object()])
}

//! Where Kube-OVN attaches a Pod: the networks that its annotations ask for, and the Subnets from which each may be served.
//!
//! Kube-OVN v1.16 and its development branch differ in places. What either of them would take counts.

mod definition;
mod elements;
mod json;
pub(crate) mod keys;
mod unfit;
mod ways;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::field::FieldPath;
use crate::gather::gathered;
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{
    DEFAULT_NETWORK, IP_POOL_SUFFIX, KubeOvn, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, NETWORKS, PodTemplate, Subnet,
};

pub(crate) use crate::kinds::{IP_POOL, pool_name};
pub(crate) use definition::{Network as Definition, read as read_definition};
pub(crate) use elements::Unreadable;
pub(crate) use unfit::Unfit;
pub(crate) use ways::{By, Way, Ways};

/// The provider of primary networks.
pub(crate) const OVN: &str = "ovn";

/// What a Pod's annotations ask for, before anything is looked up.
#[derive(Debug)]
pub(crate) struct Attachments<'p> {
    /// What decides over its primary network.
    pub(crate) primary: Primary<'p>,
    /// The networks that it lists, each with the annotation that lists it.
    pub(crate) networks: Vec<Network<'p>>,
    /// The annotations that cannot be read. Those leave the Pod without any network.
    pub(crate) unreadable: Vec<(&'static str, Unreadable)>,
    /// The annotations with an element that has no name, and its number.
    pub(crate) nameless: Vec<(&'static str, usize)>,
    /// The annotations that Multus cannot read, and what of them.
    pub(crate) unfit: Vec<(&'static str, Unfit)>,
}

/// What decides over the primary network of a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primary<'p> {
    /// It uses its node's.
    Node,
    /// Another plug-in makes it.
    OtherPlugin,
    /// The default network of Multus stands in its place.
    Multus,
    /// The Subnet of this name, which the Pod's annotation gives.
    Switch(&'p str),
    /// The `IPPool` of this name.
    Pool(&'p str),
    /// The Pod's namespace.
    Namespace,
}

/// Where a Pod lists a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the annotation of this key.
    Annotation(&'static str),
    /// Among the networks of the virtual machine, at this place.
    Machine(usize),
}

impl Place {
    /// Its path in the object.
    pub(crate) fn path(self, pod: &PodTemplate) -> FieldPath {
        match self {
            Place::Annotation(key) => pod.annotation_path(key),
            Place::Machine(at) => pod.machine_network_path(at),
        }
    }
}

/// A network that a Pod lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network<'p> {
    /// Where it is listed.
    pub(crate) place: Place,
    /// The namespace of the NetworkAttachmentDefinition.
    pub(crate) namespace: Cow<'p, str>,
    /// The name of the NetworkAttachmentDefinition.
    pub(crate) name: Cow<'p, str>,
    /// The interface in the Pod; empty where none is given.
    pub(crate) interface: Cow<'p, str>,
    /// What tells it from the Pod's other networks.
    pub(crate) provider: String,
    /// The annotation that names its Subnet, and that name.
    pub(crate) switch: Option<(String, &'p str)>,
    /// The annotations that name its IPPool, and those names.
    pub(crate) pools: Vec<(String, &'p str)>,
    /// The addresses that the list itself asks for, as Kube-OVN puts them into the annotation; empty where it asks for none.
    pub(crate) ips: String,
    /// The MAC address that the list asks for, likewise.
    pub(crate) mac: Cow<'p, str>,
}

impl<'p> Attachments<'p> {
    /// Reads the annotations of a Pod in a namespace.
    pub(crate) fn by(pod: &'p PodTemplate, namespace: &'p str, kube_ovn: &KubeOvn) -> Self {
        let mut asked = Self {
            primary: Primary::of(pod, kube_ovn),
            networks: Vec::new(),
            unreadable: Vec::new(),
            nameless: Vec::new(),
            unfit: Vec::new(),
        };
        let mut elements = Vec::new();
        for key in [DEFAULT_NETWORK, NETWORKS] {
            let Some(text) = pod.pod.annotation(key).filter(|text| !text.is_empty()) else { continue };
            match elements::read(text) {
                Ok(listed) => {
                    asked.nameless.extend(listed.nameless.map(|at| (key, at)));
                    asked.unfit.extend(listed.unfit.map(|unfit| (key, unfit)));
                    elements.extend(listed.elements.into_iter().map(|element| (Place::Annotation(key), element)));
                }
                Err(unreadable) => asked.unreadable.push((key, unreadable)),
            }
        }
        let of_machine = pod.machine_networks.iter();
        elements.extend(of_machine.map(|(at, name)| (Place::Machine(*at), elements::Element::named(name))));
        if elements.is_empty() {
            return asked;
        }
        for (_, element) in &mut elements {
            if element.namespace.is_empty() {
                element.namespace = Cow::Borrowed(namespace);
            }
        }
        // A network counts as often as both annotations together list it; the same interface of it is one network.
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        let mut place_of = Vec::with_capacity(elements.len());
        for (_, element) in &elements {
            *counts.entry((&element.namespace, &element.name)).or_default() += 1;
            let next = places.len();
            place_of.push(*places.entry((&element.namespace, &element.name, &element.interface)).or_insert(next));
        }
        let is_several = |element: &elements::Element<'_>| {
            counts.get(&(&*element.namespace, &*element.name)).is_some_and(|count| *count > 1)
        };
        let several: Vec<bool> = elements.iter().map(|(_, element)| is_several(element)).collect();
        for (((place, element), several), at) in elements.into_iter().zip(several).zip(place_of) {
            match asked.networks.get_mut(at) {
                Some(same) => same.ask(&element.ips, element.mac),
                None => asked.networks.push(Network::of(pod, place, element, several)),
            }
        }
        asked
    }

    /// The keys of the annotations that Kube-OVN reads for the Pod's Subnets and IPPools, as far as it has them.
    pub(crate) fn keys(&self) -> BTreeSet<&str> {
        let primary = if self.primary == Primary::OtherPlugin { &[][..] } else { &[LOGICAL_SWITCH, IP_POOL] };
        let of_networks = self.networks.iter().flat_map(|network| {
            let switch = network.switch.iter().map(|(key, _)| key.as_str());
            switch.chain(network.pools.iter().map(|(key, _)| key.as_str()))
        });
        gathered(primary.iter().copied().chain(of_networks))
    }
}

impl<'p> Primary<'p> {
    /// Kube-OVN looks for it in this order.
    pub(crate) fn of(pod: &'p PodTemplate, kube_ovn: &KubeOvn) -> Self {
        if pod.host_network {
            Primary::Node
        } else if kube_ovn.non_primary_cni {
            Primary::OtherPlugin
        } else if pod.pod.annotation(DEFAULT_NETWORK).is_some() {
            // An empty one too.
            Primary::Multus
        } else {
            Self::chosen(pod)
        }
    }

    /// Whether Kube-OVN makes it.
    pub(crate) fn is_kube_ovns(self) -> bool {
        matches!(self, Primary::Switch(_) | Primary::Pool(_) | Primary::Namespace)
    }

    /// What decides over the Subnet that Kube-OVN calls the Pod's default one. It is computed even where it is not used.
    pub(crate) fn chosen(pod: &'p PodTemplate) -> Self {
        let pool = || pod.pod.annotation(IP_POOL).and_then(pool_name).filter(|name| !name.is_empty());
        match pod.pod.annotation(LOGICAL_SWITCH) {
            Some(name) if !name.is_empty() => Primary::Switch(name),
            _ => pool().map_or(Primary::Namespace, Primary::Pool),
        }
    }
}

impl<'p> Network<'p> {
    fn of(pod: &'p PodTemplate, place: Place, element: elements::Element<'p>, several: bool) -> Self {
        let elements::Element { name, namespace, interface, ips, mac } = element;
        let network = format!("{name}.{namespace}");
        let mut provider = format!("{network}.{OVN}");
        // Only where a network is listed more than once does the interface tell which one is meant.
        if several && !interface.is_empty() {
            provider = format!("{provider}.{interface}");
        }
        let annotated = |provider: &str, suffix: &str| {
            let key = format!("{provider}{suffix}");
            let value = pod.pod.annotation(&key).filter(|value| !value.is_empty())?;
            Some((key, value))
        };
        let pool = |provider: &str| {
            let (key, value) = annotated(provider, IP_POOL_SUFFIX)?;
            Some((key, pool_name(value)?))
        };
        // Where Kube-OVN gives out addresses only, the provider has no third part.
        let pools = [pool(&provider), pool(&network)].into_iter().flatten().collect();
        let switch = annotated(&provider, LOGICAL_SWITCH_SUFFIX);
        Self { place, namespace, name, interface, provider, switch, pools, ips: ips.join(","), mac }
    }

    /// What the same network asks for where it is listed again: the last one counts.
    fn ask(&mut self, ips: &[Cow<'p, str>], mac: Cow<'p, str>) {
        let ips = ips.join(",");
        if !ips.is_empty() {
            self.ips = ips;
        }
        if !mac.is_empty() {
            self.mac = mac;
        }
    }

    /// The provider of the Subnets that serve it without an annotation: its own less one interface at its end, whether or not
    /// the interface had been appended.
    pub(crate) fn subnet_provider(&self) -> &str {
        let without = self.provider.strip_suffix(&*self.interface).and_then(|rest| rest.strip_suffix('.'));
        without.filter(|_| !self.interface.is_empty()).unwrap_or(&self.provider)
    }

    /// The provider of the Subnets that only give out its addresses.
    pub(crate) fn address_provider(&self) -> String {
        format!("{}.{}", self.name, self.namespace)
    }

    /// `<namespace>/<name>`
    pub(crate) fn reference(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// The Subnets of a namespace, as Kube-OVN has written them there.
pub(crate) fn subnets_of_namespace(namespace: &str, cluster: &dyn ClusterView) -> Answer<Vec<Arc<Subnet>>> {
    let mut subnets = Vec::new();
    if let Some(namespace) = cluster.namespace(namespace)? {
        for name in namespace.logical_switches() {
            subnets.extend(cluster.subnet_until_gone(name)?);
        }
    }
    Ok(subnets)
}

/// The Subnets by their providers, each of which is looked up once.
pub(crate) struct Providers<'v> {
    cluster: &'v dyn ClusterView,
    known: BTreeMap<String, Arc<[Arc<Subnet>]>>,
}

impl<'v> Providers<'v> {
    pub(crate) fn new(cluster: &'v dyn ClusterView) -> Self {
        Self { cluster, known: BTreeMap::new() }
    }

    /// The Subnets of which Kube-OVN takes any for a network that no annotation gives a Subnet.
    pub(crate) fn of(&mut self, network: &Network<'_>) -> Answer<Arc<[Arc<Subnet>]>> {
        self.with(network.subnet_provider())
    }

    pub(crate) fn with(&mut self, provider: &str) -> Answer<Arc<[Arc<Subnet>]>> {
        if let Some(known) = self.known.get(provider) {
            return Ok(Arc::clone(known));
        }
        let mut subnets = self.cluster.subnets_with_provider_until_gone(provider)?;
        if provider == OVN {
            // Kube-OVN fills in what is empty.
            subnets.extend(self.cluster.subnets_with_provider_until_gone("")?);
        }
        let subnets: Arc<[_]> = subnets.into();
        self.known.insert(provider.to_owned(), Arc::clone(&subnets));
        Ok(subnets)
    }
}

#[cfg(test)]
mod tests;

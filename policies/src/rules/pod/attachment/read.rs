//! Which keys Kube-OVN reads for the networks of a Pod.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::attach::{Definition, Network, Place, read_definition};
use crate::inventory::{Answer, Sight};
use crate::kinds::Kind;
use crate::rule::Context;

/// A network of a Pod, and what is known of it.
pub(super) struct Known<'n, 'p> {
    pub(super) network: &'n Network<'p>,
    /// Whether its namespace is known.
    pub(super) is_given: bool,
    /// What its NetworkAttachmentDefinition is; none where those are not seen.
    pub(super) definition: Option<Definition>,
}

impl<'n, 'p> Known<'n, 'p> {
    pub(super) fn of(network: &'n Network<'p>, is_given: bool, context: &Context<'_>) -> Answer<Self> {
        let definition = context.cluster.attachment_definition_until_gone(&network.namespace, &network.name)?;
        let is_seen = context.cluster.sight(Kind::AttachmentDefinition) != Sight::Nothing;
        // One that is missing is anybody's.
        let missing = is_seen.then_some(Definition::Other);
        let definition = definition.map(|definition| read_definition(&definition.config)).or(missing);
        Ok(Self { network, is_given, definition })
    }

    /// The provider of the Subnets that it has its addresses of; none where it is not seen to be Kube-OVN's.
    pub(super) fn subnet_provider(&self) -> Option<Cow<'_, str>> {
        match self.definition {
            Some(Definition::KubeOvn) => Some(Cow::Borrowed(self.network.subnet_provider())),
            Some(Definition::Addresses) => Some(Cow::Owned(self.network.address_provider())),
            _ => None,
        }
    }

    /// The providers under which keys of it are read: the first is the right one.
    pub(super) fn providers(&self) -> Vec<String> {
        let (own, addresses_only) = (self.network.provider.clone(), self.network.address_provider());
        match self.definition {
            Some(Definition::KubeOvn) => vec![own],
            Some(Definition::Addresses) => vec![addresses_only],
            _ => vec![own, addresses_only],
        }
    }

    /// Whether it is another plug-in's, or may be.
    fn is_anybodys(&self) -> bool {
        !matches!(self.definition, None | Some(Definition::KubeOvn | Definition::Addresses))
    }
}

/// What becomes of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is read, or may be.
    Read,
    /// Another key is read in its place.
    Instead(String),
    /// It is about no network of the Pod.
    Stranger,
}

/// The networks of a Pod by `<name>.<namespace>`: each once, however often it is listed.
pub(super) struct Index(BTreeMap<String, Listed>);

/// A network, as often as it is listed.
#[derive(Default)]
struct Listed {
    /// The right provider of its first element.
    right: String,
    /// All that are read.
    providers: BTreeSet<String>,
    interfaces: BTreeSet<String>,
    /// Whether it is another plug-in's or its namespace is not known: then nothing is said.
    is_open: bool,
    /// Whether a virtual machine lists it: the interfaces of those have names that `KubeVirt` makes.
    is_machines: bool,
}

impl Index {
    pub(super) fn of(known: &[Known<'_, '_>]) -> Self {
        let mut all: BTreeMap<String, Listed> = BTreeMap::new();
        for known in known {
            let listed = all.entry(known.network.address_provider()).or_default();
            let providers = known.providers();
            if listed.right.is_empty() {
                listed.right = providers.first().cloned().unwrap_or_default();
            }
            listed.providers.extend(providers);
            if !known.network.interface.is_empty() {
                listed.interfaces.insert(known.network.interface.to_string());
            }
            listed.is_open |= known.is_anybodys() || !known.is_given;
            listed.is_machines |= matches!(known.network.place, Place::Machine(_));
        }
        Self(all)
    }

    /// What becomes of `<provider>.kubernetes.io/<name>`.
    pub(super) fn reading(&self, provider: &str, name: &str) -> Reading {
        // The name of a network may have `.ovn` in it.
        let ends = provider.match_indices(".ovn").map(|(at, _)| at);
        let ends =
            ends.filter(|at| provider.get(at + 4..).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        let bases = ends.chain([provider.len()]).filter_map(|at| provider.get(..at));
        let mut instead = None;
        for (base, listed) in bases.filter_map(|base| self.0.get_key_value(base)) {
            match listed.right_key(base, provider, name) {
                Some(right) if !listed.is_open => {
                    instead.get_or_insert(right);
                }
                _ => return Reading::Read,
            }
        }
        instead.map_or(Reading::Stranger, Reading::Instead)
    }
}

impl Listed {
    /// The key that is read in place of one that is not.
    fn right_key(&self, base: &str, provider: &str, name: &str) -> Option<String> {
        let Some((name, interface)) = name.split_once('.') else {
            let is_of_interface = self.is_machines && provider.len() > base.len() + ".ovn".len();
            let is_read = self.providers.contains(provider) || is_of_interface;
            return (!is_read).then(|| format!("{}.kubernetes.io/{name}", self.right));
        };
        if provider == base && (self.is_machines || self.interfaces.contains(interface)) {
            return None;
        }
        Some(match self.interfaces.first() {
            Some(interface) => format!("{base}.kubernetes.io/{name}.{interface}"),
            None => format!("{}.kubernetes.io/{name}", self.right),
        })
    }
}

//! A network of the nodes, by which Subnets leave the overlay.

use std::collections::{BTreeMap, BTreeSet};

use super::{Index, Kind, KubeOvn, LabelSelector, Meta, ObjectRef, Resource};
use crate::field::FieldPath;
use crate::json::Reader;

/// A `ProviderNetwork`.
#[derive(Clone, Debug, Default)]
pub struct ProviderNetwork {
    /// The metadata.
    pub meta: Meta,
    /// The interface of the nodes that have no other one.
    pub default_interface: String,
    /// Those that have.
    pub custom_interfaces: Vec<CustomInterface>,
    /// The nodes that it is not on.
    pub exclude_nodes: Vec<String>,
    /// Whether labels say which nodes it is on; they alone do then.
    pub selects_nodes: bool,
    /// Those labels.
    pub node_selector: LabelSelector,
    /// Whether the bridge takes the name of the interface, and the interface that of the bridge.
    pub exchanges_names: bool,
    /// Interfaces for tagged frames that stay as they are.
    pub vlan_interfaces: Vec<String>,
}

/// Nodes with an interface of their own.
#[derive(Clone, Debug, Default)]
pub struct CustomInterface {
    /// The interface.
    pub interface: String,
    /// The nodes; empty for what is no text, so that the others keep their places.
    pub nodes: Vec<String>,
}

impl Resource for ProviderNetwork {
    const LOOKED_UP: Option<&'static [&'static str]> =
        Some(&["spec.customInterfaces", "spec.defaultInterface", "spec.excludeNodes", "spec.nodeSelector"]);
    const INDEXES: &'static [Index<Self>] =
        &[Index { name: Self::BY_INTERFACE, words: |network, each| network.interfaces().into_iter().for_each(each) }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let custom = |custom: Reader<'_, '_>| CustomInterface {
            interface: custom.at("interface").string(),
            nodes: custom.at("nodes").items().map(|node| node.string()).collect(),
        };
        Self {
            meta: Meta::read(object),
            default_interface: spec.at("defaultInterface").string(),
            custom_interfaces: spec.at("customInterfaces").items().map(custom).collect(),
            exclude_nodes: spec.at("excludeNodes").strings(),
            selects_nodes: spec.at("nodeSelector").is_present(),
            node_selector: LabelSelector::read(&spec.at("nodeSelector")),
            exchanges_names: spec.at("exchangeLinkName").flag(),
            vlan_interfaces: spec.at("vlanInterfaces").items().map(|name| name.string()).collect(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl ProviderNetwork {
    /// By the interfaces that it takes.
    pub const BY_INTERFACE: &'static str = "interface";

    /// The interfaces that it takes, each once.
    pub fn interfaces(&self) -> BTreeSet<&str> {
        let custom = self.custom_interfaces.iter().map(|custom| custom.interface.as_str());
        custom.chain([self.default_interface.as_str()]).filter(|interface| !interface.is_empty()).collect()
    }

    /// Where it names an interface that it takes.
    pub fn field_of(&self, interface: &str) -> FieldPath {
        let at = self.custom_interfaces.iter().position(|custom| custom.interface == interface);
        match at.filter(|_| self.default_interface != interface) {
            Some(at) => FieldPath::of("spec.customInterfaces").index(at).field("interface"),
            None => FieldPath::of("spec.defaultInterface"),
        }
    }

    /// The nodes that it names, each with the interface that it takes of it: none where it is not on it. Of what labels select nothing is
    /// known.
    pub fn named_nodes(&self) -> BTreeMap<&str, Option<&str>> {
        let mut named = BTreeMap::new();
        for custom in &self.custom_interfaces {
            for node in &custom.nodes {
                named.entry(node.as_str()).or_insert(Some(custom.interface.as_str()));
            }
        }
        for node in &self.exclude_nodes {
            named.insert(node.as_str(), None);
        }
        named
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::ProviderNetwork, &self.meta.name)
    }
}

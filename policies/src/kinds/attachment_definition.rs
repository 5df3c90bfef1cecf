//! A network that Multus can attach.

use super::{Found, Kind, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// A NetworkAttachmentDefinition.
#[derive(Clone, Debug, Default)]
pub struct AttachmentDefinition {
    /// The metadata.
    pub meta: Meta,
    /// The configuration of the plug-in, as JSON; empty where a file on each node has it.
    pub config: String,
}

/// The NetworkAttachmentDefinition that a provider is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedDefinition<'p> {
    /// Its name.
    pub name: &'p str,
    /// Its namespace.
    pub namespace: &'p str,
    /// Whether OVN makes the network, and another plug-in does not.
    pub is_ovn: bool,
}

impl Resource for AttachmentDefinition {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.config"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object), config: object.at("spec").at("config").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl<'p> NamedDefinition<'p> {
    /// `<name>.<namespace>.ovn`, or `<name>.<namespace>`.
    pub(super) fn of(provider: &'p str) -> Option<Self> {
        let mut parts = provider.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(namespace), end @ (None | Some("ovn")), None) => {
                Some(Self { name, namespace, is_ovn: end.is_some() })
            }
            _ => None,
        }
    }

    /// `<namespace>/<name>`
    pub fn reference(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Names it.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::namespaced(Kind::AttachmentDefinition, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_of_a_definition() {
        for (provider, wanted) in [
            ("", None),
            ("ovn", None),
            ("net.ns", Some(("net", "ns", false))),
            ("net.ns.ovn", Some(("net", "ns", true))),
            ("net.ovn", Some(("net", "ovn", false))),
            ("net.ns.other", None),
            ("net.ns.ovn.eth1", None),
            ("a.net.ns.ovn", None),
        ] {
            let found = NamedDefinition::of(provider).map(|found| (found.name, found.namespace, found.is_ovn));
            assert_eq!(found, wanted, "{provider}");
        }
    }
}

//! A VLAN on a network of the nodes.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// A `Vlan`.
#[derive(Clone, Debug, Default)]
pub struct Vlan {
    /// The metadata.
    pub meta: Meta,
    /// The network of the nodes that it is on: the configured one where none is named.
    pub provider: String,
    /// Its number; 0 for traffic without a tag.
    pub id: i64,
}

impl Resource for Vlan {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.id", "spec.provider"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_PROVIDER, words: |vlan, each| each(&vlan.provider) },
        Index { name: Self::BY_TAG, words: |vlan, each| each(&vlan.tag()) },
    ];

    fn read(_: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let provider = spec.at("provider").text().filter(|provider| !provider.is_empty());
        Self {
            meta: Meta::read(object),
            provider: provider.unwrap_or(&kube_ovn.default_provider).to_owned(),
            id: spec.at("id").integer().unwrap_or(0),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Vlan {
    /// By the network of the nodes.
    pub const BY_PROVIDER: &'static str = "provider";
    /// By [`Vlan::tag`].
    pub const BY_TAG: &'static str = "tag";

    /// The network of the nodes with the number on it: what makes it one network with another.
    pub fn tag(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::Vlan, &self.meta.name)
    }
}

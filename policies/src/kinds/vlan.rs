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
    /// Its number under an old name, which is read only when Kube-OVN's controller starts; 0 where none is written.
    pub old_id: i64,
    /// The network of the nodes, likewise.
    pub old_provider: String,
}

impl Resource for Vlan {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.id", "spec.provider"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_PROVIDER, words: |vlan, each| each(&vlan.provider) },
        Index { name: Self::BY_TAG, words: |vlan, each| each(&vlan.tag()) },
    ];

    fn read(_: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            provider: spec.at("provider").string_or(&kube_ovn.default_provider),
            id: spec.at("id").integer().unwrap_or(0),
            old_id: spec.at("vlanId").integer().unwrap_or(0),
            old_provider: spec.at("providerInterfaceName").string(),
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

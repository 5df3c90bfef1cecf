//! The objects of one kind, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kinds::{
    AttachmentDefinition, ConfigMap, IpPool, IptablesEip, Meta, Namespace, NatGateway, Node, ServiceCidr, Subnet, Vpc,
    key,
};

/// The objects of one kind. Namespaced ones have their namespace before the name.
#[derive(Clone, Debug)]
pub(super) struct Table<T>(BTreeMap<String, Arc<T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: HasMeta> Table<T> {
    pub(super) fn insert(&mut self, object: T) {
        self.0.insert(object.key(), Arc::new(object));
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Arc<T>> {
        self.0.remove(key)
    }

    /// The object, also one that is being deleted.
    pub(super) fn stored(&self, key: &str) -> Option<&Arc<T>> {
        self.0.get(key)
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object, unless it is being deleted.
    pub(super) fn living(&self, key: &str) -> Option<Arc<T>> {
        self.stored(key).filter(|object| !object.meta().deleting).cloned()
    }

    /// Those of some objects that are not being deleted.
    pub(super) fn living_of<'k>(&self, keys: impl Iterator<Item = &'k String>) -> Vec<Arc<T>> {
        keys.filter_map(|key| self.living(key)).collect()
    }

    /// All objects, those that are being deleted too.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.values()
    }

    /// All objects that are not being deleted.
    pub(super) fn all_living(&self) -> impl Iterator<Item = &Arc<T>> {
        self.all().filter(|object| !object.meta().deleting)
    }
}

/// Objects that have metadata.
pub(super) trait HasMeta {
    fn meta(&self) -> &Meta;

    /// What tells it from others of its kind.
    fn key(&self) -> String;
}

macro_rules! has_meta {
    ($key:ident: $($kind:ty),*) => {$(
        impl HasMeta for $kind {
            fn meta(&self) -> &Meta {
                &self.meta
            }

            fn key(&self) -> String {
                $key(&self.meta)
            }
        }
    )*};
}

has_meta!(name: Vpc, Subnet, NatGateway, IptablesEip, IpPool, Namespace, Node, ServiceCidr);
has_meta!(namespaced: ConfigMap, AttachmentDefinition);

/// Kubernetes ignores a namespace in a cluster-scoped object.
fn name(meta: &Meta) -> String {
    meta.name.clone()
}

fn namespaced(meta: &Meta) -> String {
    key(&meta.namespace, &meta.name)
}

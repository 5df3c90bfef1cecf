//! The objects of one kind, by name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kinds::{
    AttachmentDefinition, ConfigMap, IpPool, IptablesEip, Meta, Namespace, NatGateway, Node, ServiceCidr, Subnet, Vpc,
    key,
};

/// How far an object has come, the furthest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It is asked whether it may be stored, and does not exist meanwhile.
    Asked,
    /// It is to be stored: others may refer to it.
    Planned,
    /// It is stored: others may be in conflict with it.
    Stored,
}

#[derive(Clone, Debug)]
struct Kept<T> {
    object: Arc<T>,
    standing: Standing,
}

/// What was kept under a name.
pub(super) enum Before<T> {
    Nothing,
    /// The very object, which had come so far.
    Itself(Standing),
    /// Another one, which had come so far.
    Another(Arc<T>, Standing),
}

/// The objects of one kind. Namespaced ones have their namespace before the name.
#[derive(Clone, Debug)]
pub(super) struct Table<T>(BTreeMap<Arc<str>, Kept<T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: HasMeta> Table<T> {
    /// Adds an object, or replaces the one of its name.
    pub(super) fn insert(&mut self, object: &Arc<T>, standing: Standing) {
        self.replace(object.key().into(), object, standing);
    }

    /// Adds an object, and says what was kept under its name before.
    pub(super) fn replace(&mut self, key: Arc<str>, object: &Arc<T>, standing: Standing) -> Before<T> {
        match self.0.insert(key, Kept { object: Arc::clone(object), standing }) {
            None => Before::Nothing,
            Some(kept) if Arc::ptr_eq(&kept.object, object) => Before::Itself(kept.standing),
            Some(kept) => Before::Another(kept.object, kept.standing),
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<(Arc<T>, Standing)> {
        self.0.remove(key).map(|kept| (kept.object, kept.standing))
    }

    /// The object, also one that is being deleted or not yet stored.
    pub(super) fn kept(&self, key: &str) -> Option<&Arc<T>> {
        self.0.get(key).map(|kept| &kept.object)
    }

    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        self.0.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The object, if it has come so far.
    pub(super) fn standing(&self, key: &str, least: Standing) -> Option<Arc<T>> {
        self.0.get(key).filter(|kept| kept.standing >= least).map(|kept| Arc::clone(&kept.object))
    }

    /// The object, if it has come so far, unless it is being deleted.
    pub(super) fn living(&self, key: &str, least: Standing) -> Option<Arc<T>> {
        let kept = self.0.get(key).filter(|kept| kept.standing >= least && !kept.object.meta().deleting);
        kept.map(|kept| Arc::clone(&kept.object))
    }

    /// Those of some objects that have come so far and are not being deleted.
    pub(super) fn living_of<'k>(&self, keys: impl Iterator<Item = &'k Arc<str>>, least: Standing) -> Vec<Arc<T>> {
        keys.filter_map(|key| self.living(key, least)).collect()
    }

    /// All objects that have come so far, those that are being deleted too.
    pub(super) fn all(&self, least: Standing) -> impl Iterator<Item = &Arc<T>> {
        self.0.values().filter(move |kept| kept.standing >= least).map(|kept| &kept.object)
    }

    /// All objects that have come so far and are not being deleted.
    pub(super) fn all_living(&self, least: Standing) -> impl Iterator<Item = &Arc<T>> {
        self.all(least).filter(|object| !object.meta().deleting)
    }
}

/// Objects that have metadata.
pub(super) trait HasMeta {
    fn meta(&self) -> &Meta;

    /// What tells it from others of its kind.
    fn key(&self) -> Cow<'_, str>;
}

macro_rules! has_meta {
    ($key:ident: $($kind:ty),*) => {$(
        impl HasMeta for $kind {
            fn meta(&self) -> &Meta {
                &self.meta
            }

            fn key(&self) -> Cow<'_, str> {
                $key(&self.meta)
            }
        }
    )*};
}

has_meta!(name: Vpc, Subnet, NatGateway, IptablesEip, IpPool, Namespace, Node, ServiceCidr);
has_meta!(namespaced: ConfigMap, AttachmentDefinition);

/// Kubernetes ignores a namespace in a cluster-scoped object.
fn name(meta: &Meta) -> Cow<'_, str> {
    Cow::Borrowed(&meta.name)
}

fn namespaced(meta: &Meta) -> Cow<'_, str> {
    Cow::Owned(key(&meta.namespace, &meta.name))
}

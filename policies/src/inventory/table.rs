//! The objects of one kind, by name.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::kinds::Object;

/// How far an object has come, the furthest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It is asked whether it may be stored, and does not exist meanwhile.
    Asked,
    /// It is to be stored: others may refer to it.
    Planned,
    /// It is stored: others may be in conflict with it.
    Stored,
}

/// An object, and how far it has come.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) object: Object,
    pub(super) stage: Stage,
}

/// The objects of one kind. Namespaced ones have their namespace before the name.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Arc<str>, Kept>);

impl Table {
    /// Adds an object, and gives what was kept under its name before.
    pub(super) fn insert(&mut self, key: &Arc<str>, kept: Kept) -> Option<Kept> {
        self.0.insert(Arc::clone(key), kept)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Kept> {
        self.0.remove(key)
    }

    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        self.0.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The object, if it has come so far.
    pub(super) fn get(&self, key: &str, least: Stage) -> Option<&Object> {
        self.0.get(key).filter(|kept| kept.stage >= least).map(|kept| &kept.object)
    }

    /// Those that have come so far of the objects next to a key, so many on either side, in their order.
    pub(super) fn around(&self, key: &str, most: usize, least: Stage) -> Vec<Object> {
        let before = self.0.range::<str, _>((Bound::Unbounded, Bound::Excluded(key))).rev().take(most);
        let behind = self.0.range::<str, _>((Bound::Excluded(key), Bound::Unbounded)).take(most);
        let mut around: Vec<&Kept> = before.map(|(_, kept)| kept).collect();
        around.reverse();
        around.extend(behind.map(|(_, kept)| kept));
        around.into_iter().filter(|kept| kept.stage >= least).map(|kept| kept.object.clone()).collect()
    }

    /// All objects that have come so far.
    pub(super) fn all(&self, least: Stage) -> impl Iterator<Item = &Object> {
        self.0.values().filter(move |kept| kept.stage >= least).map(|kept| &kept.object)
    }
}

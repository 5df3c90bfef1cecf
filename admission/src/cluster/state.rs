//! The view of a cluster: an inventory, and for every object in it the version that it was seen at.
//!
//! Objects come from watches and, where a denial would rest on one, from a read past them; of two versions of an object the
//! higher stays. A collection's own version says up to where nothing of it has been missed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vpcguard_policies::kinds::key;
use vpcguard_policies::{Holder, Inventory, Kind, Settings};

use super::collection::Collection;
use super::object::RawObject;
use super::watch::CollectionEvent;
use crate::ledger::ResourceVersion;

/// What tells one stored version of an object from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: Box<str>,
    pub(crate) generation: i64,
    pub(crate) version: ResourceVersion,
}

/// How a collection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Not listed yet; why, where that is known.
    Waiting(Option<String>),
    /// Listed.
    Present,
    /// The cluster has no such kind.
    Absent,
}

/// One collection as far as it has been seen.
#[derive(Debug)]
pub(crate) struct CollectionState {
    pub(crate) collection: Collection,
    pub(crate) presence: Presence,
    /// Since when nothing can be heard of it.
    lost_since: Option<Instant>,
    version: ResourceVersion,
    objects: BTreeMap<String, Identity>,
    /// What a list that is under way has named so far.
    listing: BTreeSet<String>,
}

/// The view of a cluster.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) inventory: Inventory,
    seen: Vec<CollectionState>,
}

impl State {
    /// An empty view, with everything still to be listed.
    pub(crate) fn new(settings: &Settings) -> Self {
        let seen = |collection| CollectionState {
            collection,
            presence: Presence::Waiting(None),
            lost_since: None,
            version: ResourceVersion::default(),
            objects: BTreeMap::new(),
            listing: BTreeSet::new(),
        };
        let collections = Collection::looked_up(settings);
        let inventory =
            Inventory::new(settings.kube_ovn.clone()).watching(collections.iter().map(|collection| collection.kind));
        Self { inventory, seen: collections.into_iter().map(seen).collect() }
    }

    /// Takes in what is learnt of a collection.
    pub(super) fn apply(&mut self, collection: &Collection, event: CollectionEvent) {
        let Self { inventory, seen } = self;
        let Some(seen) = seen.iter_mut().find(|seen| seen.collection == *collection) else { return };
        if !matches!(event, CollectionEvent::Lost(_)) {
            seen.lost_since = None;
        }
        match event {
            CollectionEvent::Listing => seen.listing.clear(),
            CollectionEvent::Page(objects) => {
                for object in objects {
                    seen.listing.insert(key_of(seen.collection.kind, &object));
                    seen.apply(&object, inventory);
                }
            }
            CollectionEvent::Listed(version) => {
                let listing = std::mem::take(&mut seen.listing);
                seen.keep_only(&listing, None, inventory);
                // Not the higher of both: a cluster that was restored from a backup counts from there again.
                seen.version = version;
                seen.presence = Presence::Present;
            }
            CollectionEvent::Applied(object) => {
                if seen.is_newer(&object) {
                    seen.apply(&object, inventory);
                }
                seen.version = seen.version.max(object.version());
            }
            CollectionEvent::Removed(object) => {
                if seen.is_newer(&object) {
                    seen.remove(&key_of(seen.collection.kind, &object), inventory);
                }
                seen.version = seen.version.max(object.version());
            }
            CollectionEvent::Reached(version) => seen.version = seen.version.max(version),
            CollectionEvent::Absent => {
                seen.keep_only(&BTreeSet::new(), None, inventory);
                seen.presence = Presence::Absent;
            }
            CollectionEvent::Lost(reason) => {
                seen.lost_since.get_or_insert_with(Instant::now);
                if matches!(seen.presence, Presence::Waiting(_)) {
                    seen.presence = Presence::Waiting(Some(reason));
                }
            }
        }
    }

    /// Takes in an object that was read past the watch.
    pub(super) fn merge(&mut self, kind: Kind, object: RawObject) {
        let object = object.stripped();
        if let Some((seen, inventory)) = self.of(kind, object.namespace(), object.name())
            && seen.is_newer(&object)
        {
            seen.apply(&object, inventory);
        }
    }

    /// Takes in that an object was not there. `known` is what was known of it before that was asked: what has come since
    /// stays.
    pub(super) fn forget(&mut self, kind: Kind, namespace: &str, name: &str, known: Option<&Identity>) {
        if let Some((seen, inventory)) = self.of(kind, namespace, name) {
            let key = key_in(kind, namespace, name);
            if seen.objects.get(&key) == known {
                seen.remove(&key, inventory);
            }
        }
    }

    /// What was last seen of an object.
    pub(super) fn known(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Identity> {
        let seen = self.seen.iter().find(|seen| seen.collection.has(kind, namespace, name))?;
        seen.objects.get(&key_in(kind, namespace, name))
    }

    /// Takes in a whole list that was read past the watch, as of this version.
    pub(super) fn merge_all(&mut self, kind: Kind, objects: Vec<RawObject>, version: ResourceVersion) {
        let Self { inventory, seen } = self;
        let Some(seen) = seen.iter_mut().find(|seen| seen.collection == Collection::all(kind)) else { return };
        let mut listed = BTreeSet::new();
        for object in objects.into_iter().map(RawObject::stripped) {
            listed.insert(key_of(kind, &object));
            if seen.is_newer(&object) {
                seen.apply(&object, inventory);
            }
        }
        seen.keep_only(&listed, Some(version), inventory);
    }

    /// The version up to which nothing of a kind has been missed.
    pub(crate) fn version(&self, kind: Kind) -> ResourceVersion {
        self.whole(kind).map(|seen| seen.version).unwrap_or_default()
    }

    /// The highest version of any object of a kind.
    pub(crate) fn newest(&self, kind: Kind) -> ResourceVersion {
        let versions = self.whole(kind).into_iter().flat_map(|seen| seen.objects.values());
        versions.map(|identity| identity.version).max().unwrap_or_default()
    }

    /// What was last seen of an object of a cluster-scoped kind.
    pub(crate) fn identity(&self, kind: Kind, name: &str) -> Option<&Identity> {
        self.whole(kind)?.objects.get(name)
    }

    /// What was last seen of who claims something.
    pub(crate) fn holder(&self, holder: &Holder) -> Option<&Identity> {
        self.known(holder.kind, &holder.namespace, &holder.name)
    }

    /// Whether the cluster has no such kind, as far as is known.
    pub(crate) fn is_absent(&self, kind: Kind) -> bool {
        self.whole(kind).is_none_or(|seen| seen.presence == Presence::Absent)
    }

    /// All collections.
    pub(crate) fn collections(&self) -> &[CollectionState] {
        &self.seen
    }

    fn whole(&self, kind: Kind) -> Option<&CollectionState> {
        self.seen.iter().find(|seen| seen.collection == Collection::all(kind))
    }

    fn of(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<(&mut CollectionState, &mut Inventory)> {
        let Self { inventory, seen } = self;
        Some((seen.iter_mut().find(|seen| seen.collection.has(kind, namespace, name))?, inventory))
    }
}

impl CollectionState {
    /// For how long nothing has been heard of it.
    pub(crate) fn age(&self) -> Duration {
        self.lost_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn is_newer(&self, object: &RawObject) -> bool {
        let known = self.objects.get(&key_of(self.collection.kind, object));
        known.is_none_or(|known| known.version < object.version())
    }

    fn apply(&mut self, object: &RawObject, inventory: &mut Inventory) {
        let identity =
            Identity { uid: object.uid().into(), generation: object.generation(), version: object.version() };
        self.objects.insert(key_of(self.collection.kind, object), identity);
        inventory.apply(self.collection.kind, &object.0);
    }

    fn remove(&mut self, key: &str, inventory: &mut Inventory) {
        self.objects.remove(key);
        let (namespace, name) = key.split_once('/').unwrap_or(("", key));
        inventory.remove(self.collection.kind, namespace, name);
    }

    /// Removes what a list did not name, unless it is newer than the list.
    fn keep_only(&mut self, listed: &BTreeSet<String>, as_of: Option<ResourceVersion>, inventory: &mut Inventory) {
        let is_gone = |(key, identity): &(&String, &Identity)| {
            !listed.contains(*key) && as_of.is_none_or(|as_of| identity.version <= as_of)
        };
        let gone: Vec<_> = self.objects.iter().filter(is_gone).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.remove(&key, inventory);
        }
    }
}

fn key_of(kind: Kind, object: &RawObject) -> String {
    key_in(kind, object.namespace(), object.name())
}

fn key_in(kind: Kind, namespace: &str, name: &str) -> String {
    key(if kind.is_namespaced() { namespace } else { "" }, name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vpcguard_policies::ClusterView;

    use super::*;

    fn state() -> (State, Collection) {
        (State::new(&Settings::default()), Collection::all(Kind::Subnet))
    }

    fn subnet(name: &str, version: u64, vpc: &str) -> RawObject {
        RawObject(json!({
            "metadata": {"name": name, "uid": format!("u-{name}"), "resourceVersion": version.to_string()},
            "spec": {"vpc": vpc},
        }))
    }

    fn vpc(state: &State, name: &str) -> Option<String> {
        let cluster: &dyn ClusterView = &state.inventory;
        cluster.subnet(name).unwrap().map(|subnet| subnet.vpc.clone().unwrap())
    }

    #[test]
    fn of_two_versions_the_higher_stays() {
        let (mut state, subnets) = state();
        state.merge(Kind::Subnet, subnet("a", 7, "new"));
        state.apply(&subnets, CollectionEvent::Applied(subnet("a", 5, "old")));
        assert_eq!(vpc(&state, "a").as_deref(), Some("new"));
        state.apply(&subnets, CollectionEvent::Removed(subnet("a", 6, "old")));
        assert_eq!(vpc(&state, "a").as_deref(), Some("new"));
        assert_eq!(state.version(Kind::Subnet), ResourceVersion(6));
        state.apply(&subnets, CollectionEvent::Removed(subnet("a", 8, "new")));
        assert_eq!(vpc(&state, "a"), None);
    }

    #[test]
    fn a_list_says_what_is_gone() {
        let (mut state, subnets) = state();
        state.apply(&subnets, CollectionEvent::Applied(subnet("a", 5, "v")));
        state.apply(&subnets, CollectionEvent::Listing);
        state.apply(&subnets, CollectionEvent::Page(vec![subnet("b", 3, "v")]));
        assert!(vpc(&state, "a").is_some());
        assert!(matches!(state.collections()[0].presence, Presence::Waiting(None)));
        state.apply(&subnets, CollectionEvent::Listed(ResourceVersion(9)));
        assert_eq!((vpc(&state, "a"), state.version(Kind::Subnet)), (None, ResourceVersion(9)));
        assert_eq!(state.newest(Kind::Subnet), ResourceVersion(3));
    }

    #[test]
    fn what_comes_while_its_absence_is_told_stays() {
        let (mut state, subnets) = state();
        state.forget(Kind::Subnet, "", "a", None);
        state.apply(&subnets, CollectionEvent::Applied(subnet("a", 5, "v")));
        let before = state.known(Kind::Subnet, "", "a").cloned();
        state.forget(Kind::Subnet, "", "a", None);
        assert!(vpc(&state, "a").is_some());
        state.forget(Kind::Subnet, "", "a", before.as_ref());
        assert!(vpc(&state, "a").is_none());
    }

    #[test]
    fn a_list_past_the_watch_takes_away_nothing_newer() {
        let (mut state, subnets) = state();
        state.apply(&subnets, CollectionEvent::Applied(subnet("a", 5, "v")));
        state.apply(&subnets, CollectionEvent::Applied(subnet("b", 8, "v")));
        state.merge_all(Kind::Subnet, vec![subnet("c", 4, "v")], ResourceVersion(6));
        let found: Vec<_> = ["a", "b", "c"].into_iter().filter(|name| vpc(&state, name).is_some()).collect();
        assert_eq!(found, ["b", "c"]);
        assert_eq!(state.version(Kind::Subnet), ResourceVersion(8));
    }

    #[test]
    fn a_missing_kind_has_no_objects_and_a_lost_one_keeps_them() {
        let (mut state, subnets) = state();
        state.apply(&subnets, CollectionEvent::Applied(subnet("a", 5, "v")));
        state.apply(&subnets, CollectionEvent::Lost("away".to_owned()));
        assert!(vpc(&state, "a").is_some());
        state.apply(&subnets, CollectionEvent::Absent);
        assert!(vpc(&state, "a").is_none());
    }
}

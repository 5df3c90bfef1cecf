//! Without a cluster: requests are judged against a directory of manifests, and what has been admitted since.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use vpcguard_policies::{Head, Inventory, Kind, Request, Settings, Verdict, ViewError, mutate, needs_verdict, review};

use super::change::Change;
use super::endpoint::Endpoint;
use crate::files::{self, LoadError};

/// A cluster in memory.
#[derive(Debug)]
pub(super) struct Standalone {
    settings: ArcSwap<Settings>,
    inventory: RwLock<Inventory>,
}

impl Standalone {
    /// The cluster of these manifests, taken as they are. Of two documents about one object the later wins.
    pub(super) fn load(dir: &Path, settings: Settings) -> Result<Self, LoadError> {
        let mut inventory = Inventory::new(settings.kube_ovn.clone());
        let loaded = files::load(&[dir.to_owned()])?;
        for note in &loaded.notes {
            tracing::warn!(directory = %dir.display(), "{note}");
        }
        for document in loaded.documents {
            if let Some(kind) = Kind::of(&document.object) {
                inventory.apply(kind, &document.object);
            }
        }
        Ok(Self::of(inventory, settings))
    }

    /// The cluster of an inventory.
    pub(super) fn of(inventory: Inventory, settings: Settings) -> Self {
        Self { settings: ArcSwap::from_pointee(settings), inventory: RwLock::new(inventory) }
    }

    /// What is to be injected into an object. Changes nothing: the request comes again, to be validated.
    pub(super) fn mutate(&self, request: &Request) -> Result<Verdict, ViewError> {
        mutate(request, &*self.read(), &self.settings.load())
    }

    /// Judges a request. What it changes once admitted is changed before any other request that could conflict with it
    /// is looked at, so of two Subnets that want one range, only one is ever admitted.
    pub(super) fn validate(&self, request: &Request) -> Result<Verdict, ViewError> {
        let Some(change) = Change::of(request) else { return review(request, &*self.read(), &self.settings.load()) };
        let mut inventory = self.write();
        let verdict = review(request, &*inventory, &self.settings.load())?;
        if verdict.allowed {
            change.make(&mut inventory, request);
        }
        Ok(verdict)
    }

    /// Whether a request that gets no verdict is refused.
    pub(super) fn needs_verdict(&self, endpoint: Endpoint, head: &Head) -> bool {
        needs_verdict(endpoint.question(), head, &self.settings.load())
    }

    /// Does something by the settings that requests are judged by.
    pub(super) fn by_settings<T>(&self, done: impl FnOnce(&Settings) -> T) -> T {
        done(&self.settings.load())
    }

    /// Judges by other settings from now on. The inventory was read by how Kube-OVN was configured, which therefore stays.
    pub(super) fn replace_settings(&self, settings: Settings) -> Result<(), String> {
        if self.settings.load().kube_ovn != settings.kube_ovn {
            return Err("kubeOvn cannot change while the manifests are in memory: start anew".to_owned());
        }
        self.settings.store(Arc::new(settings));
        Ok(())
    }

    /// How many objects there are of each kind that is kept.
    pub(super) fn counts(&self) -> Vec<(Kind, usize)> {
        let inventory = self.read();
        let kept = Kind::ALL.iter().copied().filter(|kind| Inventory::keeps(*kind));
        kept.map(|kind| (kind, inventory.count(kind))).collect()
    }

    // A panic while the lock was held was one request's; the others are still answered.
    fn read(&self) -> RwLockReadGuard<'_, Inventory> {
        self.inventory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inventory> {
        self.inventory.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use serde_json::{Value, json};

    use super::super::change::tests::{request, subnet};
    use super::*;

    fn cluster() -> Standalone {
        Standalone { settings: ArcSwap::default(), inventory: RwLock::default() }
    }

    fn allows(cluster: &Standalone, fields: &Value) -> bool {
        cluster.validate(&request(fields)).unwrap().allowed
    }

    #[test]
    fn an_admitted_subnet_holds_its_range_until_it_is_deleted() {
        let cluster = cluster();
        let (a, b) = (subnet("a", "10.1.0.0/16"), subnet("b", "10.1.0.0/24"));
        assert!(allows(&cluster, &json!({"object": a})));
        assert!(!allows(&cluster, &json!({"object": b})));
        assert!(allows(&cluster, &json!({"operation": "DELETE", "oldObject": a, "dryRun": true})));
        assert!(!allows(&cluster, &json!({"object": b})));
        assert!(allows(&cluster, &json!({"operation": "DELETE", "oldObject": a})));
        assert!(allows(&cluster, &json!({"object": b})));
    }

    #[test]
    fn the_stored_version_is_the_last_admitted_one() {
        let cluster = cluster();
        let (old, new) = (subnet("a", "10.1.0.0/16"), subnet("a", "10.2.0.0/16"));
        assert!(allows(&cluster, &json!({"object": old})));
        // A CREATE of an existing name is one that the API server has not seen stored: it replaces.
        assert!(allows(&cluster, &json!({"object": new})));
        assert!(allows(&cluster, &json!({"object": subnet("b", "10.1.0.0/16")})));
        assert!(!allows(&cluster, &json!({"object": subnet("c", "10.2.0.0/16")})));
        assert_eq!(cluster.counts().iter().map(|(_, count)| count).sum::<usize>(), 2);
    }

    #[test]
    fn of_threads_that_want_one_range_one_gets_it() {
        const THREADS: usize = 16;
        const RANGES: usize = 50;
        let (cluster, together) = (cluster(), Barrier::new(THREADS));
        let claims = |thread: usize| {
            let claim = |range: usize| {
                let subnet = subnet(&format!("s-{range}-{thread}"), &format!("10.{range}.0.0/{}", 16 + thread / 2));
                let request = request(&json!({"object": subnet}));
                together.wait();
                cluster.validate(&request).unwrap().allowed
            };
            (0..RANGES).filter(|range| claim(*range)).collect::<Vec<_>>()
        };
        let mut claimed = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let claims = &claims;
                    scope.spawn(move || claims(thread))
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        claimed.sort_unstable();
        assert_eq!(claimed, (0..RANGES).collect::<Vec<_>>());
    }

    #[test]
    fn a_dry_run_claims_nothing() {
        let cluster = cluster();
        assert!(allows(&cluster, &json!({"object": subnet("a", "10.1.0.0/16"), "dryRun": true})));
        assert!(allows(&cluster, &json!({"object": subnet("b", "10.1.0.0/16")})));
    }

    #[test]
    fn a_panic_under_the_lock_does_not_lock_the_others_out() {
        let cluster = cluster();
        std::thread::scope(|scope| {
            let panicking = scope.spawn(|| {
                let _guard = cluster.inventory.write();
                panic!("for the test");
            });
            assert!(panicking.join().is_err());
        });
        assert!(allows(&cluster, &json!({"object": subnet("a", "10.1.0.0/16")})));
    }
}

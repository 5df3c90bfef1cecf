//! Looks after what is stored: writes the address indexes, and reports what should never have been stored.
//!
//! Whatever gets past the webhook (it was away, or the writer is exempted, or two rules' objects were written at the same
//! instant) is found here, and reported by events, metrics and the condition `Disjoint` of an `AddressIndex`. No object of
//! a user is ever touched. Every replica does all of it: what one has written, the others find done.

mod indexes;
pub(crate) mod sweep;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::cache::ClusterCache;
use super::events::Events;
use indexes::{Indexes, Pair};
use sweep::Counts;

/// How long changes are gathered before indexes are written.
const GATHERING: Duration = Duration::from_secs(1);

/// What has been found, for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Found {
    overlaps: AtomicUsize,
    violations: Mutex<Counts>,
}

impl Found {
    /// How many pairs of stored Subnets overlap.
    pub(crate) fn overlaps(&self) -> usize {
        self.overlaps.load(Ordering::Relaxed)
    }

    /// How many stored objects violate each rule, by kind; also those that did once, which are none now.
    pub(crate) fn violations(&self) -> Counts {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_violations(&self, found: Counts) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        for count in violations.values_mut() {
            *count = 0;
        }
        violations.extend(found);
    }
}

/// Begins, in tasks that end with the others.
pub(crate) fn run(cache: &Arc<ClusterCache>, found: &Arc<Found>, every: Duration, tasks: &mut JoinSet<()>) {
    tasks.spawn(keep_indexes(Arc::clone(cache), Arc::clone(found)));
    tasks.spawn(sweep_again_and_again(Arc::clone(cache), Arc::clone(found), every));
}

async fn keep_indexes(cache: Arc<ClusterCache>, found: Arc<Found>) {
    let mut changes = cache.changes();
    let mut indexes = Indexes::new(cache.client().clone());
    let events = Events::new(cache.client().clone());
    let mut reported: Vec<Pair> = Vec::new();
    loop {
        // Replicas that write at the same moment would all but one have done so in vain.
        sleep(GATHERING + Duration::from_millis(fastrand::u64(0..500))).await;
        if cache.waiting().is_empty() {
            // What changes from here on is looked at next time.
            changes.mark_unchanged();
            match indexes.write(&cache).await {
                Ok(pairs) => {
                    found.overlaps.store(pairs.len(), Ordering::Relaxed);
                    for (one, other) in pairs.iter().filter(|pair| !reported.contains(pair)) {
                        events.subnets_overlap(&cache, one, other).await;
                    }
                    reported = pairs;
                }
                Err(reason) => tracing::warn!(reason, "cannot write an address index"),
            }
        }
        if !indexes.is_behind() && changes.changed().await.is_err() {
            return;
        }
    }
}

async fn sweep_again_and_again(cache: Arc<ClusterCache>, found: Arc<Found>, every: Duration) {
    let events = Events::new(cache.client().clone());
    let beginning = Instant::now();
    loop {
        if cache.waiting().is_empty() {
            match sweep::sweep(&cache, &events).await {
                Ok(violations) => found.set_violations(violations),
                Err(reason) => tracing::warn!(reason, "cannot look through what is stored"),
            }
            // Replicas that begin together need not go on together.
            sleep(every.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
        } else if beginning.elapsed() < every {
            sleep(GATHERING).await;
        } else {
            sleep(every).await;
        }
    }
}

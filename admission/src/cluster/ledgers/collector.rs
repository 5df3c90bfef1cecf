//! Releases claims: at once when their request is seen stored, else when it can no longer be.
//!
//! Every replica does so for all claims, its own first. No two need to agree, for each release is a compare-and-swap.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval};
use vpcguard_policies::Holder;

use super::Ledgers;
use super::writer::Ask;
use crate::cluster::cache::ObjectEvent;
use crate::cluster::state::Identity;
use crate::ledger::{Claim, ResourceVersion, Scope};

/// How often claims are looked through.
const TICK: Duration = Duration::from_millis(500);

/// How long another replica has to release what it has claimed itself, at least and at most.
const COURTESY: std::ops::Range<u64> = 1000..3000;

/// How long a release may take before it is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

/// Claims in flight, by their ledger and id: a request may have one in the common ledger as well, for a moment.
type AllKnown = HashMap<(Scope, String), Known>;

/// What is known of a claim in flight.
struct Known {
    scope: Scope,
    claim: Claim,
    /// By our own clock, for no two clocks agree.
    first_seen: Instant,
    /// How long it is left to the replica that made it.
    courtesy: Duration,
    asked: Option<Instant>,
}

/// Releases claims for ever.
pub(super) async fn run(ledgers: Arc<Ledgers>, mut stored: UnboundedReceiver<ObjectEvent>) {
    let mut known = HashMap::new();
    let mut changes = ledgers.store.changes();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            still = changes.changed() => {
                if still.is_err() {
                    return;
                }
                look_up(&ledgers, &mut known);
            }
            object = stored.recv() => match object {
                Some(object) => seen(&ledgers, &mut known, &object),
                None => return,
            },
            _ = ticks.tick() => {
                look_up(&ledgers, &mut known);
                collect(&ledgers, &mut known);
            }
        }
    }
}

/// Takes up the claims that have come, drops those that have gone, and releases what is stored already.
fn look_up(ledgers: &Arc<Ledgers>, known: &mut AllKnown) {
    let mut before = std::mem::take(known);
    let in_flight = ledgers.store.in_flight();
    let unproven = in_flight.iter().flat_map(|ledger| &ledger.claims);
    ledgers.peers.in_flight(unproven.filter_map(|claim| Some((claim.id.as_str(), claim.unproven?))));
    for ledger in in_flight {
        for claim in ledger.claims {
            let key = (ledger.scope.clone(), claim.id.clone());
            let met = before.remove(&key).unwrap_or_else(|| Known {
                scope: ledger.scope.clone(),
                courtesy: if ledgers.is_own(&claim.id) {
                    Duration::ZERO
                } else {
                    Duration::from_millis(fastrand::u64(COURTESY))
                },
                first_seen: Instant::now(),
                asked: None,
                claim,
            });
            known.insert(key, met);
        }
    }
    for ((_, id), met) in before {
        // It may be in the other ledger.
        if known.keys().any(|(_, other)| *other == id) {
            continue;
        }
        let is_over = met.first_seen.elapsed() >= ledgers.hold;
        if let Some(origin) = ledgers.let_go(&id)
            && is_over
            && met.identity(ledgers).is_none()
        {
            ledgers.count_lost(origin);
        }
    }
    for met in known.values_mut() {
        if let Some(found) = met.identity(ledgers) {
            met.release(ledgers, Some(found.version), true);
        }
    }
}

/// Releases what an object was claimed for that has been stored, or removed: neither will be stored once more.
fn seen(ledgers: &Arc<Ledgers>, known: &mut AllKnown, object: &ObjectEvent) {
    for met in known.values_mut() {
        let Holder { kind, namespace, name } = &met.claim.holder;
        let is_its_own = (*kind, namespace, name) == (object.kind, &object.namespace, &object.name);
        let is_removed = object.removed && met.claim.object_uid == object.uid;
        let is_fulfilled = met.claim.is_fulfilled_by(&object.uid, object.generation);
        if is_its_own && (is_removed || is_fulfilled) {
            met.release(ledgers, Some(object.version), is_fulfilled && !object.removed);
        }
    }
}

/// Collects what is over its hold.
fn collect(ledgers: &Arc<Ledgers>, known: &mut AllKnown) {
    for met in known.values_mut() {
        if met.first_seen.elapsed() >= ledgers.hold + met.courtesy {
            met.ask(ledgers, Ask::Collect { id: met.claim.id.clone() });
        }
    }
}

impl Known {
    /// What is stored of it, as far as that has been seen.
    fn identity(&self, ledgers: &Ledgers) -> Option<Identity> {
        let state = ledgers.cache.read();
        let found = state.holder(&self.claim.holder);
        found.filter(|found| self.claim.is_fulfilled_by(&found.uid, found.generation)).cloned()
    }

    fn release(&mut self, ledgers: &Arc<Ledgers>, stored_at: Option<ResourceVersion>, is_stored: bool) {
        if self.first_seen.elapsed() >= self.courtesy {
            let proven = is_stored.then(|| ledgers.proves(&self.claim)).flatten();
            self.ask(ledgers, Ask::Release { id: self.claim.id.clone(), stored_at, proven });
        }
    }

    fn ask(&mut self, ledgers: &Arc<Ledgers>, ask: Ask) {
        if self.asked.is_none_or(|asked| asked.elapsed() >= AGAIN) {
            self.asked = Some(Instant::now());
            ledgers.release(&self.scope, ask);
        }
    }
}

//! Releases claims: at once when their request is seen stored, else when it can no longer be.
//!
//! Every replica does so for all claims, its own first. No two need to agree, for each release is a compare-and-swap.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Ledgers;
use super::writer::Ask;
use crate::cluster::live::Stored;
use crate::ledger::{Claim, Scope, Version};

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
pub(super) async fn run(ledgers: Arc<Ledgers>, mut stored: UnboundedReceiver<Stored>) {
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
    for ledger in ledgers.store.in_flight() {
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
    for (_, id) in before.into_keys() {
        if !known.keys().any(|(_, other)| *other == id) {
            ledgers.disown(&id);
        }
    }
    for met in known.values_mut() {
        let identity = {
            let state = ledgers.live.read();
            state.identity(met.scope.holders(), &met.claim.holder).cloned()
        };
        if let Some(found) = identity.filter(|found| met.claim.is_fulfilled_by(&found.uid, found.generation)) {
            met.release(ledgers, Some(found.version));
        }
    }
}

/// Releases what an object was claimed for that has been stored, or removed: neither will be stored once more.
fn seen(ledgers: &Arc<Ledgers>, known: &mut AllKnown, object: &Stored) {
    for met in known.values_mut() {
        let is_its_own = met.claim.holder == object.name && met.scope.holders() == object.kind;
        let is_removed = object.removed && met.claim.object_uid == object.uid;
        if is_its_own && (is_removed || met.claim.is_fulfilled_by(&object.uid, object.generation)) {
            met.release(ledgers, Some(object.version));
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
    fn release(&mut self, ledgers: &Arc<Ledgers>, stored_at: Option<Version>) {
        if self.first_seen.elapsed() >= self.courtesy {
            self.ask(ledgers, Ask::Release { id: self.claim.id.clone(), stored_at });
        }
    }

    fn ask(&mut self, ledgers: &Arc<Ledgers>, ask: Ask) {
        if self.asked.is_none_or(|asked| asked.elapsed() >= AGAIN) {
            self.asked = Some(Instant::now());
            ledgers.release(&self.scope, ask);
        }
    }
}

//! The ledgers of a live cluster: claims on their way in, and out again.
//!
//! Each ledger that is asked for has a [`writer`], which makes one PUT of everything that waits for it. [`store`] is what
//! the API server keeps; [`collector`] releases claims that are stored, or can no longer be; [`remover`] removes the ledgers
//! of what is gone.

mod collector;
mod common;
mod presence;
mod remover;
mod store;
mod writer;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use vpcguard_policies::{Request, Wanted};

use super::live::{Live, Stored};
use crate::ledger::{Claim, Scope};
use store::Store;
pub(crate) use store::{Counted, Totals};
use writer::{Ask, Reply, Writer};

/// How many requests wait for one ledger before more are turned away.
const QUEUE: usize = 1024;

/// How often a claim is asked for in one ledger because the other one is not there, or is by now.
const MOST_MOVES: usize = 5;

/// What happens to a request whose claim cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// It is refused.
    Required,
    /// It is admitted with a warning.
    BestEffort,
    /// There are no claims at all.
    Off,
}

/// Why a request cannot have what it wants, though no rule refuses it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Somebody else is about to get it.
    #[error("{holder} was admitted a moment ago with addresses that overlap, and is not stored yet: try again")]
    InFlight {
        /// `Subnet "a"`, or what may be said of it.
        holder: String,
    },
    /// Too many requests at once.
    #[error("{0}: try again")]
    Busy(String),
    /// It can be neither granted nor denied until somebody mends this.
    #[error("{0}")]
    Unavailable(String),
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is entered.
    Granted,
    /// It is not needed, or cannot be entered, and the request is admitted all the same, with this warning.
    Unclaimed(Option<String>),
    /// Something that is stored is in its way: the rules have to look again.
    Reconsider,
    /// It cannot be entered.
    Refused(Refusal),
}

/// All ledgers.
#[derive(Debug)]
pub(crate) struct Ledgers {
    mode: Mode,
    hold: Duration,
    live: Arc<Live>,
    store: Arc<Store>,
    writers: Mutex<HashMap<Scope, mpsc::Sender<Ask>>>,
    /// The claims that were asked for here, and that this replica is the first to release.
    own: Mutex<HashSet<String>>,
}

impl Ledgers {
    /// The ledgers of a cluster, written by a client that tries nothing again. `hold` is how long a claim is kept for a
    /// request of which nothing more is heard.
    pub(crate) fn new(live: Arc<Live>, client: Client, mode: Mode, hold: Duration, counted: Arc<Counted>) -> Arc<Self> {
        let store = Arc::new(Store::new(client, counted));
        Arc::new(Self { mode, hold, live, store, writers: Mutex::default(), own: Mutex::default() })
    }

    /// Follows the ledgers and releases claims, in tasks that end with the others.
    pub(crate) fn run(self: &Arc<Self>, stored: mpsc::UnboundedReceiver<Stored>, tasks: &mut JoinSet<()>) {
        if self.mode != Mode::Off {
            tasks.spawn(Arc::clone(&self.store).follow());
            tasks.spawn(collector::run(Arc::clone(self), stored));
            tasks.spawn(remover::run(Arc::clone(&self.live), Arc::clone(&self.store)));
        }
    }

    /// Claims what an admitted request wants, by a time limit.
    pub(crate) async fn claim(self: &Arc<Self>, request: &Request, wanted: Wanted, limit: Instant) -> Outcome {
        if self.mode == Mode::Off {
            return Outcome::Unclaimed(None);
        }
        let outcome = match self.ask(request, wanted, limit).await {
            Outcome::Refused(refusal @ (Refusal::Busy(_) | Refusal::Unavailable(_)))
                if self.mode == Mode::BestEffort =>
            {
                Outcome::Unclaimed(Some(refusal.to_string()))
            }
            outcome => outcome,
        };
        self.store.count(&outcome);
        outcome
    }

    async fn ask(self: &Arc<Self>, request: &Request, wanted: Wanted, limit: Instant) -> Outcome {
        let own = Scope::Own(wanted.space.clone());
        let is_there = self.store.knows(&own)
            || match presence::is_there(&self.live, &wanted.space).await {
                Ok(is_there) => is_there,
                Err(error) => return Outcome::Refused(Refusal::Busy(error.to_string())),
            };
        let (mut scope, mut other) = (own, Scope::common(&wanted.space));
        if !is_there {
            std::mem::swap(&mut scope, &mut other);
        }
        for _ in 0..MOST_MOVES {
            match self.ask_in(&scope, request, &wanted, limit).await {
                Reply::Settled(outcome) => return outcome,
                Reply::Elsewhere => std::mem::swap(&mut scope, &mut other),
            }
        }
        Outcome::Refused(Refusal::Busy("what the addresses are of comes and goes too fast".to_owned()))
    }

    async fn ask_in(self: &Arc<Self>, scope: &Scope, request: &Request, wanted: &Wanted, limit: Instant) -> Reply {
        let claim = self.claim_of(request, wanted);
        let (reply, answer) = oneshot::channel();
        let id = claim.id.clone();
        if !request.dry_run {
            self.own().insert(id.clone());
        }
        let ask = Ask::Claim(writer::Asked {
            claim,
            contested: if wanted.tolerant { Vec::new() } else { wanted.contested.clone() },
            dry_run: request.dry_run,
            limit,
            reply,
        });
        let busy = |text: &str| Reply::Settled(Outcome::Refused(Refusal::Busy(text.to_owned())));
        let writer = self.writer(scope);
        if writer.try_send(ask).is_err() {
            return busy("too many requests wait for this address space");
        }
        let (reply, is_late) = match timeout_at(limit, answer).await {
            Ok(Ok(reply)) => (reply, false),
            // A writer that ended without an answer has panicked: a bug, and no reason to admit anything.
            Ok(Err(_)) => (busy("the claim was lost"), false),
            Err(_) => (busy("the addresses could not be claimed in time"), true),
        };
        let is_granted = reply == Reply::Settled(Outcome::Granted);
        // It may be entered yet, for a request that is refused here and now. In the common ledger it may be already: there a
        // claim is looked at once more after it was entered.
        if is_late || (scope.is_common() && !is_granted && !request.dry_run) {
            let _ = writer.try_send(Ask::Release { id, stored_at: None });
        }
        if !is_late && !is_granted {
            self.disown(&request.uid);
        }
        reply
    }

    fn is_own(&self, id: &str) -> bool {
        self.own().contains(id)
    }

    fn disown(&self, id: &str) {
        self.own().remove(id);
    }

    fn own(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_of(&self, request: &Request, wanted: &Wanted) -> Claim {
        let metadata = request.object.get("metadata");
        let text =
            |field| metadata.and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or_default();
        let generation = metadata.and_then(|metadata| metadata.get("generation")).and_then(Value::as_i64);
        let hold = SignedDuration::try_from(self.hold).unwrap_or(SignedDuration::MAX);
        let deadline = Timestamp::now().saturating_add(hold).unwrap_or(Timestamp::MAX);
        Claim {
            id: request.uid.clone(),
            space: wanted.space.clone(),
            holder: wanted.holder.clone(),
            object_uid: text("uid").to_owned(),
            generation: generation.unwrap_or_default(),
            prefixes: wanted.prefixes.clone(),
            deadline: format!("{deadline:.0}"),
        }
    }

    /// Asks for a claim's release; somebody else may have done it already.
    fn release(self: &Arc<Self>, scope: &Scope, ask: Ask) {
        // Where the queue is full, the collector comes by again.
        let _ = self.writer(scope).try_send(ask);
    }

    /// The writer of a ledger, begun where there is none.
    fn writer(self: &Arc<Self>, scope: &Scope) -> mpsc::Sender<Ask> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writers.get(scope).filter(|writer| !writer.is_closed()) {
            return writer.clone();
        }
        let (sender, asks) = mpsc::channel(QUEUE);
        let writer = Writer::new(scope.clone(), Arc::clone(&self.live), Arc::clone(&self.store));
        tokio::spawn(writer.run(asks));
        writers.insert(scope.clone(), sender.clone());
        sender
    }

    /// What has been counted so far, for the ledgers that follow these.
    pub(crate) fn counted(&self) -> Arc<Counted> {
        self.store.counted()
    }

    /// What the metrics say of them.
    pub(crate) fn totals(&self) -> Totals {
        self.store.totals()
    }

    /// Why no claim can be entered, if that is so.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.store.trouble()
    }
}

//! The ledgers of a live cluster: claims on their way in, and out again.
//!
//! Each ledger that is asked for has a [`writer`], which makes one PUT of everything that waits for it. [`store`] is what
//! the API server keeps; [`collector`] releases claims that are stored, or can no longer be; [`remover`] removes the ledgers
//! of what is gone. [`peers`] says which peers are known to be API servers, and [`asking`] what is asked of those that are
//! not.

mod asking;
mod collector;
mod common;
mod doubt;
mod peers;
mod presence;
mod remover;
mod store;
mod writer;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use vpcguard_policies::{AddressClaim, AddressSpace, Operation, Request};

use super::cache::{ClusterCache, ObjectEvent};
use crate::ledger::{Claim, Scope};
use asking::{Asking, Origin};
pub(crate) use peers::{PeerTotals, Peers};
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

/// Where a `lanIp` is claimed against other ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LanIpLedgers {
    /// In its Subnet's own ledger, the only one that older versions know, and in the one that many share.
    Both,
    /// In the one that many share.
    Shared,
}

/// Why a request cannot have what it wants, though no rule refuses it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Somebody else is about to get it.
    #[error("{holder} was admitted a moment ago with {taken}, and is not stored yet: try again")]
    InFlight {
        /// `Subnet "a"`, or what may be said of it.
        holder: String,
        /// What both want.
        taken: &'static str,
    },
    /// There is one of this name already.
    #[error("{0} already exists")]
    Exists(String),
    /// Too many requests at once.
    #[error("{0}: try again")]
    Busy(String),
    /// It can be neither granted nor denied until somebody fixes this.
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
    lan_ips: LanIpLedgers,
    hold: Duration,
    cache: Arc<ClusterCache>,
    store: Arc<Store>,
    peers: Arc<Peers>,
    writers: Mutex<HashMap<Scope, mpsc::Sender<Ask>>>,
    /// The claims that were asked for here, and that this replica is the first to release.
    own: Mutex<HashMap<String, Origin>>,
}

/// What outlives the ledgers when others follow them.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    /// What has been counted so far.
    pub(crate) counted: Arc<Counted>,
    /// What is known of who asks.
    pub(crate) peers: Arc<Peers>,
}

impl Ledgers {
    /// The ledgers of a cluster, written by a client that tries nothing again. `hold` is how long a claim is kept for a
    /// request of which nothing more is heard.
    pub(crate) fn new(
        cache: Arc<ClusterCache>,
        client: Client,
        (mode, lan_ips): (Mode, LanIpLedgers),
        hold: Duration,
        from: Inherited,
    ) -> Arc<Self> {
        let Inherited { counted, peers } = from;
        let store = Arc::new(Store::new(client, counted, Arc::clone(&peers)));
        Arc::new(Self { mode, lan_ips, hold, cache, store, peers, writers: Mutex::default(), own: Mutex::default() })
    }

    /// Follows the ledgers and releases claims, in tasks that end with the others.
    pub(crate) fn run(self: &Arc<Self>, stored: mpsc::UnboundedReceiver<ObjectEvent>, tasks: &mut JoinSet<()>) {
        if self.mode != Mode::Off {
            tasks.spawn(Arc::clone(&self.store).follow());
            tasks.spawn(collector::run(Arc::clone(self), stored));
            tasks.spawn(remover::run(Arc::clone(&self.cache), Arc::clone(&self.store)));
        }
    }

    /// Claims what an admitted request of a peer wants, by a time limit.
    pub(crate) async fn claim(
        self: &Arc<Self>,
        request: &Request,
        peer: IpAddr,
        wanted: &[AddressClaim],
        limit: Instant,
    ) -> Outcome {
        if self.mode == Mode::Off {
            return Outcome::Unclaimed(None);
        }
        let is_wanted = |wanted: &&AddressClaim| match wanted.space {
            AddressSpace::Subnet(_) => self.lan_ips == LanIpLedgers::Both,
            AddressSpace::Vpc(_) | AddressSpace::Shared(_) => true,
        };
        let wanted: Vec<_> = wanted.iter().filter(is_wanted).cloned().collect();
        if wanted.is_empty() {
            return Outcome::Unclaimed(None);
        }
        let outcome = match self.ask(request, peer, &wanted, limit).await {
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

    /// Claims in one ledger after the other, in the order of their names: so two requests that want the same in two ledgers
    /// never have one each. What was entered before one fails is taken back.
    async fn ask(
        self: &Arc<Self>,
        request: &Request,
        peer: IpAddr,
        wanted: &[AddressClaim],
        limit: Instant,
    ) -> Outcome {
        if request.operation == Operation::Create
            && let Some(refusal) = self.refuse_what_exists(wanted).await
        {
            return Outcome::Refused(refusal);
        }
        let claims = wanted.iter().map(|wanted| self.claim_of(request, wanted)).collect();
        let (claims, mut asking) = match Asking::begin(self, request, peer, claims, limit).await {
            Ok(begun) => begun,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        for (wanted, claim) in wanted.iter().zip(claims) {
            match self.ask_for(request, wanted, claim, &mut asking, limit).await {
                Outcome::Granted => {}
                outcome => return outcome,
            }
        }
        if !request.dry_run {
            asking.enter();
        }
        Outcome::Granted
    }

    /// The API server refuses to create what is there, but only after it has asked here: a claim would be left behind, and
    /// whoever creates again and again would hold addresses that nothing has. What is not seen to be there costs nothing.
    async fn refuse_what_exists(&self, wanted: &[AddressClaim]) -> Option<Refusal> {
        let holder = &wanted.first()?.holder;
        let is_there = || self.cache.read().holder(holder).is_some();
        if !is_there() {
            return None;
        }
        match self.cache.refresh_object(holder.kind, &holder.namespace, &holder.name).await {
            Err(error) => Some(Refusal::Busy(error.to_string())),
            Ok(()) => is_there().then(|| Refusal::Exists(format!("{} {:?}", holder.kind, holder.name))),
        }
    }

    async fn ask_for(
        self: &Arc<Self>,
        request: &Request,
        wanted: &AddressClaim,
        claim: Claim,
        asking: &mut Asking<'_>,
        limit: Instant,
    ) -> Outcome {
        let own = Scope::Own(wanted.space.clone());
        let is_there = self.store.knows(&own)
            || match presence::is_there(&self.cache, &wanted.space).await {
                Ok(is_there) => is_there,
                Err(error) => return Outcome::Refused(Refusal::Busy(error.to_string())),
            };
        // What many share has no other one, and is nowhere else.
        let mut other = Scope::common(&wanted.space).unwrap_or_else(|| own.clone());
        let mut scope = own;
        if !is_there {
            std::mem::swap(&mut scope, &mut other);
        }
        let mut moves = 0;
        loop {
            match self.ask_in(&scope, request, wanted, claim.clone(), limit).await {
                Reply::Settled(outcome) => {
                    if outcome == Outcome::Granted && !request.dry_run {
                        asking.is_entered_in(scope);
                    }
                    return outcome;
                }
                Reply::Elsewhere if moves == MOST_MOVES => {
                    let text = "what the addresses are of comes and goes too fast".to_owned();
                    return Outcome::Refused(Refusal::Busy(text));
                }
                Reply::Elsewhere => {
                    std::mem::swap(&mut scope, &mut other);
                    moves += 1;
                }
                Reply::Crowded => {
                    if let Err(refusal) = asking.wait_for_a_place().await {
                        return Outcome::Refused(refusal);
                    }
                }
            }
        }
    }

    async fn ask_in(
        self: &Arc<Self>,
        scope: &Scope,
        request: &Request,
        wanted: &AddressClaim,
        claim: Claim,
        limit: Instant,
    ) -> Reply {
        let (reply, answer) = oneshot::channel();
        let id = claim.id.clone();
        let asked = writer::ClaimRequest {
            claim,
            added: wanted.contested.clone(),
            dry_run: request.dry_run,
            limit,
            patience: doubt::patience(limit),
            passes_over: Vec::new(),
            reply,
        };
        let ask = Ask::Claim(Box::new(asked));
        let busy = |text: &str| Reply::Settled(Outcome::Refused(Refusal::Busy(text.to_owned())));
        let writer = self.writer(scope);
        if writer.try_send(ask).is_err() {
            return busy("too many requests wait for this address space");
        }
        let reply = match timeout_at(limit, answer).await {
            Ok(Ok(reply)) => reply,
            // A writer that ended without an answer has panicked: a bug, and no reason to admit anything.
            Ok(Err(_)) => busy("the claim was lost"),
            Err(_) => busy("the addresses could not be claimed in time"),
        };
        // It may be entered yet, for a request that is refused here and now, or may be already: each claim is looked at once
        // more after it was entered. That of a dry run never is.
        if reply != Reply::Settled(Outcome::Granted) && !request.dry_run {
            let _ = writer.try_send(Ask::Release { id, stored_at: None, proven: None });
        }
        reply
    }

    fn is_own(&self, id: &str) -> bool {
        self.own().contains_key(id)
    }

    fn disown(&self, id: &str) -> Option<Origin> {
        self.own().remove(id)
    }

    fn own(&self) -> std::sync::MutexGuard<'_, HashMap<String, Origin>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_of(&self, request: &Request, wanted: &AddressClaim) -> Claim {
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
            keys: wanted.keys.clone(),
            deadline: format!("{deadline:.0}"),
            unproven: None,
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
        let queue = Some(sender.downgrade());
        let writer = Writer::new(scope.clone(), Arc::clone(&self.cache), Arc::clone(&self.store), queue);
        tokio::spawn(writer.run(asks));
        writers.insert(scope.clone(), sender.clone());
        sender
    }

    /// What the ledgers that follow these go on with.
    pub(crate) fn inherited(&self) -> Inherited {
        Inherited { counted: self.store.counted(), peers: Arc::clone(&self.peers) }
    }

    /// What the metrics say of peers that are not proven.
    pub(crate) fn peers(&self) -> BTreeMap<String, PeerTotals> {
        self.peers.totals()
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

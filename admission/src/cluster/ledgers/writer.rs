//! The one task of a replica that writes one ledger.
//!
//! What is asked while a write is under way is decided together and written at once after it: many requests, one PUT.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use vpcguard_policies::kinds::Sort;
use vpcguard_policies::{AddressSpace, ClaimKey, Holder, Kind, ViewError};

use super::store::{Identity, Kept, Store, StoreError};
use super::{Outcome, Refusal};
use crate::cluster::cache::ClusterCache;
use crate::cluster::state::State;
use crate::ledger::{Claim, Decision, Floor, Index, Ledger, ResourceVersion, Scope};

/// How many are decided together.
const MOST: usize = 512;

/// How long a writer without work stays.
const IDLE: Duration = Duration::from_mins(5);

/// How long a write or read may take that no request waits for.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(10);

/// What a writer is asked.
#[derive(Debug)]
pub(super) enum Ask {
    /// Enter a claim.
    Claim(Box<ClaimRequest>),
    /// Drop a claim: what it is for was stored at this version, or it is not needed. Who asked for it may be proven.
    Release { id: String, stored_at: Option<ResourceVersion>, proven: Option<IpAddr> },
    /// Drop a claim whose hold is over, when it has been looked up whether it was stored.
    Collect { id: String },
}

/// A claim that is asked for.
#[derive(Debug)]
pub(super) struct ClaimRequest {
    pub(super) claim: Claim,
    /// Those of its keys that nobody else must hold.
    pub(super) added: Vec<ClaimKey>,
    pub(super) dry_run: bool,
    /// When whoever asks goes away.
    pub(super) limit: Instant,
    /// Until when it waits for claims of unproven peers, and those that it has waited for.
    pub(super) patience: Instant,
    pub(super) passes_over: Vec<String>,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// What whoever asks for a claim is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// What became of it.
    Settled(Outcome),
    /// It is to be asked for in the other ledger: in the common one where what the address space belongs to is not there, in
    /// its own where it has one by now.
    Elsewhere,
    /// It is to be asked for again when more is known of peers: its own, or all that are not proven, have no place left here.
    Crowded,
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self::Settled(outcome)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) scope: Scope,
    pub(super) cache: Arc<ClusterCache>,
    pub(super) store: Arc<Store>,
    /// Where it is asked, for what is asked once more; nowhere for one who only takes over.
    pub(super) queue: Option<mpsc::WeakSender<Ask>>,
}

/// What is stored, as far as the view goes.
struct StoredIndex<'a>(&'a State);

impl Index for StoredIndex<'_> {
    fn version(&self, kind: Kind) -> ResourceVersion {
        // Of a kind that is not there nothing is stored: where something was, it has been listed live.
        if self.0.is_absent(kind) { ResourceVersion(u64::MAX) } else { self.0.version(kind) }
    }

    fn holders(&self, space: &AddressSpace, key: &ClaimKey) -> Vec<Holder> {
        self.0.inventory.holders(space, key)
    }
}

/// What comes of a batch on one state of the ledger.
enum Decided {
    /// All may be entered.
    Granted,
    /// These may not; the others are to be decided again without them.
    Denied(Vec<(usize, Reply)>),
    /// These met claims of others.
    Conflicts(Vec<(usize, Claim)>),
    /// These would pass over claims of unproven peers.
    Doubts(Vec<(usize, Vec<Claim>)>),
    /// Nobody can say before the index has reached the floor.
    Behind,
}

impl Writer {
    pub(super) fn new(
        scope: Scope,
        cache: Arc<ClusterCache>,
        store: Arc<Store>,
        queue: Option<mpsc::WeakSender<Ask>>,
    ) -> Self {
        Self { scope, cache, store, queue }
    }

    /// Does what is asked, until nobody has asked anything for a while.
    pub(super) async fn run(self, mut asks: mpsc::Receiver<Ask>) {
        let mut batch = Vec::new();
        while let Ok(1..) = timeout(IDLE, asks.recv_many(&mut batch, MOST)).await {
            self.serve(std::mem::take(&mut batch)).await;
        }
        // From here on nobody else can ask, and who did so just now is still served.
        asks.close();
        while asks.recv_many(&mut batch, MOST).await > 0 {
            self.serve(std::mem::take(&mut batch)).await;
        }
    }

    async fn serve(&self, batch: Vec<Ask>) {
        let (mut claims, mut releases, mut collected) = (Vec::new(), Vec::new(), Vec::new());
        for ask in batch {
            match ask {
                Ask::Claim(asked) => claims.push(*asked),
                Ask::Release { id, stored_at, proven } => releases.push((id, stored_at, proven)),
                Ask::Collect { id } => collected.push(id),
            }
        }
        if let Err(error) = self.settle(&mut claims, releases, &collected).await {
            let refusal = match error {
                StoreError::Unavailable(text) => Refusal::Unavailable(text),
                other => Refusal::Busy(format!("the addresses could not be claimed: {other}")),
            };
            for asked in claims {
                // Whoever asked may have gone.
                let _ = asked.reply.send(Reply::Settled(Outcome::Refused(refusal.clone())));
            }
        }
    }

    /// Answers all claims, or leaves those that an error concerns.
    async fn settle(
        &self,
        claims: &mut Vec<ClaimRequest>,
        mut releases: Vec<(String, Option<ResourceVersion>, Option<IpAddr>)>,
        collected: &[String],
    ) -> Result<(), StoreError> {
        // Dry runs read live, and so does whoever is about to say that something was never stored.
        let must_be_fresh = !collected.is_empty() || claims.iter().any(|asked| asked.dry_run);
        let mut fresh = must_be_fresh;
        let mut kept = if must_be_fresh { self.read(claims).await? } else { self.known(claims).await? };
        for id in collected {
            releases.push((id.clone(), self.stored_version(&kept.ledger, id).await?, None));
        }
        let mut is_confirmed = false;
        loop {
            turn_away_the_late(claims);
            if kept.stored.is_none() && !self.begin(&mut kept, claims).await? {
                (kept, fresh) = (self.read(claims).await?, true);
                continue;
            }
            let mut next = kept.ledger.clone();
            for (id, stored_at, proven) in &releases {
                // Where it is not there, somebody else has released it, and has raised the floor.
                if next.claims.iter().any(|claim| claim.id == *id) {
                    next.release(id, *stored_at);
                    if let Some(peer) = proven {
                        next.remember(*peer);
                    }
                }
            }
            let honoured = self.honour(&mut next, claims).await?;
            match self.decide(&mut next, claims, &honoured) {
                Decided::Behind => {
                    self.wait_for(&next.floor, claims).await;
                    fresh = false;
                }
                Decided::Denied(answers) => answer(claims, answers),
                Decided::Conflicts(conflicts) if fresh => self.answer_conflicts(conflicts, claims).await?,
                Decided::Conflicts(_) => (kept, fresh) = (self.read(claims).await?, true),
                Decided::Doubts(doubts) => self.settle_doubts(doubts, claims).await?,
                Decided::Granted if next.claims != kept.ledger.claims => {
                    kept.ledger = next;
                    match self.write(&kept, claims).await {
                        Ok(identity) => (kept.stored, is_confirmed) = (Some(identity), false),
                        Err(StoreError::Conflict) => (kept, fresh) = (self.read(claims).await?, true),
                        Err(error) => return Err(error),
                    }
                }
                Decided::Granted if is_confirmed => break,
                Decided::Granted => match self.confirm(&kept, claims).await? {
                    Some(newer) => (kept, fresh, is_confirmed) = (newer, true, true),
                    None => break,
                },
            }
        }
        grant(claims);
        Ok(())
    }

    /// Enters the claims one after the other, as long as none is in the way. Dry runs leave none behind.
    fn decide(&self, next: &mut Ledger, claims: &[ClaimRequest], honoured: &[Claim]) -> Decided {
        let state = self.cache.read();
        let index = StoredIndex(&state);
        let (mut denied, mut conflicts, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
        // Nobody stands in the way of a proven peer by having asked at the same time.
        let (proven, unproven): (Vec<_>, Vec<_>) =
            claims.iter().enumerate().partition(|(_, asked)| asked.claim.unproven.is_none());
        for (at, asked) in proven.into_iter().chain(unproven) {
            match next.decide(&index, &asked.claim, &asked.added, honoured) {
                Decision::Grant => {
                    let rivals = next.doubtful(&asked.claim, &asked.added, honoured);
                    if rivals.iter().any(|rival| !asked.passes_over.contains(&rival.id)) {
                        doubts.push((at, rivals));
                    } else if !asked.dry_run {
                        next.grant(asked.claim.clone());
                    }
                }
                Decision::Behind => return Decided::Behind,
                Decision::Held(_) => denied.push((at, Outcome::Reconsider.into())),
                Decision::InFlight(rival) => conflicts.push((at, rival)),
                Decision::Full if asked.claim.unproven.is_some() => denied.push((at, Reply::Crowded)),
                Decision::Full => {
                    let text = "too many claims of this address space are in flight".to_owned();
                    denied.push((at, Outcome::Refused(Refusal::Busy(text)).into()));
                }
            }
        }
        match (denied.is_empty(), conflicts.is_empty(), doubts.is_empty()) {
            (false, _, _) => Decided::Denied(denied),
            (true, false, _) => Decided::Conflicts(conflicts),
            (true, true, false) => Decided::Doubts(doubts),
            (true, true, true) => Decided::Granted,
        }
    }

    /// Tells those whose way a claim is in. A claim that is stored by now is the rules' business.
    async fn answer_conflicts(
        &self,
        conflicts: Vec<(usize, Claim)>,
        claims: &mut Vec<ClaimRequest>,
    ) -> Result<(), StoreError> {
        let mut answers = Vec::new();
        let mut looked_up: Vec<(String, bool)> = Vec::new();
        for (at, rival) in conflicts {
            let of_this_batch = claims.iter().any(|asked| asked.claim.id == rival.id);
            let known = looked_up.iter().find(|(id, _)| *id == rival.id).map(|(_, stored)| *stored);
            let stored = match known {
                Some(stored) => stored,
                None if of_this_batch => false,
                None => {
                    self.refresh(&rival.holder).await?;
                    self.is_stored(&rival)
                }
            };
            looked_up.push((rival.id.clone(), stored));
            answers.push((at, if stored { Outcome::Reconsider } else { self.in_flight(&rival) }));
        }
        answer(claims, answers);
        Ok(())
    }

    /// Whether what a claim is for has been seen stored.
    pub(super) fn is_stored(&self, claim: &Claim) -> bool {
        let state = self.cache.read();
        let identity = state.holder(&claim.holder);
        identity.is_some_and(|identity| claim.is_fulfilled_by(&identity.uid, identity.generation))
    }

    fn in_flight(&self, rival: &Claim) -> Outcome {
        let Holder { kind, namespace, name } = &rival.holder;
        let holder = match (self.cache.settings().disclose_names, namespace.as_str()) {
            (false, _) => format!("another {kind}"),
            (true, "") => format!("{kind} {name:?}"),
            (true, namespace) => format!("{kind} {:?}", format!("{namespace}/{name}")),
        };
        let taken = match self.scope.shared().map(|shared| shared.sort) {
            Some(Sort::Nat) => "a port or an EIP that this wants too",
            Some(Sort::Names) => "a name in OVN that this has too",
            Some(Sort::Addresses) | None => "addresses that overlap",
        };
        Outcome::Refused(Refusal::InFlight { holder, taken })
    }

    /// Reads who has claimed something live.
    async fn refresh(&self, holder: &Holder) -> Result<(), StoreError> {
        self.cache.refresh_object(holder.kind, &holder.namespace, &holder.name).await.map_err(unread)
    }

    /// Waits for the index, as long as anybody waits for it.
    async fn wait_for(&self, floor: &Floor, claims: &mut Vec<ClaimRequest>) {
        let Some(limit) = claims.iter().map(|asked| asked.limit).min() else { return };
        let is_behind =
            |(kind, version): &(Kind, ResourceVersion)| StoredIndex(&self.cache.read()).version(*kind) < *version;
        let behind = floor.iter().filter(is_behind).collect::<Vec<_>>();
        let all = behind.into_iter().map(|(kind, version)| self.cache.reach(kind, version));
        tokio::select! {
            _ = join_all(all) => {}
            () = sleep_until(limit) => turn_away_the_late(claims),
        }
    }

    /// The version at which what a claim is for is stored; none if it is not.
    async fn stored_version(&self, ledger: &Ledger, id: &str) -> Result<Option<ResourceVersion>, StoreError> {
        let Some(claim) = ledger.claims.iter().find(|claim| claim.id == id) else { return Ok(None) };
        self.refresh(&claim.holder).await?;
        Ok(self.cache.read().holder(&claim.holder).map(|identity| identity.version))
    }

    /// The ledger as it was last seen, or live where it never was.
    async fn known(&self, claims: &[ClaimRequest]) -> Result<Kept, StoreError> {
        match self.store.cached(&self.scope)? {
            Some(kept) => self.complete(kept, claims).await,
            None => self.read(claims).await,
        }
    }

    /// The ledger live, or a new one.
    pub(super) async fn read(&self, claims: &[ClaimRequest]) -> Result<Kept, StoreError> {
        let kept = in_time(claims, self.store.get(&self.scope)).await?;
        let new = || Kept { ledger: Ledger::new(self.scope.clone(), Floor::default()), stored: None };
        self.complete(kept.unwrap_or_else(new), claims).await
    }

    /// Whoever decides on a new ledger must have seen all that was stored before it: also on one of before a kind claimed in
    /// it. And what was seen once of a kind that the view does not know is there to be seen again.
    async fn complete(&self, mut kept: Kept, claims: &[ClaimRequest]) -> Result<Kept, StoreError> {
        for kind in self.scope.holders().iter().copied() {
            let floor = &kept.ledger.floor;
            let is_missed = floor.version(kind) > ResourceVersion::default() && self.cache.read().is_absent(kind);
            if !floor.knows(kind) || is_missed {
                in_time(claims, async { self.cache.refresh_all(kind).await.map_err(unread) }).await?;
                kept.ledger.floor.raise(kind, self.cache.read().newest(kind));
            }
        }
        Ok(kept)
    }

    pub(super) async fn write(&self, kept: &Kept, claims: &[ClaimRequest]) -> Result<Identity, StoreError> {
        let written = in_time(claims, self.store.put(kept)).await;
        self.store.count_write(&written);
        written
    }
}

/// Does something as long as anybody waits for it.
pub(super) async fn in_time<T>(
    claims: &[ClaimRequest],
    what: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let latest = claims.iter().map(|asked| asked.limit).max();
    let limit = latest.unwrap_or_else(|| Instant::now() + BACKGROUND_TIMEOUT);
    let late = || StoreError::Unknown("no answer in time".to_owned());
    timeout_at(limit, what).await.unwrap_or_else(|_| Err(late()))
}

pub(super) fn unread(error: ViewError) -> StoreError {
    StoreError::Unknown(error.to_string())
}

fn turn_away_the_late(claims: &mut Vec<ClaimRequest>) {
    let now = Instant::now();
    // They have given up already, and know why.
    claims.retain(|asked| asked.limit > now);
}

fn grant(claims: &mut Vec<ClaimRequest>) {
    // Whoever asked may have gone: the claim is released when its hold is over.
    reply(claims, |_| Some(Reply::Settled(Outcome::Granted)));
}

/// Answers some of the claims, by their places, and leaves the others.
pub(super) fn answer(claims: &mut Vec<ClaimRequest>, mut answers: Vec<(usize, impl Into<Reply>)>) {
    answers.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    for (at, told) in answers {
        if at < claims.len() {
            let _ = claims.remove(at).reply.send(told.into());
        }
    }
}

/// Gives those a reply for whom there is one, and leaves the others.
pub(super) fn reply(claims: &mut Vec<ClaimRequest>, of: impl Fn(&ClaimRequest) -> Option<Reply>) {
    for asked in std::mem::take(claims) {
        match of(&asked) {
            Some(reply) => drop(asked.reply.send(reply)),
            None => claims.push(asked),
        }
    }
}

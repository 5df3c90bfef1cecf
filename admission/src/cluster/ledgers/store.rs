//! The ledgers as the API server keeps them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams, Preconditions};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt};
use vpcguard_policies::AddressSpace;

use super::peers::Peers;
use super::{Outcome, Refusal};
use crate::cluster::client::{code, reason};
use crate::ledger::crd::{AddressLedger, AddressLedgerSpec};
use crate::ledger::{FormatError, Ledger, ResourceVersion, Scope};

/// A ledger as it was last read or written, ready to be written again if nobody else did.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) ledger: Ledger,
    /// What identifies the stored object; nothing for one that is still to be created.
    pub(super) stored: Option<Identity>,
}

/// Which version of which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    uid: Option<String>,
    resource_version: String,
}

/// Why a ledger could not be written or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// Somebody else wrote it, or removed it.
    #[error("somebody else wrote it")]
    Conflict,
    /// It may or may not have been written.
    #[error("the API server did not take it: {0}")]
    Unknown(String),
    /// It cannot be until somebody repairs this.
    #[error("{0}")]
    Unavailable(String),
}

/// What the metrics say of the ledgers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Claims in flight, of all replicas.
    pub(crate) claims: usize,
    /// Ledgers.
    pub(crate) ledgers: usize,
    /// Writes, by what came of them.
    pub(crate) writes: [(&'static str, u64); 4],
    /// Claims of this replica, by what came of them.
    pub(crate) outcomes: [(&'static str, u64); 7],
}

/// Counters by name.
type Counters<const N: usize> = [(&'static str, AtomicU64); N];

/// What this process has counted, since its start.
#[derive(Debug)]
pub(crate) struct Counted {
    writes: Counters<4>,
    outcomes: Counters<7>,
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            writes: ["written", "conflict", "unknown", "unavailable"].map(|name| (name, AtomicU64::default())),
            outcomes: ["granted", "reconsidered", "in_flight", "exists", "busy", "unavailable", "unclaimed"]
                .map(|name| (name, AtomicU64::default())),
        }
    }
}

/// The ledgers of a cluster, read and written.
pub(super) struct Store {
    api: Api<AddressLedger>,
    /// Those that a watch has shown or a write has left, by name.
    kept: Mutex<BTreeMap<String, AddressLedger>>,
    changed: tokio::sync::watch::Sender<()>,
    trouble: Mutex<Option<String>>,
    counted: Arc<Counted>,
    peers: Arc<Peers>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("kept", &self.kept).finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn new(client: Client, counted: Arc<Counted>, peers: Arc<Peers>) -> Self {
        Self {
            api: Api::all(client),
            kept: Mutex::default(),
            changed: tokio::sync::watch::Sender::new(()),
            trouble: Mutex::default(),
            counted,
            peers,
        }
    }

    /// Follows all ledgers for ever.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut events = std::pin::pin!(watcher(self.api.clone(), watcher::Config::default()).default_backoff());
        let mut listed = BTreeMap::new();
        loop {
            match events.next().await {
                Some(Ok(Event::Init)) => listed.clear(),
                Some(Ok(Event::InitApply(ledger))) => {
                    self.learn(&ledger);
                    listed.insert(ledger.name_any(), ledger);
                }
                Some(Ok(Event::InitDone)) => {
                    *self.kept() = std::mem::take(&mut listed);
                    self.repaired();
                }
                Some(Ok(Event::Apply(ledger))) => self.keep(ledger),
                Some(Ok(Event::Delete(ledger))) => drop(self.kept().remove(&ledger.name_any())),
                Some(Err(error)) => note(&error),
                None => return,
            }
            self.changed.send_replace(());
        }
    }

    /// Rings whenever a ledger has changed.
    pub(super) fn changes(&self) -> tokio::sync::watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The ledgers with claims in flight, as they were last seen; those that cannot be read are left out.
    pub(super) fn in_flight(&self) -> Vec<Ledger> {
        let kept = self.kept();
        let claimed = kept.values().filter(|ledger| !ledger.spec.claims.is_empty());
        let ledgers = claimed.filter_map(|ledger| Ledger::try_from(&ledger.spec).ok());
        ledgers.map(|ledger| self.vouched(ledger)).collect()
    }

    /// The address spaces whose own ledger had no claim when it was last seen.
    pub(super) fn unclaimed(&self) -> Vec<AddressSpace> {
        let kept = self.kept();
        let unclaimed = kept.iter().filter(|(_, ledger)| ledger.spec.claims.is_empty());
        let own = unclaimed.filter_map(|(name, ledger)| match Scope::try_from(&ledger.spec) {
            Ok(scope) if scope.object_name() != *name => None,
            // These stay: there are so many and no more.
            Ok(Scope::Own(AddressSpace::Shared(_)) | Scope::Subnets | Scope::Gateways) | Err(_) => None,
            Ok(Scope::Own(space)) => Some(space),
        });
        own.collect()
    }

    /// Whether there was a ledger when it was last looked.
    pub(super) fn knows(&self, scope: &Scope) -> bool {
        self.kept().contains_key(&scope.object_name())
    }

    /// A ledger as it was last seen; none where none was.
    pub(super) fn cached(&self, scope: &Scope) -> Result<Option<Kept>, StoreError> {
        let found = self.kept().get(&scope.object_name()).cloned();
        found.map(|ledger| self.read(scope, &ledger)).transpose()
    }

    /// Whether there is a ledger, live.
    pub(super) async fn has(&self, scope: &Scope) -> Result<bool, StoreError> {
        let name = scope.object_name();
        let found = self.api.get_metadata_opt(&name).await.map_err(|error| self.failed("get", &name, &error))?;
        Ok(found.is_some())
    }

    /// Reads a ledger live; none if there is none.
    pub(super) async fn get(&self, scope: &Scope) -> Result<Option<Kept>, StoreError> {
        let name = scope.object_name();
        let found = self.api.get_opt(&name).await.map_err(|error| self.failed("get", &name, &error))?;
        let Some(ledger) = found else {
            self.kept().remove(&name);
            return Ok(None);
        };
        let kept = self.read(scope, &ledger);
        self.keep(ledger);
        kept.map(Some)
    }

    /// Writes a ledger, if it is still what it was when it was read, and says what it is then.
    pub(super) async fn put(&self, kept: &Kept) -> Result<Identity, StoreError> {
        let name = kept.ledger.scope.object_name();
        let mut ledger = AddressLedger::new(&name, AddressLedgerSpec::from(&kept.ledger));
        let params = PostParams::default();
        let written = match &kept.stored {
            None => self.api.create(&params, &ledger).await.map_err(|error| ("create", error)),
            Some(Identity { uid, resource_version }) => {
                ledger.metadata = ObjectMeta {
                    name: Some(name.clone()),
                    uid: uid.clone(),
                    resource_version: Some(resource_version.clone()),
                    ..ObjectMeta::default()
                };
                self.api.replace(&name, &params, &ledger).await.map_err(|error| ("update", error))
            }
        };
        let written = written.map_err(|(verb, error)| self.failed(verb, &name, &error))?;
        self.repaired();
        let identity = identity_of(&written);
        self.keep(written);
        self.changed.send_replace(());
        Ok(identity)
    }

    /// Removes a ledger, if it is still what it was when it was read.
    pub(super) async fn remove(&self, kept: &Kept) -> Result<(), StoreError> {
        let Some(Identity { uid, resource_version }) = kept.stored.clone() else { return Ok(()) };
        let preconditions = Preconditions { uid, resource_version: Some(resource_version) };
        let params = DeleteParams::default().preconditions(preconditions);
        match self.api.delete(&kept.ledger.scope.object_name(), &params).await {
            // The watch will show it: until then, whoever writes it is told to read it again.
            Ok(_) => Ok(()),
            Err(error) if matches!(code(&error), Some(404 | 409)) => Err(StoreError::Conflict),
            // No trouble of those who claim.
            Err(error) => Err(StoreError::Unknown(reason(&error))),
        }
    }

    fn read(&self, scope: &Scope, ledger: &AddressLedger) -> Result<Kept, StoreError> {
        self.learn(ledger);
        let name = ledger.name_any();
        let read = Ledger::try_from(&ledger.spec).map_err(|error| {
            let remedy = match error {
                FormatError::Newer(_) => String::new(),
                _ => format!("; kubectl delete addressledger {name} has it made anew"),
            };
            self.unavailable(format!("AddressLedger {name:?} cannot be used: {error}{remedy}"))
        })?;
        if read.scope != *scope {
            return Err(self.unavailable(format!("AddressLedger {name:?} is of another address space: kubectl delete addressledger {name} has it made anew")));
        }
        Ok(Kept { ledger: self.vouched(read), stored: Some(identity_of(ledger)) })
    }

    /// Who may ask.
    pub(super) fn peers(&self) -> &Arc<Peers> {
        &self.peers
    }

    /// A ledger as it reads to whoever knows the proven peers by now.
    fn vouched(&self, mut ledger: Ledger) -> Ledger {
        ledger.vouch(|peer| self.peers.is_proven(peer));
        ledger
    }

    /// Takes up the peers that other replicas have proven.
    fn learn(&self, ledger: &AddressLedger) {
        for peer in ledger.spec.peers.iter().filter_map(|peer| peer.parse().ok()) {
            self.peers.prove(peer);
        }
    }

    fn failed(&self, verb: &str, name: &str, error: &kube::Error) -> StoreError {
        let text = reason(error);
        let remedy = match code(error) {
            Some(409) => return StoreError::Conflict,
            // Of a ledger that is to be updated: it was deleted. Of one to be created: there is no such kind.
            Some(404) if verb == "update" => return StoreError::Conflict,
            Some(404) => "apply its definition: vpcguard manifests prints it",
            Some(401 | 403) => "give vpcguard its ClusterRole: vpcguard manifests prints it",
            Some(400 | 405 | 413 | 415 | 422) => "apply the definition of this version: vpcguard manifests prints it",
            _ => return StoreError::Unknown(text),
        };
        self.unavailable(format!("cannot {verb} addressledgers.vpcguard.io {name:?}: {text}; {remedy}"))
    }

    fn unavailable(&self, trouble: String) -> StoreError {
        self.set_trouble(Some(trouble.clone()));
        StoreError::Unavailable(trouble)
    }

    fn keep(&self, ledger: AddressLedger) {
        let version = |ledger: &AddressLedger| ledger.resource_version().and_then(|text| ResourceVersion::parse(&text));
        self.learn(&ledger);
        let mut kept = self.kept();
        let name = ledger.name_any();
        // A watch lags behind a write.
        let is_older =
            kept.get(&name).is_some_and(|known| known.uid() == ledger.uid() && version(known) > version(&ledger));
        if !is_older {
            kept.insert(name, ledger);
        }
    }

    pub(super) fn count(&self, outcome: &Outcome) {
        let name = match outcome {
            Outcome::Granted => "granted",
            Outcome::Reconsider => "reconsidered",
            Outcome::Unclaimed(_) => "unclaimed",
            Outcome::Refused(Refusal::InFlight { .. }) => "in_flight",
            Outcome::Refused(Refusal::Exists(_)) => "exists",
            Outcome::Refused(Refusal::Busy(_)) => "busy",
            Outcome::Refused(Refusal::Unavailable(_)) => "unavailable",
        };
        count(&self.counted.outcomes, name);
    }

    /// Counts a write, also one that nobody waited for.
    pub(super) fn count_write(&self, written: &Result<Identity, StoreError>) {
        let name = match written {
            Ok(_) => "written",
            Err(StoreError::Conflict) => "conflict",
            Err(StoreError::Unknown(_)) => "unknown",
            Err(StoreError::Unavailable(_)) => "unavailable",
        };
        count(&self.counted.writes, name);
    }

    pub(super) fn counted(&self) -> Arc<Counted> {
        Arc::clone(&self.counted)
    }

    pub(super) fn totals(&self) -> Totals {
        let kept = self.kept();
        Totals {
            claims: kept.values().map(|ledger| ledger.spec.claims.len()).sum(),
            ledgers: kept.len(),
            writes: self.counted.writes.each_ref().map(|(name, count)| (*name, count.load(Ordering::Relaxed))),
            outcomes: self.counted.outcomes.each_ref().map(|(name, count)| (*name, count.load(Ordering::Relaxed))),
        }
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn repaired(&self) {
        self.set_trouble(None);
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, AddressLedger>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity_of(ledger: &AddressLedger) -> Identity {
    Identity { uid: ledger.uid(), resource_version: ledger.resource_version().unwrap_or_default() }
}

fn note(error: &watcher::Error) {
    let text = match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => reason(error),
        other => other.to_string(),
    };
    tracing::warn!(kind = "AddressLedger", reason = text, "cannot read from the API server");
}

fn count<const N: usize>(counters: &Counters<N>, name: &str) {
    if let Some((_, counter)) = counters.iter().find(|(known, _)| *known == name) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

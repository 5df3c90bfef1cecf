//! The view of a live cluster that requests are judged against.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use kube::Client;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use vpcguard_policies::finding::Evidence;
use vpcguard_policies::kinds::{Object, Sort};
use vpcguard_policies::{
    AddressClaim, Attended, Kind, Request, Settings, TypedRequest, Verdict, ViewError, mutate, review_typed,
};

use super::client::reason;
use super::collection::{Collection, get};
use super::object::RawObject;
use super::state::{CollectionState, Presence, State};
use super::waiting::concerned_by;
use super::watch::{CollectionEvent, follow};
use crate::ledger::ResourceVersion;

/// How many names are read live before one request is refused. What one denial rests on is not more; and where the cluster
/// has changed just now, what is read may lead to another denial, which rests on other names.
const MOST_NAMES: usize = 3;

/// Something that was stored or removed, for those who wait for it.
#[derive(Clone, Debug)]
pub(crate) struct ObjectEvent {
    pub(crate) kind: Kind,
    /// Empty for cluster-scoped kinds.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) generation: i64,
    pub(crate) version: ResourceVersion,
    pub(crate) removed: bool,
}

/// How the view of a kind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindStatus {
    pub(crate) kind: Kind,
    /// Whether the cluster has no such kind.
    pub(crate) is_absent: bool,
    /// For how long nothing has been heard of it.
    pub(crate) age: Duration,
}

/// Why a request gets no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoVerdict {
    /// A read failed.
    #[error(transparent)]
    Unread(#[from] ViewError),
    /// Whatever was read live had changed, and so may have what would have to be read next.
    #[error(
        "{MOST_NAMES} objects that it depends on have changed a moment ago, and {kind} {name:?} may have too: try again"
    )]
    Restless {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
}

/// A live cluster.
pub(crate) struct ClusterCache {
    client: Client,
    settings: Settings,
    state: RwLock<State>,
    /// Rings whenever a version may have been reached.
    reached: watch::Sender<()>,
    /// When the latest whole list of a kind that succeeded was begun, and the turn to make one.
    lists: Vec<(Kind, Mutex<Option<Instant>>)>,
}

impl ClusterCache {
    /// A view of nothing yet.
    pub(crate) fn new(client: Client, settings: Settings) -> Arc<Self> {
        let state = State::new(&settings);
        let lists = state.collections().iter().map(|seen| (seen.collection.kind, Mutex::new(None))).collect();
        Arc::new(Self { client, settings, state: RwLock::new(state), reached: watch::Sender::new(()), lists })
    }

    /// Begins to watch, until the tasks are dropped. What becomes of those that claim something is also told to `stored`.
    pub(crate) fn watch(self: &Arc<Self>, stored: &mpsc::UnboundedSender<ObjectEvent>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let collections: Vec<_> = self.read().collections().iter().map(|seen| seen.collection.clone()).collect();
        for collection in collections {
            let (cache, stored) = (Arc::clone(self), stored.clone());
            tasks.spawn(follow(self.client.clone(), collection.clone(), move |event| {
                let object_events = object_events(collection.kind, &event);
                cache.write().apply(&collection, event);
                cache.reached.send_replace(());
                for object in object_events {
                    // Nobody listens where there are no ledgers.
                    let _ = stored.send(object);
                }
            }));
        }
        tasks
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is to be injected into an object.
    pub(crate) fn mutate(&self, request: &Request) -> Result<Verdict, ViewError> {
        mutate(request, &self.read().inventory, &self.settings)
    }

    /// Judges a request, which was read already. Nothing is refused that rests on what the view may have missed: that is read live first. The first
    /// denial is reason enough to refuse, so that the others are not read up on.
    pub(crate) async fn review(&self, request: &Request, typed: &TypedRequest<'_>) -> Result<Verdict, NoVerdict> {
        let waiting = concerned_by(request, &self.client, &self.settings).await;
        let mut confirmed: Vec<Evidence> = Vec::new();
        loop {
            let verdict = self.judge(typed, &waiting)?;
            let doubtful = doubtful(&verdict, &confirmed)?;
            if doubtful.is_empty() {
                return Ok(verdict);
            }
            self.refresh(&doubtful).await?;
            confirmed.extend(doubtful);
        }
    }

    /// What an admitted request takes.
    pub(crate) fn claims(&self, request: &TypedRequest<'_>) -> Vec<AddressClaim> {
        AddressClaim::of(request, &self.settings, &self.read().inventory)
    }

    fn judge(&self, request: &TypedRequest<'_>, waiting: &[Object]) -> Result<Verdict, ViewError> {
        let cluster = &self.read().inventory;
        review_typed(request, &Attended { cluster, waiting }, &self.settings)
    }

    /// Reads evidence live.
    pub(crate) async fn refresh(&self, evidence: &[Evidence]) -> Result<(), ViewError> {
        let each = evidence.iter().map(|evidence| async move {
            match evidence {
                Evidence::Object(object) => {
                    let Some(kind) = Kind::ALL.iter().copied().find(|kind| kind.name() == object.kind) else {
                        return Ok(());
                    };
                    self.refresh_object(kind, object.namespace.as_deref().unwrap_or_default(), &object.name).await
                }
                Evidence::AllOf(kind) => self.refresh_all(*kind).await,
            }
        });
        futures_util::future::try_join_all(each).await.map(drop)
    }

    /// Reads one object live.
    pub(crate) async fn refresh_object(&self, kind: Kind, namespace: &str, name: &str) -> Result<(), ViewError> {
        let failed = |error| ViewError { kind: kind.name().to_owned(), name: name.to_owned(), cause: reason(&error) };
        let known = self.read().known(kind, namespace, name).cloned();
        match get(&self.client, kind, namespace, name).await.map_err(failed)? {
            Some(object) => self.write().merge(kind, object),
            None => self.write().forget(kind, namespace, name, known.as_ref()),
        }
        Ok(())
    }

    /// Reads all objects of a kind live, once for all who ask while a list is under way.
    pub(crate) async fn refresh_all(&self, kind: Kind) -> Result<(), ViewError> {
        let asked = Instant::now();
        let Some((_, turn)) = self.lists.iter().find(|(listed, _)| *listed == kind) else { return Ok(()) };
        let mut begun = turn.lock().await;
        if begun.is_some_and(|begun| begun > asked) {
            return Ok(());
        }
        let begins = Instant::now();
        let failed = |error| ViewError { kind: kind.name().to_owned(), name: String::new(), cause: reason(&error) };
        let mut objects = Vec::new();
        let take = |object: RawObject| objects.push(object.stripped());
        let version = match Collection::all(kind).each(&self.client, take).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            listed => listed.map_err(failed)?,
        };
        self.write().merge_all(kind, objects, ResourceVersion::parse(&version).unwrap_or_default());
        // Only now: a list that failed is nobody's.
        *begun = Some(begins);
        self.reached.send_replace(());
        Ok(())
    }

    /// What has not been listed yet, with the reason where one is known.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let state = self.read();
        let waiting = state.collections().iter().filter_map(|seen| match &seen.presence {
            Presence::Waiting(None) => Some(seen.collection.to_string()),
            Presence::Waiting(Some(reason)) => Some(format!("{} ({reason})", seen.collection)),
            Presence::Present | Presence::Absent => None,
        });
        waiting.collect()
    }

    /// How many objects there are of each kind that is kept.
    pub(crate) fn counts(&self) -> Vec<(Kind, usize)> {
        let state = self.read();
        let kept = Kind::ALL.iter().copied().filter(|kind| self.settings.looks_up(*kind));
        kept.map(|kind| (kind, state.inventory.count(kind))).collect()
    }

    /// How the view stands, kind by kind.
    pub(crate) fn kinds(&self) -> Vec<KindStatus> {
        let state = self.read();
        let status = |seen: &CollectionState| KindStatus {
            kind: seen.collection.kind,
            is_absent: seen.presence == Presence::Absent,
            age: seen.age(),
        };
        let mut kinds: Vec<_> = state.collections().iter().map(status).collect();
        // The oldest of a kind's collections speaks for it.
        kinds.sort_by_key(|status| (status.kind, std::cmp::Reverse(status.age)));
        kinds.dedup_by_key(|status| status.kind);
        kinds
    }

    /// Rings whenever something may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.reached.subscribe()
    }

    /// Waits until nothing of a kind up to a version is missed any more.
    pub(crate) async fn reach(&self, kind: Kind, version: ResourceVersion) {
        let mut reached = self.reached.subscribe();
        while self.read().version(kind) < version {
            // The sender is our own.
            let _ = reached.changed().await;
        }
    }

    // A panic while the lock was held was one request's; the others are still answered.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ClusterCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterCache").field("state", &self.state).finish_non_exhaustive()
    }
}

/// What is to be read before a verdict counts, less what has been read for it already; nothing for one that counts.
fn doubtful(verdict: &Verdict, confirmed: &[Evidence]) -> Result<Vec<Evidence>, NoVerdict> {
    if verdict.allowed {
        return Ok(Vec::new());
    }
    let is_name = |evidence: &&Evidence| matches!(evidence, Evidence::Object(_));
    let doubtful: Vec<_> = verdict.rests_on.iter().filter(|evidence| !confirmed.contains(evidence)).cloned().collect();
    let room = MOST_NAMES.saturating_sub(confirmed.iter().filter(is_name).count());
    match doubtful.iter().filter(is_name).nth(room) {
        Some(Evidence::Object(object)) => {
            Err(NoVerdict::Restless { kind: object.kind.clone(), name: object.name.clone() })
        }
        _ => Ok(doubtful),
    }
}

fn object_events(kind: Kind, event: &CollectionEvent) -> Vec<ObjectEvent> {
    let claims =
        matches!(kind, Kind::Subnet | Kind::VpcNatGateway) || Sort::ALL.iter().any(|sort| sort.kinds().contains(&kind));
    if !claims {
        return Vec::new();
    }
    let stored = |object: &RawObject, removed| ObjectEvent {
        kind,
        namespace: if kind.is_namespaced() { object.namespace().to_owned() } else { String::new() },
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
        generation: object.generation(),
        version: object.version(),
        removed,
    };
    match event {
        CollectionEvent::Page(objects) => objects.iter().map(|object| stored(object, false)).collect(),
        CollectionEvent::Applied(object) => vec![stored(object, false)],
        CollectionEvent::Removed(object) => vec![stored(object, true)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::ObjectRef;

    use super::*;

    fn subnet(name: &str) -> Evidence {
        Evidence::Object(ObjectRef::new(Kind::Subnet, name))
    }

    fn denial(rests_on: &[Evidence]) -> Verdict {
        Verdict { allowed: false, rests_on: rests_on.to_vec(), ..Verdict::admitted() }
    }

    #[test]
    fn a_denial_counts_when_all_that_it_rests_on_was_read() {
        let gateways = Evidence::AllOf(Kind::VpcNatGateway);
        let rests_on = [subnet("a"), subnet("b"), subnet("c"), gateways.clone()];
        assert_eq!(doubtful(&denial(&rests_on), &[]), Ok(rests_on.to_vec()));
        assert_eq!(doubtful(&denial(&rests_on), &rests_on[..2]), Ok(vec![subnet("c"), gateways]));
        assert_eq!(doubtful(&denial(&rests_on), &rests_on), Ok(vec![]));
        assert_eq!(doubtful(&denial(&[]), &[]), Ok(vec![]));
    }

    #[test]
    fn after_so_many_names_there_is_no_verdict_on_what_rests_on_others() {
        let read = [subnet("a"), subnet("b"), subnet("c")];
        let why = doubtful(&denial(&[subnet("d")]), &read).unwrap_err().to_string();
        assert_eq!(
            why,
            "3 objects that it depends on have changed a moment ago, and Subnet \"d\" may have too: try again"
        );
        assert_eq!(doubtful(&Verdict::admitted(), &read), Ok(vec![]));
        let all = Evidence::AllOf(Kind::VpcNatGateway);
        assert_eq!(doubtful(&denial(std::slice::from_ref(&all)), &read), Ok(vec![all]));
    }
}

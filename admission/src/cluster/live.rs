//! The view of a live cluster that requests are judged against.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use kube::Client;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use vpcguard_policies::finding::Evidence;
use vpcguard_policies::{Attended, Inventory, Kind, Request, Settings, Verdict, ViewError, mutate, review};

use super::client::reason;
use super::collection::{Collection, get};
use super::object::Object;
use super::state::{Presence, Seen, State};
use super::waiting::waiting_for;
use super::watch::{News, follow};
use crate::ledger::Version;

/// How often a denial is confirmed: what is read live may lead to yet another object.
const MOST_CONFIRMATIONS: usize = 3;

/// How many objects are read live for one denial.
const MOST_READS: usize = 50;

/// Something that was stored or removed, for those who wait for it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) generation: i64,
    pub(crate) version: Version,
    pub(crate) removed: bool,
}

/// How the view of a kind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) kind: Kind,
    /// Whether the cluster has no such kind.
    pub(crate) is_absent: bool,
    /// For how long nothing has been heard of it.
    pub(crate) age: Duration,
}

/// A live cluster.
pub(crate) struct Live {
    client: Client,
    settings: Settings,
    state: RwLock<State>,
    /// Rings whenever a version may have been reached.
    reached: watch::Sender<()>,
    /// When the latest whole list of a kind that succeeded was begun, and the turn to make one.
    lists: Vec<(Kind, Mutex<Option<Instant>>)>,
}

impl Live {
    /// A view of nothing yet.
    pub(crate) fn new(client: Client, settings: Settings) -> Arc<Self> {
        let state = State::new(&settings);
        let lists = state.collections().iter().map(|seen| (seen.collection.kind, Mutex::new(None))).collect();
        Arc::new(Self { client, settings, state: RwLock::new(state), reached: watch::Sender::new(()), lists })
    }

    /// Begins to watch, until the tasks are dropped. What becomes of Subnets and gateways is also told to `stored`.
    pub(crate) fn watch(self: &Arc<Self>, stored: &mpsc::UnboundedSender<Stored>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let collections: Vec<_> = self.read().collections().iter().map(|seen| seen.collection.clone()).collect();
        for collection in collections {
            let (live, stored) = (Arc::clone(self), stored.clone());
            tasks.spawn(follow(self.client.clone(), collection.clone(), move |news| {
                let told = told(collection.kind, &news);
                live.write().hear(&collection, news);
                live.reached.send_replace(());
                for object in told {
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

    /// Judges a request. Nothing is refused that rests on what the view may have missed: that is read live first.
    pub(crate) async fn review(&self, request: &Request) -> Result<Verdict, ViewError> {
        let waiting = waiting_for(request, &self.client, &self.settings).await;
        let mut confirmed: Vec<Evidence> = Vec::new();
        for _ in 0..MOST_CONFIRMATIONS {
            let verdict = self.judge(request, &waiting)?;
            let mut doubtful = verdict.rests_on.clone();
            doubtful.retain(|evidence| !confirmed.contains(evidence));
            if verdict.allowed || doubtful.is_empty() {
                return Ok(verdict);
            }
            doubtful.truncate(MOST_READS);
            self.refresh(&doubtful).await?;
            confirmed.extend(doubtful);
        }
        self.judge(request, &waiting)
    }

    fn judge(&self, request: &Request, waiting: &[vpcguard_policies::kinds::Object]) -> Result<Verdict, ViewError> {
        let cluster = &self.read().inventory;
        review(request, &Attended { cluster, waiting }, &self.settings)
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
        let take = |object: Object| objects.push(object.stripped());
        let version = match Collection::all(kind).each(&self.client, take).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            listed => listed.map_err(failed)?,
        };
        self.write().merge_all(kind, objects, Version::parse(&version).unwrap_or_default());
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
        let kept = Kind::ALL.iter().copied().filter(|kind| Inventory::keeps(*kind));
        kept.map(|kind| (kind, state.inventory.count(kind))).collect()
    }

    /// How the view stands, kind by kind.
    pub(crate) fn kinds(&self) -> Vec<Standing> {
        let state = self.read();
        let standing = |seen: &Seen| Standing {
            kind: seen.collection.kind,
            is_absent: seen.presence == Presence::Absent,
            age: seen.age(),
        };
        let mut kinds: Vec<_> = state.collections().iter().map(standing).collect();
        // The oldest of a kind's collections speaks for it.
        kinds.sort_by_key(|standing| (standing.kind, std::cmp::Reverse(standing.age)));
        kinds.dedup_by_key(|standing| standing.kind);
        kinds
    }

    /// Rings whenever something may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.reached.subscribe()
    }

    /// Waits until nothing of a kind up to a version is missed any more.
    pub(crate) async fn reach(&self, kind: Kind, version: Version) {
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

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("state", &self.state).finish_non_exhaustive()
    }
}

fn told(kind: Kind, news: &News) -> Vec<Stored> {
    if !matches!(kind, Kind::Subnet | Kind::VpcNatGateway) {
        return Vec::new();
    }
    let stored = |object: &Object, removed| Stored {
        kind,
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
        generation: object.generation(),
        version: object.version(),
        removed,
    };
    match news {
        News::Page(objects) => objects.iter().map(|object| stored(object, false)).collect(),
        News::Applied(object) => vec![stored(object, false)],
        News::Removed(object) => vec![stored(object, true)],
        _ => Vec::new(),
    }
}

//! A live copy of the objects that the API server stores, by watching each kind: looking is then free, and it is known when
//! something has changed last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::StreamExt;
use kube::api::{Api, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::kinds::{self, Resource};

/// Which object: kind, namespace, name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Id {
    /// The kind.
    pub kind: String,
    /// The namespace, empty for what is in none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Id {
    /// The one Pod that is made of a workload.
    #[must_use]
    pub fn made_pod(&self) -> Self {
        Self { kind: "Pod".to_owned(), namespace: self.namespace.clone(), name: format!("{}-0", self.name) }
    }

    /// That of an object.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { kind: text("/kind"), namespace: text("/metadata/namespace"), name: text("/metadata/name") }
    }

    /// One of a kind in no namespace.
    pub fn cluster(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), namespace: String::new(), name: name.to_owned() }
    }
}

#[derive(Debug)]
struct State {
    objects: BTreeMap<Id, Value>,
    changed: Instant,
    listed: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Mirror {
    state: Arc<Mutex<State>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Mirror {
    pub(super) fn start(runtime: &Handle, client: &kube::Client) -> Self {
        let state = State { objects: BTreeMap::new(), changed: Instant::now(), listed: 0 };
        let state = Arc::new(Mutex::new(state));
        let follow = |resource: &'static Resource| runtime.spawn(follow(client.clone(), resource, Arc::clone(&state)));
        let tasks = kinds::ALL.iter().map(follow).collect();
        Self { state, tasks }
    }

    /// Whether every kind was listed.
    pub(super) fn is_complete(&self) -> bool {
        self.lock().listed >= kinds::ALL.len()
    }

    /// When something has changed last.
    pub(super) fn changed(&self) -> Instant {
        self.lock().changed
    }

    pub(super) fn get(&self, id: &Id) -> Option<Value> {
        self.lock().objects.get(id).cloned()
    }

    /// All objects of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> Vec<Value> {
        let state = self.lock();
        state.objects.iter().filter(|(id, _)| id.kind == kind).map(|(_, object)| object.clone()).collect()
    }

    /// All objects.
    pub(super) fn all(&self) -> BTreeMap<Id, Value> {
        self.lock().objects.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn follow(client: kube::Client, resource: &'static Resource, state: Arc<Mutex<State>>) {
    let api: Api<DynamicObject> = Api::all_with(client, &resource.api());
    let mut events = std::pin::pin!(watcher(api, watcher::Config::default()).default_backoff());
    let mut listing = Vec::new();
    while let Some(event) = events.next().await {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Ok(Event::Init) => listing.clear(),
            Ok(Event::InitApply(object)) => listing.extend(value_of(&object, resource)),
            Ok(Event::InitDone) => {
                state.objects.retain(|id, _| id.kind != resource.kind);
                state.objects.extend(listing.drain(..).map(|object| (Id::of(&object), object)));
                state.listed += 1;
                state.changed = Instant::now();
            }
            Ok(Event::Apply(object)) => {
                if let Some(object) = value_of(&object, resource) {
                    state.objects.insert(Id::of(&object), object);
                    state.changed = Instant::now();
                }
            }
            Ok(Event::Delete(object)) => {
                if let Some(object) = value_of(&object, resource) {
                    state.objects.remove(&Id::of(&object));
                    state.changed = Instant::now();
                }
            }
            // It tries again by itself.
            Err(_) => {}
        }
    }
}

/// An object as it is written, with its kind, which a list leaves out, and without what only servers read.
fn value_of(object: &DynamicObject, resource: &Resource) -> Option<Value> {
    let mut value = serde_json::to_value(object).ok()?;
    let map = value.as_object_mut()?;
    map.insert("apiVersion".to_owned(), resource.api_version.into());
    map.insert("kind".to_owned(), resource.kind.into());
    map.get_mut("metadata")?.as_object_mut()?.remove("managedFields");
    Some(value)
}

//! Follows a collection: lists it, watches it from there, and begins again wherever that breaks.
//!
//! `kube::runtime::watcher` does the same, and hides what the ledger needs: the version that the list and each bookmark
//! stand for.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use kube::Client;
use kube::core::WatchEvent;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::DefaultBackoff;
use tokio::time::{sleep, timeout};

use super::client;
use super::collection::Collection;
use super::object::RawObject;
use crate::ledger::ResourceVersion;

/// How often a kind that the cluster does not have is asked for again.
const ABSENT: Duration = Duration::from_secs(10);

/// A watch that says nothing for so long is dead: the API server sends a bookmark about once a minute.
const WATCH_IDLE: Duration = Duration::from_secs(150);

/// An API server that has just been given a new kind ends its watches: that is not a reason to miss anything for long.
const RELIST_BACKOFF: Duration = Duration::from_millis(50);

/// How often in a row a watch may end at once before it is a fault.
const MOST_BACKOFFS: usize = 5;

/// What is learnt of a collection.
#[derive(Debug)]
pub(super) enum CollectionEvent {
    /// A list begins.
    Listing,
    /// Some objects of the list.
    Page(Vec<RawObject>),
    /// The list is complete, as of this version.
    Listed(ResourceVersion),
    /// An object was added or changed.
    Applied(RawObject),
    /// An object is gone.
    Removed(RawObject),
    /// Nothing else has changed up to this version.
    Reached(ResourceVersion),
    /// The cluster has no such kind.
    Absent,
    /// The API server does not answer, or not with what was asked for.
    Lost(String),
}

/// Follows a collection for ever.
pub(super) async fn follow(client: Client, collection: Collection, mut tell: impl FnMut(CollectionEvent)) {
    let mut backoff = DefaultBackoff::default();
    loop {
        let mut version = match list(&client, &collection, &mut tell).await {
            Ok(version) => version,
            Err(kube::Error::Api(status)) if status.code == 404 => {
                tell(CollectionEvent::Absent);
                backoff.reset();
                sleep(ABSENT).await;
                continue;
            }
            Err(error) => {
                lost(&collection, &error, &mut tell);
                pause(&mut backoff).await;
                continue;
            }
        };
        backoff.reset();
        let mut backoffs = 0;
        while let Err(error) = watch(&client, &collection, &mut version, &mut tell).await {
            match error {
                // The cluster has forgotten what happened since, or the kind.
                End::Stale => break,
                End::Lost(error) => {
                    lost(&collection, &error, &mut tell);
                    pause(&mut backoff).await;
                }
                End::Over { heard: true } => {
                    backoff.reset();
                    backoffs = 0;
                }
                End::Over { heard: false } if backoffs < MOST_BACKOFFS => {
                    backoffs += 1;
                    sleep(RELIST_BACKOFF).await;
                }
                End::Over { heard: false } => pause(&mut backoff).await,
            }
        }
    }
}

/// Why a watch ended.
enum End {
    /// It cannot go on from here.
    Stale,
    /// The API server ended it, or it fell silent.
    Over {
        heard: bool,
    },
    Lost(kube::Error),
}

async fn list(
    client: &Client,
    collection: &Collection,
    tell: &mut impl FnMut(CollectionEvent),
) -> kube::Result<String> {
    tell(CollectionEvent::Listing);
    let version = collection.each(client, |object| tell(CollectionEvent::Page(vec![object.stripped()]))).await?;
    tell(CollectionEvent::Listed(ResourceVersion::parse(&version).unwrap_or_default()));
    Ok(version)
}

/// Watches from `version` on, and moves it along. Always ends with the reason why.
async fn watch(
    client: &Client,
    collection: &Collection,
    version: &mut String,
    tell: &mut impl FnMut(CollectionEvent),
) -> Result<(), End> {
    let gone = |error: kube::Error| match client::code(&error) {
        Some(404 | 410) => End::Stale,
        _ => End::Lost(error),
    };
    let mut events = pin!(collection.watch(client, version).await.map_err(gone)?);
    let mut heard = false;
    while let Ok(Some(event)) = timeout(WATCH_IDLE, events.next()).await {
        heard = true;
        let at = |object: &RawObject| object.version().0.to_string();
        match event.map_err(gone)? {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                *version = at(&object);
                tell(CollectionEvent::Applied(object.stripped()));
            }
            WatchEvent::Deleted(object) => {
                *version = at(&object);
                tell(CollectionEvent::Removed(object));
            }
            WatchEvent::Bookmark(bookmark) => {
                tell(CollectionEvent::Reached(
                    ResourceVersion::parse(&bookmark.metadata.resource_version).unwrap_or_default(),
                ));
                *version = bookmark.metadata.resource_version;
            }
            WatchEvent::Error(status) => return Err(gone(kube::Error::Api(status))),
        }
    }
    Err(End::Over { heard })
}

fn lost(collection: &Collection, error: &kube::Error, tell: &mut impl FnMut(CollectionEvent)) {
    let reason = client::reason(error);
    tracing::warn!(kind = collection.kind.name(), reason, "cannot read from the API server");
    tell(CollectionEvent::Lost(reason));
}

async fn pause(backoff: &mut DefaultBackoff) {
    sleep(Iterator::next(backoff).unwrap_or(ABSENT)).await;
}

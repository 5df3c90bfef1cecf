//! A cluster as it stands: read once, page by page, and not watched.

use std::fmt;
use std::io;

use kube::Client;
use serde_json::Value;
use vpcguard_policies::{Inventory, Kind, Settings};

use crate::cluster::ConnectError;
use crate::cluster::client::{code, reason};
use crate::cluster::collection::{Collection, get};
use crate::cluster::object::RawObject;
use crate::cluster::page::TooMany;

/// Why there is no view of a cluster.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("cannot start: {0}")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Read(#[from] Unread),
    #[error(transparent)]
    One(#[from] ReadError),
}

/// One thing that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {what}: {cause}; {remedy}")]
pub(crate) struct ReadError {
    verb: &'static str,
    what: String,
    cause: String,
    remedy: String,
    /// Whether nothing was heard of the API server at all, so that there is no use in asking for more.
    pub(crate) is_silence: bool,
}

impl ReadError {
    fn new(verb: &'static str, what: String, kind: Kind, error: &kube::Error) -> Self {
        let resource = match kind.group() {
            "" => kind.plural().to_owned(),
            group => format!("{}.{group}", kind.plural()),
        };
        let remedy = match code(error) {
            Some(401) => "log in again, or give the kubeconfig credentials that the API server knows".to_owned(),
            Some(403) => format!("ask for a role that may get and list {resource}"),
            Some(410) => "it took too long to list them all: try again".to_owned(),
            Some(_) => "try again".to_owned(),
            None => "see that the kubeconfig names the cluster that you mean, and that its API server can be reached"
                .to_owned(),
        };
        Self { verb, what, cause: reason(error), remedy, is_silence: code(error).is_none() }
    }
}

/// Everything that could not be read, a line each.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Unread(pub(crate) Vec<ReadError>);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// Does what is to be asked of a cluster, and waits for it.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}

/// A cluster.
pub(crate) struct Snapshot {
    client: Client,
}

impl Snapshot {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Reads all objects of a collection, one in memory at a time; none where the cluster has no such kind.
    pub(crate) async fn each(&self, collection: &Collection, mut take: impl FnMut(Value)) -> Result<(), ReadError> {
        let take = |object: RawObject| take(object.whole(collection.kind));
        read(collection, collection.each(&self.client, take).await)
    }

    /// The same, but for objects that hold too many values to be judged.
    pub(crate) async fn each_to_judge(
        &self,
        collection: &Collection,
        mut take: impl FnMut(Result<Value, TooMany>),
    ) -> Result<(), ReadError> {
        let take = |object: Result<RawObject, TooMany>| take(object.map(|object| object.whole(collection.kind)));
        read(collection, collection.each_to_judge(&self.client, take).await)
    }

    /// Reads everything that rules look up. Without all of it nothing can be judged.
    pub(crate) async fn looked_up(&self, settings: &Settings, mut take: impl FnMut(Kind, Value)) -> Result<(), Unread> {
        let mut unread = Vec::new();
        for collection in Collection::looked_up(settings) {
            if let Err(error) = self.each(&collection, |object| take(collection.kind, object)).await {
                let is_silence = error.is_silence;
                unread.push(error);
                if is_silence {
                    break;
                }
            }
        }
        if unread.is_empty() { Ok(()) } else { Err(Unread(unread)) }
    }

    /// What rules look up, ready to be asked.
    pub(crate) async fn inventory(&self, settings: &Settings) -> Result<Inventory, Unread> {
        let mut inventory = Inventory::new(settings.kube_ovn.clone()).watching(kinds_looked_up(settings));
        self.looked_up(settings, |kind, object| inventory.apply(kind, &object)).await?;
        Ok(inventory)
    }

    /// Reads one object; none if there is none, or no such kind.
    pub(crate) async fn object(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, ReadError> {
        match get(&self.client, kind, namespace, name).await {
            Ok(object) => Ok(object.map(|object| object.whole(kind))),
            Err(error) => Err(ReadError::new("get", format!("{kind} {name:?}"), kind, &error)),
        }
    }
}

/// What has come of reading a collection.
fn read(collection: &Collection, read: kube::Result<String>) -> Result<(), ReadError> {
    match read {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(ReadError::new("list", collection.to_string(), collection.kind, &error)),
    }
}

/// The kinds of which a snapshot has all objects that rules may look up.
pub(crate) fn kinds_looked_up(settings: &Settings) -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| settings.looks_up(*kind))
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn an_error_says_what_and_how_to_mend_it() {
        let status = Status { message: "no".to_owned(), code: 403, ..Status::default() };
        let error = kube::Error::Api(Box::new(status));
        let errors = Unread(vec![
            ReadError::new("list", "Subnet".to_owned(), Kind::Subnet, &error),
            ReadError::new("list", "Node".to_owned(), Kind::Node, &error),
        ]);
        let wanted = "cannot list Subnet: no; ask for a role that may get and list subnets.kubeovn.io\n\
                      cannot list Node: no; ask for a role that may get and list nodes";
        assert_eq!(errors.to_string(), wanted);
    }
}

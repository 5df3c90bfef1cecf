//! The Pods and Services that may be waiting for what a request makes: read when it is made, for nobody watches all Pods.

use std::time::Duration;

use tracing::warn;
use vpcguard_policies::kinds;
use vpcguard_policies::{Awaited, Kind, MOST_WAITING, Request, Settings};

use super::client::reason;
use super::collection::Collection;
use kube::Client;

/// For how long they are looked for: what depends on it is a warning, and the answer must not be late for it.
const MOST_TIME: Duration = Duration::from_secs(2);

/// Those that may wait, as far as they can be read in time.
pub(super) async fn waiting_for(request: &Request, client: &Client, settings: &Settings) -> Vec<kinds::Object> {
    let Some(awaited) = Awaited::by(request) else { return Vec::new() };
    let mut found = Vec::new();
    let looked = tokio::time::timeout(MOST_TIME, async {
        for kind in [Kind::Namespace, Kind::Pod, Kind::Service] {
            let take = |object: Result<super::object::RawObject, _>| {
                // What is not judged would not have been admitted either.
                let awaits = object.ok().filter(|object| awaited.may_be_named_by(&object.0));
                if let Some(object) = awaits.filter(|_| found.len() < MOST_WAITING) {
                    found.push(kinds::Object::read(kind, &object.0, &settings.kube_ovn).0);
                }
            };
            Collection::all(kind).each_to_judge(client, take).await?;
        }
        Ok(())
    });
    let why = match looked.await {
        Ok(Ok(())) => return found,
        Ok(Err(error)) => reason(&error),
        Err(_) => format!("not all were read in {} s", MOST_TIME.as_secs()),
    };
    warn!(object = request.name, why, "cannot look for all Pods and Services that wait for a new object");
    found
}

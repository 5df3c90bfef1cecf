//! The Pods and Services that may be waiting for what a request makes, and the Pods that have addresses of what it deletes: read at
//! that moment, for nobody watches all Pods.

use std::time::Duration;

use tracing::warn;
use vpcguard_policies::kinds;
use vpcguard_policies::{Awaited, Kind, MOST_WAITING, Request, Settings, Using};

use super::client::reason;
use super::collection::Collection;
use kube::Client;

/// For how long they are looked for: what depends on it is a warning, and the answer must not be late for it.
const MOST_TIME: Duration = Duration::from_secs(2);

/// Those that a request concerns, as far as they can be read in time.
pub(super) async fn concerned_by(request: &Request, client: &Client, settings: &Settings) -> Vec<kinds::Object> {
    match Using::by(request, &settings.kube_ovn) {
        Some(using) => using_it(request, using, client, settings).await,
        None => waiting_for(request, client, settings).await,
    }
}

/// Those that have addresses of a Subnet that is to go. Whoever was read has them at this moment; an IP counts only once all Pods were.
async fn using_it(request: &Request, mut using: Using, client: &Client, settings: &Settings) -> Vec<kinds::Object> {
    let mut found = Vec::new();
    let looked = tokio::time::timeout(MOST_TIME, async {
        let read = |kind, object: &super::object::RawObject| kinds::Object::read(kind, &object.0, &settings.kube_ovn).0;
        let take = |pod: super::object::RawObject| {
            if using.pod(&pod.0) && found.len() < MOST_WAITING {
                found.push(read(Kind::Pod, &pod));
            }
        };
        Collection::all(Kind::Pod).each(client, take).await?;
        let take = |ip: super::object::RawObject| {
            if using.ip(&ip.0) && found.len() < MOST_WAITING {
                found.push(read(Kind::Ip, &ip));
            }
        };
        Collection::all(Kind::Ip).each(client, take).await
    });
    let why = match looked.await {
        Ok(Ok(_)) => return found,
        Ok(Err(error)) => reason(&error),
        Err(_) => format!("not all were read in {} s", MOST_TIME.as_secs()),
    };
    warn!(object = request.name, why, "cannot look for all Pods with addresses of a Subnet that is deleted");
    found
}

async fn waiting_for(request: &Request, client: &Client, settings: &Settings) -> Vec<kinds::Object> {
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

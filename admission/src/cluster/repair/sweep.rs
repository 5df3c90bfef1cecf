//! Looks through what is stored, object by object, as `vpcguard audit` does.

use std::collections::BTreeMap;

use vpcguard_policies::{Kind, Operation, Request, review};

use crate::cluster::client::{code, reason};
use crate::cluster::collection::Collection;
use crate::cluster::events::Events;
use crate::cluster::live::Live;
use crate::cluster::object::Object;

/// What rules over several objects judge, and what tenants write. Others need no second look.
const KINDS: [Kind; 5] = [Kind::Vpc, Kind::Subnet, Kind::VpcNatGateway, Kind::VpcEgressGateway, Kind::Pod];

/// How many events one sweep writes.
const MOST_EVENTS: usize = 100;

/// How many objects of each kind violate each rule.
pub(super) async fn sweep(
    live: &Live,
    events: &Events,
) -> Result<BTreeMap<(&'static str, &'static str), usize>, String> {
    let mut found = BTreeMap::new();
    let mut written = 0;
    for kind in KINDS {
        let mut token = None;
        loop {
            let page = match Collection::all(kind).page(live.client(), token).await {
                Ok(page) => page,
                Err(error) if code(&error) == Some(404) => break,
                Err(error) => return Err(format!("cannot list {}: {}", kind.plural(), reason(&error))),
            };
            for object in page.items {
                for (rule, event) in violations(live, kind, &object)? {
                    *found.entry((rule, kind.name())).or_default() += 1;
                    if written < MOST_EVENTS {
                        written += 1;
                        events.violation(&object, &event.0, &event.1).await;
                    }
                }
            }
            token = page.metadata.continue_.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

type Violation = (vpcguard_policies::ObjectRef, vpcguard_policies::finding::Finding);

/// The rules that an object violates, each with its first finding.
fn violations(live: &Live, kind: Kind, object: &Object) -> Result<BTreeMap<&'static str, Violation>, String> {
    let request = at_rest(kind, object);
    let verdict = review(&request, &live.read().inventory, live.settings()).map_err(|error| error.to_string())?;
    let Some(named) = request.object_ref() else { return Ok(BTreeMap::new()) };
    let mut first = BTreeMap::new();
    for finding in verdict.findings {
        first.entry(finding.rule()).or_insert_with(|| (named.clone(), finding));
    }
    Ok(first)
}

/// A request about a stored object. The items of a list do not say of which kind they are.
fn at_rest(kind: Kind, object: &Object) -> Request {
    let mut whole = object.0.clone();
    if let Some(fields) = whole.as_object_mut() {
        fields.insert("apiVersion".to_owned(), kind.api_version().into());
        fields.insert("kind".to_owned(), kind.name().into());
    }
    Request { operation: Operation::AtRest, ..Request::of_object(whole, None) }
}

//! Looks through what is stored, object by object, as `vpcguard audit` does.

use std::collections::BTreeMap;

use vpcguard_policies::finding::Reported;
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::{Kind, ObjectRef, Request, ViewError, review};

use crate::cluster::cache::ClusterCache;
use crate::cluster::client::{code, reason};
use crate::cluster::collection::Collection;
use crate::cluster::events::Events;
use crate::cluster::object::RawObject;
use crate::cluster::page::TooMany;

/// What is looked through: the kinds of which a rule looks at other objects too, or keeps a tenant out. Of workloads it is
/// their Pods that are somewhere.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    let outlives_its_verdict =
        |kind: Kind| TABLE.iter().any(|rule| rule.reads_of(kind) && (rule.isolates || !rule.asks.is_empty()));
    let is_somewhere = |kind: Kind| kind.is_stored() && (kind == Kind::Pod || !kind.has_pod_template());
    Kind::ALL.iter().copied().filter(move |kind| is_somewhere(*kind) && outlives_its_verdict(*kind))
}

/// How many events one sweep writes.
const MOST_EVENTS: usize = 100;

/// How many objects of each kind violate each rule.
pub(super) type Counts = BTreeMap<(&'static str, &'static str), usize>;

/// One object that violates a rule.
struct Violation {
    object: ObjectRef,
    uid: String,
    finding: Reported,
}

/// Looks through all, and writes events about what it finds.
pub(super) async fn sweep(cache: &ClusterCache, events: &Events) -> Result<Counts, String> {
    let (mut counts, mut violations) = (Counts::new(), Vec::new());
    for collection in Collection::read_by_rules(kinds(), cache.settings()) {
        let kind = collection.kind;
        let mut failed = None;
        let look = |object: Result<RawObject, TooMany>| {
            let object = match object {
                Ok(object) => object,
                Err(too_many) => {
                    tracing::warn!(kind = kind.name(), reason = %too_many, "cannot judge what is stored");
                    return;
                }
            };
            match look_at(cache, kind, object) {
                Ok(found) => {
                    for violation in found {
                        *counts.entry((violation.finding.rule(), kind.name())).or_default() += 1;
                        if violations.len() < MOST_EVENTS {
                            violations.push(violation);
                        }
                    }
                }
                Err(error) => failed = Some(error.to_string()),
            }
        };
        match collection.each_to_judge(cache.client(), look).await {
            Err(error) if code(&error) != Some(404) => {
                return Err(format!("cannot list {collection}: {}", reason(&error)));
            }
            _ => failed.map_or(Ok(()), Err)?,
        }
    }
    for Violation { object, uid, finding } in violations {
        events.violation(&object, uid, &finding).await;
    }
    Ok(counts)
}

/// The rules that an object violates, each with its first finding.
fn look_at(cache: &ClusterCache, kind: Kind, object: RawObject) -> Result<Vec<Violation>, ViewError> {
    let uid = object.uid().to_owned();
    let request = Request::at_rest(object.whole(kind));
    let verdict = review(&request, &cache.read().inventory, cache.settings())?;
    let Some(named) = request.object_ref() else { return Ok(Vec::new()) };
    // They come in the order of the rules. Those of one that are not listed may be the first of another.
    let mut findings = verdict.findings;
    findings.extend(verdict.unlisted_findings);
    findings.dedup_by_key(|finding| finding.rule());
    let violation = |finding| Violation { object: named.clone(), uid: uid.clone(), finding };
    Ok(findings.into_iter().map(violation).collect())
}

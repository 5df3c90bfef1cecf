//! Looks through what is stored, object by object, as `vpcguard audit` does.

use std::collections::BTreeMap;

use vpcguard_policies::finding::Finding;
use vpcguard_policies::{Kind, ObjectRef, Request, ViewError, review};

use crate::cluster::client::{code, reason};
use crate::cluster::collection::Collection;
use crate::cluster::events::Events;
use crate::cluster::live::Live;
use crate::cluster::object::Object;
use crate::cluster::page::TooMany;

/// What rules over several objects judge, and what tenants write. Of workloads it is their Pods that are somewhere.
const KINDS: [Kind; 10] = [
    Kind::Vpc,
    Kind::Subnet,
    Kind::VpcNatGateway,
    Kind::VpcEgressGateway,
    Kind::IpPool,
    Kind::Namespace,
    Kind::AttachmentDefinition,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::Pod,
];

/// How many events one sweep writes.
const MOST_EVENTS: usize = 100;

/// How many objects of each kind violate each rule.
pub(super) type Counts = BTreeMap<(&'static str, &'static str), usize>;

/// One object that violates a rule.
struct Violation {
    object: ObjectRef,
    uid: String,
    finding: Finding,
}

/// Looks through all, and writes events about what it finds.
pub(super) async fn sweep(live: &Live, events: &Events) -> Result<Counts, String> {
    let (mut counts, mut violations) = (Counts::new(), Vec::new());
    for kind in KINDS {
        let mut failed = None;
        let look = |object: Result<Object, TooMany>| {
            let object = match object {
                Ok(object) => object,
                Err(too_many) => {
                    tracing::warn!(kind = kind.name(), reason = %too_many, "cannot judge what is stored");
                    return;
                }
            };
            match look_at(live, kind, object) {
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
        match Collection::all(kind).each_to_judge(live.client(), look).await {
            Err(error) if code(&error) != Some(404) => {
                return Err(format!("cannot list {}: {}", kind.plural(), reason(&error)));
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
fn look_at(live: &Live, kind: Kind, object: Object) -> Result<Vec<Violation>, ViewError> {
    let uid = object.uid().to_owned();
    let request = Request::at_rest(object.whole(kind));
    let verdict = review(&request, &live.read().inventory, live.settings())?;
    let Some(named) = request.object_ref() else { return Ok(Vec::new()) };
    // They come in the order of the rules. Those of one that are not listed may be the first of another.
    let mut findings = verdict.findings;
    findings.extend(verdict.unlisted_findings);
    findings.dedup_by_key(|finding| finding.rule());
    let violation = |finding| Violation { object: named.clone(), uid: uid.clone(), finding };
    Ok(findings.into_iter().map(violation).collect())
}

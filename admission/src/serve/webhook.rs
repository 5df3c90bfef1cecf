//! From the bytes of an AdmissionReview to the bytes of its answer.

use std::net::IpAddr;

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::time::Instant;
use vpcguard_policies::{Request, Verdict, answer};

use super::body::Piece;
use super::endpoint::Endpoint;
use super::failure::{Failure, json};
use super::logging::shortened;
use super::metrics::{Decision, Metrics};
use super::reviewer::{Reviewed, Reviewer};
use super::unjudged::Unjudged;

/// Answers a body that has been read from a peer, by a time limit.
pub(super) async fn respond(
    endpoint: Endpoint,
    peer: IpAddr,
    body: Piece,
    limit: Instant,
    reviewer: &Reviewer,
    metrics: &Metrics,
) -> Result<Response, Unjudged> {
    let request = Request::from_review(&body.bytes).map_err(Failure::from)?;
    drop(body);
    let outcome = match endpoint {
        Endpoint::Validate => reviewer.validate(&request, peer, limit).await,
        Endpoint::Mutate => reviewer.mutate(&request),
    };
    let Reviewed { verdict, warning } = outcome.map_err(|failure| Unjudged::of(&request, failure))?;
    let decision = if verdict.allowed { Decision::Allowed } else { Decision::Denied };
    metrics.count_request(endpoint, (&request).into(), decision);
    metrics.count_violations(&verdict);
    if !verdict.allowed {
        log_refusal(&request, &verdict);
    }
    let patch = patch(&request, &verdict);
    let review = reviewer.by_settings(|settings| answer(&request, &verdict, settings, patch));
    let review = match warning {
        Some(warning) => review.warn(&warning),
        None => review,
    };
    Ok(json(StatusCode::OK, review.to_json()))
}

/// The JSON patch to the mutated object, in base64 as the API server wants it.
fn patch(request: &Request, verdict: &Verdict) -> Option<String> {
    let mutated = verdict.mutated_object.as_ref()?;
    let patch = serde_json::to_vec(&json_patch::diff(&request.object, mutated)).ok()?;
    Some(BASE64_STANDARD.encode(patch))
}

/// One line a refusal, without the object: it may hold secrets.
fn log_refusal(request: &Request, verdict: &Verdict) {
    let object = request.object_ref();
    let name = object.as_ref().map(|object| object.name.as_str()).unwrap_or_default();
    let mut rules: Vec<_> = verdict.findings.iter().map(vpcguard_policies::finding::Reported::rule).collect();
    rules.dedup();
    tracing::info!(
        uid = shortened(&request.uid),
        operation = request.operation.name(),
        kind = request.kind.map(vpcguard_policies::Kind::name).unwrap_or_default(),
        namespace = shortened(&request.namespace),
        name = shortened(name),
        user = shortened(&request.user),
        rules = rules.join(","),
        "refused"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_patch_leads_from_the_object_to_the_mutated_one() {
        let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "v"}});
        let mut mutated = vpc.clone();
        mutated["metadata"]["annotations"] = json!({"ovn.kubernetes.io/vpc_lb": "on"});
        let verdict = Verdict { mutated_object: Some(mutated.clone()), ..Verdict::admitted() };
        let request = Request::of_object(vpc.clone(), None);
        let patch = BASE64_STANDARD.decode(patch(&request, &verdict).unwrap()).unwrap();
        let patch: Value = serde_json::from_slice(&patch).unwrap();
        assert_eq!(
            patch,
            json!([{"op": "add", "path": "/metadata/annotations", "value": {"ovn.kubernetes.io/vpc_lb": "on"}}])
        );
        let mut patched = vpc;
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        json_patch::patch(&mut patched, &patch).unwrap();
        assert_eq!(patched, mutated);
    }
}

//! The corpus through the guests: the same verdicts as the library's, to the byte.

use std::sync::Arc;

use serde_json::{Value, json};
use vpcguard_host::{Cluster, Policies, Reply};
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::{Operation, Policy, Request, Verdict, admit, review_by};
use vpcguard_tests::Case;

use crate::{as_sent, clusters, inventory, policies, said, wanted};

/// How many findings of each action a verdict lists.
const MOST_FINDINGS: usize = 20;

#[test]
fn each_guest_says_what_the_library_says() {
    let Some(policies) = policies() else { return };
    let mut different = Vec::new();
    for case in Case::all() {
        let settings = case.parsed_settings();
        let state = inventory(&case.state, &settings);
        let original = as_sent(&case.request);
        for (cluster, how) in clusters(&case).iter().zip(["by lists", "by indexes"]) {
            let mutated = mutated(policies, cluster, &original, &case.settings);
            for (policy, guest) in policies.all() {
                let request = if policy.is_mutating() { &original } else { &mutated };
                let (said, wanted) =
                    (said(guest, cluster, request, &case.settings), wanted(policy, request, &state, &settings));
                if said != wanted {
                    different.push(format!("{}, {policy} {how}\n  wanted {wanted}\n  got    {said}", case.name));
                }
            }
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn all_guests_together_say_what_the_whole_library_says() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        let settings = case.parsed_settings();
        let whole = admit(&case.request, &inventory(&case.state, &settings), &settings).unwrap();
        for cluster in clusters(&case) {
            let request = mutated(policies, &cluster, &as_sent(&case.request), &case.settings);
            let judging = policies.all().filter(|(policy, _)| !policy.is_mutating());
            let replies: Vec<Reply> = judging
                .map(|(_, guest)| serde_json::from_str(&said(guest, &cluster, &request, &case.settings)).unwrap())
                .collect();
            assert_eq!(union(&replies), summary(&whole), "{}", case.name);
        }
    }
}

#[test]
fn a_policy_is_asked_about_all_that_its_rules_find_something_in() {
    let Some(policies) = policies() else { return };
    for case in Case::all() {
        let Some(kind) = case.request.kind else { continue };
        let settings = case.parsed_settings();
        let state = inventory(&case.state, &settings);
        let operation = match case.request.operation {
            Operation::AtRest => "CREATE",
            operation => operation.name(),
        };
        for (policy, guest) in policies.all() {
            if !guest.metadata().is_asked(kind.group(), kind.version(), kind.plural(), operation) {
                let unsaid = wanted(policy, &case.request, &state, &settings);
                assert_eq!(unsaid, r#"{"accepted":true}"#, "{}, {policy}", case.name);
            }
        }
    }
}

#[test]
fn the_audit_annotation_is_the_canonical_verdict() {
    let Some(policies) = policies() else { return };
    let mut annotated = 0;
    for case in Case::all() {
        let settings = case.parsed_settings();
        let (state, request) = (inventory(&case.state, &settings), as_sent(&case.request));
        let [cluster, _] = clusters(&case);
        for (policy, guest) in policies.all().filter(|(policy, _)| !policy.is_mutating()) {
            let reply: Reply = serde_json::from_str(&said(guest, &cluster, &request, &case.settings)).unwrap();
            let verdict = review_by(policy, &request, &state, &settings).unwrap();
            assert_eq!((reply.accepted, reply.code.unwrap_or(200)), (verdict.allowed, verdict.code), "{}", case.name);
            if let Some(annotation) = reply.audit_annotations.get("verdict") {
                assert_eq!(*annotation, verdict.to_json(), "{}, {policy}", case.name);
                annotated += 1;
            } else {
                assert_eq!(verdict.to_json(), Verdict::admitted().to_json(), "{}, {policy}", case.name);
            }
        }
    }
    assert!(annotated > 0);
}

/// The request as it is once the API server has applied the patch that the policy server makes of the injector's answer.
fn mutated(policies: &Policies, cluster: &Arc<Cluster>, request: &Request, settings: &Value) -> Request {
    let injector = policies.get(Policy::VpcInjector).unwrap();
    let reply: Reply = serde_json::from_str(&said(injector, cluster, request, settings)).unwrap();
    let mut mutated = request.clone();
    if let Some(patch) = reply.patch(&request.object) {
        json_patch::patch(&mut mutated.object, &patch).unwrap();
        assert_eq!(Some(&mutated.object), reply.mutated_object.as_ref());
    }
    mutated
}

/// What a verdict says, but for what was injected.
fn summary(verdict: &Verdict) -> Value {
    let verdict: Value = serde_json::from_str(&verdict.to_json()).unwrap();
    json!({
        "allowed": verdict["allowed"], "code": verdict["code"], "findings": verdict["findings"],
        "warnings": verdict["warnings"], "omitted": verdict["omitted"].as_u64().unwrap_or(0),
        "notEvaluated": verdict["notEvaluated"],
    })
}

/// The verdicts of the guests as one: in the order of the rule table, and with at most 20 findings.
fn union(replies: &[Reply]) -> Value {
    let verdicts: Vec<Value> = replies
        .iter()
        .filter_map(|reply| reply.audit_annotations.get("verdict"))
        .map(|verdict| serde_json::from_str(verdict).unwrap())
        .collect();
    let all = |list: &str| {
        let mut all: Vec<Value> =
            verdicts.iter().flat_map(|verdict| verdict[list].as_array().unwrap().clone()).collect();
        all.sort_by_key(|found| TABLE.iter().position(|rule| found["rule"] == rule.id));
        all
    };
    let (mut findings, mut warnings) = (all("findings"), all("warnings"));
    let unlisted = |list: &Vec<Value>| list.len().saturating_sub(MOST_FINDINGS);
    let omitted: usize =
        verdicts.iter().map(|verdict| usize::try_from(verdict["omitted"].as_u64().unwrap_or(0)).unwrap()).sum();
    let omitted = omitted + unlisted(&findings) + unlisted(&warnings);
    findings.truncate(MOST_FINDINGS);
    warnings.truncate(MOST_FINDINGS);
    let codes = || replies.iter().filter_map(|reply| reply.code);
    let code = if codes().any(|code| code == 403) { 403 } else { codes().next().unwrap_or(200) };
    json!({
        "allowed": replies.iter().all(|reply| reply.accepted), "code": code, "findings": findings,
        "warnings": warnings, "omitted": omitted, "notEvaluated": all("notEvaluated"),
    })
}

//! What each rule says that it reads, against what makes it speak: an UPDATE that changes a field is not judged by rules that do
//! not name it.

#![expect(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;

use serde_json::Value;
use vpcguard_policies::finding::Reported;
use vpcguard_policies::{Operation, Request, Verdict, review};
use vpcguard_tests::Case;

/// What rules say of new objects alone, by their own choice: Kube-OVN writes it into Pods that exist.
const OF_WHAT_IS_NEW: &[(&str, &[&str])] =
    &[("pod-network-state", &["attached already", "routes for a Pod", "is for Kube-OVN alone"])];

/// What is not a field that somebody writes into an object that exists: its identity, and what the API server writes.
const IDENTITY: &[&str] = &[
    "/metadata",
    "/apiVersion",
    "/kind",
    "/metadata",
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/uid",
    "/metadata/deletionTimestamp",
];

/// Every value within another, by its JSON pointer.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, into: &mut Vec<String>) {
        let mut step = |key: &str, value: &Value| {
            let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
            into.push(path.clone());
            walk(value, &path, into);
        };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| step(key, value)),
            Value::Array(elements) => elements.iter().enumerate().for_each(|(at, value)| step(&at.to_string(), value)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}

/// An object without one of its values.
fn without(object: &Value, pointer: &str) -> Value {
    let mut object = object.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Value::Array(elements) => drop(elements.remove(key.parse().unwrap())),
        _ => panic!("{pointer}"),
    }
    object
}

/// The rules that have something to say about more than what is new.
fn speaking(verdict: &Verdict) -> BTreeSet<&'static str> {
    let listed = verdict.findings.iter().chain(&verdict.warnings);
    let all = listed.chain(&verdict.unlisted_findings).chain(&verdict.unlisted_warnings);
    let is_of_new = |finding: &&Reported| {
        let of_rule = OF_WHAT_IS_NEW.iter().filter(|(rule, _)| *rule == finding.rule());
        of_rule.flat_map(|(_, said)| *said).any(|said| finding.message().contains(said))
    };
    all.filter(|finding| !is_of_new(finding)).map(Reported::rule).collect()
}

#[test]
fn whatever_makes_a_rule_speak_is_what_it_reads() {
    let mut unread = BTreeSet::new();
    for case in Case::all().into_iter().filter(|case| case.request.operation == Operation::Create) {
        let (cluster, settings) = (case.cluster(), case.parsed_settings());
        let judged = |request: &Request| speaking(&review(request, &cluster, &settings).unwrap());
        let whole = judged(&case.request);
        if whole.is_empty() {
            continue;
        }
        let object = &case.request.object;
        for pointer in pointers(object).iter().filter(|pointer| !IDENTITY.contains(&pointer.as_str())) {
            let old = without(object, pointer);
            let before = judged(&Request { object: old.clone(), ..case.request.clone() });
            let added: Vec<_> = whole.difference(&before).collect();
            if added.is_empty() {
                continue;
            }
            let update = Request { operation: Operation::Update, old_object: Some(old), ..case.request.clone() };
            let said = judged(&update);
            let silent = added.into_iter().filter(|rule| !said.contains(*rule));
            unread.extend(silent.map(|rule| format!("{rule}: {pointer} ({})", case.name)));
        }
    }
    assert!(unread.is_empty(), "not read:\n{}", unread.into_iter().collect::<Vec<_>>().join("\n"));
}

//! What each rule says that it looks up, against what it does look up in all cases.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::{Kind, Policy, Settings, mutate, review, review_by};
use vpcguard_tests::Case;
use vpcguard_tests::recorder::Recorder;

/// The settings of a case, where all rules but one are off.
fn alone(case: &Case, id: &str) -> Settings {
    let mut settings = case.settings.clone();
    let others = TABLE.iter().filter(|rule| rule.id != id);
    let mut rules: BTreeMap<_, _> = others.map(|rule| (rule.id, json!("off"))).collect();
    rules.extend(settings["rules"].get(id).map(|action| (id, action.clone())));
    settings["rules"] = json!(rules);
    Settings::parse(&settings).unwrap()
}

#[test]
fn a_rule_looks_up_the_kinds_that_it_names() {
    let mut asked: BTreeMap<&str, BTreeSet<Kind>> = BTreeMap::new();
    for case in Case::all() {
        let cluster = Recorder::new(case.cluster());
        for rule in TABLE {
            review(&case.request, &cluster, &alone(&case, rule.id)).unwrap();
            asked.entry(rule.id).or_default().extend(cluster.take_asked());
        }
        for rule in INJECTIONS.iter().filter(|rule| case.request.kind == Some(rule.kind)) {
            mutate(&case.request, &cluster, &case.parsed_settings()).unwrap();
            asked.entry(rule.id).or_default().extend(cluster.take_asked());
        }
    }
    // No case has Pods that wait, without which it asks less.
    let waits = "subnet-joins-waiting";
    asked.remove(waits);
    let said = TABLE
        .iter()
        .filter(|rule| rule.id != waits)
        .map(|rule| (rule.id, rule.asks))
        .chain(INJECTIONS.iter().map(|rule| (rule.id, rule.asks)));
    let said: BTreeMap<_, BTreeSet<_>> = said.map(|(id, asks)| (id, asks.iter().copied().collect())).collect();
    assert_eq!(asked, said);
}

#[test]
fn the_policies_together_say_what_all_rules_say() {
    for case in Case::all() {
        let (cluster, settings) = (case.cluster(), case.parsed_settings());
        let whole = review(&case.request, &cluster, &settings).unwrap();
        let parts: Vec<_> =
            Policy::ALL.iter().map(|policy| review_by(*policy, &case.request, &cluster, &settings).unwrap()).collect();
        assert_eq!(parts.iter().all(|part| part.allowed), whole.allowed, "{}", case.name);
        let sum = |count: fn(&vpcguard_policies::Verdict) -> usize| parts.iter().map(count).sum::<usize>();
        let all =
            |verdict: &vpcguard_policies::Verdict| verdict.findings.len() + verdict.warnings.len() + verdict.omitted;
        assert_eq!(sum(all), all(&whole), "{}", case.name);
    }
}

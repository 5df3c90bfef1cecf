//! The corpus through the library.

use std::collections::BTreeMap;

use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_tests::Case;

#[test]
fn every_verdict_is_the_wanted_one() {
    let cases = Case::all();
    let different: Vec<_> = cases.iter().filter_map(Case::difference).collect();
    assert!(different.is_empty(), "{} of {} cases:\n{}", different.len(), cases.len(), different.join("\n"));
}

/// Cases run where all objects are seen, and where only those of a folder are: what is missing must be missed in both, unless
/// a case says otherwise.
#[test]
fn a_view_that_sees_all_says_the_same() {
    let different: Vec<_> = Case::all().iter().filter_map(Case::difference_seeing_all).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_rule_has_cases_on_both_sides() {
    // For each subject, whether there are cases in which the rule speaks, and in which it is silent.
    let mut sides: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for case in Case::all() {
        let verdict = case.verdict();
        let found = verdict.findings.iter().chain(&verdict.warnings).any(|finding| finding.rule() == case.subject());
        let injected = verdict.injected.iter().any(|injection| injection.rule == case.subject());
        let (speaks, silent) = sides.entry(case.subject().to_owned()).or_default();
        *speaks |= found || injected;
        *silent |= !found && !injected;
    }
    for id in TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id)) {
        // No case has Pods that wait: a test on a real API server does.
        let speaks = id != "subnet-joins-waiting";
        assert_eq!(sides.get(id), Some(&(speaks, true)), "{id}");
    }
}

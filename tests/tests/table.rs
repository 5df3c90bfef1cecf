//! Every rule of the table has a file, a page and a case; and every place that makes a finding has a case.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vpcguard_policies::Verdict;
use vpcguard_policies::finding::Reported;
use vpcguard_policies::kinds::{KUBE_OVN_GROUP, KUBE_OVN_KINDS, KUBE_OVN_VERSION};
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_tests::Case;
use vpcguard_tests::kube_ovn::Resource;

/// How a finding is made.
const MAKES: &[&str] = &[
    "invalid",
    "invalid_number",
    "type_invalid",
    "type_error",
    "required",
    "not_supported",
    "duplicate",
    "not_found",
    "forbidden",
];

/// What no case reaches: Pods that wait for an object, or have its addresses, are no part of a case. The tests of their own files,
/// and of the cluster, do.
const BEYOND_CASES: [&str; 2] =
    ["policies/src/rules/subnet/joins_waiting.rs", "policies/src/rules/subnet/in_use/pods.rs"];

/// A line and a column of a file, from the root.
type Place = (String, u32, u32);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the rules, by their paths from the root.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, into) } else { into.push(path) }
        }
    }
    let mut paths = Vec::new();
    collect(&root().join("policies/src/rules"), &mut paths);
    paths.retain(|path| path.file_name().is_some_and(|name| name != "tests.rs" && name != "testing.rs"));
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// The places of the rules, and not of their tests, that make a finding.
fn places() -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for (file, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (at, _) in code.match_indices("Finding::") {
            let made = &code[at + "Finding::".len()..];
            let line = code[..at].lines().count() + usize::from(code[..at].ends_with('\n'));
            let column = at - code[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
            if MAKES.iter().any(|make| made.strip_prefix(make).is_some_and(|rest| rest.starts_with('('))) {
                places.insert((file.clone(), u32::try_from(line).unwrap(), u32::try_from(column).unwrap()));
            } else {
                let word: String = made.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
                assert!(!MAKES.contains(&word.as_str()), "{file}:{line}: {word} is not called where it is named");
            }
        }
    }
    places
}

fn verdicts(case: &Case) -> [Verdict; 2] {
    [case.verdict(), case.verdict_seeing_all()]
}

fn all(verdict: &Verdict) -> impl Iterator<Item = &Reported> {
    let listed = verdict.findings.iter().chain(&verdict.warnings);
    listed.chain(&verdict.unlisted_findings).chain(&verdict.unlisted_warnings)
}

#[test]
fn every_rule_has_a_file_and_a_page() {
    let sources: String = sources().into_iter().map(|(_, text)| text).collect();
    let manual = fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let why = fs::read_to_string(root().join("docs/why.md")).unwrap();
    for id in TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id)) {
        assert_eq!(sources.matches(&format!("id: \"{id}\",")).count(), 1, "{id}");
        assert!(manual.contains(&format!("\n## {id}\n")), "{id} has no page");
        assert!(why.contains(&format!("`{id}`")), "docs/why.md does not speak of {id}");
    }
}

/// Those that Kube-OVN itself is asked to take are known to `unknown-kind`.
#[test]
fn every_kind_that_kube_ovn_takes_is_known() {
    let api_version = format!("{KUBE_OVN_GROUP}/{KUBE_OVN_VERSION}");
    let mut taken = Resource::all().iter().filter(|resource| resource.api_version.starts_with(KUBE_OVN_GROUP));
    assert!(taken.clone().count() > 15);
    assert!(taken.all(|resource| resource.api_version == api_version && KUBE_OVN_KINDS.contains(&resource.kind)));
}

/// What `cargo xtask new-rule` leaves to whoever writes a rule.
#[test]
fn no_rule_is_left_half_written() {
    for (file, text) in sources() {
        assert!(!text.contains("TODO"), "{file} has a TODO");
    }
}

#[test]
fn every_place_that_makes_a_finding_has_a_case() {
    let mut left = places();
    left.retain(|(file, ..)| !BEYOND_CASES.contains(&file.as_str()));
    assert!(left.len() > 100, "the places are not found: {}", left.len());
    for verdict in Case::all().iter().flat_map(verdicts) {
        for place in all(&verdict).map(|finding| finding.made_at()) {
            left.remove(&(place.file().to_owned(), place.line(), place.column()));
        }
    }
    let left: Vec<_> = left.iter().map(|(file, line, column)| format!("{file}:{line}:{column}")).collect();
    assert!(left.is_empty(), "no case reaches\n{}", left.join("\n"));
}

/// Every place is reached, so that none makes a finding that helps nobody.
#[test]
fn every_finding_says_how_to_fix_it() {
    let mut silent = BTreeSet::new();
    for case in Case::all() {
        for verdict in [case.verdict(), case.verdict_seeing_all(), case.settled().verdict()] {
            let without = all(&verdict).filter(|finding| finding.help_text().is_empty());
            silent.extend(without.map(|finding| format!("{}: {finding}", finding.made_at())));
        }
    }
    assert!(silent.is_empty(), "no help:\n{}", silent.into_iter().collect::<Vec<_>>().join("\n"));
}

/// What is admitted is neither forbidden nor invalid.
#[test]
fn no_warning_begins_as_an_error() {
    const ERRORS: &[&str] =
        &["Invalid value", "Required value", "Duplicate value", "Unsupported value", "Not found", "Forbidden"];
    for case in Case::all() {
        for verdict in [case.verdict(), case.verdict_seeing_all(), case.settled().verdict()] {
            for warning in verdict.warnings.iter().chain(&verdict.unlisted_warnings) {
                let message = warning.message();
                assert!(!ERRORS.iter().any(|words| message.starts_with(words)), "{}: {warning}", case.name);
                assert!(!message.is_empty(), "{}: {}", case.name, warning.made_at());
            }
        }
    }
}

#[test]
fn every_rule_has_a_case_that_it_accepts() {
    let cases = Case::all();
    for rule in TABLE {
        let mut of_rule = cases.iter().filter(|case| case.subject() == rule.id).flat_map(verdicts);
        assert!(of_rule.any(|verdict| all(&verdict).all(|finding| finding.rule() != rule.id)), "{}", rule.id);
    }
}

//! Smaller versions of a case.

use serde_json::Value;

use vpcguard_tests::isolation::Step;

use super::case::Case;
use super::elements::{DEFAULT_NETWORK, NETWORKS};
use super::site::{By, Site, Verdict};

/// How often a case is made smaller.
const ROUNDS: usize = 8;

/// The smallest version that is found of a case which is admitted and gets in.
pub(super) fn shrunk(
    site: &mut Site,
    case: &Case,
    gets_in: impl Fn(&Site, &Case, &super::breach::Breach) -> bool,
) -> Case {
    let mut smallest = case.clone();
    for _ in 0..ROUNDS {
        let smaller = smaller(&smallest);
        let round = site.run(&smaller, By::Tenant);
        if round.crash.is_some() {
            break;
        }
        let both = smaller.into_iter().zip(round.outcomes);
        let still = |site: &Site, case: &Case, outcome: &super::site::Outcome| {
            outcome.verdict == Verdict::Admitted && outcome.breaches.iter().any(|breach| gets_in(site, case, breach))
        };
        let found: Vec<_> = both.collect();
        match found.into_iter().find(|(case, outcome)| still(site, case, outcome)) {
            Some((case, _)) => smallest = case,
            None => break,
        }
    }
    smallest
}

/// All versions with one thing less.
fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    for index in 1..case.steps.len() {
        let mut less = case.clone();
        less.steps.remove(index);
        all.push(less);
    }
    for (index, step) in case.steps.iter().enumerate() {
        let (Step::Merge(body) | Step::Status(body)) = step else { continue };
        for key in body["metadata"]["annotations"].as_object().into_iter().flatten().map(|(key, _)| key) {
            let mut less = case.clone();
            if let Step::Merge(body) | Step::Status(body) = &mut less.steps[index] {
                body["metadata"]["annotations"].as_object_mut().unwrap().remove(key);
            }
            all.push(less);
        }
    }
    let place = format!("{}/annotations", Case::place(case.object()));
    let Some(annotations) = case.object().pointer(&place).and_then(Value::as_object) else { return all };
    for (key, value) in annotations {
        let mut less = case.clone();
        less.object_mut().pointer_mut(&place).and_then(Value::as_object_mut).unwrap().remove(key);
        all.push(less);
        if [NETWORKS, DEFAULT_NETWORK].contains(&key.as_str()) {
            for text in texts(value.as_str().unwrap_or_default()) {
                let mut less = case.clone();
                less.object_mut().pointer_mut(&place).unwrap()[key] = text.into();
                all.push(less);
            }
        }
    }
    all
}

/// A list without one of its elements, and, in JSON, without one of their members.
fn texts(text: &str) -> Vec<String> {
    let Some(inner) = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        let items: Vec<&str> = text.split(',').collect();
        return without_one(&items)
            .into_iter()
            .filter(|items| !items.is_empty())
            .map(|items| items.join(","))
            .collect();
    };
    let items = parts(inner);
    let mut all: Vec<String> = without_one(&items)
        .into_iter()
        .filter(|items| !items.is_empty())
        .map(|items| format!("[{}]", items.join(",")))
        .collect();
    for (index, item) in items.iter().enumerate() {
        let Some(inner) = item.trim().strip_prefix('{').and_then(|item| item.strip_suffix('}')) else { continue };
        for members in without_one(&parts(inner)) {
            let mut items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
            items[index] = format!("{{{}}}", members.join(","));
            all.push(format!("[{}]", items.join(",")));
        }
    }
    all
}

fn without_one<'a>(items: &[&'a str]) -> Vec<Vec<&'a str>> {
    (0..items.len())
        .map(|out| items.iter().enumerate().filter(|(index, _)| *index != out).map(|(_, item)| *item).collect())
        .collect()
}

/// The parts of JSON between commas that are in nothing.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut parts = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[test]
fn a_list_is_made_smaller() {
    assert_eq!(texts("a,b"), ["b", "a"]);
    assert_eq!(texts(r#"[{"a":"x,","b":1}]"#), [r#"[{"b":1}]"#, r#"[{"a":"x,"}]"#]);
}

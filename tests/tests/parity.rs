//! What Kube-OVN's own webhook refuses, against the corpus: `tests/parity.yaml`.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::Operation;
use vpcguard_policies::rules::named;
use vpcguard_tests::Case;

/// A row of the table.
struct Row(Value);

impl Row {
    fn all(table: &str) -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("parity.yaml");
        let source = Source { name: path.display().to_string(), bytes: fs::read(path).unwrap() };
        let tables = parse_value(&source).unwrap();
        let rows: Vec<_> = tables.get(table).unwrap().as_array().unwrap().iter().cloned().map(Self).collect();
        let known = ["theirs", "source", "rule", "kind", "field", "operation", "case", "warned", "later"];
        for row in &rows {
            let odd = row.0.as_object().unwrap().keys().find(|key| !known.contains(&key.as_str()));
            assert_eq!(odd, None, "{} has a key that no row has", row.text("theirs"));
            assert!(!row.text("theirs").is_empty() && !row.text("source").is_empty());
        }
        rows
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |text| text.as_str().unwrap())
    }

    fn is_later(&self) -> bool {
        self.0.get("later").is_some()
    }

    /// Whether a case may be the one that the row speaks of.
    fn is_about(&self, case: &Case) -> bool {
        let operation = match self.text("operation") {
            "Update" => case.request.operation == Operation::Update,
            "Delete" => case.request.operation == Operation::Delete,
            _ => matches!(case.request.operation, Operation::Create | Operation::Update),
        };
        let is_named = self.text("case").is_empty() || self.text("case") == case.name;
        let is_of_kind = case.request.kind.is_some_and(|kind| kind.name() == self.text("kind"));
        is_named && is_of_kind && operation
    }

    /// Whether a case gives what the row wants: a denial of its rule in its field, or a warning where that is all.
    fn is_met_by(&self, case: &Case) -> bool {
        if !self.is_about(case) {
            return false;
        }
        let verdict = case.verdict();
        let findings = if self.text("warned").is_empty() { &verdict.findings } else { &verdict.warnings };
        let mut of_rule = findings.iter().filter(|finding| finding.rule() == self.text("rule"));
        of_rule.any(|finding| within(&finding.field().to_string(), self.text("field")))
    }
}

/// Whether a field is another, or lies in it.
fn within(field: &str, outer: &str) -> bool {
    field.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[test]
fn what_it_refuses_is_refused_here() {
    let cases = Case::all();
    let rows = Row::all("refused");
    assert!(rows.len() > 50);
    let missed = rows.iter().filter(|row| !row.is_later() && !cases.iter().any(|case| row.is_met_by(case)));
    let missed: Vec<_> =
        missed.map(|row| format!("{} {}: {}", row.text("rule"), row.text("kind"), row.text("theirs"))).collect();
    assert!(missed.is_empty(), "no case for\n{}", missed.join("\n"));
}

#[test]
fn what_waits_for_a_rule_waits_no_longer_than_that() {
    let later: Vec<_> = Row::all("refused").into_iter().filter(Row::is_later).collect();
    for row in later {
        assert!(
            named(row.text("rule")).is_err(),
            "{} is built: {} need not wait",
            row.text("rule"),
            row.text("theirs")
        );
    }
}

#[test]
fn what_it_refuses_wrongly_is_accepted() {
    let cases = Case::all();
    let mut wrong = Vec::new();
    for row in Row::all("accepted") {
        let case = cases.iter().find(|case| case.name == row.text("case"));
        let verdicts = case.map(|case| [case.verdict(), case.verdict_seeing_all()]);
        if !verdicts.is_some_and(|verdicts| verdicts.iter().all(|verdict| verdict.allowed)) {
            wrong.push(format!("{}: {}", row.text("case"), row.text("theirs")));
        }
    }
    assert!(wrong.is_empty(), "no such case, or it is refused:\n{}", wrong.join("\n"));
}

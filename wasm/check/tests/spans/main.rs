//! For every rule: what its finding says, how to fix it, and the exact text of the file that is underlined.
//!
//! The table is `wanted.yaml`; the manifests are in `manifests/`. They may hold more than one mistake, for
//! only the one rule is in force.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use vpcguard_check::{Folder, LocatedFinding, Location, Report, Source, check, parse_value};
use vpcguard_policies::Settings;
use vpcguard_policies::rule::{Check, Rule};
use vpcguard_policies::rules::TABLE;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spans")
}

fn source(path: &str) -> Source {
    Source { name: path.to_owned(), bytes: fs::read(folder().join(path)).unwrap() }
}

/// What is wanted of a finding.
struct Wanted(Value);

impl Wanted {
    fn all() -> Vec<Self> {
        let Value::Array(table) = parse_value(&source("wanted.yaml")).unwrap() else { panic!("not a list") };
        table.into_iter().map(Self).collect()
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", |text| text.as_str().unwrap())
    }

    fn file(&self) -> &str {
        self.text("file")
    }

    /// The line and the text of it.
    fn underlined(&self) -> (u64, &str) {
        let (line, text) = self.text("underlined").split_once(": ").unwrap();
        (line.parse().unwrap(), text)
    }

    fn related(&self) -> Vec<&str> {
        let related = self.0.get("related").and_then(Value::as_array);
        related.into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
    }

    /// The report on the file, with the one rule in force.
    fn report(&self) -> Report {
        let others = TABLE.iter().filter(|other| other.id != self.text("rule"));
        let rules: Map<_, _> = others.map(|other| (other.id.to_owned(), json!("off"))).collect();
        let folder = Folder::parse(&[source(&format!("manifests/{}", self.file()))]);
        assert!(folder.errors.is_empty(), "{:?}", folder.errors);
        check(&folder, &[], &Settings::parse(&json!({"rules": rules})).unwrap()).unwrap()
    }
}

fn underlined(place: &Location) -> String {
    let (span, line) = (place.span.unwrap(), place.line.as_deref().unwrap());
    assert_eq!(span.start.line, span.end.line);
    let text: String = line.chars().take(span.end.column - 1).skip(span.start.column - 1).collect();
    format!("{}: {text}", span.start.line)
}

#[test]
fn every_finding_says_what_is_wrong_how_to_mend_it_and_where() {
    for wanted in Wanted::all() {
        let file = wanted.file();
        let report = wanted.report();
        let [found]: &[LocatedFinding] = report.findings() else { panic!("{file}: {:#?}", report.findings()) };
        assert_eq!(found.finding.rule(), wanted.text("rule"), "{file}");
        assert_eq!(found.finding.message(), wanted.text("message"), "{file}");
        assert_eq!(found.finding.help_text(), wanted.text("help"), "{file}");
        assert_eq!(underlined(found.place.as_ref().unwrap()), wanted.text("underlined"), "{file}");
        let related: Vec<_> = found.related.iter().flatten().map(underlined).collect();
        assert_eq!(related, wanted.related(), "{file}");
    }
}

#[test]
fn no_rule_and_no_file_is_missing() {
    let table = Wanted::all();
    let mut rules: Vec<_> = table.iter().map(|wanted| wanted.text("rule")).collect();
    rules.dedup();
    // No manifest has Pods that wait, and none is a deletion.
    let is_shown = |rule: &&&Rule| rule.id != "subnet-joins-waiting" && !rule.checks.iter().all(Check::is_deletion);
    assert_eq!(rules, TABLE.iter().filter(is_shown).map(|rule| rule.id).collect::<Vec<_>>());
    let manifests = fs::read_dir(folder().join("manifests")).unwrap();
    let mut files: Vec<_> = manifests.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let mut known: Vec<_> = table.iter().map(Wanted::file).collect();
    files.sort();
    known.sort_unstable();
    assert_eq!(files, known);
}

#[test]
fn people_are_shown_the_line_with_the_value_underlined() {
    for wanted in Wanted::all() {
        let (number, text) = wanted.underlined();
        let human = wanted.report().to_human();
        let mut lines = human.lines();
        let line = lines.find(|line| line.trim_start().starts_with(&format!("{number} | "))).unwrap();
        let carets = lines.next().unwrap();
        let from = carets.chars().position(|character| character == '^').unwrap();
        let count = carets.chars().filter(|character| *character == '^').count();
        let marked: String = line.chars().skip(from).take(count).collect();
        assert_eq!(marked, text, "{human}");
        let help = wanted.text("help");
        assert!(help.is_empty() || human.contains(&format!("= help: {help}\n")), "{human}");
    }
}

#[test]
fn programs_are_given_the_same_places() {
    for wanted in Wanted::all() {
        let (line, text) = wanted.underlined();
        let written: Value = serde_json::from_str(&wanted.report().to_json()).unwrap();
        let finding = &written["findings"][0];
        let [start, end, column, end_column] =
            ["line", "endLine", "column", "endColumn"].map(|key| finding[key].as_u64().unwrap());
        assert_eq!((start, end), (line, line), "{}", wanted.file());
        assert_eq!(end_column - column, text.chars().count() as u64, "{}", wanted.file());
    }
}

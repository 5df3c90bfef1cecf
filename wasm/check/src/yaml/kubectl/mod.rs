//! What is read here, against what kubectl reads: its own code, which `tests/go/yaml` runs. Some texts are kept with its
//! answers; more are made anew.

mod generator;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json as value};

use super::{load, parts, problem};
use crate::json;
use crate::text::Text;

/// The program that asks kubectl's code.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/go/yaml");

/// What is read of a document.
#[derive(Debug)]
struct Outcome {
    value: Option<Value>,
    faults: Vec<String>,
}

impl Outcome {
    fn value(value: Value) -> Self {
        Self { value: Some(value), faults: Vec::new() }
    }

    /// Whether it holds nothing, and has something behind its end.
    fn is_empty(&self) -> bool {
        self.value.is_none() && self.faults.iter().all(|fault| fault == problem::DROPPED)
    }

    /// Whether kubectl reads the same, or refuses what has a fault here too.
    fn is_answered_by(&self, kubectl: &Value) -> bool {
        match (&self.value, kubectl.get("value")) {
            (Some(value), Some(kubectl)) => is_same(value, kubectl),
            (_, None) => !self.faults.is_empty(),
            (None, Some(_)) => false,
        }
    }
}

/// What is read of each document that holds anything.
fn read(text: &str) -> Vec<Outcome> {
    let stream = load(text);
    let source = Arc::new(Text::new(text));
    if stream.is_doubtful && json::is_stream(&source) {
        let values = json::load(&source).values.into_iter().map(|(_, value, _)| value);
        return values.filter(|value| !value.is_null()).map(Outcome::value).collect();
    }
    let mut outcomes = BTreeMap::new();
    for (number, node) in stream.documents {
        outcomes.insert(number, Outcome::value(node.to_value()));
    }
    for fault in stream.faults {
        let nothing = Outcome { value: None, faults: Vec::new() };
        outcomes.entry(fault.document).or_insert(nothing).faults.push(fault.message);
    }
    outcomes.into_values().collect()
}

/// Whether kubectl reads all documents as they are read here. One that holds nothing counts here if it has a fault, and
/// there if it is refused.
fn agrees(kubectl: &[Value], ours: &[Outcome]) -> bool {
    let Some((first, rest)) = ours.split_first() else { return kubectl.is_empty() };
    let is_answered =
        kubectl.split_first().is_some_and(|(kubectl, more)| first.is_answered_by(kubectl) && agrees(more, rest));
    is_answered || first.is_empty() && agrees(kubectl, rest)
}

/// Why kubectl reads something else, where that is known. docs/limits.md has the same list.
fn excuse(text: &str, kubectl: &[Value], ours: &[Outcome]) -> Option<&'static str> {
    let says = |words: &str| ours.iter().any(|outcome| outcome.faults.iter().any(|fault| fault.contains(words)));
    let excuses = [
        (says("stands twice"), "a key that stands twice"),
        (says(problem::BEHIND_MARK), "text behind ---"),
        (says(problem::ESCAPE) && text.contains("\\'"), "an escaped apostrophe"),
        (says("a colon before a bracket or a comma"), "a colon at the end of a string in brackets"),
        (says(problem::TAG), "a tag with a bracket or a comma in it"),
        (says(problem::BOM), "a byte order mark in the middle"),
        (text.contains("!!binary"), "!!binary"),
        (text.contains("!!timestamp"), "!!timestamp"),
        (text.contains("\r\r\n"), "two carriage returns before a line feed"),
    ];
    let known = excuses.into_iter().find(|(is_so, _)| *is_so).map(|(_, excuse)| excuse);
    known.or_else(|| is_dropped(text, kubectl, ours).then_some("what kubectl drops without a word"))
}

/// Whether each document that kubectl reads and that has a fault here begins as kubectl reads it.
fn is_dropped(text: &str, kubectl: &[Value], ours: &[Outcome]) -> bool {
    let parts = parts(text);
    let is_beginning = |kubectl: &Value, text: &str| {
        let ends = text.char_indices().map(|(at, _)| at);
        ends.filter_map(|end| read(&text[..end]).pop()).any(|outcome| outcome.is_answered_by(kubectl))
    };
    let numbers = parts.iter().filter(|part| read(part.text).iter().any(|outcome| !outcome.faults.is_empty()));
    kubectl.len() == ours.len()
        && ours.iter().zip(kubectl).all(|(ours, kubectl)| {
            ours.is_answered_by(kubectl) || numbers.clone().any(|part| is_beginning(kubectl, part.text))
        })
}

/// Whether two values are the same, where a number is the same however it is written.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64() && (a.is_f64() || b.is_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => a == b,
    }
}

/// Compares the texts of a list of answers, and says how many are excused.
fn compare(answers: &str) -> (usize, usize) {
    let answers: Vec<Value> = serde_json::from_str(answers).unwrap();
    let (mut different, mut excused) = (Vec::new(), 0);
    for answer in &answers {
        let (text, kubectl) = (answer["text"].as_str().unwrap(), answer["documents"].as_array().unwrap());
        let ours = read(text);
        if agrees(kubectl, &ours) {
            continue;
        }
        match excuse(text, kubectl, &ours) {
            Some(_) => excused += 1,
            None => different.push(format!("{text:?}\n  kubectl: {}\n  here:    {ours:?}", answer["documents"])),
        }
    }
    let shown = different.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(different.is_empty(), "{} of {} are read otherwise:\n{shown}", different.len(), answers.len());
    (answers.len(), excused)
}

#[test]
fn kept_texts_are_read_as_kubectl_reads_them() {
    let (count, excused) = compare(&std::fs::read_to_string(Path::new(FOLDER).join("answers.json")).unwrap());
    assert!(count > 280 && excused < 40, "{excused} of {count} are excused");
}

#[test]
fn made_texts_are_read_as_kubectl_reads_them() {
    let count = std::env::var("YAML_TEXTS").ok().and_then(|count| count.parse().ok()).unwrap_or(4000);
    let seed = std::env::var("YAML_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let texts: Vec<_> = generator::texts(count, seed).into_iter().map(|text| value!({"text": text})).collect();
    let go = Command::new("go")
        .args(["run", ".", "-"])
        .current_dir(FOLDER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut go = match go {
        Ok(go) => go,
        Err(error) if std::env::var_os("CI").is_some() => panic!("go does not run: {error}"),
        Err(_) => {
            eprintln!("skipped: install Go to compare with what kubectl reads");
            return;
        }
    };
    let mut input = go.stdin.take().unwrap();
    let texts = Value::from(texts).to_string();
    let writer = std::thread::spawn(move || input.write_all(texts.as_bytes()));
    let output = go.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let (count, excused) = compare(&String::from_utf8(output.stdout).unwrap());
    assert!(excused < count / 20, "{excused} of {count} are excused");
}

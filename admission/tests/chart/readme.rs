//! The chart's README: a text of its own, and the values with their comments.

use std::fmt::Write;

use serde_json::Value;

use super::manifests::{chart, values};

const TEXT: &str = include_str!("README.head.md");

/// The whole of README.md.
pub(crate) fn readme() -> String {
    let text = std::fs::read_to_string(chart().join("values.yaml")).unwrap();
    let values = values();
    let mut out = format!("{TEXT}\n| value | default | |\n|---|---|---|\n");
    for (path, comment) in comments(&text) {
        let default = path.iter().fold(&values, |value, key| &value[key]);
        // What has keys with comments of their own has no default to show.
        let default = if is_explained(&text, &path) { String::new() } else { format!("`{default}`") };
        writeln!(out, "| `{}` | {default} | {comment} |", path.join(".")).unwrap();
    }
    out
}

/// The comment above each key that has one, and its path.
fn comments(text: &str) -> Vec<(Vec<String>, String)> {
    let (mut path, mut comment, mut found): (Vec<(usize, String)>, Vec<&str>, Vec<_>) = Default::default();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim_start();
        if let Some(words) = trimmed.strip_prefix("# ") {
            comment.push(words);
        } else if let Some((key, _)) = trimmed.split_once(':').filter(|_| !trimmed.starts_with("- ")) {
            path.retain(|(at, _)| *at < indent);
            path.push((indent, key.to_owned()));
            if !comment.is_empty() {
                found.push((path.iter().map(|(_, key)| key.clone()).collect(), comment.join(" ")));
            }
            comment.clear();
        } else {
            comment.clear();
        }
    }
    found
}

fn is_explained(text: &str, path: &[String]) -> bool {
    comments(text).iter().any(|(other, _)| other.len() > path.len() && other.starts_with(path))
}

/// The paths of values that no comment explains, neither their own nor, where nothing below has one, one above them.
pub(crate) fn unexplained(values: &Value) -> Vec<String> {
    let text = std::fs::read_to_string(chart().join("values.yaml")).unwrap();
    let known: Vec<_> = comments(&text).into_iter().map(|(path, _)| path).collect();
    let mut missing = Vec::new();
    leaves(values, &[], &known, &mut missing);
    missing
}

fn leaves(value: &Value, path: &[String], known: &[Vec<String>], missing: &mut Vec<String>) {
    let has_below = known.iter().any(|known| known.len() > path.len() && known.starts_with(path));
    if !has_below && known.iter().any(|known| known == path) {
        return;
    }
    let Some(map) = value.as_object().filter(|map| !map.is_empty()) else { return missing.push(path.join(".")) };
    for (key, value) in map {
        leaves(value, &[path, std::slice::from_ref(key)].concat(), known, missing);
    }
}

//! A baseline: the findings that are known and put up with, so that only new ones are reported.

use serde::{Deserialize, Serialize};

use crate::fingerprint::{Count, Fingerprint, Known, Subject};
use crate::report::{Report, pretty};
use crate::source::{ParseError, Source};
use crate::yaml::Position;

/// The version of the format that is read and written.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

/// What a file of another version has too.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// A fingerprint and how often it occurs, as what.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    object: Subject,
    field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conflict: Option<String>,
    action: Action,
    count: usize,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Deny,
    Warn,
}

/// Reads a baseline.
///
/// # Errors
///
/// Where and why it is none.
pub(crate) fn parse(source: &Source) -> Result<Known, ParseError> {
    let error = |position, message: String| ParseError::new(&source.name, None, position, message);
    let text = source.text()?;
    let wrong = |wrong: serde_json::Error| {
        let place = format!(" at line {} column {}", wrong.line(), wrong.column());
        let message = wrong.to_string();
        let message = message.strip_suffix(&place).unwrap_or(&message);
        let position = Position { line: wrong.line().max(1), column: wrong.column().max(1) };
        error(position, format!("not a baseline as --write-baseline writes it: {message}"))
    };
    let Version { version } = serde_json::from_str(text).map_err(wrong)?;
    if version != VERSION {
        let message = format!("this baseline has version {version}, and this vpcguard reads version {VERSION}");
        return Err(error(Position::START, message));
    }
    let file: File = serde_json::from_str(text).map_err(wrong)?;
    let mut known = Known::default();
    for Entry { rule, object, field, value, conflict, action, count } in file.findings {
        let (denials, warnings) = match action {
            Action::Deny => (count, 0),
            Action::Warn => (0, count),
        };
        known.add(Fingerprint { rule, object, field, value, conflict }, Count { denials, warnings });
    }
    Ok(known)
}

/// A baseline of all findings of a report.
pub(crate) fn render(report: &Report) -> String {
    let mut findings = Vec::new();
    for (fingerprint, Count { denials, warnings }) in Known::of(report).left() {
        for (action, count) in [(Action::Deny, *denials), (Action::Warn, *warnings)] {
            if count > 0 {
                let Fingerprint { rule, object, field, value, conflict } = fingerprint.clone();
                findings.push(Entry { rule, object, field, value, conflict, action, count });
            }
        }
    }
    pretty(&File { version: VERSION, findings })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Folder, check};

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    fn report(text: &str) -> Report {
        let folder = Folder::parse(&[source("a.yaml", text)]);
        check(&folder, &[], &crate::testing::settings(&json!({}))).unwrap()
    }

    const BAD: &str = "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: a}\n\
                       spec: {cidrBlock: 10.0.0.0/24, vips: [x, x], mtu: 'y'}\n";

    #[test]
    fn what_is_written_is_read_again() {
        let mut report = report(BAD);
        let text = render(&report);
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["version"], 1);
        let vips = json!({"rule": "subnet-syntax", "object": {"kind": "Subnet", "name": "a"}, "field": "spec.vips[]",
                          "value": "\"x\"", "action": "deny", "count": 2});
        assert!(json["findings"].as_array().unwrap().contains(&vips), "{text}");
        let mut known = parse(&source("b.json", &text)).unwrap();
        assert_eq!(known, Known::of(&report));
        assert_eq!(known.leave_new(&mut report), 3);
        assert_eq!(known.left().count(), 0);
    }

    #[test]
    fn what_is_no_baseline_is_an_error_at_its_place() {
        let message = |text: &str| parse(&source("b.json", text)).unwrap_err().to_string();
        assert_eq!(
            message("{\"version\": 2, \"findings\": {}}"),
            "b.json:1:1: this baseline has version 2, and this vpcguard reads version 1"
        );
        for (text, wanted) in [
            ("", "b.json:1:1: not a baseline as --write-baseline writes it: EOF while parsing"),
            (
                "{\"version\":\n 1}",
                "b.json:2:3: not a baseline as --write-baseline writes it: missing field `findings`",
            ),
            ("{\"version\": 1, \"findings\": [], \"x\": 1}", "b.json:1:34: "),
            ("{\"version\": 1, \"findings\": [{\"rule\": \"a\"}]}", "b.json:1:"),
        ] {
            assert!(message(text).starts_with(wanted), "{}", message(text));
        }
        let negative = render(&report(BAD)).replace("\"count\": 2", "\"count\": -2");
        assert!(message(&negative).contains("invalid value: integer `-2`"), "{}", message(&negative));
    }
}

//! A baseline: the findings that are known and put up with, so that only new ones are reported.

use serde::Serialize;
use serde_json::Map;
use vpcguard_policies::json::{Reader, TypeErrors};

use crate::fingerprint::{Count, Fingerprint, Known, Subject};
use crate::report::{Report, pretty};
use crate::settings::read;
use crate::source::{ParseError, Source};
use crate::yaml::Position;

/// The version of the format that is read and written.
const VERSION: i64 = 1;

#[derive(Serialize)]
struct File {
    version: i64,
    findings: Vec<Entry>,
}

/// A fingerprint, and how often it occurs as what.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    fingerprint: Fingerprint,
    action: &'static str,
    count: usize,
}

/// Reads a baseline.
///
/// # Errors
///
/// Where and why it is none.
pub(crate) fn parse(source: &Source) -> Result<Known, Vec<ParseError>> {
    let error = |position, message: &str| {
        let message = format!("not a baseline as --write-baseline writes it: {message}");
        ParseError::new(&source.name, None, position, message)
    };
    let (value, node) = read(source).map_err(|errors| {
        let errors =
            errors.iter().map(|wrong| error(Position { line: wrong.line, column: wrong.column }, &wrong.message));
        errors.collect::<Vec<_>>()
    })?;
    let (value, types) = (value.unwrap_or_default(), TypeErrors::default());
    let mut baseline = Baseline::default();
    let version = baseline.read(&Reader::new(&value, &types));
    if let Some(version) = version.filter(|version| *version != VERSION) {
        let message = format!("this baseline has version {version}, and this vpcguard reads version {VERSION}");
        return Err(vec![ParseError::new(&source.name, None, Position::START, message)]);
    }
    let mistyped = types.into_sorted().into_iter().map(|wrong| (wrong.field.to_string(), wrong.detail()));
    let wrong = mistyped.chain(baseline.wrong);
    let mut errors: Vec<_> = wrong
        .map(|(field, detail)| {
            let position = node.as_ref().map_or(Position::START, |node| node.locate(&field));
            error(position, format!("{field} {detail}").trim_start())
        })
        .collect();
    ParseError::sort(&mut errors);
    if errors.is_empty() { Ok(baseline.known) } else { Err(errors) }
}

/// What is read of a baseline, and what is wrong with it beside its types.
#[derive(Default)]
struct Baseline {
    known: Known,
    /// The field, and what is wrong with it.
    wrong: Vec<(String, String)>,
}

impl Baseline {
    /// The version.
    fn read(&mut self, top: &Reader) -> Option<i64> {
        self.expect_keys(top, &["version", "findings"]);
        let (version, findings) = (top.at("version"), top.at("findings"));
        self.expect(&version);
        self.expect(&findings);
        for finding in findings.items() {
            self.finding(&finding);
        }
        version.integer()
    }

    fn finding(&mut self, finding: &Reader) {
        self.expect_keys(finding, &["rule", "cluster", "object", "field", "value", "conflict", "action", "count"]);
        let object = finding.at("object");
        self.expect_keys(&object, &["kind", "namespace", "name"]);
        let some = |text: Reader| text.text().map(str::to_owned);
        let fingerprint = Fingerprint {
            rule: self.text(&finding.at("rule")),
            cluster: some(finding.at("cluster")),
            object: Subject {
                kind: self.text(&object.at("kind")),
                namespace: some(object.at("namespace")),
                name: self.text(&object.at("name")),
            },
            field: self.text(&finding.at("field")),
            value: some(finding.at("value")),
            conflict: some(finding.at("conflict")),
        };
        let (action, count) = (finding.at("action"), self.count(&finding.at("count")));
        let count = match self.text(&action).as_str() {
            "deny" => Count { denials: count, warnings: 0 },
            "warn" => Count { denials: 0, warnings: count },
            other => {
                if action.is_present() {
                    self.wrong
                        .push((action.path().to_string(), format!("must be \"deny\" or \"warn\", not {other:?}")));
                }
                Count::default()
            }
        };
        self.known.add(fingerprint, count);
    }

    fn count(&mut self, count: &Reader) -> usize {
        self.expect(count);
        let number = count.integer().unwrap_or_default();
        usize::try_from(number).unwrap_or_else(|_| {
            self.wrong.push((count.path().to_string(), format!("must be a count, not {number}")));
            0
        })
    }

    fn text(&mut self, text: &Reader) -> String {
        self.expect(text);
        text.string()
    }

    fn expect(&mut self, field: &Reader) {
        if !field.is_present() {
            self.wrong.push((field.path().to_string(), "is missing".to_owned()));
        }
    }

    fn expect_keys(&mut self, object: &Reader, known: &[&str]) {
        self.expect(object);
        for key in object.map().into_iter().flat_map(Map::keys).filter(|key| !known.contains(&key.as_str())) {
            let path = object.path().to_string();
            let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.wrong.push((field, "is not a field of a baseline".to_owned()));
        }
    }
}

/// A baseline of all findings of a report.
pub(crate) fn render(report: &Report) -> String {
    let known = Known::of(report);
    let mut findings = Vec::new();
    for (fingerprint, Count { denials, warnings }) in known.left() {
        let counts = [("deny", *denials), ("warn", *warnings)].into_iter().filter(|(_, count)| *count > 0);
        findings.extend(counts.map(|(action, count)| Entry { fingerprint: fingerprint.clone(), action, count }));
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
        let message = |text: &str| parse(&source("b.json", text)).unwrap_err()[0].to_string();
        assert_eq!(
            message("{\"version\": 2, \"findings\": {}}"),
            "b.json:1:1: this baseline has version 2, and this vpcguard reads version 1"
        );
        for (text, wanted) in [
            ("", "b.json:1:1: not a baseline as --write-baseline writes it: must be an object, not null"),
            ("{\"version\":", "b.json:1:11: not a baseline as --write-baseline writes it: EOF"),
            ("{\"version\":\n 1}", "b.json:1:1: not a baseline as --write-baseline writes it: findings is missing"),
            (
                "{\"version\": 1, \"findings\": [],\n \"x\": 1}",
                "b.json:2:2: not a baseline as --write-baseline writes it: x is not a field of a baseline",
            ),
            (
                "{\"version\": 1, \"findings\": [{\n\"rule\": 5}]}",
                "b.json:1:29: not a baseline as --write-baseline writes it: findings[0].object is missing",
            ),
            (
                "{\"version\": 1, \"findings\": {}}",
                "b.json:1:16: not a baseline as --write-baseline writes it: findings must be a list, not an object",
            ),
        ] {
            assert!(message(text).starts_with(wanted), "{}", message(text));
        }
        let with = |old: &str, new: &str| {
            let text = render(&report(BAD));
            assert!(text.contains(old), "{text}");
            message(&text.replace(old, new))
        };
        let negative = with("\"count\": 2", "\"count\": -2");
        assert!(negative.ends_with("findings[1].count must be a count, not -2"), "{negative}");
        let other = with("\"action\": \"deny\"", "\"action\": \"off\"");
        assert!(other.ends_with("findings[0].action must be \"deny\" or \"warn\", not \"off\""), "{other}");
        let mistyped = with("\"rule\": \"subnet-syntax\"", "\"rule\": 5");
        assert!(mistyped.ends_with("rule must be a string, not a number"), "{mistyped}");
    }
}

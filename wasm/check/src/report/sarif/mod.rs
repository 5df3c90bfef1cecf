//! SARIF 2.1.0, which code scanning services and editors read.

mod rules;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use vpcguard_policies::ObjectRef;

use super::digest::Digests;
use super::words::{at, escaped, not_judged, pretty};
use super::{LocatedFinding, Location, Mutation, Report, plain};
use crate::source::ParseError;
use crate::yaml::Span;

/// What of a path stands in a URI as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The name of our fingerprints. Whatever changes them, changes it.
const FINGERPRINT: &str = "vpcguard/v1";

/// The one fingerprint that GitHub reads. Its action makes it of the line, and where there is none, nobody does.
const GITHUBS_FINGERPRINT: &str = "primaryLocationLineHash";

pub(super) fn render(report: &Report) -> String {
    let mut digests = Digests::default();
    let mut results: Vec<_> = report.findings.iter().map(|located| finding(located, &mut digests)).collect();
    results.extend(report.mutations.iter().map(|mutation| injection(mutation, &mut digests)));
    let driver = json!({
        "name": "vpcguard",
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules::all(),
    });
    let invocation = json!({"executionSuccessful": report.errors.is_empty()});
    let invocation = with_any(invocation, "toolExecutionNotifications", notifications(report));
    let run = json!({
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }))
}

fn finding(located: &LocatedFinding, digests: &mut Digests) -> Value {
    let rule = located.finding.rule();
    let place = located.place.as_ref();
    let said = plain::help(located).into_iter().chain(plain::cluster(located)).chain(rendered(place));
    let lines: Vec<_> = [plain::title(located)].into_iter().chain(said).collect();
    // Behind the other objects comes an earlier version of its own.
    let objects = located.finding.disclosed_objects().iter().map(|related| &related.object).chain([&located.object]);
    let related = (1..).zip(objects).zip(plain::others(located));
    let related = related.map(|((id, object), (label, place))| {
        let label = [label].into_iter().chain(rendered(place)).collect::<Vec<_>>().join(" ");
        with(with(location(place, object), "id", id), "message", text(&label))
    });
    let result = json!({
        "ruleId": rule,
        "ruleIndex": rules::index(rule),
        "level": if located.is_denial() { "error" } else { "warning" },
        "message": {"text": without_links(&lines.join("\n"))},
        "locations": [location(place, &located.object)],
        "partialFingerprints": fingerprints(place, &digests.of(located)),
    });
    with_any(result, "relatedLocations", related.collect())
}

/// Where the line is that was read, if its file is not named.
fn rendered(place: Option<&Location>) -> Option<String> {
    let place = place.filter(|place| place.rendered().is_some())?;
    Some(escaped(&format!("at: {}", at(place))))
}

fn fingerprints(place: Option<&Location>, digest: &str) -> Value {
    let fingerprints = json!({FINGERPRINT: digest});
    let has_line = place.is_some_and(|place| place.span.is_some() && place.rendered().is_none());
    if has_line { fingerprints } else { with(fingerprints, GITHUBS_FINGERPRINT, digest) }
}

/// An object with one more field.
fn with(mut object: Value, key: &str, value: impl Into<Value>) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
    object
}

/// An object with a list; without it, where that is empty.
fn with_any(object: Value, key: &str, list: Vec<Value>) -> Value {
    if list.is_empty() { object } else { with(object, key, list) }
}

fn injection(mutation: &Mutation, digests: &mut Digests) -> Value {
    let Mutation { injection, object, place, .. } = mutation;
    let said = format!("{}: {:?} is injected: {}", injection.field, injection.value, injection.because);
    let lines: Vec<_> = [text_of(&said)].into_iter().chain(rendered(place.as_ref())).collect();
    let what = json!([injection.rule, plain::qualified(object), injection.field, injection.value]);
    json!({
        "ruleId": injection.rule,
        "ruleIndex": rules::index(injection.rule),
        "level": "note",
        "message": {"text": lines.join("\n")},
        "locations": [location(place.as_ref(), object)],
        "partialFingerprints": fingerprints(place.as_ref(), &digests.of_any(&what)),
    })
}

fn notifications(report: &Report) -> Vec<Value> {
    let errors = report.errors.iter().map(unreadable);
    let omitted = (report.omitted > 0).then(|| {
        let message = format!("{} more findings are not listed", report.omitted);
        json!({"level": "note", "message": {"text": message}})
    });
    let unjudged = not_judged(&report.not_evaluated).into_iter().map(|(missing, said)| {
        json!({
            "level": "note",
            "message": text(&said),
            "associatedRule": {"id": missing.rule, "index": rules::index(missing.rule)},
        })
    });
    errors.chain(unjudged).chain(omitted).collect()
}

fn unreadable(error: &ParseError) -> Value {
    let physical = json!({"artifactLocation": {"uri": uri(plain::file_of_error(error))}});
    let (physical, at) = if error.rendered().is_some() {
        (physical, format!("\n{}", text_of(&plain::at_error(error))))
    } else {
        (with(physical, "region", json!({"startLine": error.line, "startColumn": error.column})), String::new())
    };
    let message = json!({"text": text_of(&error.message) + &at});
    json!({"level": "error", "message": message, "locations": [{"physicalLocation": physical}]})
}

fn location(place: Option<&Location>, object: &ObjectRef) -> Value {
    let logical = json!({"name": object.name, "fullyQualifiedName": plain::qualified(object), "kind": "resource"});
    let location = json!({"logicalLocations": [logical]});
    // GitHub takes no result without a file; of an object of a cluster it gets the name.
    let file = place.map_or_else(|| plain::qualified(object), |place| plain::file(place).to_owned());
    let physical = json!({"artifactLocation": {"uri": uri(&file)}});
    let physical = match place.filter(|place| place.rendered().is_none()).and_then(|place| place.span) {
        Some(Span { start, end }) => {
            let region = json!({
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            });
            with(physical, "region", region)
        }
        None => physical,
    };
    with(location, "physicalLocation", physical)
}

/// A file as a URI: what is relative stays so.
fn uri(file: &str) -> String {
    let path = plain::path(file).unwrap_or(file);
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(path, PATH))
}

fn text(line: &str) -> Value {
    json!({"text": text_of(line)})
}

fn text_of(line: &str) -> String {
    without_links(&escaped(line))
}

/// `[text](target)` is a link in a message, and a name is none, whatever it looks like.
fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

//! SARIF 2.1.0, which code scanning services and editors read.

mod rules;
mod shape;

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vpcguard_policies::ObjectRef;

use self::shape::{
    Artifact, Driver, Found, Invocation, Location, Log, Logical, Notification, Physical, Region, RuleReference, Run,
    Text, Tool,
};
use super::digest::Digests;
use super::format::pretty;
use super::human::{escaped, name};
use super::{Located, Mutation, Place, Report, Unevaluated, plain};
use crate::source::ParseError;
use crate::yaml::Span;

/// What of a path stands in a URI as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The name of our fingerprints. Whatever changes them, changes it.
const FINGERPRINT: &str = "vpcguard/v1";

pub(super) fn render(report: &Report) -> String {
    let mut digests = Digests::default();
    let mut results: Vec<_> = report.findings.iter().map(|located| finding(located, &mut digests)).collect();
    results.extend(report.mutations.iter().map(|mutation| injection(mutation, &mut digests)));
    let driver = Driver {
        name: "vpcguard",
        version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: rules::all(),
    };
    let invocation = Invocation {
        execution_successful: report.errors.is_empty(),
        tool_execution_notifications: notifications(report),
    };
    pretty(&Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver }, invocations: [invocation], column_kind: "unicodeCodePoints", results }],
    })
}

fn finding<'a>(located: &Located, digests: &mut Digests) -> Found<'a> {
    let lines: Vec<_> = [plain::title(located)].into_iter().chain(plain::help(located)).collect();
    let related = (1..).zip(located.finding.disclosed_objects()).zip(plain::others(located));
    let related = related.map(|((id, related), (label, place))| Location {
        id: Some(id),
        message: Some(text(&label)),
        ..location(place, &related.object)
    });
    Found {
        rule_id: located.finding.rule(),
        rule_index: rules::index(located.finding.rule()),
        level: if located.is_denial() { "error" } else { "warning" },
        message: Text { text: without_links(&lines.join("\n")) },
        locations: [location(located.place.as_ref(), &located.object)],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, digests.of(located))]),
    }
}

fn injection<'a>(mutation: &Mutation, digests: &mut Digests) -> Found<'a> {
    let Mutation { injection, object, place, .. } = mutation;
    let said = format!("{}: {:?} is injected: {}", injection.field, injection.value, injection.because);
    let what = (injection.rule, plain::qualified(object), &injection.field, &injection.value);
    Found {
        rule_id: injection.rule,
        rule_index: rules::index(injection.rule),
        level: "note",
        message: text(&said),
        locations: [location(place.as_ref(), object)],
        related_locations: Vec::new(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, digests.of_any(&what))]),
    }
}

fn notifications<'a>(report: &Report) -> Vec<Notification<'a>> {
    let errors = report.errors.iter().map(unreadable);
    let omitted = (report.omitted > 0).then(|| Notification {
        level: "note",
        message: Text { text: format!("{} more findings are not listed", report.omitted) },
        locations: Vec::new(),
        associated_rule: None,
    });
    errors.chain(report.not_evaluated.iter().map(not_evaluated)).chain(omitted).collect()
}

fn unreadable<'a>(error: &ParseError) -> Notification<'a> {
    let at = Region { start_line: error.line, start_column: error.column, end_line: None, end_column: None };
    let physical = Physical { artifact_location: Artifact { uri: uri(&error.file) }, region: Some(at) };
    let location = Location { id: None, physical: Some(physical), logical: Vec::new(), message: None };
    Notification { level: "error", message: text(&error.message), locations: vec![location], associated_rule: None }
}

fn not_evaluated<'a>(Unevaluated { object, missing }: &Unevaluated) -> Notification<'a> {
    Notification {
        level: "note",
        message: text(&format!("{} was not judged: it needs {}", name(object), missing.needs)),
        locations: vec![location(None, object)],
        associated_rule: Some(RuleReference { id: missing.rule, index: rules::index(missing.rule) }),
    }
}

fn location(place: Option<&Place>, object: &ObjectRef) -> Location {
    let region = |Span { start, end }: Span| Region {
        start_line: start.line,
        start_column: start.column,
        end_line: Some(end.line),
        end_column: Some(end.column),
    };
    let physical = place.map(|place| Physical {
        artifact_location: Artifact { uri: uri(&place.file) },
        region: place.span.map(region),
    });
    let logical =
        Logical { name: object.name.clone(), fully_qualified_name: plain::qualified(object), kind: "resource" };
    Location { id: None, physical, logical: vec![logical], message: None }
}

/// A file as a URI: what is relative stays so.
fn uri(file: &str) -> String {
    let path = plain::path(file).unwrap_or(file);
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(path, PATH))
}

fn text(line: &str) -> Text {
    Text { text: without_links(&escaped(line)) }
}

/// `[text](target)` is a link in a message, and a name is none, whatever it looks like.
fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

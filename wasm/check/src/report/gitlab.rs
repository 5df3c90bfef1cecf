//! A code quality report, as GitLab shows it beside a merge request.

use serde_json::{Value, json};

use super::digest::Digests;
use super::words::{at, escaped, name, pretty};
use super::{LocatedFinding, Report, plain};
use crate::source::ParseError;

pub(super) fn render(report: &Report) -> String {
    let mut digests = Digests::default();
    let mut issues: Vec<_> = report.findings.iter().map(|located| finding(located, &mut digests)).collect();
    issues.extend(report.errors.iter().map(|found| error(found, &mut digests)));
    pretty(&issues)
}

fn finding(located: &LocatedFinding, digests: &mut Digests) -> Value {
    // Of the line of a template nothing is known, and GitLab wants one.
    let read = located.place.as_ref().filter(|place| place.rendered().is_none());
    let line = read.and_then(|place| place.span).map_or(1, |span| span.start.line);
    let rendered = located.place.as_ref().filter(|place| place.rendered().is_some());
    let rendered = rendered.map(|place| format!(" ({})", at(place))).unwrap_or_default();
    let cluster = located.cluster.as_ref().map(|cluster| format!(" ({cluster})")).unwrap_or_default();
    json!({
        "description": escaped(&format!("{}{cluster}: {}{rendered}", name(&located.object), plain::title(located))),
        "check_name": located.finding.rule(),
        "fingerprint": digests.of(located),
        "severity": if located.is_denial() { "critical" } else { "minor" },
        "location": {"path": path(located), "lines": {"begin": line}},
    })
}

/// The file; of an object that was read in none its name, for GitLab wants a path.
fn path(located: &LocatedFinding) -> String {
    match &located.place {
        Some(place) => plain::file(place).to_owned(),
        None => plain::qualified(&located.object),
    }
}

fn error(error: &ParseError, digests: &mut Digests) -> Value {
    let (path, is_rendered) = (plain::file_of_error(error), error.rendered().is_some());
    let rendered =
        if is_rendered { format!(" ({}:{}:{})", error.file, error.line, error.column) } else { String::new() };
    json!({
        "description": escaped(&format!("{}{rendered}", error.message)),
        "check_name": "unreadable",
        "fingerprint": digests.of_any(&json!(["unreadable", path, error.message])),
        "severity": "blocker",
        "location": {"path": path, "lines": {"begin": if is_rendered { 1 } else { error.line }}},
    })
}

//! A code quality report, as GitLab shows it beside a merge request.

use serde::Serialize;

use super::digest::Digests;
use super::format::pretty;
use super::human::{escaped, name};
use super::{Located, Report, plain};
use crate::source::ParseError;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

pub(super) fn render(report: &Report) -> String {
    let mut digests = Digests::default();
    let mut issues: Vec<_> = report.findings.iter().map(|located| finding(located, &mut digests)).collect();
    issues.extend(report.errors.iter().map(|found| error(found, &mut digests)));
    pretty(&issues)
}

fn finding<'a>(located: &Located, digests: &mut Digests) -> Issue<'a> {
    let line = located.place.as_ref().and_then(|place| place.span).map_or(1, |span| span.start.line);
    Issue {
        description: escaped(&format!("{}: {}", name(&located.object), plain::title(located))),
        check_name: located.finding.rule(),
        fingerprint: digests.of(located),
        severity: if located.is_denial() { "critical" } else { "minor" },
        location: Location { path: path(located), lines: Lines { begin: line } },
    }
}

/// The file; of an object that was read in none its name, for GitLab wants a path.
fn path(located: &Located) -> String {
    match &located.place {
        Some(place) => plain::path(&place.file).unwrap_or(&place.file).to_owned(),
        None => plain::qualified(&located.object),
    }
}

fn error<'a>(error: &ParseError, digests: &mut Digests) -> Issue<'a> {
    let path = plain::path(&error.file).unwrap_or(&error.file);
    Issue {
        description: escaped(&error.message),
        check_name: "unreadable",
        fingerprint: digests.of_any(&("unreadable", path, &error.message)),
        severity: "blocker",
        location: Location { path: path.to_owned(), lines: Lines { begin: error.line } },
    }
}

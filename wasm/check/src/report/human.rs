//! The report for people: what is wrong, where, and how to mend it.

use std::fmt::{self, Write};

use vpcguard_policies::ObjectRef;
use vpcguard_policies::finding::Related;

use super::{Located, Mutation, Place, Report, Summary, Unevaluated};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write(report, &mut out);
    out
}

fn write(report: &Report, out: &mut String) -> fmt::Result {
    for located in &report.findings {
        finding(located, out)?;
    }
    for mutation in &report.mutations {
        note(mutation, out)?;
    }
    for unevaluated in &report.not_evaluated {
        let Unevaluated { object, missing } = unevaluated;
        let text = format!("{} was not judged: it needs {}", name(object), missing.needs);
        line(out, &format!("note[{}]: {text}", missing.rule))?;
    }
    for error in &report.errors {
        line(out, &format!("error: {error}"))?;
    }
    if !out.is_empty() {
        writeln!(out)?;
    }
    if report.omitted > 0 {
        let (findings, are) = if report.omitted == 1 { ("finding", "is") } else { ("findings", "are") };
        writeln!(out, "{} more {findings} {are} not listed", report.omitted)?;
    }
    line(out, &summary(report.summary, report.errors.len()))
}

fn finding(located: &Located, out: &mut String) -> fmt::Result {
    let Located { finding, object, place, related, .. } = located;
    let word = if located.is_denial() { "error" } else { "warning" };
    line(out, &format!("{word}[{}]: {}: {}", finding.rule(), finding.field(), finding.message()))?;
    arrow(place.as_ref(), object, out)?;
    if !finding.help_text().is_empty() {
        line(out, &format!("  = help: {}", finding.help_text()))?;
    }
    let places = related.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    for (Related { object, field }, place) in finding.disclosed_objects().iter().zip(places) {
        let field = field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
        let place = place.map(|place| format!(" ({}, document {})", place.file, place.document)).unwrap_or_default();
        line(out, &format!("  = related: {}{field}{place}", name(object)))?;
    }
    Ok(())
}

fn note(mutation: &Mutation, out: &mut String) -> fmt::Result {
    let injection = &mutation.injection;
    let what = format!("{}: {:?} is injected: {}", injection.field, injection.value, injection.because);
    line(out, &format!("note[{}]: {what}", injection.rule))?;
    arrow(mutation.place.as_ref(), &mutation.object, out)
}

fn arrow(place: Option<&Place>, object: &ObjectRef, out: &mut String) -> fmt::Result {
    let place = place.map(|place| format!("{} (document {}), ", place.file, place.document)).unwrap_or_default();
    line(out, &format!("  --> {place}{}", name(object)))
}

fn name(object: &ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {:?}", object.kind, format!("{namespace}/{}", object.name)),
        None => format!("{} {:?}", object.kind, object.name),
    }
}

fn summary(summary: Summary, errors: usize) -> String {
    let Summary { files, objects, denied, warned } = summary;
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    // The objects of a cluster are in no files.
    let place = if files == 0 && objects > 0 { String::new() } else { format!(" in {}", plural(files, "file")) };
    let counts = format!("{}{place}: {denied} denied, {warned} warned", plural(objects, "object"));
    if errors == 0 { counts } else { format!("{counts}, {}", plural(errors, "error")) }
}

/// Writes a line; what would move a terminal's cursor is escaped, for names and keys are whatever a file says.
fn line(out: &mut String, text: &str) -> fmt::Result {
    for character in text.chars() {
        if character.is_control() {
            write!(out, "{}", character.escape_default())?;
        } else {
            out.write_char(character)?;
        }
    }
    out.write_char('\n')
}

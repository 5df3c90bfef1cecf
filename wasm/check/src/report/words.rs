//! What several reports write alike.

use serde::Serialize;
use vpcguard_policies::gather::sort_by;
use vpcguard_policies::text::{is_hidden, legible};
use vpcguard_policies::{NotEvaluated, ObjectRef};

use super::{Location, Summary, Unevaluated};

/// A place in a line of text.
pub(super) fn at(place: &Location) -> String {
    match place.span {
        Some(span) => format!("{}:{}:{}", place.file, span.start.line, span.start.column),
        None => format!("{}, document {}", place.file, place.document),
    }
}

/// An object in a line of text.
pub(crate) fn name(object: &ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {:?}", object.kind, format!("{namespace}/{}", object.name)),
        None => format!("{} {:?}", object.kind, object.name),
    }
}

/// How much was looked at, and how it fared.
pub(super) fn summary(summary: Summary, errors: usize) -> String {
    let Summary { files, objects, reviewed, deleted, denied, warned } = summary;
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    // The objects of a cluster are in no files.
    let place = if files == 0 && objects > 0 { String::new() } else { format!(" in {}", plural(files, "file")) };
    let of_them = if reviewed == objects { String::new() } else { format!(", {reviewed} reviewed") };
    let gone = if deleted == 0 { String::new() } else { format!(", {}", plural(deleted, "deletion")) };
    let counts = format!("{}{place}{of_them}{gone}: {denied} denied, {warned} warned", plural(objects, "object"));
    if errors == 0 { counts } else { format!("{counts}, {}", plural(errors, "error")) }
}

/// What was not judged, one for each rule and what it needs: one for each object would fill the report.
pub(super) fn not_judged(all: &[Unevaluated]) -> Vec<(&NotEvaluated, String)> {
    let mut counts: Vec<(&NotEvaluated, usize)> = Vec::new();
    for Unevaluated { missing, .. } in all {
        match counts.iter_mut().find(|(counted, _)| *counted == missing) {
            Some((_, count)) => *count += 1,
            None => counts.push((missing, 1)),
        }
    }
    sort_by(&mut counts, |(a, _), (b, _)| (a.rule, a.needs).cmp(&(b.rule, b.needs)));
    let said = |(missing, count): (&'_ NotEvaluated, usize)| {
        let objects = if count == 1 { "1 object was".to_owned() } else { format!("{count} objects were") };
        let end = if missing.needs.ends_with('s') { "es" } else { "s" };
        format!(
            "{objects} not judged by this rule: it needs {}{end}; pass --cluster, or --state FILE with them",
            missing.needs
        )
    };
    counts.into_iter().map(|(missing, count)| (missing, said((missing, count)))).collect()
}

/// A line without what cannot be seen, a character for a character.
pub fn printable(line: &str) -> String {
    let clean = |character: char| if is_hidden(character) && character != '\t' { '\u{fffd}' } else { character };
    line.chars().map(clean).collect()
}

/// A text of which all is seen, for names and keys are whatever a file says.
pub(crate) fn escaped(text: &str) -> String {
    legible(text).into_owned()
}

/// A value as JSON that people can read too.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    // Every key is a string and every value of these types can be written, so this cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

//! What several reports write alike.

use serde::Serialize;
use vpcguard_policies::ObjectRef;

use super::{Location, Summary};

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
    let Summary { files, objects, denied, warned } = summary;
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    // The objects of a cluster are in no files.
    let place = if files == 0 && objects > 0 { String::new() } else { format!(" in {}", plural(files, "file")) };
    let counts = format!("{}{place}: {denied} denied, {warned} warned", plural(objects, "object"));
    if errors == 0 { counts } else { format!("{counts}, {}", plural(errors, "error")) }
}

/// A text without what would move a terminal's cursor, for names and keys are whatever a file says.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// A value as JSON that people can read too.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    // Every key is a string and every value of these types can be written, so this cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

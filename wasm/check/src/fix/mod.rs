//! Fixes what can be fixed without a doubt, and touches no other byte of a file.
//!
//! What was fixed is read again: every object must be what it was but for the fixed fields, or the file stays as it is.
//! So an alias, a merge key or a text over several lines can do no harm.

mod fields;

use std::fmt;
use std::ops::Range;

use serde_json::Value;
use vpcguard_policies::field::{FieldPath, Step};

use crate::document::{Document, Parsed, parse};
use crate::source::Source;
use crate::yaml::{Node, Position};
use fields::{Fix, fixes, set};

/// The byte order mark of UTF-8, which no place counts.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A source in which something was fixed.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The source as it is now.
    pub source: Source,
    /// What was fixed, in order.
    pub changes: Vec<Change>,
}

/// A value that was fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands.
    pub position: Position,
    /// The field.
    pub field: FieldPath,
    /// How it was written, quotes and all.
    pub before: String,
    /// How it is written now.
    pub after: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position: Position { line, column }, field, before, after } = self;
        write!(f, "{line}:{column}: {field}: {before} is fixed to {after}")
    }
}

/// Fixes a source; none where there is nothing to fix.
pub fn fix(source: &Source) -> Option<Fixed> {
    let parsed = parse(source);
    let edits = edits(&parsed.documents);
    if edits.is_empty() {
        return None;
    }
    let edits = sound(source, &parsed, edits);
    let fixed = apply(source, &edits);
    let changes: Vec<_> = edits.into_iter().map(|edit| edit.change).collect();
    (!changes.is_empty()).then_some(Fixed { source: fixed, changes })
}

/// A part of a text to be replaced.
struct Edit {
    range: Range<usize>,
    change: Change,
    /// The fields that it fixes: more than one, where they share a value.
    targets: Vec<(usize, Fix)>,
}

/// The edits of a source, in the order of its text, none of which touches another.
fn edits(documents: &[Document]) -> Vec<Edit> {
    let mut edits = Vec::<Edit>::new();
    for (index, document) in documents.iter().enumerate() {
        for fix in fixes(&document.object) {
            let Some((range, change)) = edit(document, &fix) else { continue };
            let at = edits.partition_point(|edit| edit.range.start < range.start);
            match edits.get_mut(at).filter(|edit| edit.range.start == range.start) {
                Some(edit) => edit.targets.push((index, fix)),
                None => edits.insert(at, Edit { range, change, targets: vec![(index, fix)] }),
            }
        }
    }
    edits
}

/// How a field is to be written, and instead of what; none where it is not written plainly on one line.
fn edit(document: &Document, Fix { field, value }: &Fix) -> Option<(Range<usize>, Change)> {
    let text = document.text()?;
    let node = field.steps().iter().try_fold(document.node()?, descend)?;
    let span = text.first_line_of(node.span());
    let range = text.offset(span.start)?..text.offset(span.end)?;
    let before = text.as_str().get(range.clone())?;
    let after = match (before.chars().next()?, field.find(&document.object)?) {
        (quote @ ('"' | '\''), Value::String(old)) if before == format!("{quote}{old}{quote}") => {
            format!("{quote}{value}{quote}")
        }
        // A bare "on" is a boolean, and an address is none.
        (_, Value::String(old)) if before == old && !value.contains(['.', ':']) => format!("{value:?}"),
        (_, Value::String(old)) if before == old => value.clone(),
        (_, Value::Bool(_)) => format!("{value:?}"),
        _ => return None,
    };
    let (field, before) = (field.clone(), before.to_owned());
    Some((range, Change { position: span.start, field, before, after }))
}

fn descend<'a>(node: &'a Node, step: &Step) -> Option<&'a Node> {
    match step {
        Step::Index(index) => node.items()?.get(*index),
        Step::Field(name) => node.get(name),
        Step::Key(key) => node.get(key),
    }
    .map(|node| &**node)
}

fn apply(source: &Source, edits: &[Edit]) -> Source {
    let (mut bytes, mut done) = (Vec::with_capacity(source.bytes.len()), 0);
    let skipped = if source.bytes.starts_with(BOM) { BOM.len() } else { 0 };
    for Edit { range, change, .. } in edits {
        bytes.extend_from_slice(source.bytes.get(done..range.start + skipped).unwrap_or_default());
        bytes.extend_from_slice(change.after.as_bytes());
        done = range.end + skipped;
    }
    bytes.extend_from_slice(source.bytes.get(done..).unwrap_or_default());
    Source { name: source.name.clone(), bytes }
}

/// Whether edits change the fields that they are to fix, and nothing else.
fn is_sound(source: &Source, before: &Parsed, edits: &[Edit]) -> bool {
    let mut wanted: Vec<_> = before.documents.iter().map(|document| document.object.clone()).collect();
    for (index, fix) in edits.iter().flat_map(|edit| &edit.targets) {
        if let Some(object) = wanted.get_mut(*index) {
            set(object, fix);
        }
    }
    let after = parse(&apply(source, edits));
    let objects = after.documents.iter().map(|document| &document.object);
    after.errors.len() == before.errors.len() && after.allows.len() == before.allows.len() && objects.eq(&wanted)
}

/// Those of the edits that can be made. Halved until the others are found, for there are few of them.
fn sound(source: &Source, parsed: &Parsed, mut edits: Vec<Edit>) -> Vec<Edit> {
    if edits.is_empty() || is_sound(source, parsed, &edits) {
        return edits;
    }
    if edits.len() == 1 {
        return Vec::new();
    }
    let rest = edits.split_off(edits.len() / 2);
    let mut kept = sound(source, parsed, edits);
    kept.extend(sound(source, parsed, rest));
    kept
}

#[cfg(test)]
mod tests;

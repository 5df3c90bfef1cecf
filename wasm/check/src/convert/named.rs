//! What `check` says of old gateways.

use vpcguard_policies::text::legible;

use super::{Document, FIELDS_INSIDE, Source, is_empty};
use crate::yaml::Position;

/// How many are named.
const MOST_NAMED: usize = 5;

/// A note for each gateway of v1.7 to v1.9 whose addresses and rules Kube-OVN no longer reads.
pub(crate) fn notes(documents: &[Document]) -> Vec<String> {
    let old: Vec<_> = documents.iter().filter_map(|document| Some((document, Source::of(&document.object)?))).collect();
    let mut notes: Vec<_> = old.iter().take(MOST_NAMED).map(|(document, source)| note(document, source)).collect();
    let more = old.len().saturating_sub(MOST_NAMED);
    notes.extend((more > 0).then(|| format!("and {more} more such")));
    notes
}

fn note(document: &Document, source: &Source) -> String {
    let name = document.object.get("metadata").and_then(|metadata| metadata.get("name")?.as_str()).unwrap_or_default();
    let name = legible(name);
    let (object, place) = match source {
        Source::Spec => (&document.object, "in its spec"),
        Source::LastApplied(applied) => (applied, "in what was applied last"),
    };
    let fields: Vec<_> = FIELDS_INSIDE.into_iter().filter(|field| !is_empty(object, field)).collect();
    let fields = if fields.is_empty() { FIELDS_INSIDE.join(", ") } else { fields.join(", ") };
    let at = document.node().map(|node| {
        let Position { line, column } = node.span().start;
        format!("{}:{line}:{column}: ", document.file)
    });
    format!(
        "{}VpcNatGateway \"{name}\" has {fields} {place}, which Kube-OVN reads up to v1.9 alone: `vpcguard convert` writes today's objects",
        at.unwrap_or_default()
    )
}

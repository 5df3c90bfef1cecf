//! Objects that stand more than once in a folder: they are judged as versions of one, which is not always what was meant.

use std::collections::BTreeMap;

use vpcguard_policies::ObjectRef;

use super::object::Manifest;
use crate::document::Document;
use crate::report::name;
use crate::source::STDIN;
use crate::yaml::Position;

/// How many are named.
const MOST_NAMED: usize = 5;

/// A note for each object of which another document is in another folder, or in the same one and says something else.
pub(super) fn notes<'a>(objects: impl Iterator<Item = &'a Manifest<'a>>) -> Vec<String> {
    let mut places: BTreeMap<(&str, &ObjectRef), usize> = BTreeMap::new();
    let mut again: Vec<Again<'_>> = Vec::new();
    for object in objects.filter(|object| !object.is_generated()) {
        let next = again.len();
        let at = *places.entry((&object.name.name, &object.name)).or_insert(next);
        match again.get_mut(at) {
            Some(first) => first.add(object.document),
            None => again.push(Again { object, others: Vec::new(), is_elsewhere: false }),
        }
    }
    let again: Vec<_> = again.iter().filter(|again| !again.others.is_empty()).collect();
    let mut notes: Vec<_> = again.iter().take(MOST_NAMED).map(|again| again.note()).collect();
    let more = again.len().saturating_sub(MOST_NAMED);
    notes.extend((more > 0).then(|| {
        format!("and {more} more {} more than once", if more == 1 { "object stands" } else { "objects stand" })
    }));
    notes
}

/// What is said of objects of which the state has several versions: the last counts, and before a live cluster's what files have.
pub(super) fn notes_of_state(state: &[Manifest<'_>]) -> Vec<String> {
    let mut places: BTreeMap<(&str, &ObjectRef), usize> = BTreeMap::new();
    let mut versions: Vec<(&Manifest<'_>, Vec<&Document>)> = Vec::new();
    for object in state.iter().filter(|object| !object.is_generated()) {
        let next = versions.len();
        let at = *places.entry((&object.name.name, &object.name)).or_insert(next);
        match versions.get_mut(at) {
            Some((_, known)) => known.push(object.document),
            None => versions.push((object, vec![object.document])),
        }
    }
    let (mut differing, mut live) = (Vec::new(), Vec::new());
    for (object, known) in versions {
        let (of_cluster, of_files): (Vec<&Document>, Vec<_>) = known.iter().partition(|known| known.text().is_none());
        if !of_cluster.is_empty() && !of_files.is_empty() {
            live.push(name(&object.subject()));
        }
        if let [first, .., last] = of_files.as_slice()
            && of_files.iter().any(|other| other.object != first.object)
        {
            let (object, first, last) = (name(&object.subject()), place(first), place(last));
            differing.push(format!("{object} stands in {first} and with another content in {last}"));
        }
    }
    let more = differing.len().saturating_sub(MOST_NAMED);
    let named = differing.iter().take(MOST_NAMED);
    let mut notes: Vec<_> = named.map(|said| format!("of --state, {said}: the last counts")).collect();
    notes.extend((more > 0).then(|| format!("of --state, {more} more such: the last counts")));
    notes.extend(live.first().map(|first| match live.len() {
        1 => format!("{first} is in the cluster and in --state: that of --state counts"),
        count => format!("{count} objects are in the cluster and in --state, as {first}: those of --state count"),
    }));
    notes
}

/// An object, by its first document.
struct Again<'a> {
    object: &'a Manifest<'a>,
    /// The other documents that are worth a note.
    others: Vec<&'a Document>,
    /// Whether one of them is in another folder.
    is_elsewhere: bool,
}

impl<'a> Again<'a> {
    fn add(&mut self, other: &'a Document) {
        let first = self.object.document;
        let is_elsewhere = folder(&first.file) != folder(&other.file);
        if is_elsewhere || first.object != other.object {
            self.others.push(other);
            self.is_elsewhere |= is_elsewhere;
        }
    }

    fn note(&self) -> String {
        let more = match self.others.len().saturating_sub(1) {
            0 => String::new(),
            1 => " and in 1 more place".to_owned(),
            more => format!(" and in {more} more places"),
        };
        let (changed, hint) = if self.is_elsewhere {
            ("", "; name clusters to keep them apart (--cluster-of)")
        } else {
            (" with another content", "")
        };
        let judged = if self.others.len() == 1 { "as an update of the first" } else { "as updates of the first" };
        let other = self.others.first().map(|other| place(other)).unwrap_or_default();
        let (object, first) = (name(&self.object.subject()), place(self.object.document));
        format!("{object} stands in {first} and again{changed} in {other}{more}: judged {judged}{hint}")
    }
}

/// Where a document begins.
fn place(document: &Document) -> String {
    let Position { line, column } = document.node().map_or(Position::START, |node| node.span().start);
    format!("{}:{line}:{column}", document.file)
}

/// The folder of a file.
fn folder(file: &str) -> &str {
    let end = file.rfind(['/', '\\']).filter(|_| file != STDIN);
    let folder = end.and_then(|end| file.get(..end)).unwrap_or_default();
    if folder == "." { "" } else { folder.strip_prefix("./").unwrap_or(folder) }
}

//! A list or a map while it is read: keys become strings, merge keys are merged, a key that stands twice is a fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::{Content, Entry, Node, Position, Span};
use super::scalar::Scalar;

/// A list or a map that has not ended yet.
pub(super) struct Collection {
    pub(super) anchor: Option<String>,
    pub(super) start: Position,
    /// Whether brackets are around it.
    is_bracketed: bool,
    /// Where what was read last ends.
    end: Option<Position>,
    pub(super) items: Items,
}

pub(super) enum Items {
    List(Vec<Arc<Node>>),
    Map(Map),
}

/// A map that has not ended yet.
#[derive(Default)]
pub(super) struct Map {
    /// The key whose value comes next.
    pub(super) key: Option<Key>,
    entries: Vec<Entry>,
    /// Whether each entry was written here, not merged.
    written_here: Vec<bool>,
    /// Where each key stands among the entries.
    known: BTreeMap<String, usize>,
}

pub(super) enum Key {
    Named(String, Span),
    /// `<<`, whose value is a map or a list of maps to be merged into this one.
    Merge,
    /// A fault that was reported already; its value is dropped.
    Faulty,
}

/// Where a fault is, and what.
type Fault = (Position, String);

impl Collection {
    pub(super) fn new(anchor: Option<String>, start: Position, is_bracketed: bool, items: Items) -> Self {
        Self { anchor, start, is_bracketed, end: None, items }
    }

    /// The map that is read, if its next node is a key.
    pub(super) fn map_before_key(&mut self) -> Option<&mut Map> {
        if let Items::Map(map) = &mut self.items { Some(map).filter(|map| map.key.is_none()) } else { None }
    }

    /// The map that is read, if its next node is to be merged into it.
    pub(super) fn map_before_merge(&mut self) -> Option<&mut Map> {
        match &mut self.items {
            Items::Map(map) if matches!(map.key, Some(Key::Merge)) => Some(map),
            _ => None,
        }
    }

    /// Takes the next node, and says how many bytes were copied for it beyond the node itself.
    pub(super) fn attach(&mut self, node: Arc<Node>, span: Span) -> Result<usize, Fault> {
        self.end = Some(span.end);
        match &mut self.items {
            Items::List(list) => {
                list.push(node);
                Ok(0)
            }
            Items::Map(map) => map.attach(node, span),
        }
    }

    /// The node; `end` is where its bracket ends, or for a block the next thing begins.
    pub(super) fn into_node(self, end: Position) -> Node {
        let end = if self.is_bracketed { end } else { self.end.unwrap_or(self.start) };
        let content = match self.items {
            Items::List(list) => Content::List(list),
            Items::Map(map) => Content::Map(map.entries),
        };
        Node::new(Span { start: self.start, end }, content)
    }
}

impl Map {
    fn attach(&mut self, node: Arc<Node>, span: Span) -> Result<usize, Fault> {
        match self.key.take() {
            None => self.begin(&node, span),
            Some(Key::Named(name, key_span)) => {
                self.insert(Entry { key: name, key_span, value: node }, true);
                Ok(0)
            }
            Some(Key::Merge) => self.merge(&node, span),
            Some(Key::Faulty) => Ok(0),
        }
    }

    fn begin(&mut self, key: &Node, span: Span) -> Result<usize, Fault> {
        let name = match key.content() {
            Content::Scalar(scalar) => scalar.key(),
            Content::List(_) | Content::Map(_) => None,
        };
        let Some(name) = name else {
            self.key = Some(Key::Faulty);
            let detail = match key.content() {
                Content::Scalar(Scalar::Null) => "null",
                Content::Scalar(_) => "a number above 9223372036854775807",
                Content::List(_) | Content::Map(_) => "a list or a map",
            };
            return Err((span.start, format!("a key must not be {detail}")));
        };
        let known = self.known.get(&name).filter(|at| self.written_here.get(**at) == Some(&true));
        if let Some(first) = known.and_then(|at| self.entries.get(*at)) {
            let first = first.key_span.start.line;
            self.key = Some(Key::Faulty);
            // The most common cause of all.
            let hint = if name == "apiVersion" { ": is \"---\" missing between two documents?" } else { "" };
            return Err((span.start, format!("the key {name:?} stands twice, first in line {first}{hint}")));
        }
        self.key = Some(Key::Named(name, span));
        Ok(0)
    }

    /// As kubectl does, in contrast to the letter of the merge key's definition: what is merged replaces what stands
    /// before it, and is replaced by what stands after it. In a list of maps, the earlier map wins.
    fn merge(&mut self, value: &Node, span: Span) -> Result<usize, Fault> {
        let not_a_map = || (span.start, "what is merged must be a map or a list of maps".to_owned());
        let maps = match value.content() {
            Content::Map(entries) => vec![entries],
            Content::List(list) => {
                let maps: Option<Vec<_>> = list.iter().rev().map(|item| item.entries()).collect();
                maps.ok_or_else(not_a_map)?
            }
            Content::Scalar(_) => return Err(not_a_map()),
        };
        let mut copied = 0;
        for entry in maps.into_iter().flatten() {
            copied += entry.size();
            self.insert(entry.clone(), false);
        }
        Ok(copied)
    }

    fn insert(&mut self, entry: Entry, is_written_here: bool) {
        let at = *self.known.entry(entry.key.clone()).or_insert(self.entries.len());
        match (self.entries.get_mut(at), self.written_here.get_mut(at)) {
            (Some(slot), Some(was_written_here)) => {
                *slot = entry;
                *was_written_here |= is_written_here;
            }
            _ => {
                self.entries.push(entry);
                self.written_here.push(is_written_here);
            }
        }
    }
}

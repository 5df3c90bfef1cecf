//! YAML as kubectl reads it: YAML 1.1 scalars, merge keys, anchors, and each document by itself. The parser is a port of
//! libyaml, of which kubectl has another; here its events become a tree in which every node knows where it stands.
//!
//! What is written must not decide how much memory or stack reading it takes: depth and the expansion of aliases are
//! bounded, and nothing here recurses deeper than the depth allowed.

mod collection;
mod decimal;
mod events;
mod node;
mod parts;
mod path;
mod problem;
mod scalar;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use libyaml_safer::{EventData, ScalarStyle};

use crate::template;
use collection::{Collection, Items, Key, Map};
pub(crate) use events::{Event, Events};
pub use node::{Content, Entry, Node, Position, Span};
pub(crate) use parts::{Part, parts};
pub use scalar::Scalar;

/// How deep collections may be nested: as deep as `serde_json` allows.
const MAX_DEPTH: usize = 127;

/// How many bytes the aliases and merge keys of a file may stand for.
const MAX_COPIED: usize = 4 << 20;

/// Something that is wrong with a document, from 1.
pub(crate) struct Fault {
    pub(crate) document: usize,
    pub(crate) position: Position,
    pub(crate) message: String,
}

/// The documents of a text, each with its number from 1. Empty ones are counted but not listed.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) documents: Vec<(usize, Arc<Node>)>,
    pub(crate) faults: Vec<Fault>,
    /// Whether it is to be read as JSON if it is that: it is not YAML, or YAML sees the end of a line where JSON sees none.
    pub(crate) is_doubtful: bool,
}

/// Reads all documents. One with a fault in it is left out.
pub(crate) fn load(text: &str) -> Stream {
    let mut loader = Loader::default();
    loader.stream.is_doubtful = parts::has_rare_break(text);
    for part in parts(text) {
        loader.read(part);
    }
    loader.stream
}

/// What makes the rest of a document unreadable.
type Fatal = (Position, String);

#[derive(Default)]
struct Loader {
    stream: Stream,
    number: usize,
    root: Option<Arc<Node>>,
    open: Vec<Collection>,
    /// Which of the named nodes of the document each anchor names; none while it stands before one that is still open.
    anchors: BTreeMap<String, usize>,
    named: Vec<Arc<Node>>,
    copied: usize,
}

impl Loader {
    fn read(&mut self, part: Part<'_>) {
        let known = self.stream.faults.len();
        self.number = part.number;
        self.root = None;
        self.open.clear();
        self.anchors.clear();
        self.named.clear();
        if let Some(column) = part.behind {
            self.fault(Position { line: part.start, column }, problem::BEHIND_MARK.to_owned());
        }
        let broken = Events::of(part).find_map(|event| event.and_then(|event| self.take(event, &part)).err());
        let is_broken = broken.is_some();
        if let Some((position, message)) = broken {
            self.fault(position, message);
        }
        self.stream.is_doubtful |= is_broken;
        let lines = self.stream.faults.iter().skip(known).map(|fault| fault.position.line);
        if let Some(position) = template::place(&part, is_broken, lines) {
            self.stream.faults.truncate(known);
            self.fault(position, template::MESSAGE.to_owned());
        }
    }

    fn take(&mut self, Event { data, span, range }: Event, part: &Part<'_>) -> Result<(), Fatal> {
        let is_bracketed = || part.text.get(range.clone()).is_some_and(|written| written.ends_with(['[', '{']));
        match data {
            EventData::DocumentEnd { .. } => self.end_document(),
            EventData::Scalar { anchor, tag, value, style, .. } => {
                return self.scalar(&value, style, anchor, tag.as_deref(), span);
            }
            EventData::SequenceStart { anchor, .. } => {
                let items = Items::List(Vec::new());
                return self.start(Collection::new(anchor, span.start, is_bracketed(), items));
            }
            EventData::MappingStart { anchor, .. } => {
                let items = Items::Map(Map::default());
                return self.start(Collection::new(anchor, span.start, is_bracketed(), items));
            }
            EventData::SequenceEnd | EventData::MappingEnd => return self.end(span.end),
            EventData::Alias { anchor } => return self.alias(&anchor, span),
            EventData::DocumentStart { .. } | EventData::StreamStart { .. } | EventData::StreamEnd => {}
        }
        Ok(())
    }

    fn end_document(&mut self) {
        let has_fault = self.stream.faults.last().is_some_and(|fault| fault.document == self.number);
        if let Some(root) = self.root.take().filter(|root| !has_fault && !root.is_null()) {
            self.stream.documents.push((self.number, root));
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: Option<String>,
        tag: Option<&str>,
        span: Span,
    ) -> Result<(), Fatal> {
        let map = self.open.last_mut().and_then(Collection::map_before_key);
        let resolved = match map {
            Some(map) if scalar::is_merge(text, style, tag) => {
                map.key = Some(Key::Merge);
                return Ok(());
            }
            Some(_) => Scalar::resolve_key(text, style, tag),
            None => Scalar::resolve(text, style, tag),
        };
        let content = match resolved {
            Ok(scalar) => Content::Scalar(scalar),
            Err(message) => {
                self.fault(span.start, message);
                Content::Scalar(Scalar::Null)
            }
        };
        self.complete(anchor, Arc::new(Node::new(span, content)))
    }

    fn start(&mut self, collection: Collection) -> Result<(), Fatal> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(collection.start));
        }
        // Until it ends nothing has its name, not even what had it before.
        if let Some(anchor) = &collection.anchor {
            self.anchors.insert(anchor.clone(), usize::MAX);
        }
        self.open.push(collection);
        Ok(())
    }

    fn end(&mut self, end: Position) -> Result<(), Fatal> {
        let Some(mut collection) = self.open.pop() else { return Ok(()) };
        let anchor = collection.anchor.take();
        self.complete(anchor, Arc::new(collection.into_node(end)))
    }

    fn alias(&mut self, anchor: &str, span: Span) -> Result<(), Fatal> {
        let Some(node) = self.anchors.get(anchor).and_then(|at| self.named.get(*at)).cloned() else {
            let message = "this alias has no anchor before it in the document, or stands inside its own anchor";
            return Err((span.start, message.to_owned()));
        };
        if self.open.len() + node.height() > MAX_DEPTH {
            return Err(too_deep(span.start));
        }
        self.copy(node.size(), span.start)?;
        if node.items().is_some()
            && let Some(map) = self.open.last_mut().and_then(Collection::map_before_merge)
        {
            map.key = None;
            self.fault(span.start, "an alias that is merged must stand for a map".to_owned());
            return Ok(());
        }
        self.attach(node, span)
    }

    fn complete(&mut self, anchor: Option<String>, node: Arc<Node>) -> Result<(), Fatal> {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, self.named.len());
            self.named.push(Arc::clone(&node));
        }
        let span = node.span();
        self.attach(node, span)
    }

    /// Puts a node, which is read at `span` but may have been written elsewhere, where it belongs.
    fn attach(&mut self, node: Arc<Node>, span: Span) -> Result<(), Fatal> {
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match parent.attach(node, span) {
            Ok(copied) => self.copy(copied, span.start),
            Err((position, message)) => {
                self.fault(position, message);
                Ok(())
            }
        }
    }

    fn copy(&mut self, size: usize, position: Position) -> Result<(), Fatal> {
        self.copied = self.copied.saturating_add(size);
        if self.copied > MAX_COPIED {
            return Err((position, format!("the aliases of this file expand to more than {} MiB", MAX_COPIED >> 20)));
        }
        Ok(())
    }

    fn fault(&mut self, position: Position, message: String) {
        self.stream.faults.push(Fault { document: self.number, position, message });
    }
}

fn too_deep(position: Position) -> Fatal {
    (position, format!("nested more than {MAX_DEPTH} levels deep"))
}

#[cfg(test)]
mod kubectl;
#[cfg(test)]
mod tests;

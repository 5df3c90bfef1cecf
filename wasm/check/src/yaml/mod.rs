//! YAML as kubectl reads it: YAML 1.1 scalars, merge keys, anchors. The parser is saphyr's; here its events become a tree
//! in which every node knows where it stands.
//!
//! What is written must not decide how much memory or stack reading it takes: depth and the expansion of aliases are
//! bounded, and nothing here recurses deeper than the depth allowed.

mod collection;
mod decimal;
mod node;
mod path;
mod scalar;

use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as EventSpan, Tag};

use collection::{Collection, Key};
pub use node::{Content, Entry, Node, Position, Span};
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
}

/// Reads all documents. One with a fault in it is left out; after an error of syntax the rest of the text is.
pub(crate) fn load(text: &str) -> Stream {
    let mut loader = Loader::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let read = match event {
            Ok((event, span)) => loader.take(event, span),
            Err(error) => Err((Position::from(error.marker()), error.info().to_owned())),
        };
        if let Err((position, message)) = read {
            let document = loader.number.max(1) + usize::from(!loader.is_in_document && loader.number > 0);
            loader.stream.faults.push(Fault { document, position, message });
            break;
        }
    }
    loader.stream
}

/// What makes the rest of the text unreadable.
type Fatal = (Position, String);

#[derive(Default)]
struct Loader {
    stream: Stream,
    number: usize,
    is_in_document: bool,
    root: Option<Arc<Node>>,
    open: Vec<Collection>,
    /// What each anchor names, by its number, and in which document.
    anchors: Vec<Option<(usize, Arc<Node>)>>,
    copied: usize,
}

impl Loader {
    fn take(&mut self, event: Event<'_>, span: EventSpan) -> Result<(), Fatal> {
        match event {
            Event::DocumentStart(_) => {
                self.number += 1;
                self.is_in_document = true;
                self.root = None;
                Ok(())
            }
            Event::DocumentEnd => {
                self.end_document();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), Span::from(span))
            }
            Event::SequenceStart(anchor, _) => self.start(Collection::list(anchor, span.start.into())),
            Event::MappingStart(anchor, _) => self.start(Collection::map(anchor, span.start.into())),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, Span::from(span)),
            Event::Nothing | Event::StreamStart | Event::StreamEnd => Ok(()),
        }
    }

    fn end_document(&mut self) {
        self.is_in_document = false;
        let has_fault = self.stream.faults.last().is_some_and(|fault| fault.document == self.number);
        if let Some(root) = self.root.take().filter(|root| !has_fault && !root.is_null()) {
            self.stream.documents.push((self.number, root));
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fatal> {
        if scalar::is_merge(text, style, tag)
            && let Some(Collection { items: collection::Items::Map(map), .. }) = self.open.last_mut()
            && map.wants_key()
        {
            map.key = Some(Key::Merge);
            return Ok(());
        }
        let content = match Scalar::resolve(text, style, tag) {
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
        self.open.push(collection);
        Ok(())
    }

    fn end(&mut self, span: EventSpan) -> Result<(), Fatal> {
        let Some(collection) = self.open.pop() else { return Ok(()) };
        let anchor = collection.anchor;
        self.complete(anchor, Arc::new(collection.into_node(Span::from(span))))
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fatal> {
        // The parser knows the anchors of earlier documents too, and those of collections that are still open.
        let Some((_, node)) = self.anchors.get(anchor).cloned().flatten().filter(|(number, _)| *number == self.number)
        else {
            let message = "this alias has no anchor before it in the document, or stands inside its own anchor";
            return Err((span.start, message.to_owned()));
        };
        if self.open.len() + node.height() > MAX_DEPTH {
            return Err(too_deep(span.start));
        }
        self.copy(node.size(), span.start)?;
        self.attach(node, span)
    }

    fn complete(&mut self, anchor: usize, node: Arc<Node>) -> Result<(), Fatal> {
        if anchor > 0 {
            self.anchors.resize(self.anchors.len().max(anchor + 1), None);
            if let Some(named) = self.anchors.get_mut(anchor) {
                *named = Some((self.number, Arc::clone(&node)));
            }
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
mod tests;

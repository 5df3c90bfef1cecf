//! A tree of YAML in which every node knows where it stands.

use std::sync::Arc;

use serde_json::Value;
use vpcguard_policies::gather::gathered;

use super::scalar::Scalar;

/// What a node costs in memory beside its text, about.
const NODE_SIZE: usize = 64;

/// A place in a text: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The beginning.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// Where the text goes on after `before`.
    pub(crate) fn after(before: &str) -> Self {
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let last_line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        let lone = before.matches('\r').count() - before.matches("\r\n").count();
        Self { line: before.matches('\n').count() + lone + 1, column: last_line.chars().count() + 1 }
    }
}

/// A range of text, its end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first character.
    pub start: Position,
    /// The character after its last.
    pub end: Position,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A value with its place. What an alias stands for is shared and has the place of its anchor.
#[derive(Debug)]
pub struct Node {
    span: Span,
    content: Content,
    /// How much it takes as a value, aliases expanded, in bytes.
    size: usize,
    /// How many collections are nested in it, itself included.
    height: usize,
}

/// What a node holds.
#[derive(Debug)]
pub enum Content {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    List(Vec<Arc<Node>>),
    /// A map, in the order in which it was written.
    Map(Vec<Entry>),
}

/// A key of a map and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Arc<Node>,
}

impl Entry {
    pub(super) fn size(&self) -> usize {
        self.value.size.saturating_add(NODE_SIZE + self.key.len())
    }
}

impl Node {
    pub(crate) fn new(span: Span, content: Content) -> Self {
        let (size, height) = match &content {
            Content::Scalar(scalar) => (scalar.len(), 0),
            Content::List(list) => (
                list.iter().fold(0, |size: usize, item| size.saturating_add(item.size)),
                1 + list.iter().map(|item| item.height).max().unwrap_or_default(),
            ),
            Content::Map(entries) => (
                entries.iter().fold(0, |size: usize, entry| size.saturating_add(entry.size())),
                1 + entries.iter().map(|entry| entry.value.height).max().unwrap_or_default(),
            ),
        };
        Self { span, content, size: size.saturating_add(NODE_SIZE), height }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// What it holds.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries, if this is a map.
    pub fn entries(&self) -> Option<&Vec<Entry>> {
        if let Content::Map(entries) = &self.content { Some(entries) } else { None }
    }

    /// The elements, if this is a list.
    pub fn items(&self) -> Option<&Vec<Arc<Node>>> {
        if let Content::List(list) = &self.content { Some(list) } else { None }
    }

    /// The same as JSON.
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) => scalar.to_value(),
            Content::List(list) => list.iter().map(|item| item.to_value()).collect(),
            Content::Map(entries) => {
                let fields = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value()));
                Value::Object(gathered(fields))
            }
        }
    }

    /// Where the field of a path stands, such as `rules.zzz` or `kubeOvn.serviceCidrs[0]`: its key in a map, itself in a
    /// list. Where the path leads beyond what was written, it is the last that was.
    pub fn locate(&self, path: &str) -> Position {
        let (mut node, mut rest, mut found) = (self, path, self.span.start);
        while !rest.is_empty() {
            let step = match &node.content {
                Content::Scalar(_) => None,
                Content::List(list) => list_step(list, rest),
                Content::Map(entries) => map_step(entries, rest),
            };
            let Some((position, next, after)) = step else { break };
            (found, node, rest) = (position, next, after);
        }
        found
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Scalar::Null))
    }
}

/// A step of [`Node::locate`]: where it leads, and the path after it.
type Step<'n, 'p> = (Position, &'n Node, &'p str);

fn list_step<'n, 'p>(list: &'n [Arc<Node>], path: &'p str) -> Option<Step<'n, 'p>> {
    let (index, after) = path.strip_prefix('[')?.split_once(']')?;
    let item = list.get(index.parse::<usize>().ok()?)?;
    Some((item.span.start, item, after))
}

fn map_step<'n, 'p>(entries: &'n [Entry], path: &'p str) -> Option<Step<'n, 'p>> {
    let path = path.strip_prefix('.').unwrap_or(path);
    // Keys may hold dots, so no splitting at dots: the longest key that fits is meant.
    let fits = |entry: &&Entry| {
        path.strip_prefix(entry.key.as_str()).is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
    };
    let entry = entries.iter().filter(fits).max_by_key(|entry| entry.key.len())?;
    Some((entry.key_span.start, &entry.value, path.get(entry.key.len()..).unwrap_or_default()))
}

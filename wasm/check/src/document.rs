//! From sources to Kubernetes objects: one or more documents a source, one or more objects a document.

use std::sync::Arc;

use serde_json::Value;

use crate::report::Place;
use crate::source::{ParseError, Source};
use crate::yaml::{Node, Position};
use crate::{json, yaml};

/// A Kubernetes object and where it was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name of the source; empty for an object that was read in none.
    pub file: String,
    /// Which document of the source, from 1; 0 for an object that was read in none. The items of a list all have the
    /// number of the list.
    pub number: usize,
    /// The object. Its `apiVersion`, `kind` and a name are there.
    pub object: Value,
    node: Option<Arc<Node>>,
}

impl Document {
    /// An object of a cluster, which has its `apiVersion`, `kind` and name.
    pub fn live(object: Value) -> Self {
        Self { file: String::new(), number: 0, object, node: None }
    }

    /// Where it was read; none for an object of a cluster.
    pub fn place(&self) -> Option<Place> {
        (self.number > 0).then(|| Place { file: self.file.clone(), document: self.number })
    }

    /// The object with the place of each of its fields; none if it was read as JSON.
    pub fn node(&self) -> Option<&Node> {
        self.node.as_deref()
    }
}

/// What a source holds.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Its objects, in order.
    pub documents: Vec<Document>,
    /// What is wrong with the rest, in order.
    pub errors: Vec<ParseError>,
}

/// Reads the objects of a source: as JSON if its name ends in `.json`, else as YAML.
///
/// Empty documents are skipped, lists are taken apart. A document with an error in it is left out; after an error of
/// syntax the rest of the source is.
pub fn parse(source: &Source) -> Parsed {
    let mut reader = Reader { file: &source.name, parsed: Parsed::default() };
    match source.text() {
        Ok(text) if source.is_json() => reader.json(text),
        Ok(text) => reader.yaml(text),
        Err(error) => reader.parsed.errors.push(error),
    }
    reader.parsed.errors.sort_by_key(|error| (error.line, error.column));
    reader.parsed
}

struct Reader<'a> {
    file: &'a str,
    parsed: Parsed,
}

/// What a list of a kind says of its items, which then need not say it themselves.
struct Items {
    api_version: String,
    kind: String,
}

impl Items {
    /// Nothing for a plain `List`.
    fn of(list: &Value) -> Option<Self> {
        let kind = list.get("kind")?.as_str()?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        let api_version = list.get("apiVersion")?.as_str()?;
        Some(Self { api_version: api_version.to_owned(), kind: kind.to_owned() })
    }
}

impl Reader<'_> {
    fn json(&mut self, text: &str) {
        let json::Stream { values, error } = json::load(text);
        let mut number = 0;
        for (position, value) in values {
            number += 1;
            if !value.is_null() {
                self.object(number, value, None, position, None);
            }
        }
        if let Some((position, message)) = error {
            self.error(number + 1, position, message);
        }
    }

    fn yaml(&mut self, text: &str) {
        let yaml::Stream { documents, faults } = yaml::load(text);
        for (number, node) in documents {
            let position = node.span().start;
            self.object(number, node.to_value(), Some(node), position, None);
        }
        for fault in faults {
            self.error(fault.document, fault.position, fault.message);
        }
    }

    /// Takes an object, or the objects of a list. Recurses no deeper than what was read is nested.
    fn object(
        &mut self,
        number: usize,
        mut object: Value,
        node: Option<Arc<Node>>,
        position: Position,
        among: Option<&Items>,
    ) {
        if let (Some(items), Some(fields)) = (among, object.as_object_mut()) {
            fields.entry("apiVersion").or_insert_with(|| items.api_version.clone().into());
            fields.entry("kind").or_insert_with(|| items.kind.clone().into());
        }
        if is_list(&object) {
            let items = Items::of(&object);
            return self.list(number, &mut object, node.as_deref(), position, items.as_ref());
        }
        match lack(&object) {
            Some(message) => self.error(number, position, message),
            None => self.parsed.documents.push(Document { file: self.file.to_owned(), number, object, node }),
        }
    }

    fn list(
        &mut self,
        number: usize,
        list: &mut Value,
        node: Option<&Node>,
        position: Position,
        among: Option<&Items>,
    ) {
        let items = list.get_mut("items").map(Value::take).unwrap_or_default();
        let Value::Array(items) = items else { return };
        let nodes = node.and_then(|node| node.get("items")?.items());
        for (at, item) in items.into_iter().enumerate() {
            let node = nodes.and_then(|nodes| nodes.get(at)).cloned();
            let position = node.as_ref().map_or(position, |node| node.span().start);
            self.object(number, item, node, position, among);
        }
    }

    fn error(&mut self, number: usize, position: Position, message: impl Into<String>) {
        self.parsed.errors.push(ParseError::new(self.file, Some(number), position, message));
    }
}

/// Whether an object is a list of objects: a `List`, or a `SubnetList` as the API server answers.
fn is_list(object: &Value) -> bool {
    let has_kind = object.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    has_kind && matches!(object.get("items"), Some(Value::Array(_) | Value::Null))
}

/// What keeps a value from being a Kubernetes object.
fn lack(object: &Value) -> Option<String> {
    let what = match object {
        Value::Object(_) => None,
        Value::Array(_) => Some("a list"),
        Value::String(_) => Some("a string"),
        Value::Number(_) => Some("a number"),
        Value::Bool(_) => Some("a boolean"),
        Value::Null => Some("null"),
    };
    if let Some(what) = what {
        return Some(format!("not a Kubernetes object: it is {what}"));
    }
    let is_text = |path: &str| object.pointer(path).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let mut missing = Vec::new();
    for (field, path) in [("apiVersion", "/apiVersion"), ("kind", "/kind")] {
        if !is_text(path) {
            missing.push(field);
        }
    }
    if !is_text("/metadata/name") && !is_text("/metadata/generateName") {
        missing.push("metadata.name");
    }
    (!missing.is_empty()).then(|| format!("not a Kubernetes object: it needs {} (a string)", missing.join(", ")))
}

#[cfg(test)]
mod tests;

//! From sources to Kubernetes objects: one or more documents a source, one or more objects a document.

use std::sync::Arc;

use serde_json::Value;
use vpcguard_policies::field::FieldPath;
use vpcguard_policies::finding::Finding;

use crate::allow::{Allow, Comments, Mistaken};
use crate::foreign::Sort;
use crate::report::Location;
use crate::source::{ParseError, Source};
use crate::template::{self, Templates};
use crate::text::Text;
use crate::yaml::{Node, Position, Span};
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
    /// The template that it was made from, as `helm template` says in a comment before it.
    pub template: Option<Arc<str>>,
    /// The comments that excuse what is found in it.
    pub(crate) allows: Vec<Arc<Allow>>,
    /// The comments that only look as if they did; those of a list are the first object's.
    pub(crate) mistaken: Vec<Mistaken>,
    tree: Tree,
    text: Option<Arc<Text>>,
}

impl Document {
    /// An object of a cluster, which has its `apiVersion`, `kind` and name.
    pub fn live(object: Value) -> Self {
        let (file, allows, mistaken) = (String::new(), Vec::new(), Vec::new());
        Self { file, number: 0, object, template: None, allows, mistaken, tree: Tree::None, text: None }
    }

    /// Where a field was read, or where it would stand, as [`Node::span_of`] says; none for an object of a cluster.
    pub fn place(&self, field: &FieldPath) -> Option<Location> {
        let text = self.text.as_ref()?;
        let span = self.node().map(|node| text.first_line_of(node.span_of(field.steps())));
        Some(self.location(span, span.and_then(|span| text.shown_line(span.start.line))))
    }

    /// Where what a finding is about was read: of a value of which only a part is wrong that part, if it is written as it is
    /// read.
    pub(crate) fn place_of(&self, finding: &Finding) -> Option<Location> {
        let place = self.place(finding.field())?;
        let part = || {
            let part = finding.part_of_value()?;
            let value = self.node()?.text_of(finding.field().steps())?;
            self.text.as_ref()?.part_of(place.span?, value, part)
        };
        Some(Location { span: part().or(place.span), ..place })
    }

    /// A place in its source, and the line of it.
    pub(crate) fn location(&self, span: Option<Span>, line: Option<Arc<str>>) -> Location {
        let (file, template) = (self.file.clone(), self.template.clone());
        Location { file, document: self.number, template, span, line }
    }

    /// The text of its source; none for an object of a cluster.
    pub(crate) fn text(&self) -> Option<&Text> {
        self.text.as_deref()
    }

    /// The object with the place of each of its fields; none for an object of a cluster.
    pub fn node(&self) -> Option<&Node> {
        self.tree.node()
    }
}

/// Where the fields of an object are.
#[derive(Clone, Debug)]
enum Tree {
    /// Nowhere.
    None,
    /// In this YAML.
    Yaml(Arc<Node>),
    /// In this JSON: which item of its list it is, if it is one of a list, and so on inwards.
    Json(Arc<json::Tree>, Vec<usize>),
}

impl Tree {
    fn node<'a>(&'a self) -> Option<&'a Node> {
        match self {
            Self::None => None,
            Self::Yaml(node) => Some(node),
            Self::Json(tree, path) => {
                let item = |list: &'a Node, index: &usize| Some(&**list.get("items")?.items()?.get(*index)?);
                path.iter().try_fold(&**tree.node()?, item)
            }
        }
    }

    /// That of an item of the list that this is.
    fn item(&self, index: usize) -> Self {
        match self {
            Self::None => Self::None,
            Self::Yaml(node) => {
                let item = node.get("items").and_then(|items| items.items()?.get(index));
                item.map_or(Self::None, |item| Self::Yaml(Arc::clone(item)))
            }
            Self::Json(tree, path) => Self::Json(Arc::clone(tree), path.iter().copied().chain([index]).collect()),
        }
    }
}

/// What a source holds.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Its objects, in order.
    pub documents: Vec<Document>,
    /// What is wrong with the rest, in order.
    pub errors: Vec<ParseError>,
    /// What is not meant as a Kubernetes object, and why not, in order.
    pub foreign: Vec<ParseError>,
    /// The comments that excuse findings.
    pub allows: Vec<Arc<Allow>>,
}

/// Reads the objects of a source: as JSON if its name ends in `.json`, else as YAML.
///
/// Empty documents are skipped, lists are taken apart. A document with an error in it is left out; in JSON the rest of the
/// source is too.
pub fn parse(source: &Source) -> Parsed {
    let text = match source.text() {
        Ok(text) => Arc::new(Text::new(text)),
        Err(error) => return Parsed { errors: vec![error], ..Parsed::default() },
    };
    let templates = Templates::of(&text);
    let (mistaken, parsed) = (Vec::new(), Parsed::default());
    let mut reader = DocumentParser { file: &source.name, text: &text, templates, mistaken, parsed };
    if source.is_json() {
        reader.json();
    } else {
        reader.yaml();
    }
    let templates = &reader.templates;
    for error in reader.parsed.errors.iter_mut().chain(&mut reader.parsed.foreign) {
        error.template = templates.at(error.line).map(|template| template.to_string());
    }
    ParseError::sort(&mut reader.parsed.errors);
    ParseError::sort(&mut reader.parsed.foreign);
    reader.parsed
}

/// What every object has, and nobody leaves out who means one.
pub(crate) const API_VERSION: &str = "apiVersion";

struct DocumentParser<'a> {
    file: &'a str,
    text: &'a Arc<Text>,
    templates: Templates,
    /// What of the comments no object has got yet.
    mistaken: Vec<Mistaken>,
    parsed: Parsed,
}

/// A document, or an object of a list in it.
struct Part {
    number: usize,
    /// Where the document begins.
    start: Position,
    template: Option<Arc<str>>,
    tree: Tree,
    /// Whether it is an object of a list.
    is_item: bool,
}

impl Part {
    fn item(&self, index: usize) -> Self {
        Self { template: self.template.clone(), tree: self.tree.item(index), is_item: true, ..*self }
    }

    /// Where it begins.
    fn position(&self) -> Position {
        self.tree.node().map_or(self.start, |node| node.span().start)
    }
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

impl DocumentParser<'_> {
    fn json(&mut self) {
        let json::Stream { values, error } = json::load(self.text);
        let mut number = 0;
        for (start, value, tree) in values {
            number += 1;
            if !value.is_null() {
                let tree = Tree::Json(Arc::new(tree), Vec::new());
                self.object(Part { number, start, template: None, tree, is_item: false }, value, None);
            }
        }
        if let Some((position, message)) = error {
            // Tools have comments in what they call JSON.
            self.unreadable(number + 1, position, message, true);
        }
    }

    fn yaml(&mut self) {
        let yaml::Stream { documents, faults, is_doubtful } = yaml::load(self.text.as_str());
        if is_doubtful && json::is_stream(self.text) {
            return self.json();
        }
        let Comments { allows, mistaken, errors } = Comments::of(self.file, self.text);
        (self.parsed.allows, self.mistaken) = (allows, mistaken);
        self.parsed.errors.extend(errors);
        for (number, node) in documents {
            let (start, value) = (node.span().start, node.to_value());
            let template = self.templates.at(start.line);
            self.object(Part { number, start, template, tree: Tree::Yaml(node), is_item: false }, value, None);
        }
        for fault in faults {
            let is_template = fault.message == template::MESSAGE;
            self.unreadable(fault.document, fault.position, fault.message, is_template);
        }
    }

    /// Takes an object, or the objects of a list. Recurses no deeper than what was read is nested.
    fn object(&mut self, part: Part, mut object: Value, among: Option<&Items>) {
        if let (Some(items), Some(fields)) = (among, object.as_object_mut()) {
            fields.entry("apiVersion").or_insert_with(|| items.api_version.clone().into());
            fields.entry("kind").or_insert_with(|| items.kind.clone().into());
        }
        if is_list(&object) {
            let items = Items::of(&object);
            return self.list(&part, &mut object, items.as_ref());
        }
        match Sort::of(&object) {
            Sort::Object => {}
            Sort::Foreign(message) if !part.is_item => {
                return self.parsed.foreign.push(self.fault(part.number, part.position(), message));
            }
            Sort::Foreign(message) => return self.error(part.number, part.position(), message),
            Sort::Broken(message) => return self.error(part.number, part.position(), message),
            Sort::Unquoted(field, kind) => return self.unquoted(&part, field, kind),
        }
        let Part { number, template, tree, .. } = part;
        let text = Some(Arc::clone(self.text));
        let allows = self.parsed.allows.iter().filter(|allow| allow.is_about(number)).cloned().collect();
        let before = self.mistaken.partition_point(|comment| comment.document <= number);
        let mistaken = self.mistaken.drain(..before).collect();
        let file = self.file.to_owned();
        self.parsed.documents.push(Document { file, number, object, template, allows, mistaken, tree, text });
    }

    fn list(&mut self, part: &Part, list: &mut Value, among: Option<&Items>) {
        let items = list.get_mut("items").map(Value::take).unwrap_or_default();
        let Value::Array(items) = items else { return };
        for (index, item) in items.into_iter().enumerate() {
            self.object(part.item(index), item, among);
        }
    }

    /// Of what was written without quotes it is said how it is read, where it stands.
    fn unquoted(&mut self, part: &Part, field: &'static str, kind: &str) {
        let path = FieldPath::of(field);
        let span = part.tree.node().map(|node| self.text.first_line_of(node.span_of(path.steps())));
        let line = span.and_then(|span| self.text.line(span.start.line)).unwrap_or_default();
        let (skipped, count) = span.map_or((0, 0), |Span { start, end }| (start.column - 1, end.column - start.column));
        let written: String = line.chars().skip(skipped).take(count).collect();
        let message = format!(
            "not a Kubernetes object: {field} must be a string, and {written} is read as a {kind}: write it in quotes, \"{written}\""
        );
        self.error(part.number, span.map_or(part.position(), |span| span.start), message);
    }

    /// What cannot be read is an error, unless tools write such things and no object can be in it.
    fn unreadable(&mut self, number: usize, position: Position, message: impl Into<String>, is_of_tools: bool) {
        if is_of_tools && !self.text.as_str().contains(API_VERSION) {
            return self.parsed.foreign.push(self.fault(number, position, message));
        }
        self.error(number, position, message);
    }

    fn error(&mut self, number: usize, position: Position, message: impl Into<String>) {
        let error = self.fault(number, position, message);
        self.parsed.errors.push(error);
    }

    fn fault(&self, number: usize, position: Position, message: impl Into<String>) -> ParseError {
        let mut error = ParseError::new(self.file, Some(number), position, message);
        error.text = self.text.shown_line(position.line);
        error
    }
}

/// Whether an object is a list of objects: a `List`, a `SubnetList` as the API server answers, or whatever has objects as items,
/// for kubectl takes these apart.
fn is_list(object: &Value) -> bool {
    let has_kind = object.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match object.get("items") {
        Some(Value::Array(items)) => has_kind || items.iter().any(|item| Sort::of(item) == Sort::Object),
        Some(Value::Null) => has_kind,
        _ => false,
    }
}

#[cfg(test)]
mod tests;

//! The places of the values in a JSON text, which are looked for only when they are asked for.
//!
//! `serde_json` reads the values and knows of no places. The same text is then read once more.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Number;

use super::Place;
use crate::text::Text;
use crate::yaml::{Content, Entry, Node, Position, Scalar, Span};

/// Nothing but JSON.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The tree of a value, made when it is first asked for.
#[derive(Debug)]
pub(crate) struct Tree {
    text: Arc<Text>,
    range: Range<usize>,
    start: Position,
    node: OnceLock<Option<Arc<Node>>>,
}

impl Tree {
    /// The tree of the value at this range of a text, in bytes, which begins at `start`.
    pub(crate) fn new(text: &Arc<Text>, range: Range<usize>, start: Position) -> Self {
        Self { text: Arc::clone(text), range, start, node: OnceLock::new() }
    }

    /// The value with the place of each that is in it.
    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.node.get_or_init(|| self.read()).as_ref()
    }

    fn read(&self) -> Option<Arc<Node>> {
        let text = self.text.as_str().get(self.range.clone())?;
        // What serde_json has accepted is JSON, so an error is not to be expected; it costs the places and nothing else.
        let value = parse_to_ast(text, &CollectOptions::default(), &STRICT).ok()?.value?;
        let mut places = Places { place: Place { position: self.start, rest: text }, length: text.len() };
        Some(places.node(&value))
    }
}

/// Places that are asked for in the order of the text.
struct Places<'a> {
    place: Place<'a>,
    length: usize,
}

impl Places<'_> {
    fn at(&mut self, byte: usize) -> Position {
        self.place.pass(self.length.saturating_sub(byte));
        self.place.position
    }

    /// Recurses no deeper than `serde_json` has.
    fn node(&mut self, value: &Value<'_>) -> Arc<Node> {
        let start = self.at(value.start());
        let content = match value {
            Value::Object(object) => {
                let (mut entries, mut known) = (Vec::<Entry>::new(), BTreeMap::<String, usize>::new());
                for property in &object.properties {
                    let key = name(&property.name);
                    let key_span = Span { start: self.at(property.name.start()), end: self.at(property.name.end()) };
                    let at = *known.entry(key.clone()).or_insert(entries.len());
                    let entry = Entry { key, key_span, value: self.node(&property.value) };
                    // Of a key that stands twice the last value counts.
                    match entries.get_mut(at) {
                        Some(slot) => *slot = entry,
                        None => entries.push(entry),
                    }
                }
                Content::Map(entries)
            }
            Value::Array(array) => Content::List(array.elements.iter().map(|element| self.node(element)).collect()),
            Value::StringLit(text) => Content::Scalar(Scalar::Text(text.value.clone().into_owned())),
            Value::NumberLit(number) => Content::Scalar(self::number(number.value)),
            Value::BooleanLit(boolean) => Content::Scalar(Scalar::Bool(boolean.value)),
            Value::NullKeyword(_) => Content::Scalar(Scalar::Null),
        };
        Arc::new(Node::new(Span { start, end: self.at(value.end()) }, content))
    }
}

fn name(name: &ObjectPropName<'_>) -> String {
    match name {
        ObjectPropName::String(text) => text.value.clone().into_owned(),
        ObjectPropName::Word(word) => word.value.to_owned(),
    }
}

fn number(text: &str) -> Scalar {
    match text.parse::<Number>() {
        Ok(number) if !number.is_f64() => Scalar::Integer(number),
        Ok(number) => number.as_f64().map_or(Scalar::Null, Scalar::Float),
        Err(_) => Scalar::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(text: &str) -> Arc<Node> {
        let value = text.trim_start_matches(' ');
        let start = text.len() - value.len();
        let tree = Tree::new(&Arc::new(Text::new(text)), start..text.len(), Position { line: 1, column: start + 1 });
        Arc::clone(tree.node().unwrap())
    }

    fn span(start: (usize, usize), end: (usize, usize)) -> Span {
        let at = |(line, column)| Position { line, column };
        Span { start: at(start), end: at(end) }
    }

    #[test]
    fn every_value_knows_where_it_stands() {
        let root = node("  {\"ä\": 1,\r\n\t\"b\": [\"\\ud83d\\ude00\", {\"c\": null}]}");
        assert_eq!(root.span(), span((1, 3), (2, 37)));
        let entries = root.entries().unwrap();
        assert_eq!(entries[0].key_span, span((1, 4), (1, 7)));
        assert_eq!(entries[0].value.span(), span((1, 9), (1, 10)));
        let list = entries[1].value.items().unwrap();
        assert_eq!(list[0].span(), span((2, 8), (2, 22)));
        assert_eq!(list[1].get("c").unwrap().span(), span((2, 30), (2, 34)));
    }

    #[test]
    fn the_tree_is_the_value() {
        let text =
            r#"{"a": [1, -2.5, 1e3, true, null, "\ud83d\ude00\n\"", 18446744073709551615], "b": {}, "a\u0062": []}"#;
        assert_eq!(
            node(text).to_value(),
            serde_json::from_str::<serde_json::Value>(&text.replace("1e3", "1000")).unwrap()
        );
        assert_eq!(node(r#"{"a": 1, "b": 2, "a": 3}"#).to_value(), json!({"a": 3, "b": 2}));
        let deepest = format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127));
        assert_eq!(node(&deepest).to_value(), serde_json::from_str::<serde_json::Value>(&deepest).unwrap());
    }
}

//! A stream of JSON values, each with the place where it begins.

mod tree;

use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use crate::text::Text;
use crate::yaml::Position;
pub(crate) use tree::Tree;

/// The values of a text up to the first error, and that error.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) values: Vec<(Position, Value, Tree)>,
    pub(crate) error: Option<(Position, String)>,
}

/// Whether a text is JSON all through, whatever its name. kubectl tries that first where a text begins with a bracket: there
/// are escapes that only JSON has, and values that follow one another without a `---`.
pub(crate) fn is_stream(text: &Text) -> bool {
    let text = text.as_str();
    text.trim_start().starts_with('{')
        && Deserializer::from_str(text).into_iter::<IgnoredAny>().all(|value| value.is_ok())
}

pub(crate) fn load(source: &Arc<Text>) -> Stream {
    let text = source.as_str();
    let mut stream = Stream::default();
    let mut values = Deserializer::from_str(text).into_iter();
    let mut place = Place { position: Position::START, rest: text };
    loop {
        place.pass(text.len() - values.byte_offset());
        place.pass(place.rest.trim_start().len());
        let start = text.len() - place.rest.len();
        match values.next() {
            None => return stream,
            Some(Ok(value)) => {
                let tree = Tree::new(source, start..values.byte_offset(), place.position);
                stream.values.push((place.position, value, tree));
            }
            Some(Err(error)) => {
                let position = Position { line: error.line(), column: error.column().max(1) };
                let message = error.to_string();
                let suffix = format!(" at line {} column {}", error.line(), error.column());
                stream.error = Some((position, message.strip_suffix(&suffix).unwrap_or(&message).to_owned()));
                return stream;
            }
        }
    }
}

/// A place that moves forward in a text, so that finding all of them takes one pass.
struct Place<'a> {
    position: Position,
    rest: &'a str,
}

impl Place<'_> {
    /// Goes on until this many bytes are left.
    fn pass(&mut self, left: usize) {
        let Some((passed, rest)) = self.rest.split_at_checked(self.rest.len().saturating_sub(left)) else { return };
        self.rest = rest;
        let moved = Position::after(passed);
        self.position = match moved.line {
            1 => Position { column: self.position.column + moved.column - 1, ..self.position },
            lines => Position { line: self.position.line + lines - 1, column: moved.column },
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    type Values = Vec<(Position, Value)>;
    type Error = Option<(Position, String)>;

    fn read(text: &str) -> (Values, Error) {
        let Stream { values, error } = load(&Arc::new(Text::new(text)));
        // A tree begins where its value does.
        assert!(values.iter().all(|(start, _, tree)| tree.node().unwrap().span().start == *start));
        (values.into_iter().map(|(start, value, _)| (start, value)).collect(), error)
    }

    #[test]
    fn values_follow_one_another() {
        let (values, error) = read("{\"a\": 1}\n  {\"b\": \"\\ud83d\\ude00\"} 3\n");
        let wanted = [(at(1, 1), json!({"a": 1})), (at(2, 3), json!({"b": "😀"})), (at(2, 25), json!(3))];
        assert_eq!(values, wanted);
        assert_eq!(error, None);
    }

    #[test]
    fn what_stands_before_an_error_is_kept() {
        let (values, error) = read("{}\n{\"a\": }");
        assert_eq!(values, [(at(1, 1), json!({}))]);
        assert_eq!(error, Some((at(2, 7), "expected value".to_owned())));
    }

    #[test]
    fn a_text_is_json_all_through_or_not() {
        let is_stream = |text: &str| super::is_stream(&Text::new(text));
        assert!(is_stream(" {\"a\": \"\\/\"}\n{\"b\": 1}{}"));
        assert!(!is_stream("{\"a\": 1}\n---\n{}"));
        assert!(!is_stream("[]") && !is_stream("{a: 1}") && !is_stream("{") && !is_stream(""));
    }

    #[test]
    fn depth_is_bounded() {
        let (_, message) = read(&"[".repeat(100_000)).1.unwrap();
        assert_eq!(message, "recursion limit exceeded");
    }
}

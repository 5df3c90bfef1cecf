//! JSON that may be what no writer of JSON writes: keys twice, numbers as they please, texts escaped that need not be.

use std::fmt::Write;

use serde_json::Value;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Written as it stands: numbers, `true`, `null`, and what is none of them.
    Literal(String),
    Text(String),
    List(Vec<Node>),
    /// In this order, and any key as often as it stands here.
    Map(Vec<(String, Node)>),
}

/// How a value is written. Each says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Plain,
    /// Each character as `\uXXXX`.
    Escaped,
    /// Whitespace wherever it may stand.
    Spaced,
}

impl Node {
    pub(super) fn null() -> Self {
        Node::Literal("null".to_owned())
    }

    pub(super) fn text(text: &str) -> Self {
        Node::Text(text.to_owned())
    }

    /// The member of this key.
    pub(super) fn at(&mut self, key: &str) -> Option<&mut Node> {
        match self {
            Node::Map(fields) => fields.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Puts a member in the place of what has its key, or at the end.
    pub(super) fn set(&mut self, key: &str, value: Node) {
        if let Some(node) = self.at(key) {
            *node = value;
        } else if let Node::Map(fields) = self {
            fields.push((key.to_owned(), value));
        }
    }

    /// Whether both say that they are of one kind.
    pub(super) fn is_kind_of(&self, other: &Node) -> bool {
        let text = |node: &Node| match node {
            Node::Map(fields) => fields.iter().find_map(|(key, node)| match node {
                Node::Text(text) if key == "kind" => Some(text.clone()),
                _ => None,
            }),
            _ => None,
        };
        text(self) == text(other)
    }

    /// About how many bytes it takes.
    pub(super) fn length(&self) -> usize {
        match self {
            Node::Literal(text) => text.len(),
            Node::Text(text) => text.len() + 2,
            Node::List(items) => 2 + items.iter().map(|item| item.length() + 1).sum::<usize>(),
            Node::Map(fields) => 2 + fields.iter().map(|(key, node)| key.len() + node.length() + 4).sum::<usize>(),
        }
    }

    pub(super) fn write(&self, out: &mut String, spelling: Spelling) {
        let space = if spelling == Spelling::Spaced { "\t \r\n" } else { "" };
        out.push_str(space);
        match self {
            Node::Literal(text) => out.push_str(text),
            Node::Text(text) => write_text(text, out, spelling),
            Node::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    item.write(out, spelling);
                }
                out.push(']');
            }
            Node::Map(fields) => {
                out.push('{');
                for (at, (key, node)) in fields.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    out.push_str(space);
                    write_text(key, out, spelling);
                    out.push_str(space);
                    out.push(':');
                    node.write(out, spelling);
                }
                out.push('}');
            }
        }
        out.push_str(space);
    }
}

fn write_text(text: &str, out: &mut String, spelling: Spelling) {
    if spelling != Spelling::Escaped {
        return out.push_str(&Value::from(text).to_string());
    }
    out.push('"');
    for unit in text.encode_utf16() {
        // Writing into a text does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
    out.push('"');
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => Node::text(text),
            Value::Array(items) => Node::List(items.iter().map(Node::from).collect()),
            Value::Object(fields) => Node::Map(fields.iter().map(|(key, value)| (key.clone(), value.into())).collect()),
            other => Node::Literal(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_spelling_says_the_same() {
        let value = json!({"a": [1, null, true, "x\"\u{1f600}\n<"], "": {}, "b": []});
        for spelling in [Spelling::Plain, Spelling::Escaped, Spelling::Spaced] {
            let mut written = String::new();
            Node::from(&value).write(&mut written, spelling);
            assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value, "{written}");
        }
    }
}

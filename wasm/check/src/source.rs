//! What is read, and what can be wrong with it.

use std::sync::Arc;

use serde::Serialize;
use vpcguard_policies::gather::sort_by;

use crate::yaml::Position;

/// The name of a source that was read from standard input. It is not a file that anyone could open.
pub const STDIN: &str = "<stdin>";

/// A file, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that reports give it.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Source {
    /// The text without its byte order mark.
    pub(crate) fn text(&self) -> Result<&str, ParseError> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => {
                let valid = self.bytes.get(..error.valid_up_to()).unwrap_or_default();
                let position = Position::after(&String::from_utf8_lossy(valid));
                Err(ParseError::new(&self.name, None, position, "invalid UTF-8"))
            }
        }
    }

    /// Whether it is to be read as JSON, which is quicker and knows escapes that YAML does not.
    pub(crate) fn is_json(&self) -> bool {
        self.name.strip_suffix(".json").is_some()
    }
}

/// What is wrong with a source, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", self.made_from())]
pub struct ParseError {
    /// The name of the source.
    pub file: String,
    /// Which of its documents, from 1; none where it has not come to documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The template that it was made from, as `helm template` says in a comment before it.
    #[serde(rename = "source", skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The line itself, where it can be shown.
    #[serde(skip)]
    pub(crate) text: Option<Arc<str>>,
}

impl ParseError {
    pub(crate) fn new(file: &str, document: Option<usize>, at: Position, message: impl Into<String>) -> Self {
        let Position { line, column } = at;
        Self { file: file.to_owned(), document, line, column, message: message.into(), template: None, text: None }
    }

    /// The template, where only its output was read: nobody has a file with these lines.
    pub(crate) fn rendered(&self) -> Option<&str> {
        self.template.as_deref().filter(|_| self.file == STDIN)
    }

    fn made_from(&self) -> String {
        self.template.as_ref().map(|template| format!(" (source: {template})")).unwrap_or_default()
    }

    /// In the order of the text.
    pub(crate) fn sort(errors: &mut Vec<Self>) {
        sort_by(errors, |a, b| (a.line, a.column).cmp(&(b.line, b.column)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_utf8_is_an_error_at_its_place() {
        let error = |bytes: &[u8]| {
            let source = Source { name: "a.yaml".to_owned(), bytes: bytes.to_vec() };
            source.text().unwrap_err().to_string()
        };
        assert_eq!(error(b"a: b\nc: \xc3\xa4\xff"), "a.yaml:2:5: invalid UTF-8");
        assert_eq!(error(b"\xef\xbb\xbfa: \xff"), "a.yaml:1:4: invalid UTF-8");
        assert_eq!(error(b"\xff\xfea\0"), "a.yaml:1:1: invalid UTF-8");
    }
}

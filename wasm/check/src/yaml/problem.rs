//! Why a document cannot be read: in which line the mistake is, which need not be where libyaml noticed it, and what to do.

use std::ops::Range;

use libyaml_safer::{Error, Mark};

use super::events::{Before, Problem};
use super::parts::Part;

pub(super) const BEHIND_MARK: &str = "only a comment may follow --- on its line: put this on the next line";
pub(super) const BOM: &str = "a byte order mark at the beginning of a line: remove it";
pub(super) const DIRECTIVE: &str = "kubectl reads no directive such as %YAML: remove this line";
pub(super) const DROPPED: &str = "the document has ended, and kubectl drops what follows: indent this as the lines above it, or begin \
                                  another document with ---";
pub(super) const ESCAPE: &str =
    "unknown escape in a string in double quotes: write \\\\ for a backslash, or use single quotes";
pub(super) const QUESTION: &str = "a string in brackets must not have a ? in it: quote it";
pub(super) const TAG: &str = "a tag such as !!str needs a space behind it; a string that begins with ! must be quoted";
const BEHIND_VALUE: &str = "unexpected text behind a value: quote the whole value if it is one string";
const CHARACTER: &str = "control characters are not allowed: remove this one";
const TAB: &str = "a tab cannot indent YAML: use spaces";
const UNCLOSED: &str = "a quoted string begins here and is not closed: add the closing quote";

/// What libyaml says, and where its text begins and where it goes wrong, in bytes.
struct Said<'a> {
    text: &'a str,
    problem: &'static str,
    context: &'static str,
    begun: usize,
    at: usize,
}

/// The problem of a document.
pub(super) fn of(error: &Error, part: &Part<'_>, byte: impl Fn(Mark) -> usize, before: &Before) -> Problem {
    let said = Said {
        text: part.text,
        problem: error.problem(),
        context: error.context().unwrap_or_default(),
        begun: error.context_mark().map_or(0, &byte),
        at: error.problem_mark().map_or(0, &byte),
    };
    let (at, message) = said.explained(before, |at| part.place(at).line);
    (part.place(at), message)
}

impl Said<'_> {
    fn explained(&self, before: &Before, line: impl Fn(usize) -> usize) -> (usize, String) {
        if let Some(Range { start, end }) = before.quoted.clone().filter(|quoted| self.is_behind(quoted)) {
            let message = format!("a quoted string begins here and ends in line {}: is a quote missing?", line(end));
            return (start, message);
        }
        let begun = line(self.begun);
        let (at, message) = match (self.problem, self.context) {
            ("found unexpected end of stream" | "found unexpected document indicator", _) => (self.begun, UNCLOSED),
            ("found unknown escape character", _) => (self.at, ESCAPE),
            ("did not find expected hexdecimal number" | "found invalid Unicode character escape code", _) => {
                (self.at, "an escape of a character is \\x and two digits of its code, \\u and four, or \\U and eight")
            }
            ("found character that cannot start any token", _) => return (self.at, self.first_character()),
            (problem, _) if problem.starts_with("found a tab character") => (self.at, TAB),
            ("mapping values are not allowed in this context", _) => (
                self.at,
                "a key cannot stand here: correct the indentation of this line, or quote a string that has a colon in it",
            ),
            ("could not find expected ':'", "while scanning a simple key") => (
                self.begun,
                "a key without a colon: write it as `key: value`, or indent the line if the value above goes on in it",
            ),
            ("did not find expected key" | "did not find expected '-' indicator", _) if !self.begins_line() => {
                (self.at, BEHIND_VALUE)
            }
            ("did not find expected key", _) => {
                let message =
                    format!("this line fits no map: indent it as the keys of the map that begins in line {begun}");
                return (self.at, message);
            }
            ("did not find expected '-' indicator", _) => {
                let message = format!(
                    "this line fits no list: indent it as the list that begins in line {begun}, with a - before it"
                );
                return (self.at, message);
            }
            ("did not find expected ',' or ']'", _) => return self.unclosed(']', begun),
            ("did not find expected ',' or '}'", _) => return self.unclosed('}', begun),
            ("did not find expected node content", "while parsing a flow node") if self.is_at_the_end() => {
                (before.brackets.last().copied().unwrap_or(self.at), "this bracket is not closed: add the closing one")
            }
            ("did not find expected node content", _) => {
                (self.at, "a value is expected here: quote it if it is a string")
            }
            ("block sequence entries are not allowed in this context", _) => (
                self.at,
                "a list cannot begin here: put it on the lines below its key, or quote a string that begins with -",
            ),
            ("mapping keys are not allowed in this context", _) => {
                (self.at, "a key cannot stand here: quote a string that begins with ?")
            }
            ("found unexpected ':'", _) => {
                (self.at, "a colon before a bracket or a comma: quote the string, or put a space behind the colon")
            }
            ("did not find expected alphabetic or numeric character", _) => {
                (self.begun, "a string cannot begin with * or &, which name anchors: quote it")
            }
            ("did not find expected comment or line break", "while scanning a block scalar") => {
                (self.at, "no text can follow | or > on its line: put it on the next line, indented")
            }
            ("found undefined tag handle", _) => (self.at, TAG),
            (_, "while scanning a tag" | "while parsing a tag") => (self.begun, TAG),
            ("control characters are not allowed", _) => (self.control_character(), CHARACTER),
            (problem, _) => (self.at, problem),
        };
        (at, message.to_owned())
    }

    /// Whether the problem is right behind a string in quotes over several lines, so that one of its quotes may be missing.
    fn is_behind(&self, quoted: &Range<usize>) -> bool {
        let is_blank = |text: &str| text.chars().all(|character| matches!(character, ' ' | '\t'));
        let is_long = self.text.get(quoted.clone()).is_some_and(|string| string.contains(['\n', '\r']));
        let is_beside = self.text.get(quoted.end..self.at).is_some_and(is_blank);
        is_long && is_beside && !self.text.get(self.at..).unwrap_or_default().trim_start().is_empty()
    }

    /// Whether nothing stands before the problem on its line.
    fn begins_line(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.rsplit(['\n', '\r']).next().unwrap_or_default().trim().is_empty()
    }

    /// Whether nothing follows the problem.
    fn is_at_the_end(&self) -> bool {
        self.text.get(self.at..).is_none_or(|rest| rest.trim().is_empty())
    }

    fn first_character(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some('\t') => TAB.to_owned(),
            Some(character) => format!("a string cannot begin with {character}: quote it"),
            None => self.problem.to_owned(),
        }
    }

    /// A bracket that is not closed; or what stands in it wrongly, where the line is still one of those in the bracket.
    fn unclosed(&self, bracket: char, begun: usize) -> (usize, String) {
        let indent = |at: usize| {
            let before = self.text.get(..at).unwrap_or_default();
            let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
            let rest = self.text.get(line..).unwrap_or_default();
            rest.len() - rest.trim_start_matches(' ').len()
        };
        let is_one_line = self.text.get(self.begun..self.at).is_some_and(|between| !between.contains(['\n', '\r']));
        if !self.is_at_the_end() && (is_one_line || indent(self.at) > indent(self.begun)) {
            return (self.at, format!("a , or the {bracket} is missing before this, for the bracket of line {begun}"));
        }
        (self.begun, "this bracket is not closed: add the closing one".to_owned())
    }

    fn control_character(&self) -> usize {
        let is_control = |character: char| {
            character != '\t' && !matches!(character, '\n' | '\r' | '\u{85}') && character.is_control()
                || matches!(character, '\u{fffe}' | '\u{ffff}')
        };
        self.text.find(is_control).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::load;

    /// Place and beginning of the message of the one fault of a text.
    fn fault(text: &str) -> String {
        let faults = load(text).faults;
        let [fault] = &faults[..] else { panic!("{text:?}: {} faults", faults.len()) };
        format!("{}:{} {}", fault.position.line, fault.position.column, fault.message)
    }

    #[test]
    fn a_fault_stands_where_the_mistake_is() {
        for (text, wanted) in [
            ("a: 1\nb: \"x\nc: 2\nd: 3\n", "2:4 a quoted string begins here and is not closed"),
            ("a: 'x\nb: 'y'\nc: 1\n", "1:4 a quoted string begins here and ends in line 2: is a quote missing?"),
            ("a: [b, c\nd: 1\n", "1:4 this bracket is not closed: add the closing one"),
            ("a: {b: c\nd: 1\ne: 2\n", "1:4 this bracket is not closed: add the closing one"),
            ("a: [[b,\n\n# c\n", "1:5 this bracket is not closed: add the closing one"),
            ("a: {b: c", "1:4 this bracket is not closed: add the closing one"),
            ("a: {\n  b: 1\n  c: 2\n}\n", "3:4 a , or the } is missing before this, for the bracket of line 1"),
            ("a: [b] c\nd: 1\n", "1:8 unexpected text behind a value"),
            ("a: 'b' c\n", "1:8 unexpected text behind a value"),
            (
                "a:\n    b: 1\n  c: 2\n",
                "3:3 this line fits no map: indent it as the keys of the map that begins in line 1",
            ),
            ("a:\n  - b\n  c: 1\n", "3:3 this line fits no list: indent it as the list that begins in line 2"),
            ("a: 1\nb\nc: 2\n", "2:1 a key without a colon"),
            ("a: 1\n  b: 2\n", "2:4 a key cannot stand here: correct the indentation"),
            ("a: b: c\n", "1:5 a key cannot stand here"),
            ("a:\n\tb: 1\n", "2:1 a tab cannot indent YAML: use spaces"),
            ("a: @b\n", "1:4 a string cannot begin with @: quote it"),
            ("a: *\n", "1:4 a string cannot begin with * or &"),
            ("a: \"\\d\"\n", "1:5 unknown escape in a string in double quotes"),
            ("a: \"b\\/c\"\n", "1:6 unknown escape in a string in double quotes"),
            ("a: \"\\xzz\"\n", "1:7 an escape of a character is"),
            ("a: - b\n", "1:4 a list cannot begin here"),
            ("a: | b\n", "1:6 no text can follow | or > on its line"),
            ("a: [b?]\n", "1:6 a string in brackets must not have a ? in it: quote it"),
            ("a: [b:]\n", "1:6 a colon before a bracket or a comma"),
            ("a: {b: ,c: ]}\n", "1:12 a value is expected here"),
            ("a: !b!c d\n", "1:4 a tag such as !!str needs a space behind it"),
            ("ä: b\u{7}\n", "1:5 control characters are not allowed"),
            ("# a\n%YAML 1.1\n---\n", "2:1 kubectl reads no directive"),
            ("a: 1\n--- b\n", "2:5 only a comment may follow ---"),
            ("a: 1\n...\nb: 2\n", "3:1 the document has ended, and kubectl drops what follows"),
            ("  a: 1\nb: 2\n", "2:1 the document has ended, and kubectl drops what follows"),
            ("a: 1\n\u{feff}b: 2\n", "2:1 a byte order mark at the beginning of a line"),
        ] {
            let fault = fault(text);
            assert!(fault.starts_with(wanted), "{text:?}: {fault}");
        }
    }
}

//! The text of a source, and its lines.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::yaml::{Position, Span};

/// How long a line may be that reports show, in characters: showing one takes as long as it is, once for each finding.
const LONGEST_LINE: usize = 10_000;

/// A text whose lines can be looked up.
#[derive(Debug)]
pub(crate) struct Text {
    text: Box<str>,
    /// Where each line begins, in bytes. Only findings and errors need it.
    starts: OnceLock<Vec<usize>>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), starts: OnceLock::new() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// A line, from 1, without its end.
    pub(crate) fn line(&self, number: usize) -> Option<&str> {
        let starts = self.starts();
        let start = *starts.get(number.checked_sub(1)?)?;
        let end = starts.get(number).copied().unwrap_or(self.text.len());
        self.text.get(start..end).map(|line| line.trim_end_matches(['\n', '\r']))
    }

    /// Where a place is, in bytes.
    pub(crate) fn offset(&self, place: Position) -> Option<usize> {
        let line = self.line(place.line)?;
        let start = *self.starts().get(place.line.checked_sub(1)?)?;
        let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        ends.skip(place.column.checked_sub(1)?).map(|at| start + at).next()
    }

    /// All lines, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        (1..=self.starts().len()).filter_map(|number| self.line(number))
    }

    /// A line as a report keeps it; none that is too long to be shown.
    pub(crate) fn shown_line(&self, number: usize) -> Option<Arc<str>> {
        let line = self.line(number)?;
        line.char_indices().nth(LONGEST_LINE).is_none().then(|| line.into())
    }

    /// What of the span of a value is on its first line: without a tag or an anchor before it, and without the whitespace that
    /// the parser takes to a quoted text.
    pub(crate) fn first_line_of(&self, span: Span) -> Span {
        let Position { line: number, column } = span.start;
        let line = self.line(number).unwrap_or_default();
        let count = if span.end.line == number { span.end.column.saturating_sub(column) } else { usize::MAX };
        let rest = from(line, column - 1);
        let written = rest.char_indices().nth(count).map_or(rest, |(end, _)| rest.get(..end).unwrap_or_default());
        let bare = without_properties(written.trim_end());
        let skipped = written.trim_end().chars().count() - bare.chars().count();
        // Nothing but a tag or an anchor stands for no value.
        let (skipped, value) = if bare.is_empty() { (0, written) } else { (skipped, quoted(bare).unwrap_or(bare)) };
        let start = column + skipped;
        let at = |column| Position { line: number, column };
        Span { start: at(start), end: at(start + value.chars().count()) }
    }

    /// Where a part of a text is that is written on one line, plain or in quotes; none where it is written in another way, as
    /// with escapes. The span is that of all of it, the part is in bytes of the text.
    pub(crate) fn part_of(&self, span: Span, text: &str, part: &Range<usize>) -> Option<Span> {
        let Position { line: number, column } = span.start;
        let skipped = column.checked_sub(1)?;
        let written = from(self.line(number)?, skipped).strip_prefix(['"', '\'']);
        let (quote, written) = match written {
            Some(written) => (1, written),
            None => (0, from(self.line(number)?, skipped)),
        };
        // Its end is where the span says, and not only a text that begins like this one.
        let is_all = span.end == Position { line: number, column: column + 2 * quote + text.chars().count() };
        let (before, meant) = (text.get(..part.start)?, text.get(part.clone())?);
        if !is_all || !written.starts_with(text) || meant.is_empty() {
            return None;
        }
        let start = column + quote + before.chars().count();
        let at = |column| Position { line: number, column };
        Some(Span { start: at(start), end: at(start + meant.chars().count()) })
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let is_break = |(at, byte): (usize, &u8)| match byte {
                b'\n' => true,
                // To YAML this ends a line too, unless a line feed follows.
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            let breaks = bytes.iter().enumerate().filter(|byte| is_break(*byte));
            std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
        })
    }
}

/// A line from this character on, counted from 0.
fn from(line: &str, skipped: usize) -> &str {
    line.char_indices().nth(skipped).and_then(|(at, _)| line.get(at..)).unwrap_or_default()
}

/// A value of YAML without its anchor and tag. No value begins as these do.
fn without_properties(mut value: &str) -> &str {
    while value.starts_with(['&', '!'])
        && let Some((_, rest)) = value.split_once([' ', '\t'])
    {
        value = rest.trim_start();
    }
    value
}

/// The text in quotes with which a value begins, quotes and all.
pub(crate) fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut characters = value.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        let doubled = character == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'');
        if (character == '\\' && quote == '"') || (doubled && quote == '\'') {
            characters.next();
        } else if character == quote {
            return value.get(..=at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_yaml_ends_them() {
        let text = Text::new("a\r\nbä\rc\n\nd");
        assert_eq!(text.lines().collect::<Vec<_>>(), ["a", "bä", "c", "", "d"]);
        assert_eq!((text.line(0), text.line(2), text.line(6)), (None, Some("bä"), None));
        assert_eq!(Text::new("").lines().collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_place_is_so_many_bytes_in() {
        let text = Text::new("a\r\nbä\rc");
        let offset = |line, column| text.offset(Position { line, column });
        assert_eq!([offset(1, 1), offset(1, 2), offset(2, 3), offset(3, 1)], [0, 1, 6, 7].map(Some));
        assert_eq!([offset(1, 3), offset(4, 1), offset(0, 1), offset(1, 0)], [None; 4]);
    }

    #[test]
    fn a_value_ends_where_it_ends() {
        let value = |line: &str| {
            let at = |column| Position { line: 1, column };
            let span = Span { start: at(4), end: at(line.chars().count() + 1) };
            let Span { start, end } = Text::new(line).first_line_of(span);
            line.chars().take(end.column - 1).skip(start.column - 1).collect::<String>()
        };
        assert_eq!(value("ä: b "), "b");
        assert_eq!(value("a: &b b"), "b");
        assert_eq!(value("a: &b !!str \t'b'"), "'b'");
        assert_eq!(value("a: !!str"), "!!str");
        assert_eq!(value("a: 'it''s' # 'b'"), "'it''s'");
        assert_eq!(value("a: \"ä\\\"\\\\\" # \"b\""), "\"ä\\\"\\\\\"");
        assert_eq!(value("a: 'b"), "'b");
    }

    #[test]
    fn a_part_of_a_text_is_where_it_is_written() {
        let part = |line: &str, value: &str, part: &str| {
            let at = |column| Position { line: 1, column };
            let text = Text::new(line);
            let span = text.first_line_of(Span { start: at(4), end: at(line.chars().count() + 1) });
            let start = value.find(part).unwrap();
            let Span { start, end } = text.part_of(span, value, &(start..start + part.len()))?;
            Some(line.chars().take(end.column - 1).skip(start.column - 1).collect::<String>())
        };
        for line in ["a: ä && b = 1", "a: 'ä && b = 1' # b", "a: \"ä && b = 1\"", "a: !!str &x ä && b = 1 "] {
            assert_eq!(part(line, "ä && b = 1", "="), Some("=".to_owned()), "{line}");
            assert_eq!(part(line, "ä && b = 1", "b = 1"), Some("b = 1".to_owned()), "{line}");
        }
        assert_eq!(part("a: 'it''s = 1'", "it's = 1", "="), None);
        assert_eq!(part("a: \"\\x62 = 1\"", "b = 1", "="), None);
        assert_eq!(part("a: b = 1", "b = 1", ""), None);
        assert_eq!(part("a: |-", "b = 1", "="), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_not_shown() {
        let line = "ä".repeat(LONGEST_LINE);
        assert!(Text::new(&line).shown_line(1).is_some());
        assert_eq!(Text::new(&format!("{line}ä")).shown_line(1), None);
    }
}

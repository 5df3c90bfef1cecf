//! The documents of a text, as kubectl divides it: at each line that begins with `---`, whatever that stands in.

use super::Position;

/// What begins a document.
const MARK: &str = "---";

/// What ends a line in YAML 1.1. Those beyond ASCII end none in a report.
pub(super) const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// A document and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// Which document of the text, from 1.
    pub(crate) number: usize,
    /// The line of its `---`, or the first one.
    pub(crate) start: usize,
    /// The line where its text begins.
    pub(crate) line: usize,
    /// How many bytes stand before its text.
    pub(crate) offset: usize,
    /// What it holds.
    pub(crate) text: &'a str,
    /// The column of what stands behind its `---`, where that is more than a comment: kubectl refuses it.
    pub(super) behind: Option<usize>,
}

impl Part<'_> {
    /// Where a byte of its text is. Takes as long as all that stands before.
    pub(crate) fn place(&self, offset: usize) -> Position {
        let Position { line, column } = Position::after(self.text.get(..offset).unwrap_or(self.text));
        Position { line: self.line + line - 1, column }
    }

    /// Whether it counts: what stands before the first `---` is a document only if it holds more than comments.
    fn is_document(&self) -> bool {
        self.offset > 0 || content(self.text).is_some()
    }
}

/// The documents of a text, in order.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut part = Part { number: 1, start: 1, line: 1, offset: 0, text: "", behind: None };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(behind) = line.strip_prefix(MARK) {
            let behind = first_of(behind).map(|column| MARK.len() + column);
            // kubectl drops the line, but not where it has read nothing yet that the line could end.
            let is_kept = at == part.offset && behind.is_none();
            let (offset, lines) = if is_kept { (at, 0) } else { (at + line.len(), breaks(line)) };
            part.text = text.get(part.offset..at).unwrap_or_default();
            let start = part.line + breaks(part.text);
            let number = part.number + usize::from(part.is_document());
            if part.is_document() {
                parts.push(part);
            }
            part = Part { number, start, line: start + lines, offset, text: "", behind };
        }
        at += line.len();
    }
    part.text = text.get(part.offset..).unwrap_or_default();
    if part.is_document() {
        parts.push(part);
    }
    parts
}

fn breaks(text: &str) -> usize {
    Position::after(text).line - 1
}

/// The column of the first character that is neither whitespace nor in a comment.
fn first_of(text: &str) -> Option<usize> {
    let column = text.chars().take_while(|character| character.is_whitespace()).count() + 1;
    text.trim_start().chars().next().filter(|first| *first != '#').map(|_| column)
}

/// Where the first character is that is neither whitespace nor in a comment, in bytes.
pub(super) fn first(text: &str) -> Option<usize> {
    let line = content(text)?;
    let written = text.get(line..)?;
    Some(line + written.len() - written.trim_start().len())
}

/// Whether a text has ends of lines that only YAML 1.1 knows.
pub(super) fn has_rare_break(text: &str) -> bool {
    text.contains(BREAKS.get(2..).unwrap_or_default())
}

/// Where the first line begins that holds more than a comment, in bytes.
pub(super) fn content(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive(BREAKS) {
        // kubectl refuses a tab even where nothing else is.
        let written = line.trim_start_matches('\u{feff}').trim_matches(' ').trim_matches(BREAKS);
        if !written.is_empty() && !written.starts_with('#') {
            return Some(at);
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, first line, line of the text and text of each.
    fn of(text: &str) -> Vec<(usize, usize, usize, &str)> {
        parts(text).into_iter().map(|part| (part.number, part.start, part.line, part.text)).collect()
    }

    #[test]
    fn a_line_that_begins_with_three_hyphens_begins_a_document() {
        assert_eq!(of("a: 1\n---\nb: 2\n"), [(1, 1, 1, "a: 1\n"), (2, 2, 3, "b: 2\n")]);
        assert_eq!(of("a: |\n  x\n---\r\n---"), [(1, 1, 1, "a: |\n  x\n"), (2, 3, 4, ""), (3, 4, 4, "---")]);
        assert_eq!(of("a: 1\n ---\nb--- c"), [(1, 1, 1, "a: 1\n ---\nb--- c")]);
    }

    #[test]
    fn comments_before_the_first_are_no_document() {
        assert_eq!(of("# a\n\n--- # b\nc"), [(1, 3, 4, "c")]);
        assert_eq!(of("--- # b\nc"), [(1, 1, 1, "--- # b\nc")]);
        assert_eq!(of(""), []);
        assert_eq!(of(" \n\r\n# a"), []);
        assert_eq!(of("\t\n"), [(1, 1, 1, "\t\n")]);
        assert_eq!(of("# a\rb: 1"), [(1, 1, 1, "# a\rb: 1")]);
    }

    #[test]
    fn what_stands_behind_the_hyphens_is_seen() {
        let columns: Vec<_> = parts("---\n--- # a\n---\t b\n----\n").into_iter().map(|part| part.behind).collect();
        assert_eq!(columns, [None, None, Some(6), Some(4)]);
    }
}

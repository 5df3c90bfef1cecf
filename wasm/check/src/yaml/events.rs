//! What a document consists of, in order and with places: the events of libyaml, less what libyaml reads and kubectl does not.

use std::io::{BufReader, Chain, Read};
use std::ops::Range;

use libyaml_safer::{Encoding, EventData, MappingStyle, Mark, Parser, ScalarStyle, SequenceStyle};

use super::node::{Position, Span};
use super::parts::{BREAKS, Part, content, first, has_rare_break};
use super::{problem, tags};

/// How much of a text is read at once, in bytes: libyaml keeps four times as much.
const CHUNK: usize = 4096;

/// The byte order mark.
const BOM: char = '\u{feff}';

/// What cannot be read, and where.
pub(crate) type Problem = (Position, String);

/// A piece of a document.
pub(crate) struct Event {
    pub(crate) data: EventData,
    pub(crate) span: Span,
    /// Its bytes in the text of the document.
    pub(crate) range: Range<usize>,
}

/// The bytes of a document; its last line has an end, as kubectl gives it one.
pub(super) type Input<'a> = BufReader<Chain<&'a [u8], &'static [u8]>>;

/// What libyaml is given to read.
pub(super) fn input(text: &str) -> Input<'_> {
    let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    BufReader::with_capacity(CHUNK, text.as_bytes().chain(end))
}

/// What stands before a place, in bytes.
#[derive(Default)]
pub(super) struct Before {
    /// The string in quotes that was read last, if nothing was since.
    pub(super) quoted: Option<Range<usize>>,
    /// Where each bracket is that is open.
    pub(super) brackets: Vec<usize>,
}

/// The events of one document, up to the first problem.
pub(crate) struct Events<'a> {
    part: Part<'a>,
    parser: Parser<Input<'a>>,
    places: Places,
    /// A problem that was found before reading.
    problem: Option<Problem>,
    before: Before,
    /// Where the document has ended, in bytes.
    end: Option<usize>,
    is_done: bool,
}

impl<'a> Events<'a> {
    pub(crate) fn of(part: Part<'a>) -> Self {
        let text = part.text.strip_prefix(BOM).unwrap_or(part.text);
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input(input(text));
        let (places, problem) = (Places::of(&part), unreadable(&part, text));
        Self { part, parser, places, problem, before: Before::default(), end: None, is_done: false }
    }

    fn read(&mut self) -> Result<Option<Event>, Problem> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let byte = |mark| self.places.byte(mark);
        let event = self.parser.parse().map_err(|error| problem::of(&error, &self.part, byte, &self.before))?;
        let span = Span { start: self.places.of_mark(event.start_mark), end: self.places.of_mark(event.end_mark) };
        let range = self.places.byte(event.start_mark)..self.places.byte(event.end_mark);
        self.before.quoted = None;
        match &event.data {
            EventData::StreamEnd => return Ok(None),
            EventData::SequenceStart { style: SequenceStyle::Flow, .. }
            | EventData::MappingStart { style: MappingStyle::Flow, .. } => {
                self.before.brackets.push(range.end.saturating_sub(1));
            }
            EventData::SequenceEnd | EventData::MappingEnd => drop(self.before.brackets.pop()),
            EventData::Scalar { style, value, .. } => {
                self.scalar(*style, value, &range)?;
                let is_quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                self.before.quoted = is_quoted.then(|| range.clone());
            }
            _ => {}
        }
        Ok(Some(Event { data: event.data, span, range }))
    }

    /// What libyaml reads since version 0.2, and kubectl does not.
    fn scalar(&self, style: ScalarStyle, value: &str, range: &Range<usize>) -> Result<(), Problem> {
        let written = || self.part.text.get(range.clone()).unwrap_or_default();
        let (at, message) = match style {
            ScalarStyle::Plain if !self.before.brackets.is_empty() && value.contains('?') => {
                (written().rfind('?'), problem::QUESTION)
            }
            ScalarStyle::DoubleQuoted => (escaped_slash(written()), problem::ESCAPE),
            _ => return Ok(()),
        };
        at.map_or(Ok(()), |at| Err((self.part.place(range.start + at), message.to_owned())))
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        if let Some(end) = self.end {
            // kubectl reads one document of this text and drops the rest without a word.
            self.is_done = true;
            let place = |at| self.part.place(end + at);
            return self.part.text.get(end..).and_then(first).map(|at| Err((place(at), problem::DROPPED.to_owned())));
        }
        let read = self.read();
        match &read {
            Ok(Some(Event { data: EventData::DocumentEnd { .. }, range, .. })) => self.end = Some(range.end),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => self.is_done = true,
        }
        read.transpose()
    }
}

/// What keeps a document from being read, whatever else is in it.
fn unreadable(part: &Part<'_>, text: &str) -> Option<Problem> {
    let begin = content(part.text)?;
    if part.text.get(begin..).is_some_and(|text| text.trim_start_matches(BOM).starts_with('%')) {
        return Some((part.place(begin), problem::DIRECTIVE.to_owned()));
    }
    let begins_a_line = |(at, _): &(usize, &str)| part.text.get(..*at).is_some_and(|before| before.ends_with(BREAKS));
    if let Some((at, _)) = part.text.match_indices(BOM).find(begins_a_line) {
        return Some((part.place(at), problem::BOM.to_owned()));
    }
    tags::unreadable(part, text)
}

/// Where `\/` stands in a text in double quotes.
fn escaped_slash(written: &str) -> Option<usize> {
    let mut characters = written.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && characters.next().is_some_and(|(_, escaped)| escaped == '/') {
            return Some(at);
        }
    }
    None
}

/// From the marks of libyaml to places. It counts lines and columns from 0, and lines within a document.
pub(super) struct Places {
    /// The line where the document begins.
    line: usize,
    /// How many bytes and columns of the first line libyaml does not see.
    bom: usize,
    /// The line ends that are none in a report: how many lines libyaml has counted behind it, and how many characters stand
    /// before it in the line of a report, itself included.
    breaks: Vec<(usize, usize)>,
}

impl Places {
    fn of(part: &Part<'_>) -> Self {
        let (bom, mut breaks) = (if part.text.starts_with(BOM) { BOM.len_utf8() } else { 0 }, Vec::new());
        if has_rare_break(part.text) {
            let (mut line, mut column, mut characters) = (0, 0, part.text.chars().peekable());
            while let Some(character) = characters.next() {
                column += 1;
                match character {
                    '\r' if characters.peek() == Some(&'\n') => {}
                    '\r' | '\n' => (line, column) = (line + 1, 0),
                    character if BREAKS.contains(&character) => {
                        line += 1;
                        breaks.push((line, column));
                    }
                    _ => {}
                }
            }
        }
        Self { line: part.line, bom, breaks }
    }

    pub(super) fn of_mark(&self, mark: Mark) -> Position {
        let (line, column) = (number(mark.line), number(mark.column));
        let before = self.breaks.partition_point(|(first, _)| *first <= line);
        let last = before.checked_sub(1).and_then(|at| self.breaks.get(at));
        let skipped = match last {
            Some((first, skipped)) if *first == line => *skipped,
            _ if line == 0 && self.bom > 0 => 1,
            _ => 0,
        };
        Position { line: self.line + line - before, column: skipped + column + 1 }
    }

    pub(super) fn byte(&self, mark: Mark) -> usize {
        self.bom + number(mark.index)
    }
}

pub(super) fn number(counted: u64) -> usize {
    usize::try_from(counted).unwrap_or(usize::MAX)
}

//! What is wrong, as rustc prints it: the line of the file, and under it what is meant.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::Location;
use super::words::{escaped, printable};
use crate::source::ParseError;

/// How many characters of a line are kept behind what is meant: more than a terminal shows.
const SHOWN_BEHIND: usize = 200;

/// How many characters are underlined at most.
const LONGEST_UNDERLINE: usize = 100;

/// A part of a line of a file, with a word on it.
pub(super) struct Mark {
    path: String,
    line: usize,
    text: String,
    /// In bytes of the text.
    start: usize,
    end: usize,
    label: Option<String>,
}

impl Mark {
    /// None where the line is not known or cannot be shown.
    pub(super) fn of(place: &Location, label: &str) -> Option<Self> {
        let (span, line) = (place.span?, place.line.as_deref()?);
        let columns = (span.start.column, span.end.column);
        Some(Self::new(&place.file, span.start.line, line, columns, Some(escaped(label))))
    }

    /// Where something cannot be read.
    pub(super) fn of_error(error: &ParseError) -> Option<Self> {
        let columns = (error.column, error.column + 1);
        Some(Self::new(&error.file, error.line, error.text.as_deref()?, columns, None))
    }

    /// Columns are in characters from 1, the end excluded.
    fn new(file: &str, line: usize, text: &str, (start, end): (usize, usize), label: Option<String>) -> Self {
        let end = end.min(start + LONGEST_UNDERLINE);
        let text: String = printable(text).chars().take(end + SHOWN_BEHIND).collect();
        let byte = |column: usize| text.char_indices().nth(column - 1).map_or(text.len(), |(at, _)| at);
        let (start, end) = (byte(start), byte(end));
        Self { path: escaped(file), line, start, end, label, text }
    }

    fn snippet(&self, kind: AnnotationKind) -> Snippet<'_, Annotation<'_>> {
        let annotation = kind.span(self.start..self.end).label(self.label.as_deref());
        Snippet::source(&self.text).line_start(self.line).path(&self.path).annotation(annotation)
    }
}

/// All that is said of one thing.
pub(super) struct Diagnostic<'a> {
    pub(super) level: Level<'a>,
    /// The rule, if it is one that says it.
    pub(super) rule: Option<&'a str>,
    pub(super) title: String,
    pub(super) mark: Mark,
    /// What else it rests on.
    pub(super) others: Vec<Mark>,
    /// What is said below, each with its heading.
    pub(super) notes: Vec<(&'static str, String)>,
}

impl Diagnostic<'_> {
    pub(super) fn render(&self, renderer: &Renderer) -> String {
        let title = self.level.clone().primary_title(escaped(&self.title));
        let title = if let Some(rule) = self.rule { title.id(rule) } else { title };
        let others = self.others.iter().map(|mark| mark.snippet(AnnotationKind::Context));
        let notes = self.notes.iter().map(|(name, text)| Level::NOTE.with_name(*name).message(escaped(text)));
        let group = Group::with_title(title).element(self.mark.snippet(AnnotationKind::Primary));
        renderer.render(&[group.elements(others).elements(notes)])
    }
}

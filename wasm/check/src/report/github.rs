//! Workflow commands: a line each, which GitHub takes out of a job's log and shows as annotations.

use std::fmt::Write;

use super::words::{at, escaped, name, not_judged, summary};
use super::{LocatedFinding, Location, Mutation, Report, plain};
use crate::yaml::Span;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for located in &report.findings {
        out.push_str(&finding(located).written());
    }
    for mutation in &report.mutations {
        out.push_str(&injection(mutation).written());
    }
    for (missing, said) in not_judged(&report.not_evaluated) {
        out.push_str(&Command::new("notice", missing.rule, vec![said]).written());
    }
    for error in &report.errors {
        let mut command = Command::new("error", "cannot be read", vec![escaped(&error.message)]);
        if let Some(path) = plain::path(&error.file) {
            command.place(path, &[("line", error.line), ("col", error.column)]);
        } else {
            command.lines.push(escaped(&plain::at_error(error)));
            error.rendered().into_iter().for_each(|template| command.place(template, &[]));
        }
        out.push_str(&command.written());
    }
    if report.omitted > 0 {
        let text = format!("{} more are not listed", report.omitted);
        out.push_str(&Command::new("notice", "findings", vec![text]).written());
    }
    // It holds nothing but figures, so that no name in it is taken for a command.
    out + &summary(report.summary, report.errors.len()) + "\n"
}

fn finding(located: &LocatedFinding) -> Command {
    let word = if located.is_denial() { "error" } else { "warning" };
    let title = format!("{}: {}", located.finding.rule(), name(&located.object));
    Command::new(word, &title, plain::lines(located)).at(located.place.as_ref())
}

fn injection(Mutation { injection, object, place, .. }: &Mutation) -> Command {
    let text = format!("{}: {:?} is injected: {}", injection.field, injection.value, injection.because);
    let title = format!("{}: {}", injection.rule, name(object));
    Command::new("notice", &title, vec![escaped(&text)]).at(place.as_ref())
}

/// `::word name=value,…::lines`.
struct Command {
    word: &'static str,
    properties: Vec<(&'static str, String)>,
    title: String,
    lines: Vec<String>,
}

impl Command {
    fn new(word: &'static str, title: &str, lines: Vec<String>) -> Self {
        Self { word, properties: Vec::new(), title: escaped(title), lines }
    }

    fn at(mut self, place: Option<&Location>) -> Self {
        let Some(place) = place else { return self };
        if let Some(template) = place.rendered() {
            self.lines.push(escaped(&format!("at: {}", at(place))));
            self.place(template, &[]);
            return self;
        }
        match (plain::path(&place.file), place.span) {
            (Some(path), Some(Span { start, end })) => {
                let columns = [("col", start.column), ("endLine", end.line), ("endColumn", end.column)];
                self.place(path, &[&[("line", start.line)], &columns[..]].concat());
            }
            (Some(path), None) => self.place(path, &[]),
            (None, _) => self.lines.push(escaped(&format!("at: {}", at(place)))),
        }
        self
    }

    fn place(&mut self, path: &str, numbers: &[(&'static str, usize)]) {
        self.properties.push(("file", escaped(path)));
        self.properties.extend(numbers.iter().map(|(name, number)| (*name, number.to_string())));
    }

    fn written(mut self) -> String {
        self.properties.push(("title", self.title));
        let mut out = format!("::{} ", self.word);
        for (at, (name, value)) in self.properties.iter().enumerate() {
            // Writing to a String does not fail.
            let _ = write!(out, "{}{name}={}", if at == 0 { "" } else { "," }, property(value));
        }
        out + "::" + &data(&self.lines.join("\n")) + "\n"
    }
}

/// A message as the runner reads it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property as the runner reads it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

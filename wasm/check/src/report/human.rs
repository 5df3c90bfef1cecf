//! The report for people: what is wrong, where, and how to fix it.

use std::fmt::{self, Write};

use annotate_snippets::{Level, Renderer};
use vpcguard_policies::ObjectRef;
use vpcguard_policies::settings::Advice;

use super::snippet::{Diagnostic, Mark};
use super::words::{at, escaped, name, not_judged, summary};
use super::{LocatedFinding, Location, Mutation, Report, plain};
use crate::source::ParseError;

pub(super) fn render(report: &Report, renderer: &Renderer) -> String {
    let mut human = Human { renderer, out: String::new() };
    // Writing to a String does not fail.
    let _ = human.report(report);
    human.out
}

/// The findings and errors alone.
pub(super) fn render_quietly(report: &Report, renderer: &Renderer) -> String {
    let mut human = Human { renderer, out: String::new() };
    let findings = report.findings.iter().try_for_each(|located| human.finding(located, &report.advice));
    let _ = findings.and_then(|()| report.errors.iter().try_for_each(|error| human.error(error)));
    human.out
}

struct Human<'a> {
    renderer: &'a Renderer,
    out: String,
}

impl Human<'_> {
    fn report(&mut self, report: &Report) -> fmt::Result {
        for located in &report.findings {
            self.finding(located, &report.advice)?;
        }
        for mutation in &report.mutations {
            self.mutation(mutation)?;
        }
        for (missing, said) in not_judged(&report.not_evaluated) {
            self.line(&format!("note[{}]: {said}", missing.rule))?;
        }
        for error in &report.errors {
            self.error(error)?;
        }
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.line("")?;
        }
        if report.omitted > 0 {
            let (findings, are) = if report.omitted == 1 { ("finding", "is") } else { ("findings", "are") };
            self.line(&format!("{} more {findings} {are} not listed", report.omitted))?;
        }
        self.line(&summary(report.summary, report.errors.len()))?;
        let cluster = report.live_cluster.as_ref();
        let notes =
            cluster.map(ToString::to_string).into_iter().chain(cluster.and_then(|cluster| cluster.note.clone()));
        let contact = report.advice.contact().filter(|_| report.summary.denied > 0).map(str::to_owned);
        let notes: Vec<_> = notes.chain(report.notes.iter().cloned()).chain(contact).collect();
        notes.iter().try_for_each(|note| self.line(&format!("note: {note}")))
    }

    fn finding(&mut self, located: &LocatedFinding, advice: &Advice) -> fmt::Result {
        let LocatedFinding { finding, object, place, cluster, .. } = located;
        let title = format!("{}: {}", finding.field(), finding.message());
        let template = place.as_ref().and_then(|place| place.template.as_deref());
        let mut notes: Vec<_> = template.map(|template| ("source", template.to_owned())).into_iter().collect();
        notes.extend(cluster.as_ref().map(|cluster| ("cluster", cluster.to_string())));
        let mut others = Vec::new();
        if !finding.help_text().is_empty() {
            notes.push(("help", finding.help_text().to_owned()));
        }
        notes.extend(advice.docs(finding.rule()).map(|docs| ("docs", docs)));
        let mark = place.as_ref().and_then(|place| Mark::of(place, &name(object)));
        for (label, place) in plain::others(located) {
            // Beside a line there are lines, beside text there is text.
            match place.filter(|_| mark.is_some()).and_then(|place| Mark::of(place, &label)) {
                Some(mark) => others.push(mark),
                None => {
                    let place = place.map(|place| format!(" ({})", at(place))).unwrap_or_default();
                    notes.push(("related", label + &place));
                }
            }
        }
        let (word, level) = if located.is_denial() { ("error", Level::ERROR) } else { ("warning", Level::WARNING) };
        let rule = finding.rule();
        if let Some(mark) = mark {
            return self.diagnostic(&Diagnostic { level, rule: Some(rule), title, mark, others, notes });
        }
        self.line(&format!("{word}[{rule}]: {title}"))?;
        self.arrow(place.as_ref(), object)?;
        notes.iter().try_for_each(|(name, text)| self.line(&format!("  = {name}: {text}")))
    }

    fn mutation(&mut self, mutation: &Mutation) -> fmt::Result {
        let Mutation { injection, object, place, .. } = mutation;
        let title = format!("{}: {:?} is injected: {}", injection.field, injection.value, injection.because);
        if let Some(mark) = place.as_ref().and_then(|place| Mark::of(place, &name(object))) {
            let (level, rule) = (Level::NOTE, Some(injection.rule));
            return self.diagnostic(&Diagnostic { level, rule, title, mark, others: Vec::new(), notes: Vec::new() });
        }
        self.line(&format!("note[{}]: {title}", injection.rule))?;
        self.arrow(place.as_ref(), object)
    }

    fn error(&mut self, error: &ParseError) -> fmt::Result {
        let Some(mark) = Mark::of_error(error) else { return self.line(&format!("error: {error}")) };
        let title = error.message.clone();
        let notes = error.template.iter().map(|template| ("source", template.clone())).collect();
        let others = Vec::new();
        self.diagnostic(&Diagnostic { level: Level::ERROR, rule: None, title, mark, others, notes })
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic<'_>) -> fmt::Result {
        write!(self.out, "{}\n\n", diagnostic.render(self.renderer).trim_end())
    }

    fn arrow(&mut self, place: Option<&Location>, object: &ObjectRef) -> fmt::Result {
        let place = place.map(|place| format!("{}, ", at(place))).unwrap_or_default();
        self.line(&format!("  --> {place}{}", name(object)))
    }

    fn line(&mut self, text: &str) -> fmt::Result {
        writeln!(self.out, "{}", escaped(text))
    }
}

//! What a check found, in each of its formats.

mod digest;
mod format;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod live;
mod mutation;
mod plain;
mod sarif;
mod seen;
mod snippet;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use annotate_snippets::Renderer;
use serde::Serialize;
use vpcguard_policies::finding::{Action, Reported};
use vpcguard_policies::rules::is_reviewed;
use vpcguard_policies::settings::Advice;
use vpcguard_policies::{Kind, MOST_FINDINGS, NotEvaluated, ObjectRef, Settings, Verdict};

use crate::source::{ParseError, STDIN};
use crate::yaml::Span;

pub use format::{Format, UnknownFormat};
pub(crate) use junit::{clean, element};
pub use live::LiveCluster;
pub use mutation::Mutation;
pub use seen::Seen;
pub use words::printable;
pub(crate) use words::{escaped, name, pretty};

/// Where something was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The name of the source.
    pub file: String,
    /// Which document of it, from 1.
    pub document: usize,
    /// The template that the document was made from, as `helm template` says.
    pub template: Option<Arc<str>>,
    /// The text to look at. It is on one line.
    pub span: Option<Span>,
    /// That line, if it is not too long to be shown.
    pub line: Option<Arc<str>>,
}

impl Location {
    /// The template, where only its output was read: nobody has a file with these lines.
    pub(crate) fn rendered(&self) -> Option<&str> {
        self.template.as_deref().filter(|_| self.file == STDIN)
    }
}

/// A finding on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedFinding {
    /// What was found.
    pub finding: Reported,
    /// The object.
    pub object: ObjectRef,
    /// Where the field was read, or where it would stand, if the object was in a file.
    pub place: Option<Location>,
    /// Where the field that matters of each related object of the finding was read.
    pub related: Vec<Option<Location>>,
    /// Where the field was read in the version that this one replaces, if that was in a file before.
    pub earlier: Option<Location>,
    /// The cluster of the object, where several are told apart.
    pub cluster: Option<Arc<str>>,
    /// Which of all objects it is: a document may hold several of one name, or without a name.
    pub(crate) index: usize,
}

impl LocatedFinding {
    /// Whether it refuses the object.
    pub fn is_denial(&self) -> bool {
        self.finding.action() == Action::Deny
    }
}

/// A rule that could not look at everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unevaluated {
    /// The object that it was to judge.
    pub object: ObjectRef,
    /// The rule, and what it needs.
    pub missing: NotEvaluated,
}

/// How much was looked at, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many sources were read.
    pub files: usize,
    /// How many objects were in them.
    pub objects: usize,
    /// How many of these are of a kind that some rule is about.
    pub reviewed: usize,
    /// How many objects go, beside these.
    #[serde(skip_serializing_if = "is_none")]
    pub deleted: usize,
    /// How many objects are refused.
    pub denied: usize,
    /// How many objects are not refused but warned about.
    pub warned: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "this is how serde asks")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// What a check found, in the order of the objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// All objects that were looked at, in order.
    pub(crate) objects: Vec<Seen>,
    pub(crate) findings: Vec<LocatedFinding>,
    pub(crate) mutations: Vec<Mutation>,
    pub(crate) not_evaluated: Vec<Unevaluated>,
    pub(crate) errors: Vec<ParseError>,
    pub(crate) summary: Summary,
    pub(crate) omitted: usize,
    pub(crate) notes: Vec<String>,
    pub(crate) advice: Advice,
    pub(crate) live_cluster: Option<LiveCluster>,
}

impl Report {
    /// The report on a live cluster, before anything is found in it.
    pub fn of_cluster(cluster: LiveCluster, settings: &Settings) -> Self {
        Self { live_cluster: Some(cluster), advice: settings.advice.clone(), ..Self::default() }
    }

    /// Adds what was found on an object of a cluster, which was read in no file.
    pub fn add(&mut self, object: &ObjectRef, verdict: &Verdict) {
        let index = self.summary.objects;
        self.summary.objects += 1;
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        self.summary.reviewed += usize::from(Kind::find(group, &object.kind).is_some_and(is_reviewed));
        self.objects.push(Seen { object: object.clone(), file: None, rendered: None });
        self.summary.denied += usize::from(!verdict.findings.is_empty());
        self.summary.warned += usize::from(verdict.findings.is_empty() && !verdict.warnings.is_empty());
        self.omitted += verdict.omitted;
        let located = |finding: &Reported| LocatedFinding {
            finding: finding.clone(),
            object: object.clone(),
            place: None,
            related: Vec::new(),
            earlier: None,
            cluster: None,
            index,
        };
        self.findings.extend(verdict.findings.iter().chain(&verdict.warnings).map(located));
        let unevaluated = |missing: &NotEvaluated| Unevaluated { object: object.clone(), missing: missing.clone() };
        self.not_evaluated.extend(verdict.not_evaluated.iter().map(unevaluated));
    }

    /// Leaves of each object 20 denials, 20 warnings, and 20 of what comments excuse.
    pub(crate) fn cut(&mut self) {
        let mut listed: BTreeMap<_, usize> = BTreeMap::new();
        let before = self.findings.len();
        self.findings.retain(|located| {
            let sort = (located.index, located.finding.action(), located.finding.is_suppressed_by_caller());
            let listed = listed.entry(sort).or_default();
            *listed += 1;
            *listed <= MOST_FINDINGS
        });
        self.omitted += before - self.findings.len();
    }

    /// Counts the objects that are refused or warned about.
    pub(crate) fn count(&mut self) {
        // Of each object whether it is refused; nothing, where all is well.
        let mut refused = Vec::new();
        for located in &self.findings {
            refused.resize(refused.len().max(located.index + 1), None);
            if let Some(refused) = refused.get_mut(located.index) {
                *refused = Some(*refused == Some(true) || located.is_denial());
            }
        }
        let count = |wanted| refused.iter().filter(|refused| **refused == Some(wanted)).count();
        (self.summary.denied, self.summary.warned) = (count(true), count(false));
    }

    /// What was looked at, whatever came of it.
    pub fn objects(&self) -> &[Seen] {
        &self.objects
    }

    /// What was found.
    pub fn findings(&self) -> &[LocatedFinding] {
        &self.findings
    }

    /// What would be injected.
    pub fn mutations(&self) -> &[Mutation] {
        &self.mutations
    }

    /// What could not be judged.
    pub fn not_evaluated(&self) -> &[Unevaluated] {
        &self.not_evaluated
    }

    /// What could not be read.
    pub fn errors(&self) -> &[ParseError] {
        &self.errors
    }

    /// How much was looked at, and what came of it.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// What else a person is to know, a line each, such as a comment that excuses nothing.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The live cluster that it is about, if it is about one.
    pub fn live_cluster(&self) -> Option<&LiveCluster> {
        self.live_cluster.as_ref()
    }

    /// How many findings are not listed, because an object had too many.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// For people.
    pub fn to_human(&self) -> String {
        human::render(self, &Renderer::plain())
    }

    /// For people, without what is not wrong: neither injections nor notes nor the summary.
    pub fn to_human_quietly(&self, colored: bool) -> String {
        human::render_quietly(self, &if colored { Renderer::styled() } else { Renderer::plain() })
    }

    /// For people at a terminal that knows colours.
    pub fn to_human_in_colour(&self) -> String {
        human::render(self, &Renderer::styled())
    }

    /// For programs, in the published format.
    pub fn to_json(&self) -> String {
        json::render(self)
    }
}

#[cfg(test)]
mod tests;

//! What a review makes of a finding.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::{Action, Finding, Related};

/// Who suppresses a denial, so that it is only a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suppression {
    /// The object, by its annotation `vpcguard.io/allow`.
    Object,
    /// Whoever called [`Reported::suppress`].
    Caller,
}

/// A finding, with the rule that found it and what it does to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    pub(crate) finding: Finding,
    pub(crate) rule: &'static str,
    pub(crate) action: Action,
    pub(crate) suppressed_by: Option<Suppression>,
    /// Whether its JSON may name the related objects.
    pub(crate) discloses_names: bool,
}

/// What rules say about a request, in the order of the rules.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) listed: Vec<Reported>,
    /// How many denials were not kept, and how many warnings.
    pub(crate) more_denials: usize,
    pub(crate) more_warnings: usize,
    /// Whether a denial among them keeps a tenant out of where it may not be.
    pub(crate) isolates: bool,
}

impl Report {
    /// Whether the request is refused.
    pub(crate) fn denies(&self) -> bool {
        self.more_denials > 0 || self.listed.iter().any(|reported| reported.action == Action::Deny)
    }

    /// Appends what the next rule says.
    pub(crate) fn append(&mut self, next: Report) {
        self.listed.extend(next.listed);
        self.more_denials += next.more_denials;
        self.more_warnings += next.more_warnings;
        self.isolates |= next.isolates;
    }
}

impl Reported {
    /// Turns it into a warning that its caller suppresses, whatever its rule does.
    pub fn suppress(&mut self) {
        self.action = Action::Warn;
        self.suppressed_by = Some(Suppression::Caller);
    }

    /// The id of the rule that found it.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What it does to the request.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Whether it is a denial that somebody suppresses.
    pub fn is_suppressed(&self) -> bool {
        self.suppressed_by.is_some()
    }

    /// Whether whoever called [`Reported::suppress`] suppresses it.
    pub fn is_suppressed_by_caller(&self) -> bool {
        self.suppressed_by == Some(Suppression::Caller)
    }

    /// What is wrong: of what is refused in the words of Kubernetes' `field.Error`, of what is admitted without them.
    pub fn message(&self) -> String {
        match self.action {
            Action::Deny => self.finding.message(),
            Action::Warn => self.finding.remark(),
        }
    }

    /// The message with the id of its rule, as a cluster's user reads it: `… [subnet-cidr-overlap]`.
    pub fn message_with_rule(&self) -> String {
        format!("{} [{}]", self.message(), self.rule)
    }

    /// Those of the other objects whose names may be disclosed: all or none.
    pub fn disclosed_objects(&self) -> &[Related] {
        if self.discloses_names { self.related_objects() } else { &[] }
    }
}

impl Deref for Reported {
    type Target = Finding;

    fn deref(&self) -> &Finding {
        &self.finding
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field(), self.message_with_rule())
    }
}

impl Serialize for Reported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let related = self.disclosed_objects();
        let optional = [self.is_suppressed(), !self.help_text().is_empty(), !related.is_empty()];
        let fields = 5 + optional.into_iter().filter(|present| *present).count();
        let mut out = serializer.serialize_struct("Finding", fields)?;
        out.serialize_field("rule", self.rule)?;
        out.serialize_field("action", &self.action)?;
        out.serialize_field("reason", &self.reason())?;
        out.serialize_field("message", &self.message())?;
        out.serialize_field("field", self.field())?;
        if self.is_suppressed() {
            out.serialize_field("spared", &true)?;
        }
        if !self.help_text().is_empty() {
            out.serialize_field("help", self.help_text())?;
        }
        if !related.is_empty() {
            out.serialize_field("related", related)?;
        }
        out.end()
    }
}

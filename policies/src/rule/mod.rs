//! What a rule is: what it looks at, what it has at hand, and what it says.

mod check;
mod context;
mod injector;
mod policy;
mod read;

pub use check::{Check, Outcome};
pub use context::Context;
pub use injector::Injector;
pub(crate) use injector::{Annotation, InjectContext};
pub use policy::Policy;
pub use read::Read;

use crate::kinds::Kind;
use crate::settings::{RuleAction, Settings};

/// What nearly every rule imports.
pub(crate) mod prelude {
    pub(crate) use super::{Check, Context, Outcome, Policy, Read, Rule};
    pub(crate) use crate::field::FieldPath;
    pub(crate) use crate::finding::Finding;
    pub(crate) use crate::kinds::Kind;
    pub(crate) use crate::settings::RuleAction;
}

/// A rule that reviews objects.
#[derive(Debug)]
pub struct Rule {
    /// The public name, which never changes meaning.
    pub id: &'static str,
    /// What it refuses, in a line.
    pub summary: &'static str,
    /// What it does unless the settings say otherwise.
    pub default: RuleAction,
    /// Whether it keeps a tenant out of where it may not be: such a denial is a 403, and no annotation spares it.
    pub isolates: bool,
    /// Whether no annotation spares it, and it judges what is being deleted too: what it refuses harms others. So it is with
    /// every rule that isolates.
    pub firm: bool,
    /// Whether `strictReferences` makes denials of its warnings.
    pub strict: bool,
    /// The part of the rules that it is deployed with.
    pub policy: Policy,
    /// The kinds of which it looks up other objects.
    pub asks: &'static [Kind],
    /// What it looks at.
    pub checks: &'static [Check],
}

impl Rule {
    /// What it does: what was written for it, or else its default. `strictReferences` makes denials of its warnings, unless
    /// it is off.
    pub fn action(&self, settings: &Settings) -> RuleAction {
        let action = settings.written(self.id).unwrap_or(self.default);
        let is_strict = self.strict && settings.strict_references;
        if is_strict && action == RuleAction::Warn { RuleAction::Deny } else { action }
    }

    /// Whether it judges an UPDATE of an object that is being deleted: Kube-OVN serves a Pod or a Subnet until it is gone, and a
    /// Pod still moves.
    pub fn judges_what_is_deleted(&self) -> bool {
        self.firm
    }

    /// Whether it has a check for objects of this kind, and not only for those of every kind.
    pub fn reads_of(&self, kind: Kind) -> bool {
        self.checks.iter().any(|check| check.reads().is_some() && !check.is_deletion() && check.concerns(kind))
    }

    /// The kinds of which it judges the deletion.
    pub fn deletions(&self) -> impl Iterator<Item = Kind> + '_ {
        let judges = |kind: Kind| self.checks.iter().any(|check| check.is_deletion() && check.concerns(kind));
        Kind::ALL.iter().copied().filter(move |kind| judges(*kind))
    }

    /// The kinds of which it judges what is stored.
    pub fn stored_kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        let judges = |kind: Kind| self.checks.iter().any(|check| !check.is_deletion() && check.concerns(kind));
        Kind::ALL.iter().copied().filter(move |kind| judges(*kind))
    }

    /// The kinds that it reviews.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        Kind::ALL.iter().copied().filter(|kind| self.checks.iter().any(|check| check.concerns(*kind)))
    }
}

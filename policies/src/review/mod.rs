//! Judges a request by all rules.

mod claim;
mod inject;
mod settings;
mod unjudged;

use std::borrow::Cow;

use serde_json::Value;

use crate::finding::{Action, Finding, Findings, NotEvaluated, Verdict};
use crate::gather::{sort_and_dedup, sort_by};
use crate::inventory::{ClusterView, ViewError};
use crate::kinds::{Kind, Object};
use crate::request::{Asked, Operation, Request, Version, is_exempt};
use crate::review::inject::injected;
use crate::rule::{Check, Context, Policy, Rule};
use crate::rules::{TABLE, common};
use crate::settings::{RuleAction, Settings};

pub use claim::Wanted;
pub use inject::mutate;
pub use unjudged::{Question, needs_verdict};

/// Judges a request as it stands.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn review(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    judge(TABLE, request, cluster, settings)
}

/// [`review()`] by the rules of one policy alone.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn review_by(
    policy: Policy,
    request: &Request,
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    judge(policy.rules(), request, cluster, settings)
}

/// [`review()`] by some rules alone.
///
/// # Errors
///
/// A read of the cluster that failed.
pub(crate) fn judge(
    rules: &[&'static Rule],
    request: &Request,
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    let Some(Versions { asked, new, old }) = Versions::of(request, settings) else { return Ok(Verdict::admitted()) };
    Review { rules, asked, cluster, earlier: cluster, settings }.verdict(&new, old.as_ref())
}

/// Injects what is to be injected, then judges the result, as the API server does.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn admit(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    let Some(Versions { asked, new, old }) = Versions::of(request, settings) else { return Ok(Verdict::admitted()) };
    let review = Review { rules: TABLE, asked, cluster, earlier: cluster, settings };
    let (verdict, mutated) = review.admit(&new, old.as_ref())?;
    Ok(Verdict { mutated_object: mutated.map(|mutated| mutated.json.into_owned()), ..verdict })
}

/// [`admit`], where the objects were read already, and where conflicts count only with those objects that came before: a
/// folder of manifests has both sides of each conflict, and one of them is right. The old version is that of an UPDATE. The
/// object with what was injected comes beside the verdict, read as well.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn admit_after(
    asked: Asked<'_>,
    new: &Version<'_>,
    old: Option<&Version<'_>>,
    cluster: &dyn ClusterView,
    earlier: &dyn ClusterView,
    settings: &Settings,
) -> Result<(Verdict, Option<Version<'static>>), ViewError> {
    if passes(&asked, new, settings) {
        return Ok((Verdict::admitted(), None));
    }
    Review { rules: TABLE, asked, cluster, earlier, settings }.admit(new, old)
}

/// Whether there is nothing to judge.
fn passes(asked: &Asked<'_>, new: &Version<'_>, settings: &Settings) -> bool {
    let is_judged = asked.operation != Operation::Connect;
    // What is being deleted may still be moved: what an UPDATE of it changes is judged by the rules that say so.
    let is_settled = new.object.meta().deleting && matches!(asked.operation, Operation::AtRest | Operation::Delete);
    !is_judged || is_settled || is_exempt(asked, &new.object, settings)
}

/// A request whose objects were read.
struct Versions<'a> {
    asked: Asked<'a>,
    new: Version<'a>,
    /// What the object replaces, in an UPDATE.
    old: Option<Version<'a>>,
}

impl<'a> Versions<'a> {
    /// None where there is nothing to judge.
    fn of(request: &'a Request, settings: &Settings) -> Option<Self> {
        let asked = request.asked()?;
        let read = |json| Version::read(asked.kind, Cow::Borrowed(json), &settings.kube_ovn);
        let new = read(request.subject());
        if passes(&asked, &new, settings) {
            return None;
        }
        let old = request.old_object.as_ref().filter(|_| asked.operation == Operation::Update).map(read);
        Some(Self { asked, new, old })
    }
}

struct Review<'a> {
    rules: &'a [&'static Rule],
    asked: Asked<'a>,
    cluster: &'a dyn ClusterView,
    earlier: &'a dyn ClusterView,
    settings: &'a Settings,
}

impl Review<'_> {
    fn admit(
        &self,
        new: &Version<'_>,
        old: Option<&Version<'_>>,
    ) -> Result<(Verdict, Option<Version<'static>>), ViewError> {
        let (injected, mutated_object) = injected(&self.asked, new, self.cluster, self.settings)?;
        let Some(mutated) = mutated_object else { return Ok((self.verdict(new, old)?, None)) };
        let mutated = Version::read(self.asked.kind, Cow::Owned(mutated), &self.settings.kube_ovn);
        let verdict = self.verdict(&mutated, old)?;
        Ok((Verdict { injected, ..verdict }, Some(mutated)))
    }

    /// What all rules find, in the order of the table, then of the fields; and what they cannot see.
    fn verdict(&self, new: &Version<'_>, old: Option<&Version<'_>>) -> Result<Verdict, ViewError> {
        let mut all = Findings::default();
        let mut not_evaluated = Vec::new();
        // What is created is not: the API server takes the time away, and a Binding, which may keep it, has a Pod that stays.
        let deleting = new.object.meta().deleting && self.asked.operation != Operation::Create;
        // Nobody has said what such an object was before.
        if deleting && old.is_none() {
            return Ok(Verdict::admitted());
        }
        let concerned =
            |rule: &&&'static Rule| self.checks(rule).next().is_some() && (!deleting || rule.judges_what_is_deleted());
        for rule in self.rules.iter().filter(concerned) {
            let action = rule.action(self.settings);
            let unchanged = |old: &Version<'_>| !self.reads_a_change(rule, &new.json, &old.json);
            if action == RuleAction::Off || old.is_some_and(unchanged) {
                continue;
            }
            let (mut found, unseen) = self.found(rule, new, old.map(|old| &old.object))?;
            if found.deny() {
                self.spare(rule, action, new, old, &mut found)?;
            }
            all.isolate |= rule.isolates && found.deny();
            all.append(found);
            not_evaluated.extend(unseen.into_iter().map(|needs| NotEvaluated { rule: rule.id, needs }));
        }
        Ok(Verdict { not_evaluated, ..Verdict::of(all, self.settings) })
    }

    /// The checks of a rule that look at this kind and operation.
    fn checks(&self, rule: &Rule) -> impl Iterator<Item = &'static Check> {
        let (kind, deletes) = (self.asked.kind, self.asked.operation == Operation::Delete);
        rule.checks.iter().filter(move |check| check.is_deletion() == deletes && check.concerns(kind))
    }

    fn reads_a_change(&self, rule: &Rule, new: &Value, old: &Value) -> bool {
        let changed = |check: &Check| match check.reads() {
            Some(reads) => reads.iter().any(|read| read.differs(self.asked.kind, new, old)),
            None => new != old,
        };
        self.checks(rule).any(changed)
    }

    /// What one rule finds in a version of the object, whatever its action.
    fn found(
        &self,
        rule: &'static Rule,
        version: &Version<'_>,
        old: Option<&Object>,
    ) -> Result<(Findings, Vec<&'static str>), ViewError> {
        let mut context = Context {
            cluster: self.cluster,
            rivals: self.earlier,
            settings: self.settings,
            old,
            operation: self.asked.operation,
            namespace: self.asked.namespace_of(&version.object),
            user: self.asked.user,
            dry_run: self.asked.dry_run,
            type_errors: &version.type_errors,
            findings: Findings::default(),
            not_evaluated: Vec::new(),
        };
        for check in self.checks(rule) {
            check.run(&version.object, &mut context)?;
        }
        let mut found = context.findings;
        if rule.id != common::field_type::RULE.id {
            found.kept.retain(|finding| !version.is_mistyped(finding.field()));
        }
        for finding in &mut found.kept {
            finding.rule = rule.id;
        }
        sort_by(&mut found.kept, |a, b| a.field().cmp(b.field()));
        Ok((found, context.not_evaluated))
    }

    /// Turns denials into warnings: of rules that only warn, of what an annotation allows, of what was wrong before.
    fn spare(
        &self,
        rule: &'static Rule,
        action: RuleAction,
        new: &Version<'_>,
        old: Option<&Version<'_>>,
        found: &mut Findings,
    ) -> Result<(), ViewError> {
        let allowed = !rule.firm && self.honours_allow() && new.object.meta().allows(rule.id);
        let before = match old {
            Some(old) => self.found(rule, old, None)?.0,
            None => Findings::default(),
        };
        let mut old_sins: Vec<_> = before.kept.iter().map(Finding::offence).collect();
        sort_and_dedup(&mut old_sins);
        for denial in found.kept.iter_mut().filter(|finding| finding.action == Action::Deny) {
            if action == RuleAction::Warn || old_sins.binary_search(&denial.offence()).is_ok() {
                denial.action = Action::Warn;
            } else if allowed {
                denial.action = Action::Warn;
                denial.spared = true;
            }
        }
        // How many there were says nothing of which they were, and a rule that keeps tenants out must know.
        let as_before = !rule.isolates && found.more_denials <= before.more_denials;
        if action == RuleAction::Warn || allowed || as_before {
            found.more_warnings += std::mem::take(&mut found.more_denials);
        }
        Ok(())
    }

    /// Whether objects of this kind are written by administrators, who may except them.
    fn honours_allow(&self) -> bool {
        matches!(self.asked.kind, Kind::Vpc | Kind::Subnet | Kind::VpcNatGateway)
    }
}

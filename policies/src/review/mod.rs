//! Judges a request by all rules.

mod claim;
mod comment;
mod inject;
mod settings;
mod unjudged;
mod unread;

use std::borrow::Cow;

use serde_json::Value;

use crate::finding::{Action, Finding, Findings, NotEvaluated, Report, Reported, Suppression, Verdict};
use crate::gather::{sort_and_dedup, sort_by};
use crate::inventory::{ClusterView, ViewError};
use crate::kinds::Object;
use crate::request::{Attributes, Operation, Request, TypedObject, TypedRequest, is_exempt};
use crate::review::inject::injected;
use crate::rule::{Check, Context, Policy, Rule};
use crate::rules::{TABLE, common};
use crate::settings::{RuleAction, Settings};

pub use claim::AddressClaim;
pub use comment::of_comment;
pub use inject::mutate;
pub use unjudged::{Question, needs_verdict};
pub use unread::review_unread;

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

/// [`review()`] of a request that was read already.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn review_typed(
    request: &TypedRequest<'_>,
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    judge_typed(TABLE, request, cluster, settings)
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
    match TypedRequest::read(request, &settings.kube_ovn) {
        Some(request) => judge_typed(rules, &request, cluster, settings),
        None => Ok(unread::judge(rules, request, settings)),
    }
}

fn judge_typed(
    rules: &[&'static Rule],
    TypedRequest { attributes, object, old }: &TypedRequest<'_>,
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    if passes(attributes, object, settings) {
        return Ok(Verdict::admitted());
    }
    Review { rules, attributes: *attributes, cluster, earlier: cluster, settings }.verdict(object, old.as_ref())
}

/// Injects what is to be injected, then judges the result, as the API server does.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn admit(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    let Some(typed) = TypedRequest::read(request, &settings.kube_ovn) else {
        return Ok(unread::judge(TABLE, request, settings));
    };
    let TypedRequest { attributes, object, old } = &typed;
    let (verdict, mutated) = admit_after(*attributes, object, old.as_ref(), cluster, cluster, settings)?;
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
    attributes: Attributes<'_>,
    new: &TypedObject<'_>,
    old: Option<&TypedObject<'_>>,
    cluster: &dyn ClusterView,
    earlier: &dyn ClusterView,
    settings: &Settings,
) -> Result<(Verdict, Option<TypedObject<'static>>), ViewError> {
    if passes(&attributes, new, settings) {
        return Ok((Verdict::admitted(), None));
    }
    Review { rules: TABLE, attributes, cluster, earlier, settings }.admit(new, old)
}

/// Whether there is nothing to judge.
fn passes(attributes: &Attributes<'_>, new: &TypedObject<'_>, settings: &Settings) -> bool {
    let is_judged = attributes.operation != Operation::Connect;
    // What is being deleted may still be moved: what an UPDATE of it changes is judged by the rules that say so.
    let is_settled =
        new.object.meta().deleting && matches!(attributes.operation, Operation::AtRest | Operation::Delete);
    !is_judged || is_settled || is_exempt(attributes, &new.object, settings)
}

struct Review<'a> {
    rules: &'a [&'static Rule],
    attributes: Attributes<'a>,
    cluster: &'a dyn ClusterView,
    earlier: &'a dyn ClusterView,
    settings: &'a Settings,
}

impl Review<'_> {
    fn admit(
        &self,
        new: &TypedObject<'_>,
        old: Option<&TypedObject<'_>>,
    ) -> Result<(Verdict, Option<TypedObject<'static>>), ViewError> {
        let (injected, mutated_object) = injected(&self.attributes, new, self.cluster, self.settings)?;
        let Some(mutated) = mutated_object else { return Ok((self.verdict(new, old)?, None)) };
        let mutated = TypedObject::read(self.attributes.kind, Cow::Owned(mutated), &self.settings.kube_ovn);
        let verdict = self.verdict(&mutated, old)?;
        Ok((Verdict { injected, ..verdict }, Some(mutated)))
    }

    /// What all rules find, in the order of the table, then of the fields; and what they cannot see.
    fn verdict(&self, new: &TypedObject<'_>, old: Option<&TypedObject<'_>>) -> Result<Verdict, ViewError> {
        let mut all = Report::default();
        let mut not_evaluated = Vec::new();
        // What is created is not: the API server takes the time away, and a Binding, which may keep it, has a Pod that stays.
        let deleting = new.object.meta().deleting && self.attributes.operation != Operation::Create;
        // Nobody has said what such an object was before.
        if deleting && old.is_none() {
            return Ok(Verdict::admitted());
        }
        let concerned =
            |rule: &&&'static Rule| self.checks(rule).next().is_some() && (!deleting || rule.judges_what_is_deleted());
        for rule in self.rules.iter().filter(concerned) {
            let action = rule.action(self.settings);
            let unchanged = |old: &TypedObject<'_>| !self.reads_a_change(rule, &new.json, &old.json);
            if action == RuleAction::Off || old.is_some_and(unchanged) {
                continue;
            }
            let (found, unseen) = match self.found(rule, new, old.map(|old| &old.object)) {
                // What is to go never waits for what cannot be read.
                Err(_) if self.attributes.operation == Operation::Delete => continue,
                found => found?,
            };
            all.append(self.report(rule, action, new, old, found)?);
            not_evaluated.extend(unseen.into_iter().map(|needs| NotEvaluated { rule: rule.id, needs }));
        }
        Ok(Verdict { not_evaluated, ..Verdict::of(all) })
    }

    /// The checks of a rule that look at this kind and operation.
    fn checks(&self, rule: &Rule) -> impl Iterator<Item = &'static Check> {
        let (kind, deletes) = (self.attributes.kind, self.attributes.operation == Operation::Delete);
        rule.checks.iter().filter(move |check| check.is_deletion() == deletes && check.concerns(kind))
    }

    fn reads_a_change(&self, rule: &Rule, new: &Value, old: &Value) -> bool {
        let changed = |check: &Check| match check.reads() {
            Some(reads) => reads.iter().any(|read| read.differs(self.attributes.kind, new, old)),
            None => new != old,
        };
        self.checks(rule).any(changed)
    }

    /// What one rule finds in a version of the object, whatever its action.
    fn found(
        &self,
        rule: &'static Rule,
        version: &TypedObject<'_>,
        old: Option<&Object>,
    ) -> Result<(Findings, Vec<&'static str>), ViewError> {
        let mut context = Context {
            cluster: self.cluster,
            admitted: self.earlier,
            settings: self.settings,
            kind: self.attributes.kind,
            old,
            operation: self.attributes.operation,
            namespace: self.attributes.namespace_of(&version.object),
            user: self.attributes.user,
            dry_run: self.attributes.dry_run,
            settled: self.attributes.settled || self.attributes.operation == Operation::AtRest,
            findings: Findings::default(),
            not_evaluated: Vec::new(),
            has_guessed: false,
        };
        for check in self.checks(rule) {
            check.run(version, &mut context)?;
        }
        let mut found = context.findings;
        if rule.id != common::field_type::RULE.id {
            found.kept.retain(|(_, finding)| !version.is_mistyped(finding.field()));
        }
        sort_by(&mut found.kept, |(_, a), (_, b)| a.field().cmp(b.field()));
        Ok((found, context.not_evaluated))
    }

    /// What a rule says, where denials are warnings: of rules that only warn, of what an annotation allows, of what was wrong
    /// before.
    fn report(
        &self,
        rule: &'static Rule,
        action: RuleAction,
        new: &TypedObject<'_>,
        old: Option<&TypedObject<'_>>,
        found: Findings,
    ) -> Result<Report, ViewError> {
        let allowed = !rule.firm && self.attributes.kind.may_be_excepted() && new.object.meta().allows(rule.id);
        let before = match old {
            Some(old) if found.deny() => self.found(rule, old, None)?.0,
            _ => Findings::default(),
        };
        let mut pre_existing: Vec<_> = before.kept.iter().map(|(_, finding)| finding.violation()).collect();
        sort_and_dedup(&mut pre_existing);
        let only_warns =
            |finding: &Finding| action == RuleAction::Warn || pre_existing.binary_search(&finding.violation()).is_ok();
        let reported = |(own, finding): (Action, Finding)| {
            let denies = own == Action::Deny && !only_warns(&finding);
            Reported {
                rule: rule.id,
                action: if denies && !allowed { Action::Deny } else { Action::Warn },
                suppressed_by: (denies && allowed).then_some(Suppression::Object),
                discloses_names: self.settings.disclose_names,
                finding,
            }
        };
        let mut report = Report {
            listed: found.kept.into_iter().map(reported).collect(),
            more_denials: found.more_denials,
            more_warnings: found.more_warnings,
            isolates: false,
        };
        // How many there were says nothing of which they were, and a rule that keeps tenants out must know.
        let as_before = !rule.isolates && found.more_denials <= before.more_denials;
        if action == RuleAction::Warn || allowed || as_before {
            report.more_warnings += std::mem::take(&mut report.more_denials);
        }
        report.isolates = rule.isolates && report.denies();
        Ok(report)
    }
}

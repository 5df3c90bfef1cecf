//! Judges a request by all rules.

use serde_json::Value;

use crate::context::Context;
use crate::field::FieldPath;
use crate::finding::{Action, Finding, Findings};
use crate::gather::{sort_and_dedup, sort_by};
use crate::inject;
use crate::json::TypeError;
use crate::kinds::{Kind, Object};
use crate::policy::Policy;
use crate::request::{Operation, Request};
use crate::rules::{Check, Outcome, Rule, TABLE, common};
use crate::settings::{RuleAction, Settings};
use crate::verdict::{NotEvaluated, Verdict};
use crate::view::{ClusterView, ViewError};

/// Judges a request as it stands.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn review(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    review_after(request, cluster, cluster, settings)
}

/// Judges a request as it stands, where conflicts count only with those objects that came before: a folder of manifests
/// has both sides of each conflict, and one of them is right.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn review_after(
    request: &Request,
    cluster: &dyn ClusterView,
    earlier: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    judge(TABLE, request, cluster, earlier, settings)
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
    judge(policy.rules(), request, cluster, cluster, settings)
}

fn judge(
    rules: &[&'static Rule],
    request: &Request,
    cluster: &dyn ClusterView,
    earlier: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    let Some(kind) = request.kind else { return Ok(Verdict::admitted()) };
    let review = Review { rules, request, kind, cluster, earlier, settings };
    let new = review.read(&request.object);
    let is_stored = matches!(request.operation, Operation::Create | Operation::Update | Operation::AtRest);
    if !is_stored || new.object.meta().deleting || review.is_exempt(&new.object) {
        return Ok(Verdict::admitted());
    }
    review.verdict(&new)
}

/// Injects what is to be injected, then judges the result, as the API server does.
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn admit(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    admit_after(request, cluster, cluster, settings)
}

/// [`admit`], with the conflicts of [`review_after`].
///
/// # Errors
///
/// A read of the cluster that failed: no verdict, and nothing is admitted on it.
pub fn admit_after(
    request: &Request,
    cluster: &dyn ClusterView,
    earlier: &dyn ClusterView,
    settings: &Settings,
) -> Result<Verdict, ViewError> {
    let mutation = inject::mutate(request, cluster, settings)?;
    let Some(object) = &mutation.mutated_object else { return review_after(request, cluster, earlier, settings) };
    let mutated = Request { object: object.clone(), ..request.clone() };
    let verdict = review_after(&mutated, cluster, earlier, settings)?;
    Ok(Verdict { injected: mutation.injected, mutated_object: mutation.mutated_object, ..verdict })
}

/// Whether a request passes without review, whatever it holds.
pub(crate) fn is_exempt(request: &Request, kind: Kind, object: &Object, settings: &Settings) -> bool {
    let kube_ovn = &settings.kube_ovn;
    let name = object.meta().name.as_str();
    let made_by_kube_ovn = match kind {
        Kind::Vpc => name == kube_ovn.default_vpc,
        Kind::Subnet => name == kube_ovn.node_switch || name == kube_ovn.default_subnet,
        _ => false,
    };
    let by_namespace = kind.has_pod_template() || matches!(kind, Kind::VpcEgressGateway | Kind::Namespace);
    settings.exempts_user(&request.user)
        || (made_by_kube_ovn && request.operation == Operation::Create)
        || (by_namespace && settings.exempts_namespace(request.namespace_of(object)))
}

struct Review<'a> {
    rules: &'a [&'static Rule],
    request: &'a Request,
    kind: Kind,
    cluster: &'a dyn ClusterView,
    earlier: &'a dyn ClusterView,
    settings: &'a Settings,
}

/// A version of the object, as JSON and as rules read it.
struct Version<'a> {
    json: &'a Value,
    object: Object,
    type_errors: Vec<TypeError>,
}

impl Version<'_> {
    /// Whether a field, or something that it lies in, has the wrong type.
    fn is_mistyped(&self, field: &FieldPath) -> bool {
        let known = |prefix| self.type_errors.binary_search_by(|error| error.field.steps().cmp(prefix)).is_ok();
        !self.type_errors.is_empty() && field.prefixes().any(known)
    }
}

impl<'a> Review<'a> {
    fn read(&self, json: &'a Value) -> Version<'a> {
        let (object, type_errors) = Object::read(self.kind, json, &self.settings.kube_ovn);
        Version { json, object, type_errors }
    }

    fn is_exempt(&self, object: &Object) -> bool {
        is_exempt(self.request, self.kind, object, self.settings)
    }

    /// What all rules find, in the order of the table, then of the fields; and what they cannot see.
    fn verdict(&self, new: &Version) -> Result<Verdict, ViewError> {
        let old = self.request.old_object.as_ref().filter(|_| self.request.operation == Operation::Update);
        let old = old.map(|old| self.read(old));
        let mut all = Findings::default();
        let mut not_evaluated = Vec::new();
        for rule in self.rules {
            let action = self.settings.action(rule);
            let unchanged = |old: &Version| !self.reads_a_change(rule, new.json, old.json);
            if action == RuleAction::Off || old.as_ref().is_some_and(unchanged) {
                continue;
            }
            let (mut found, unseen) = self.found(rule, new, old.as_ref().map(|old| &old.object))?;
            if found.deny() {
                self.spare(rule, action, new, old.as_ref(), &mut found)?;
            }
            all.isolate |= rule.isolates && found.deny();
            all.append(found);
            not_evaluated.extend(unseen.into_iter().map(|needs| NotEvaluated { rule: rule.id, needs }));
        }
        Ok(Verdict { not_evaluated, ..Verdict::of(all, self.settings) })
    }

    fn reads_a_change(&self, rule: &Rule, new: &Value, old: &Value) -> bool {
        let changed = |check: &Check| match check.reads() {
            Some(reads) => reads.iter().any(|read| read.differs(self.kind, new, old)),
            None => new != old,
        };
        rule.checks.iter().filter(|check| check.concerns(self.kind)).any(changed)
    }

    /// What one rule finds in a version of the object, whatever its action.
    fn found(
        &self,
        rule: &'static Rule,
        version: &Version,
        old: Option<&Object>,
    ) -> Result<(Findings, Vec<&'static str>), ViewError> {
        let mut context = Context {
            cluster: self.cluster,
            rivals: self.earlier,
            settings: self.settings,
            old,
            operation: self.request.operation,
            namespace: self.request.namespace_of(&version.object),
            type_errors: &version.type_errors,
            findings: Findings::default(),
            not_evaluated: Vec::new(),
        };
        for check in rule.checks {
            run(check, &version.object, &mut context)?;
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
        new: &Version,
        old: Option<&Version>,
        found: &mut Findings,
    ) -> Result<(), ViewError> {
        let allowed = !rule.isolates && self.honours_allow() && new.object.meta().allows(rule.id);
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
        if action == RuleAction::Warn || allowed || found.more_denials <= before.more_denials {
            found.more_warnings += std::mem::take(&mut found.more_denials);
        }
        Ok(())
    }

    /// Whether objects of this kind are written by administrators, who may except them.
    fn honours_allow(&self) -> bool {
        matches!(self.kind, Kind::Vpc | Kind::Subnet | Kind::VpcNatGateway)
    }
}

fn run(check: &Check, object: &Object, context: &mut Context) -> Outcome {
    match (check, object) {
        (Check::Any(check), _) => check(context),
        (Check::Vpc(_, check), Object::Vpc(vpc)) => check(vpc, context),
        (Check::Subnet(_, check), Object::Subnet(subnet)) => check(subnet, context),
        (Check::NatGateway(_, check), Object::NatGateway(gateway)) => check(gateway, context),
        (Check::EgressGateway(_, check), Object::EgressGateway(gateway)) => check(gateway, context),
        (Check::IptablesEip(_, check), Object::IptablesEip(eip)) => check(eip, context),
        (Check::IptablesRule(_, check), Object::IptablesRule(rule)) => check(rule, context),
        (Check::IpPool(_, check), Object::IpPool(pool)) => check(pool, context),
        (Check::Namespace(_, check), Object::Namespace(namespace)) => check(namespace, context),
        (Check::ConfigMap(_, check), Object::ConfigMap(map)) => check(map, context),
        (Check::Service(_, check), Object::Service(service)) => check(service, context),
        (Check::BarePod(_, check), Object::Pod(pod)) if pod.kind == Kind::Pod => check(pod, context),
        (Check::Pod(_, check), Object::Pod(pod)) => check(pod, context),
        _ => Ok(()),
    }
}

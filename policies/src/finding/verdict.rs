//! The verdict on a request: the same bytes from every runner.

use serde::Serialize;
use serde_json::Value;

use crate::field::FieldPath;
use crate::finding::{Action, Evidence, Report, Reported};
use crate::gather::sort_and_dedup;

/// How many findings of each action a verdict lists.
pub const MOST_FINDINGS: usize = 20;

/// What is said about a request. Its JSON, with the keys in this order, is canonical.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether the object may be stored.
    pub allowed: bool,
    /// 200; 422 for an invalid object; 403 for a tenant where it may not be.
    pub code: u16,
    /// What the request is refused for, in the order of the rule table, then of the fields; at most 20.
    pub findings: Vec<Reported>,
    /// What the user is told besides, in the same order; at most 20.
    pub warnings: Vec<Reported>,
    /// How many findings and warnings are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: usize,
    /// What no runner of this sort is ever able to see.
    pub not_evaluated: Vec<NotEvaluated>,
    /// What was injected, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub injected: Vec<Injection>,
    /// The object with what was injected; none where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutated_object: Option<Value>,
    /// What the first denial rests on beside the request, whether or not its names are disclosed. It is reason enough to
    /// refuse, so that a runner whose view may be stale reads no more than this before it does.
    #[serde(skip)]
    pub rests_on: Vec<Evidence>,
    /// The denials that are not listed, in the same order, as far as they are kept. Whoever picks some of the findings must look
    /// at these too, or 20 denials would hide one of another rule.
    #[serde(skip)]
    pub unlisted_findings: Vec<Reported>,
    /// The warnings that are not listed.
    #[serde(skip)]
    pub unlisted_warnings: Vec<Reported>,
}

/// A rule that could not look at everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotEvaluated {
    /// The rule.
    pub rule: &'static str,
    /// The kind that it needs.
    pub needs: &'static str,
}

/// Something that was injected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Injection {
    /// The rule that injects it.
    pub rule: &'static str,
    /// Where.
    pub field: FieldPath,
    /// What.
    pub value: String,
    /// Why.
    pub because: String,
}

impl Verdict {
    /// Nothing to say.
    pub fn admitted() -> Self {
        Self {
            allowed: true,
            code: 200,
            findings: Vec::new(),
            warnings: Vec::new(),
            omitted: 0,
            not_evaluated: Vec::new(),
            injected: Vec::new(),
            mutated_object: None,
            rests_on: Vec::new(),
            unlisted_findings: Vec::new(),
            unlisted_warnings: Vec::new(),
        }
    }

    /// The verdict on a request of which rules say this.
    pub(crate) fn of(report: Report) -> Self {
        let allowed = !report.denies();
        let (mut denials, mut warnings): (Vec<_>, Vec<_>) =
            report.listed.into_iter().partition(|reported| reported.action == Action::Deny);
        let code = match allowed {
            true => 200,
            false if report.isolates => 403,
            false => 422,
        };
        let mut rests_on: Vec<_> = denials.first().into_iter().flat_map(|denial| denial.evidence()).collect();
        sort_and_dedup(&mut rests_on);
        let cut = |findings: &mut Vec<Reported>| findings.split_off(findings.len().min(MOST_FINDINGS));
        let (unlisted_findings, unlisted_warnings) = (cut(&mut denials), cut(&mut warnings));
        let kept = unlisted_findings.len() + unlisted_warnings.len();
        let omitted = kept + report.more_denials + report.more_warnings;
        Self {
            allowed,
            code,
            findings: denials,
            warnings,
            omitted,
            rests_on,
            unlisted_findings,
            unlisted_warnings,
            ..Self::admitted()
        }
    }

    /// The verdict as canonical JSON.
    pub fn to_json(&self) -> String {
        // Every key is a string and every value of this type can be written, so this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes every field by reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

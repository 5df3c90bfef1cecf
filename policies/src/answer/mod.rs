//! Renders a verdict as the API server, and through it the user, gets to see it.

mod policy_response;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::field::FieldPath;
use crate::finding::{Reason, Reported, Verdict};
use crate::request::Request;
use crate::settings::{Advice, Settings};

pub use policy_response::PolicyResponse;
pub use words::LONGEST_WARNING;

/// `metav1.Status`: how Kubernetes says that something went wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    api_version: &'static str,
    kind: &'static str,
    metadata: NoMetadata,
    #[serde(rename = "status")]
    outcome: &'static str,
    /// What went wrong, in one line.
    pub message: String,
    /// Why, in one word: `Invalid`, `Forbidden`, `BadRequest`.
    pub reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
    /// The HTTP status code.
    pub code: u16,
}

/// The `metav1.ListMeta` that a Status has, and never fills.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct NoMetadata {}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
}

/// `metav1.StatusCause`.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Cause {
    reason: Reason,
    message: String,
    field: FieldPath,
}

impl Status {
    /// A failure that is not a verdict.
    pub fn failure(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            api_version: "v1",
            kind: "Status",
            metadata: NoMetadata {},
            outcome: "Failure",
            message: message.into(),
            reason,
            details: None,
            code,
        }
    }

    /// The same, with the time after which it is worth another try. The API server makes a header `Retry-After` of it.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = Some(seconds);
        self
    }

    /// The same, with whom to ask, where the settings say so, and with who says it.
    #[must_use]
    pub fn advised(mut self, settings: &Settings) -> Self {
        self.message = words::signed(&self.message, &settings.advice);
        self
    }

    /// The refusal of a request; none if it is admitted.
    pub fn refusal(request: &Request, verdict: &Verdict, settings: &Settings) -> Option<Self> {
        if verdict.allowed {
            return None;
        }
        // Of a kind that no rule reads there is no more to say than the findings.
        let Some((kind, object)) = request.kind.zip(request.object_ref()) else {
            let causes: Vec<_> = verdict.findings.iter().map(|finding| Cause::of(finding, &settings.advice)).collect();
            return Some(Self::failure(verdict.code, "Invalid", one_line(&causes, verdict.omitted)));
        };
        let (reason, subject) = match (verdict.code, kind.group()) {
            (403, "") => ("Forbidden", format!("{} {:?} is forbidden", kind.plural(), object.name)),
            (403, group) => ("Forbidden", format!("{}.{group} {:?} is forbidden", kind.plural(), object.name)),
            (_, "") => ("Invalid", format!("{kind} {:?} is invalid", object.name)),
            (_, group) => ("Invalid", format!("{kind}.{group} {:?} is invalid", object.name)),
        };
        let details = Details {
            name: object.name,
            group: kind.group(),
            // Kubernetes has the kind here in an Invalid, and the resource in a Forbidden.
            kind: if verdict.code == 403 { kind.plural() } else { kind.name() },
            causes: verdict.findings.iter().map(|finding| Cause::of(finding, &settings.advice)).collect(),
            retry_after_seconds: None,
        };
        let message = format!("{subject}: {}", one_line(&details.causes, verdict.omitted));
        Some(Self { details: Some(details), ..Self::failure(verdict.code, reason, message) })
    }

    /// The status as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Cause {
    fn of(finding: &Reported, advice: &Advice) -> Self {
        Self { reason: finding.reason(), message: words::denial(finding, advice), field: finding.field().clone() }
    }
}

/// All denials in one line, as Kubernetes joins them: Helm, Argo CD and every 403 show nothing else.
fn one_line(causes: &[Cause], omitted: usize) -> String {
    let mut all: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    if omitted > 0 {
        all.push(format!("and {omitted} more"));
    }
    match all.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", all.join(", ")),
    }
}

/// The AdmissionReview that answers a request. A patch, where the verdict has a mutated object, is the runner's to make:
/// it comes in as base64.
pub fn answer(request: &Request, verdict: &Verdict, settings: &Settings, patch: Option<String>) -> Answer {
    let empty = Answer::empty(&request.uid, verdict.allowed);
    Answer {
        response: Response {
            status: Status::refusal(request, verdict, settings),
            warnings: words::warnings(verdict, &settings.advice),
            audit_annotations: audit_annotations(verdict),
            patch_type: patch.is_some().then_some("JSONPatch"),
            patch,
            ..empty.response
        },
        ..empty
    }
}

/// The AdmissionReview that declines the request of this uid without a verdict on it.
pub fn decline(uid: &str, status: Status) -> Answer {
    let empty = Answer::empty(uid, false);
    Answer { response: Response { status: Some(status), ..empty.response }, ..empty }
}

/// The AdmissionReview that admits the request of this uid without a verdict on it, and says so to its user and in the audit
/// log.
pub fn admit_unjudged(uid: &str, because: &str) -> Answer {
    let mut answer = Answer::empty(uid, true);
    answer.response.audit_annotations.insert("unjudged".to_owned(), because.to_owned());
    answer.warn(&format!("admitted without review: {because}"))
}

/// An AdmissionReview with an answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    api_version: &'static str,
    kind: &'static str,
    response: Response,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
}

impl Answer {
    fn empty(uid: &str, allowed: bool) -> Self {
        Self {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: Response {
                uid: uid.to_owned(),
                allowed,
                status: None,
                warnings: Vec::new(),
                audit_annotations: BTreeMap::new(),
                patch_type: None,
                patch: None,
            },
        }
    }

    /// The same, with a warning that is not a rule's.
    #[must_use]
    pub fn warn(mut self, text: &str) -> Self {
        self.response.warnings.push(words::remark(text));
        self
    }

    /// The answer as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What goes to the audit log of the API server: the whole verdict where it says anything, and in words of their own what
/// is suppressed and what was injected.
pub(crate) fn audit_annotations(verdict: &Verdict) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::new();
    if !verdict.findings.is_empty() || !verdict.warnings.is_empty() || !verdict.not_evaluated.is_empty() {
        let said = Verdict { mutated_object: None, ..verdict.clone() };
        annotations.insert("verdict".to_owned(), said.to_json());
    }
    let is_suppressed = |warning: &&Reported| warning.is_suppressed();
    let suppressed: Vec<_> = verdict.warnings.iter().filter(is_suppressed).map(ToString::to_string).collect();
    if !suppressed.is_empty() {
        annotations.insert("spared".to_owned(), suppressed.join("; "));
    }
    let injected = verdict.injected.iter().map(|i| format!("{}: {}={}: {}", i.rule, i.field, i.value, i.because));
    let injected: Vec<_> = injected.collect();
    if !injected.is_empty() {
        annotations.insert("injected".to_owned(), injected.join("; "));
    }
    annotations
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Inventory;
    use crate::kinds::Kind;
    use crate::review::review;
    use crate::settings::Settings;

    #[test]
    fn a_refusal_is_a_status_with_a_cause_for_each_finding() {
        let mut cluster = Inventory::default();
        let other = json!({"metadata": {"name": "b"}, "spec": {"vpc": "v", "cidrBlock": "10.0.4.0/24"}});
        cluster.apply(Kind::Subnet, &other);
        cluster.apply(Kind::Vpc, &json!({"metadata": {"name": "v"}}));
        let subnet = json!({
            "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": "a"},
            "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/16", "gateway": "10.1.0.1"},
        });
        let request = Request::of_object(subnet, None);
        let settings = Settings::parse(&json!({"contact": "ask us"})).unwrap();
        let verdict = review(&request, &cluster, &settings).unwrap();
        let help = |at: usize| match verdict.findings[at].help_text().trim_end_matches('.') {
            "" => String::new(),
            help => format!("; help: {help}"),
        };
        let overlap = r#"Invalid value: "10.0.0.0/16": overlaps Subnet "b" (10.0.4.0/24) in VPC "v""#;
        let overlap = format!("{overlap}{}; ask us [vpcguard subnet-cidr-overlap]", help(0));
        let gateway = r#"Invalid value: "10.1.0.1": not in spec.cidrBlock 10.0.0.0/16"#;
        let gateway = format!("{gateway}{}; ask us [vpcguard subnet-syntax]", help(1));
        assert!(overlap.contains("; help: "), "{overlap}");
        assert_eq!(
            serde_json::to_value(Status::refusal(&request, &verdict, &settings)).unwrap(),
            json!({
                "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure", "reason": "Invalid", "code": 422,
                "message": format!(
                    r#"Subnet.kubeovn.io "a" is invalid: [spec.cidrBlock: {overlap}, spec.gateway: {gateway}]"#
                ),
                "details": {"name": "a", "group": "kubeovn.io", "kind": "Subnet", "causes": [
                    {"reason": "FieldValueInvalid", "message": overlap, "field": "spec.cidrBlock"},
                    {"reason": "FieldValueInvalid", "message": gateway, "field": "spec.gateway"},
                ]},
            })
        );
    }
}

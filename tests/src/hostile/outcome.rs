//! What may become of a body.

use std::fmt;

use serde_json::Value;
use vpcguard_policies::LONGEST_WARNING;

use super::{BEGINNING, Begins, Body, UID};

/// The codes of a Status that says why there is no verdict.
const WITHOUT_VERDICT: &[u64] = &[400, 413, 429, 503];
/// The codes of a verdict.
const VERDICTS: &[u64] = &[403, 422];

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// There is a verdict.
    Admitted,
    /// There is a verdict.
    Refused,
    /// There is none.
    AdmittedUnjudged,
    /// There is none.
    RefusedUnjudged,
    /// Nobody knows what to answer to.
    HttpError,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Admitted => "admitted",
            Outcome::Refused => "refused",
            Outcome::AdmittedUnjudged => "admitted unjudged",
            Outcome::RefusedUnjudged => "refused unjudged",
            Outcome::HttpError => "HTTP error",
        })
    }
}

impl Body {
    /// What became of it by an HTTP status and a body, or why that must not be.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer.
    pub(super) fn outcome(&self, status: u16, answer: &[u8]) -> Result<Outcome, String> {
        let answer: Value = serde_json::from_slice(answer).map_err(|error| format!("no JSON in an answer: {error}"))?;
        let outcome = if status == 200 { self.response(&answer) } else { self.http_error(status, &answer) };
        outcome.map_err(|fault| {
            let text = answer.to_string();
            format!("{fault}: {status} {}", text.get(..2000).unwrap_or(&text))
        })
    }

    fn response(&self, review: &Value) -> Result<Outcome, String> {
        let is_review = review.get("kind").is_some_and(|kind| kind == "AdmissionReview")
            && review.get("apiVersion").is_some_and(|version| version == "admission.k8s.io/v1");
        let response = review.get("response").filter(|_| is_review).ok_or("no AdmissionReview")?;
        self.is_of(response.get("uid").and_then(Value::as_str).unwrap_or_default())?;
        let warnings = response.get("warnings").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if warnings.iter().any(|warning| warning.as_str().is_none_or(|text| text.chars().count() > LONGEST_WARNING)) {
            return Err(format!("a warning of more than {LONGEST_WARNING} characters"));
        }
        let is_unjudged = response.pointer("/auditAnnotations/unjudged").is_some();
        let code = response.pointer("/status/code").and_then(Value::as_u64);
        let outcome = match (response.get("allowed").and_then(Value::as_bool), code) {
            (Some(true), None) if is_unjudged && !warnings.is_empty() => Outcome::AdmittedUnjudged,
            (Some(true), None) if !is_unjudged => Outcome::Admitted,
            (Some(false), Some(code)) if VERDICTS.contains(&code) => Outcome::Refused,
            (Some(false), Some(code)) if WITHOUT_VERDICT.contains(&code) => Outcome::RefusedUnjudged,
            _ => return Err("no answer that the manual knows".to_owned()),
        };
        let says = response.pointer("/status/message").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if code.is_some() && !says {
            return Err("a refusal without a message".to_owned());
        }
        match (self.begins, outcome) {
            (Begins::Honestly { needs_verdict: Some(true) }, Outcome::AdmittedUnjudged) => {
                Err("admitted without the verdict that it needs".to_owned())
            }
            (Begins::Honestly { needs_verdict: Some(false) }, Outcome::RefusedUnjudged) => {
                Err("refused without a verdict, where no rule would have refused it".to_owned())
            }
            _ => Ok(outcome),
        }
    }

    fn http_error(&self, status: u16, answer: &Value) -> Result<Outcome, String> {
        if !WITHOUT_VERDICT.contains(&status.into()) {
            return Err("an HTTP status that no body explains".to_owned());
        }
        let is_status = answer.get("kind").is_some_and(|kind| kind == "Status");
        if !is_status || answer.get("code").and_then(Value::as_u64) != Some(status.into()) {
            return Err("no Status".to_owned());
        }
        if self.begins != Begins::Anyhow {
            return Err("an HTTP error for what begins as the API server begins".to_owned());
        }
        // What is a review, and has a uid where it is looked for, is answered.
        let says = |review: &Value, at: &str, text: &str| review.pointer(at).is_some_and(|value| value == text);
        if let Ok(review) = serde_json::from_slice::<Value>(&self.bytes)
            && says(&review, "/kind", "AdmissionReview")
            && says(&review, "/apiVersion", "admission.k8s.io/v1")
            && says(&review, "/request/uid", UID)
            && self.beginning().contains(&format!("\"uid\":\"{UID}\""))
        {
            return Err("an HTTP error for a review with a uid".to_owned());
        }
        Ok(Outcome::HttpError)
    }

    /// Whether a uid is one by which this request can be called.
    fn is_of(&self, uid: &str) -> Result<(), String> {
        let stands_there = || {
            let whole = serde_json::from_slice::<Value>(&self.bytes).unwrap_or_default();
            whole.pointer("/request/uid").is_some_and(|told| told == uid)
                || self.beginning().contains(uid)
                // It may be written with escapes.
                || self.beginning().contains('\\')
        };
        let is_right = match self.begins {
            Begins::Honestly { .. } => uid == UID,
            Begins::Anyhow => !uid.is_empty() && stands_there(),
        };
        if is_right { Ok(()) } else { Err(format!("the uid {uid:?}")) }
    }

    fn beginning(&self) -> String {
        let beginning = self.bytes.get(..BEGINNING).unwrap_or(&self.bytes);
        String::from_utf8_lossy(beginning).into_owned()
    }

    /// How an answer differs from the one to the same body in the spelling of everybody; none if it does not. Where there is no
    /// verdict, the message may say at which byte.
    pub(super) fn difference(outcome: Outcome, answer: &[u8], plain: Outcome, plain_answer: &[u8]) -> Option<String> {
        let judged = matches!(outcome, Outcome::Admitted | Outcome::Refused);
        (outcome != plain || (judged && answer != plain_answer)).then(|| {
            let (answer, plain_answer) = (String::from_utf8_lossy(answer), String::from_utf8_lossy(plain_answer));
            format!("spelled otherwise it is {outcome}, not {plain}: {answer} instead of {plain_answer}")
        })
    }
}

//! The answer of a policy to the Kubewarden policy server, which makes an AdmissionReview of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::answer::{Status, audit_annotations, words};
use crate::finding::Verdict;
use crate::request::Request;
use crate::settings::Settings;

/// What the policy server reads. It has no place for causes: the message says them all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyResponse {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutated_object: Option<Value>,
}

impl PolicyResponse {
    /// The answer to a request with this verdict.
    pub fn of(request: &Request, verdict: &Verdict, settings: &Settings) -> Self {
        let refusal = Status::refusal(request, verdict, settings);
        Self {
            accepted: verdict.allowed,
            code: refusal.as_ref().map(|refusal| refusal.code),
            message: refusal.map(|refusal| refusal.message),
            warnings: words::warnings(verdict, &settings.advice),
            audit_annotations: audit_annotations(verdict),
            mutated_object: verdict.mutated_object.clone(),
        }
    }

    /// The rejection of a request that got no verdict: 400 for one that cannot be read, 500 for what is not a fault of it.
    pub fn rejection(code: u16, message: String) -> Self {
        let (warnings, audit_annotations) = (Vec::new(), BTreeMap::new());
        Self {
            accepted: false,
            message: Some(message),
            code: Some(code),
            warnings,
            audit_annotations,
            mutated_object: None,
        }
    }

    /// The answer as JSON.
    pub fn to_json(&self) -> String {
        // Every key is a string and every value of this type can be written, so this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

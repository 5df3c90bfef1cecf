//! What a guest answers, as the policy server reads it.

use std::collections::BTreeMap;

use json_patch::Patch;
use serde::Deserialize;
use serde_json::Value;

/// The answer to a request.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Whether the object may be stored.
    pub accepted: bool,
    /// Why not.
    pub message: Option<String>,
    /// The HTTP status code of a refusal.
    pub code: Option<u16>,
    /// What the user is told besides.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What goes to the audit log.
    #[serde(default)]
    pub audit_annotations: BTreeMap<String, String>,
    /// The object as it is to be.
    pub mutated_object: Option<Value>,
}

impl Reply {
    /// The patch that the policy server makes of it for the API server; none where nothing changes.
    pub fn patch(&self, object: &Value) -> Option<Patch> {
        let patch = json_patch::diff(object, self.mutated_object.as_ref()?);
        Some(patch).filter(|patch| !patch.0.is_empty())
    }
}

/// The answer to settings.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SettingsReply {
    /// Whether the policy can run with them.
    pub valid: bool,
    /// What is wrong.
    pub message: Option<String>,
}

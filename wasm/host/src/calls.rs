//! What guests ask of the policy server.

use serde::Deserialize;

/// One question of a guest, as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `list_resources_all`, `list_resources_by_namespace` or `get_resource`.
    pub operation: String,
    /// The kind that was asked for.
    pub kind: String,
    /// The name, or nothing for a list.
    pub name: Option<String>,
    /// The namespace, if one was given.
    pub namespace: Option<String>,
    /// Whether the answer was to come from the API server itself.
    pub live: bool,
    /// The length of the answer; none where it was an error.
    pub bytes: Option<usize>,
}

/// A question of a guest, and the answer or what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The operation.
    pub operation: String,
    /// The payload, in JSON.
    pub question: Vec<u8>,
    /// The answer, in JSON; or the policy server's error.
    pub answer: Result<Vec<u8>, String>,
}

/// The payload of each operation. A policy server ignores fields that it does not know; here they are errors, for a
/// misspelt one would never be noticed there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAll {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) label_selector: Option<String>,
    pub(crate) field_selector: Option<String>,
    pub(crate) field_masks: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListByNamespace {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) label_selector: Option<String>,
    pub(crate) field_selector: Option<String>,
    pub(crate) field_masks: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Get {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) disable_cache: bool,
    pub(crate) field_masks: Option<Vec<String>>,
}

/// A question, whatever its operation.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) what: What,
    pub(crate) masks: Option<Vec<String>>,
}

#[derive(Debug)]
pub(crate) enum What {
    List { selects: bool },
    One { name: String, live: bool },
}

impl Question {
    /// Reads a payload.
    pub(crate) fn parse(operation: &str, payload: &[u8]) -> Result<Self, String> {
        let unreadable = |error: serde_json::Error| error.to_string();
        match operation {
            "list_resources_all" => {
                let list: ListAll = serde_json::from_slice(payload).map_err(unreadable)?;
                let selects = list.label_selector.is_some() || list.field_selector.is_some();
                Ok(Self {
                    api_version: list.api_version,
                    kind: list.kind,
                    namespace: None,
                    what: What::List { selects },
                    masks: list.field_masks,
                })
            }
            "list_resources_by_namespace" => {
                let list: ListByNamespace = serde_json::from_slice(payload).map_err(unreadable)?;
                let selects = list.label_selector.is_some() || list.field_selector.is_some();
                Ok(Self {
                    api_version: list.api_version,
                    kind: list.kind,
                    namespace: Some(list.namespace),
                    what: What::List { selects },
                    masks: list.field_masks,
                })
            }
            "get_resource" => {
                let get: Get = serde_json::from_slice(payload).map_err(unreadable)?;
                Ok(Self {
                    api_version: get.api_version,
                    kind: get.kind,
                    namespace: get.namespace,
                    what: What::One { name: get.name, live: get.disable_cache },
                    masks: get.field_masks,
                })
            }
            _ => Err(format!("unknown operation: {operation}")),
        }
    }

    /// What is noted of it.
    pub(crate) fn note(&self, operation: &str, bytes: Option<usize>) -> Call {
        let (name, live) = match &self.what {
            What::List { .. } => (None, false),
            What::One { name, live } => (Some(name.clone()), *live),
        };
        Call {
            operation: operation.to_owned(),
            kind: self.kind.clone(),
            name,
            namespace: self.namespace.clone(),
            live,
            bytes,
        }
    }
}

//! What a module says of itself.

use std::collections::BTreeSet;

use serde::Deserialize;
use wasmparser::{Parser, Payload};

/// The custom section that holds it.
pub const SECTION: &str = "io.kubewarden.metadata";

/// The metadata of a policy, as far as a policy server and the API server go by it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The version of the protocol; `v1` is the only one.
    pub protocol_version: String,
    /// What the policy is asked about.
    pub rules: Vec<Rule>,
    /// Whether it may change objects.
    pub mutating: bool,
    /// The kinds that it may read.
    #[serde(default)]
    pub context_aware_resources: BTreeSet<Resource>,
    /// The host capabilities that it may use: `kubernetes/get_resource`, or `kubernetes/*`.
    #[serde(default)]
    pub host_capabilities: Vec<String>,
}

/// A rule of a webhook configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The API groups.
    pub api_groups: Vec<String>,
    /// The versions.
    pub api_versions: Vec<String>,
    /// The resources, in the plural.
    pub resources: Vec<String>,
    /// `CREATE`, `UPDATE`, …
    pub operations: Vec<String>,
}

/// A kind that a policy may read.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its version.
    pub api_version: String,
    /// Its name.
    pub kind: String,
}

/// Why a module is not a policy.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// No module at all.
    #[error("it is not WebAssembly: {0}")]
    NotWasm(#[from] wasmparser::BinaryReaderError),
    /// A policy server refuses it.
    #[error("it has no section {SECTION}: annotate it, as `cargo xtask wasm` does")]
    Missing,
    /// It cannot be read.
    #[error("its section {SECTION} cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A policy server knows one version.
    #[error("its protocolVersion is {0:?}, not \"v1\"")]
    Protocol(String),
}

impl Metadata {
    /// Reads it out of a module.
    ///
    /// # Errors
    ///
    /// Why a policy server refuses the module.
    pub fn of(module: &[u8]) -> Result<Self, MetadataError> {
        for payload in Parser::new(0).parse_all(module) {
            let Payload::CustomSection(section) = payload? else { continue };
            if section.name() == SECTION {
                let metadata: Self = serde_json::from_slice(section.data())?;
                return match metadata.protocol_version.as_str() {
                    "v1" => Ok(metadata),
                    other => Err(MetadataError::Protocol(other.to_owned())),
                };
            }
        }
        Err(MetadataError::Missing)
    }

    /// Whether the API server asks about a resource and an operation.
    pub fn is_asked(&self, group: &str, version: &str, resource: &str, operation: &str) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted || one == "*");
        self.rules.iter().any(|rule| {
            has(&rule.api_groups, group)
                && has(&rule.api_versions, version)
                && has(&rule.resources, resource)
                && has(&rule.operations, operation)
        })
    }
}

//! What a policy may ask for, by its metadata.

use std::collections::BTreeSet;

use crate::calls::Question;
use crate::metadata::{Metadata, Resource};

/// The host capabilities and the kinds that a policy was granted.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    capabilities: Vec<String>,
    resources: BTreeSet<Resource>,
}

impl Grants {
    /// What the metadata asks for: an administrator grants that, and no more.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { capabilities: metadata.host_capabilities.clone(), resources: metadata.context_aware_resources.clone() }
    }

    /// Refuses a capability that was not granted.
    pub(crate) fn must_allow(&self, namespace: &str, operation: &str) -> Result<(), String> {
        let path = format!("{namespace}/{operation}");
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => *pattern == path,
        };
        if self.capabilities.iter().any(matches) {
            return Ok(());
        }
        Err(format!(
            "Policy has not been granted access to the '{path}' host capability. The violation has been reported."
        ))
    }

    /// Refuses a kind that was not granted.
    pub(crate) fn must_show(&self, question: &Question) -> Result<(), String> {
        let Question { api_version, kind, .. } = question;
        let wanted = Resource { api_version: api_version.clone(), kind: kind.clone() };
        if self.resources.contains(&wanted) {
            return Ok(());
        }
        Err(format!(
            "Policy has not been granted access to Kubernetes {api_version}/{kind} resources. The violation has been reported."
        ))
    }
}

//! The role of an auditor: all that a rule looks at or looks up.

use anyhow::Result;
use serde_json::{Value, json};
use vpcguard_policies::Kind;

use crate::yaml;

/// As a block of a page.
pub(super) fn role() -> Result<String> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for kind in Kind::ALL.iter().filter(|kind| kind.is_stored()) {
        match groups.iter_mut().find(|(group, _)| *group == kind.group()) {
            Some((_, plurals)) => plurals.push(kind.plural()),
            None => groups.push((kind.group(), vec![kind.plural()])),
        }
    }
    let allowed = |(group, plurals): (&str, Vec<&str>)| -> Value {
        json!({"apiGroups": [group], "resources": plurals, "verbs": ["get", "list"]})
    };
    let role = yaml::text(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "vpcguard-auditor"},
        "rules": groups.into_iter().map(allowed).collect::<Vec<_>>(),
    }))?;
    Ok(format!("```yaml\n{role}```"))
}

//! The role of an auditor: all that a rule looks at or looks up, and whose settings the webhook has.

use anyhow::Result;
use serde_json::{Value, json};
use vpcguard_policies::Kind;
use vpcguard_policies::kinds::by_group;

use crate::yaml;

/// As a block of a page.
pub(super) fn role() -> Result<String> {
    let groups = by_group(Kind::ALL.iter().copied().filter(|kind| kind.is_stored()));
    let allowed = |(group, plurals): (&str, Vec<&str>)| -> Value {
        json!({"apiGroups": [group], "resources": plurals, "verbs": ["get", "list"]})
    };
    let of_the_webhook = json!({
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["validatingwebhookconfigurations"],
        "resourceNames": ["vpcguard"],
        "verbs": ["get"],
    });
    let role = yaml::text(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "vpcguard-auditor"},
        "rules": groups.into_iter().map(allowed).chain([of_the_webhook]).collect::<Vec<_>>(),
    }))?;
    Ok(format!("```yaml\n{role}```"))
}

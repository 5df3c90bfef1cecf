//! Refuses a field of the wrong JSON type.
//!
//! Kube-OVN's schema gives every field a type. An API server with the CRDs installed refuses a wrong one before vpcguard
//! sees it; in a folder of manifests, or with a CRD of another version, nothing does. A rule that cannot read a field
//! cannot judge it, so the field is refused, and the other rules leave it alone.
//!
//! Only the fields that a rule of vpcguard reads are looked at. The data of a ConfigMap are not: see `gateway-config`.
//!
//! ```yaml bad
//! # bad: a list, where Kube-OVN wants one string
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec:
//!   cidrBlock: [10.17.0.0/16]
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec:
//!   cidrBlock: 10.17.0.0/16
//! ```

use crate::request::TypedObject;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "field-type",
    summary: "a field that a rule reads has the wrong JSON type",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Any(check)],
};

fn check(object: &TypedObject<'_>, context: &mut Context<'_>) -> Outcome {
    for error in &object.type_errors {
        let is_label = error.field.to_string().starts_with("spec.selector[");
        let help = match error.meant.as_ref().filter(|_| is_label) {
            Some(text) => {
                format!("A blank behind a colon makes an object of a text: write it as {}, in quotes.", quoted(text))
            }
            None => "Give the field the type that Kube-OVN's schema gives it; quote a text.".to_owned(),
        };
        context.deny(Finding::type_error(error).help(help));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create, update};

    #[test]
    fn a_wrong_type_is_refused_and_the_other_rules_skip_the_field() {
        Cluster::of(super::RULE.id).refuses(
            &json!({"kind": "Subnet", "spec": {"cidrBlock": 10, "gateway": "10.0.0.1"}}),
            &["spec.cidrBlock: Invalid value: 10: must be a string, not a number [field-type]"],
        );
    }

    #[test]
    fn a_text_that_yaml_takes_for_an_object_is_written_out() {
        let rule = |selector: serde_json::Value| json!({"kind": "SwitchLBRule", "spec": {"selector": selector}});
        let help = |selector: serde_json::Value| {
            Cluster::of(RULE.id).verdict(&create(&rule(selector))).findings[0].help_text().to_owned()
        };
        let wanted = r#"A blank behind a colon makes an object of a text: write it as "app:web", in quotes."#;
        assert_eq!(help(json!([{"app": "web"}])), wanted);
        for selector in
            [json!([{"app": "web", "tier": "a"}]), json!([{"app": 1}]), json!([{}]), json!([1]), json!({"app": "web"})]
        {
            assert!(help(selector).starts_with("Give the field the type"));
        }
        let named = json!({"kind": "Subnet", "spec": {"vpc": {"name": "blue"}, "namespaces": [{"name": "a"}]}});
        let verdict = Cluster::of(RULE.id).verdict(&create(&named));
        assert!(verdict.findings.iter().all(|finding| finding.help_text().starts_with("Give the field the type")));
    }

    #[test]
    fn an_old_wrong_type_is_a_warning() {
        let old = json!({"kind": "Vpc", "spec": {"namespaces": "ns1"}});
        let new = json!({"kind": "Vpc", "spec": {"namespaces": "ns1", "enableExternal": false}});
        let verdict = Cluster::of(super::RULE.id).verdict(&update(&old, &new));
        assert!(verdict.allowed);
        assert_eq!(verdict.warnings[0].rule(), RULE.id);
    }
}

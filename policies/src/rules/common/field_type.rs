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
        let finding = Finding::type_error(error);
        context.deny(finding.help("Give the field the type that Kube-OVN's schema gives it; quote a text."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::rules::support::testing::{Cluster, update};

    #[test]
    fn a_wrong_type_is_refused_and_the_other_rules_skip_the_field() {
        Cluster::of(super::RULE.id).refuses(
            &json!({"kind": "Subnet", "spec": {"cidrBlock": 10, "gateway": "10.0.0.1"}}),
            &["spec.cidrBlock: Invalid value: 10: must be a string, not a number [field-type]"],
        );
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

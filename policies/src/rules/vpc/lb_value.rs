//! Wants `ovn.kubernetes.io/vpc_lb` to be `on` or `off`.
//!
//! Kube-OVN takes everything but "on", in any case, for off: `true`, `yes` or `on ` with whitespace behind it delete the VPC's load
//! balancer without a word. `inject-vpc-lb` turns the usual other spellings into these two before this rule looks.
//!
//! ```yaml bad
//! # bad: Kube-OVN takes it for off
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   annotations: {ovn.kubernetes.io/vpc_lb: active}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata:
//!   name: blue
//!   annotations: {ovn.kubernetes.io/vpc_lb: "on"}
//! ```
//!
//! Write `"on"` or `"off"`, in quotes: YAML takes a bare one for a boolean.

use crate::kinds::{VPC_LB, Vpc};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "vpc-lb-value",
    summary: "ovn.kubernetes.io/vpc_lb is neither on nor off",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Vpc(&[Read::Annotation(VPC_LB)], check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    let Some(value) = vpc.meta.annotation(VPC_LB) else { return Ok(()) };
    if !value.eq_ignore_ascii_case("on") && !value.eq_ignore_ascii_case("off") {
        let finding = Finding::not_supported(FieldPath::annotation(VPC_LB), value, &["on", "off"]);
        context.deny(finding.help("Kube-OVN takes everything but \"on\" for off, and deletes the load balancer."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, as_warning};

    fn vpc(value: &str) -> Value {
        json!({"kind": "Vpc", "annotations": {"ovn.kubernetes.io/vpc_lb": value}})
    }

    #[test]
    fn on_and_off_are_accepted_in_any_case() {
        for value in ["on", "off", "ON", "Off"] {
            Cluster::of(super::RULE.id).accepts(&vpc(value));
        }
    }

    #[test]
    fn everything_else_is_a_warning() {
        for value in ["true", "on ", ""] {
            let wanted = format!(
                r#"metadata.annotations[ovn.kubernetes.io/vpc_lb]: Unsupported value: {value:?}: supported values: "on", "off" [vpc-lb-value]"#
            );
            Cluster::of(super::RULE.id).warns(&vpc(value), &[&as_warning(&wanted)]);
            Cluster::of(super::RULE.id)
                .settings(&json!({"rules": {"vpc-lb-value": "deny"}}))
                .refuses(&vpc(value), &[&wanted]);
        }
    }
}

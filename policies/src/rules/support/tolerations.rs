//! What the Pods of a gateway put up with on nodes, as Kubernetes knows it.

use super::{corrections, labels};
use crate::kinds::Toleration;
use crate::rule::prelude::*;

const OPERATORS: &[&str] = &["Exists", "Equal"];
/// Those that compare numbers.
const BY_NUMBER: &[&str] = &["Gt", "Lt"];
const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
/// The effect that comes over Pods which run already.
const EVICTS: &str = "NoExecute";

const REFUSED: &str = "the API server refuses the Pods of the gateway";

/// Refuses in `spec.tolerations` what makes Kubernetes refuse the Pods.
pub(crate) fn judge(tolerations: &[Toleration], context: &mut Context<'_>) {
    for (at, toleration) in tolerations.iter().enumerate() {
        let path = FieldPath::of("spec.tolerations").index(at);
        let is_known = operator(toleration, &path, context);
        key(toleration, is_known, &path, context);
        value(toleration, &path, context);
        effect(toleration, &path, context);
    }
}

/// Judges the operator, and whether it is one that Kubernetes knows. An empty one is `Equal`.
fn operator(toleration: &Toleration, path: &FieldPath, context: &mut Context<'_>) -> bool {
    let (text, field) = (toleration.operator.as_str(), path.clone().field("operator"));
    if BY_NUMBER.contains(&text) {
        let detail = "is known since Kubernetes v1.35 alone, and only with the feature gate \
                      TaintTolerationComparisonOperators: others refuse the Pods of the gateway";
        context.warn(Finding::invalid(field, text, detail).help(corrections::choice("", OPERATORS)));
    } else if !text.is_empty() && !OPERATORS.contains(&text) {
        let finding = Finding::not_supported(field, text, OPERATORS);
        context.deny(finding.help(corrections::choice(text, OPERATORS)));
        return false;
    }
    true
}

fn key(toleration: &Toleration, is_known: bool, path: &FieldPath, context: &mut Context<'_>) {
    let (text, field) = (toleration.key.as_str(), path.clone().field("key"));
    if !text.is_empty() {
        if !labels::is_key(text) {
            let finding = Finding::invalid(field, text, format!("is no key that a taint has: {REFUSED}"));
            context.deny(finding.help("Write the key as `kubectl describe node` has it, without a value."));
        }
    } else if is_known && toleration.operator != "Exists" {
        let detail = format!("without a key the operator must be Exists, for all taints: {REFUSED}");
        let finding = Finding::required(field, detail);
        context.deny(finding.help("Write the key of the taint, or operator: Exists for all taints."));
    }
}

fn value(toleration: &Toleration, path: &FieldPath, context: &mut Context<'_>) {
    let (text, field) = (toleration.value.as_str(), path.clone().field("value"));
    match toleration.operator.as_str() {
        "Exists" if !text.is_empty() => {
            let finding = Finding::invalid(field, text, format!("stands beside operator Exists: {REFUSED}"));
            context.deny(finding.help("Leave it out, or write operator: Equal."));
        }
        "" | "Equal" if !labels::is_value(text) => {
            let finding = Finding::invalid(field, text, format!("is no value that a taint has: {REFUSED}"));
            context.deny(finding.help("Write the value as `kubectl describe node` has it."));
        }
        "Gt" | "Lt" if text.parse::<i64>().is_err() => {
            let finding = Finding::invalid(field, text, format!("is no whole number: {REFUSED}"));
            context.deny(finding.help("Write a whole number, or operator: Equal."));
        }
        _ => {}
    }
}

fn effect(toleration: &Toleration, path: &FieldPath, context: &mut Context<'_>) {
    let text = toleration.effect.as_str();
    // Kubernetes fills in what is empty.
    if !text.is_empty() && !EFFECTS.contains(&text) {
        let finding = Finding::not_supported(path.clone().field("effect"), text, EFFECTS);
        context.deny(finding.help(corrections::choice(text, EFFECTS)));
    } else if toleration.is_timed && text != EVICTS {
        let detail = format!("goes with effect {EVICTS} alone: {REFUSED}");
        let finding = Finding::forbidden(path.clone().field("tolerationSeconds"), "", detail);
        context.deny(finding.help(format!("Leave it out, or write effect: {EVICTS}.")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::Cluster;

    fn gateway(toleration: &Value) -> Value {
        let spec = json!({"vpc": "v", "subnet": "s", "lanIp": "10.0.1.254", "tolerations": [toleration]});
        json!({"kind": "VpcNatGateway", "name": "gw", "spec": spec})
    }

    fn cluster() -> Cluster {
        Cluster::of("gateway-syntax")
    }

    #[test]
    fn what_kubernetes_takes_passes() {
        for toleration in [
            json!({"operator": "Exists"}),
            json!({"operator": "Exists", "effect": "NoSchedule"}),
            json!({"key": "edge"}),
            json!({"key": "edge", "value": "yes"}),
            json!({"key": "example.com/edge", "operator": "Equal", "value": ""}),
            json!({"key": "edge", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}),
        ] {
            cluster().accepts(&gateway(&toleration));
        }
    }

    #[test]
    fn what_kubernetes_refuses_is_refused() {
        let refused = "the API server refuses the Pods of the gateway";
        for (toleration, field, fault) in [
            (json!({}), "key", "Required value: without a key the operator must be Exists, for all taints"),
            (
                json!({"operator": "Equal", "effect": "NoSchedule"}),
                "key",
                "Required value: without a key the operator must be Exists, for all taints",
            ),
            (
                json!({"value": "yes"}),
                "key",
                "Required value: without a key the operator must be Exists, for all taints",
            ),
            (json!({"key": "a=b"}), "key", r#"Invalid value: "a=b": is no key that a taint has"#),
            (
                json!({"key": "a", "operator": "Exists", "value": "b"}),
                "value",
                r#"Invalid value: "b": stands beside operator Exists"#,
            ),
            (
                json!({"operator": "Exists", "value": "b"}),
                "value",
                r#"Invalid value: "b": stands beside operator Exists"#,
            ),
            (json!({"key": "a", "value": "b c"}), "value", r#"Invalid value: "b c": is no value that a taint has"#),
            (
                json!({"key": "a", "effect": "NoSchedule", "tolerationSeconds": 5}),
                "tolerationSeconds",
                "Forbidden: goes with effect NoExecute alone",
            ),
        ] {
            let wanted = format!("spec.tolerations[0].{field}: {fault}: {refused} [gateway-syntax]");
            cluster().refuses(&gateway(&toleration), &[&wanted]);
        }
        let wanted = r#"spec.tolerations[0].operator: Unsupported value: "exists": supported values: "Exists", "Equal" [gateway-syntax]"#;
        cluster().refuses(&gateway(&json!({"operator": "exists"})), &[wanted]);
    }

    #[test]
    fn numbers_are_compared_behind_a_gate() {
        let detail = "is known since Kubernetes v1.35 alone, and only with the feature gate TaintTolerationComparisonOperators: others refuse the Pods of the gateway";
        let wanted = format!(r#"spec.tolerations[0].operator: "Gt": {detail} [gateway-syntax]"#);
        cluster().warns(&gateway(&json!({"key": "a", "operator": "Gt", "value": "5"})), &[&wanted]);
        let verdict = cluster().verdict(&crate::rules::support::testing::create(&gateway(
            &json!({"key": "a", "operator": "Lt", "value": "five"}),
        )));
        assert!(!verdict.allowed);
    }
}

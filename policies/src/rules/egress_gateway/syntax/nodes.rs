//! Which nodes the gateway's Pods run on.

use crate::kinds::{EgressGateway, NodeCondition, is_name};
use crate::rule::prelude::*;
use crate::rules::support::{corrections, labels};

/// What Kubernetes compares a node's labels with, and its fields.
const OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
const OF_FIELDS: &[&str] = &["In", "NotIn"];
/// The fields of a node that it is selected by.
const FIELDS: &[&str] = &["metadata.name"];

const REFUSED: &str = "the API server refuses the Deployment of the gateway";
const HELP: &str = "Write the values that the operator needs, or another operator.";

/// Refuses conditions for which Kubernetes refuses the Deployment of the gateway.
pub(super) fn judge(gateway: &EgressGateway, context: &mut Context<'_>) {
    for (at, selector) in gateway.node_selector.iter().enumerate() {
        let place = FieldPath::of("spec.nodeSelector").index(at);
        for (key, value) in &selector.labels {
            labels::label(key, [value], || place.clone().field("matchLabels").key(key), REFUSED, context);
        }
        for (at, condition) in selector.expressions.iter().enumerate() {
            by_label(condition, &place.clone().field("matchExpressions").index(at), context);
        }
        for (at, condition) in selector.fields.iter().enumerate() {
            by_field(condition, &place.clone().field("matchFields").index(at), context);
        }
    }
}

fn by_label(condition: &NodeCondition, place: &FieldPath, context: &mut Context<'_>) {
    let (operator, given) = (condition.operator.as_str(), condition.values.len());
    labels::label(&condition.key, &condition.values, || place.clone(), REFUSED, context);
    let (is_right, wanted) = match operator {
        "In" | "NotIn" => (given > 0, "one value or more"),
        "Gt" | "Lt" => (given == 1, "one value"),
        "Exists" | "DoesNotExist" => (given == 0, "no values"),
        _ => return unknown(operator, OPERATORS, place, context),
    };
    if !is_right {
        needs(condition, wanted, place, context);
    } else if matches!(operator, "Gt" | "Lt") && condition.values.iter().any(|value| value.parse::<i64>().is_err()) {
        let detail = format!("{operator} compares with a whole number, so no node is selected");
        let finding = Finding::invalid(place.clone().field("values"), &condition.values.join(", "), detail);
        context.deny(finding.help("Write a whole number, or another operator."));
    }
}

fn by_field(condition: &NodeCondition, place: &FieldPath, context: &mut Context<'_>) {
    let (key, operator) = (condition.key.as_str(), condition.operator.as_str());
    if !FIELDS.contains(&key) {
        let finding = Finding::not_supported(place.clone().field("key"), key, FIELDS);
        context.deny(finding.help("Select by metadata.name, or by labels in matchExpressions."));
    }
    if !OF_FIELDS.contains(&operator) {
        return unknown(operator, OF_FIELDS, place, context);
    }
    match condition.values.as_slice() {
        [name] if is_name(name) || !FIELDS.contains(&key) => {}
        [name] => {
            let finding =
                Finding::invalid(place.clone().field("values"), name, format!("is no name of a node: {REFUSED}"));
            context.deny(finding.help("Write the name as `kubectl get nodes` has it."));
        }
        _ => needs(condition, "one value in matchFields", place, context),
    }
}

fn unknown(operator: &str, supported: &[&str], place: &FieldPath, context: &mut Context<'_>) {
    let finding = Finding::not_supported(place.clone().field("operator"), operator, supported);
    context.deny(finding.help(corrections::choice(operator, supported)));
}

fn needs(condition: &NodeCondition, wanted: &str, place: &FieldPath, context: &mut Context<'_>) {
    let detail = format!("{} needs {wanted}, so {REFUSED}", condition.operator);
    let finding = Finding::invalid(place.clone().field("values"), &condition.values.join(", "), detail);
    context.deny(finding.help(HELP));
}

//! The rules, as a SARIF log describes them.

use serde_json::{Value, json};
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;

/// Where the page of a rule is, to be followed by its id.
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules.md#");

/// All rules: those that review, then those that inject.
pub(super) fn all() -> Vec<Value> {
    let reviewing = TABLE.iter().map(|rule| {
        let configuration = match rule.default {
            RuleAction::Deny => json!({"level": "error"}),
            RuleAction::Warn => json!({"level": "warning"}),
            RuleAction::Off => json!({"enabled": false, "level": "none"}),
        };
        described(rule.id, rule.summary, configuration)
    });
    let injecting = INJECTIONS.iter().map(|rule| described(rule.id, rule.summary, json!({"level": "note"})));
    reviewing.chain(injecting).collect()
}

/// Which of all rules this is, from 0; -1 for none, as SARIF has it.
pub(super) fn index(id: &str) -> i64 {
    let ids = TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id));
    (0..).zip(ids).find(|(_, rule)| *rule == id).map_or(-1, |(at, _)| at)
}

fn described(id: &str, summary: &str, configuration: Value) -> Value {
    json!({
        "id": id,
        "shortDescription": {"text": summary},
        "helpUri": format!("{PAGE}{id}"),
        "defaultConfiguration": configuration,
    })
}

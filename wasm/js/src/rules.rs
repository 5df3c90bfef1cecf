//! What there is to switch on and off.

use serde_json::{Value, json};
use vpcguard_policies::Kind;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;

/// All rules, as `vpcguard rules --format json` lists them.
pub(crate) fn list() -> Value {
    let reviewing = TABLE.iter().map(|rule| {
        let kinds: Vec<_> = rule.kinds().map(Kind::name).collect();
        let default = match rule.default {
            RuleAction::Deny => "deny",
            RuleAction::Warn => "warn",
            RuleAction::Off => "off",
        };
        json!({"id": rule.id, "kinds": kinds, "default": default, "summary": rule.summary, "mutates": false})
    });
    let injecting = INJECTIONS.iter().map(|rule| {
        json!({"id": rule.id, "kinds": [rule.kind.name()], "default": "on", "summary": rule.summary, "mutates": true})
    });
    reviewing.chain(injecting).collect()
}

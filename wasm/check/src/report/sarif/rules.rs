//! The rules, as a SARIF log describes them.

use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;

use super::shape::{Configuration, Descriptor, Text};

/// Where the page of a rule is, to be followed by its id.
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules.md#");

/// All rules: those that review, then those that inject.
pub(super) fn all<'a>() -> Vec<Descriptor<'a>> {
    let reviewing = TABLE.iter().map(|rule| {
        let (enabled, level) = match rule.default {
            RuleAction::Deny => (None, "error"),
            RuleAction::Warn => (None, "warning"),
            RuleAction::Off => (Some(false), "none"),
        };
        described(rule.id, rule.summary, Configuration { enabled, level })
    });
    let note = || Configuration { enabled: None, level: "note" };
    reviewing.chain(INJECTIONS.iter().map(|rule| described(rule.id, rule.summary, note()))).collect()
}

/// Which of all rules this is, from 0.
pub(super) fn index(id: &str) -> Option<usize> {
    let ids = TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id));
    ids.into_iter().position(|rule| rule == id)
}

fn described<'a>(id: &'a str, summary: &str, default_configuration: Configuration) -> Descriptor<'a> {
    let short_description = Text { text: summary.to_owned() };
    Descriptor { id, short_description, help_uri: format!("{PAGE}{id}"), default_configuration }
}

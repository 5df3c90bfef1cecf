//! The rules, as a SARIF log describes them: all that GitHub's code scanning asks for, and no more than it shows.

use serde_json::{Value, json};
use vpcguard_policies::Kind;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::settings::RuleAction;

/// Where the page of a rule of this version is, to be followed by its id.
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/v", env!("CARGO_PKG_VERSION"), "/docs/rules.md#");

/// What is said of a rule.
struct Described<'a> {
    id: &'a str,
    summary: &'a str,
    /// What it does, in a sentence.
    does: String,
    configuration: Value,
    severity: &'a str,
    tags: Vec<&'a str>,
}

/// All rules: those that review, then those that inject.
pub(super) fn all() -> Vec<Value> {
    let reviewing = TABLE.iter().map(|rule| {
        let (configuration, severity, does) = match rule.default {
            RuleAction::Deny => (json!({"level": "error"}), "error", "denies it"),
            RuleAction::Warn => (json!({"level": "warning"}), "warning", "warns of it"),
            RuleAction::Off => (json!({"enabled": false, "level": "note"}), "recommendation", "is off"),
        };
        let isolates = if rule.isolates { " It keeps tenants apart: no annotation or comment excuses it." } else { "" };
        let does = format!("By default the rule {does}.{isolates}");
        let tags = ["kube-ovn", rule.policy.name()].into_iter().chain(rule.isolates.then_some("isolation"));
        described(Described { id: rule.id, summary: rule.summary, does, configuration, severity, tags: tags.collect() })
    });
    let injecting = INJECTIONS.iter().map(|rule| {
        let does = format!("It is injected into {}.", kinds(rule.kind));
        let (configuration, tags) = (json!({"level": "note"}), vec!["kube-ovn", "injection"]);
        let severity = "recommendation";
        described(Described { id: rule.id, summary: rule.summary, does, configuration, severity, tags })
    });
    reviewing.chain(injecting).collect()
}

fn kinds(kind: Kind) -> String {
    format!("{}s", kind.name())
}

/// Which of all rules this is, from 0; -1 for none, as SARIF has it.
pub(super) fn index(id: &str) -> i64 {
    let ids = TABLE.iter().map(|rule| rule.id).chain(INJECTIONS.iter().map(|rule| rule.id));
    (0..).zip(ids).find(|(_, rule)| *rule == id).map_or(-1, |(at, _)| at)
}

fn described(rule: Described<'_>) -> Value {
    let Described { id, summary, does, configuration, severity, tags } = rule;
    let (page, sentence) = (format!("{PAGE}{id}"), sentence(summary));
    json!({
        "id": id,
        "name": pascal(id),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": format!("{sentence} {does}")},
        "help": {
            "text": format!("{sentence} {does} Why, a bad and a good example, and how to fix it: {page}"),
            "markdown": format!(
                "{sentence} {does}\n\n[The page of `{id}`]({page}) says why, and has a bad and a good example and how to fix it."
            ),
        },
        "helpUri": page,
        "defaultConfiguration": configuration,
        "properties": {"tags": tags, "precision": "high", "problem.severity": severity},
    })
}

/// A summary, which is in the middle of a line elsewhere, as a sentence. A name at its beginning stays as it is written.
fn sentence(summary: &str) -> String {
    let first = summary.split(' ').next().unwrap_or_default();
    if !first.chars().all(|character| character.is_ascii_lowercase() || matches!(character, '-' | '\'')) {
        return format!("{}.", summary.trim_end_matches('.'));
    }
    format!("{}.", capitalised(summary).trim_end_matches('.'))
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

/// `subnet-cidr-overlap` as SARIF wants names: `SubnetCidrOverlap`.
fn pascal(id: &str) -> String {
    id.split('-').map(capitalised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_the_beginning_stays_as_it_is() {
        assert_eq!(sentence("a Subnet's VPC changes"), "A Subnet's VPC changes.");
        assert_eq!(sentence("ovn.kubernetes.io/vpc_lb is on"), "ovn.kubernetes.io/vpc_lb is on.");
        assert_eq!(sentence("lanIp is missing."), "lanIp is missing.");
        assert_eq!(pascal("subnet-v4-overlap"), "SubnetV4Overlap");
    }
}

//! `questions-ui.yml`: the settings as Rancher asks for them. One schema for all policies; asked is only what a policy reads.

use serde::Serialize;
use serde_json::{Value, json};
use vpcguard_policies::Policy;
use vpcguard_policies::rule::Rule;
use vpcguard_policies::settings::{RuleAction, Settings};

use super::metadata::capitalised;

/// The content of a questions-ui.yml.
#[derive(Debug, Serialize)]
pub(super) struct Questions {
    questions: Vec<Question>,
}

#[derive(Debug, Serialize)]
struct Question {
    variable: String,
    label: String,
    description: String,
    group: &'static str,
    r#type: &'static str,
    default: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<&'static str>,
    required: bool,
    #[serde(skip_serializing_if = "is_false")]
    hide_input: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subquestions: Vec<Question>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What is asked for a policy.
pub(super) fn of(policy: Policy) -> Questions {
    let mut questions = Vec::new();
    if !policy.rules().is_empty() {
        let actions = policy.rules().iter().map(|rule| action(rule)).collect();
        questions.push(map("rules", "Rules", "What each rule does when it finds something.", "Rules", actions));
    }
    if policy.rules().iter().any(|rule| rule.id == "missing-reference") {
        questions.push(switch("strictReferences", "Refuse references to what does not exist", "Rules", false));
    }
    if policy.is_mutating() {
        questions.push(map("inject", "Injections", "What is injected.", "Injections", injections()));
    } else {
        let names = &["names", "none"];
        questions.push(choice(
            "disclose",
            "Whether a refusal may name other tenants' objects",
            "`none` says \"another Subnet\" instead of its name and range.",
            "Rules",
            names,
            "names",
        ));
        questions.push(text_about(
            "docsUrl",
            "The page about a rule",
            "A URL, in each denial: {rule} in it stands for the rule's id, which is else added to it.",
            "Rules",
        ));
        questions.push(text_about("contact", "Whom to ask", "One line, in each denial.", "Rules"));
    }
    questions.push(map("kubeOvn", "Kube-OVN", "How Kube-OVN was configured.", "Kube-OVN", kube_ovn()));
    if policy == Policy::EgressGateway {
        questions.push(map(
            "egressGateway",
            "Egress gateways",
            "What an egress gateway may be and do.",
            "Egress gateways",
            egress_gateway(),
        ));
    }
    questions.push(map(
        "exempt",
        "Exempt",
        "Who passes without review. Where Kube-OVN runs in another namespace than kube-system, change these too.",
        "Exemptions",
        exempt(),
    ));
    Questions { questions }
}

fn action(rule: &Rule) -> Question {
    let default = match rule.default {
        RuleAction::Deny => "deny",
        RuleAction::Warn => "warn",
        RuleAction::Off => "off",
    };
    let variable = format!("rules.{}", rule.id);
    let summary = format!("{}.", capitalised(rule.summary));
    choice(&variable, rule.id, &summary, "Rules", &["deny", "warn", "off"], default)
}

fn injections() -> Vec<Question> {
    let group = "Injections";
    vec![
        switch("inject.logicalSwitch", "Give a new Pod the Subnet of its namespace", group, true),
        map(
            "inject.vpcLb",
            "Load balancers",
            "Which custom Vpcs get the annotation vpc_lb.",
            group,
            vec![
                switch("inject.vpcLb.enabled", "Add and normalise the annotation", group, true),
                switch(
                    "inject.vpcLb.all",
                    "For every custom Vpc, not only those with the label vpcguard.io/vpc-lb: on",
                    group,
                    false,
                ),
            ],
        ),
    ]
}

fn kube_ovn() -> Vec<Question> {
    let defaults = Settings::default().kube_ovn;
    let group = "Kube-OVN";
    vec![
        text("kubeOvn.namespace", "The namespace that it runs in", group, &defaults.namespace),
        text("kubeOvn.defaultVpc", "--cluster-router of its controller", group, &defaults.default_vpc),
        text("kubeOvn.defaultSubnet", "--default-ls of its controller", group, &defaults.default_subnet),
        text("kubeOvn.nodeSwitch", "--node-switch of its controller", group, &defaults.node_switch),
        text("kubeOvn.defaultProvider", "--default-provider-name of its controller", group, &defaults.default_provider),
        text("kubeOvn.externalSubnet", "--external-gateway-switch of its controller", group, &defaults.external_subnet),
        list("kubeOvn.serviceCidrs", "The service prefixes; empty for the cluster's ServiceCIDR objects", group, &[]),
        list("kubeOvn.apiServer", "The addresses at which Pods reach the API server", group, &[]),
        switch("kubeOvn.nonPrimaryCNI", "Another plug-in makes the primary network of Pods", group, false),
    ]
}

fn egress_gateway() -> Vec<Question> {
    let group = "Egress gateways";
    let (images, scope) = ("egressGateway.images", "egressGateway.scope");
    let own = "`own` refuses all that is not declared to be for the gateway's namespace.";
    vec![
        list(images, "What the reference of an image may begin with; empty for Kube-OVN's own image alone", group, &[]),
        choice(scope, "Whose traffic a gateway may take", own, group, &["declared", "own"], "declared"),
    ]
}

fn exempt() -> Vec<Question> {
    let defaults = Settings::default().exempt;
    let group = "Exemptions";
    vec![
        list("exempt.users", "Full user names; a list of your own replaces the default", group, &defaults.users),
        list("exempt.namespaces", "Namespaces; a list of your own replaces the default", group, &defaults.namespaces),
        list("exempt.restorers", "Users who bring backups back, in any order", group, &defaults.restorers),
        list("exempt.deleters", "Users whose deletions pass", group, &defaults.deleters),
    ]
}

fn question(variable: &str, label: &str, group: &'static str, r#type: &'static str, default: Value) -> Question {
    Question {
        variable: variable.to_owned(),
        label: label.to_owned(),
        description: String::new(),
        group,
        r#type,
        default,
        options: Vec::new(),
        required: false,
        hide_input: false,
        subquestions: Vec::new(),
    }
}

fn switch(variable: &str, label: &str, group: &'static str, default: bool) -> Question {
    question(variable, label, group, "boolean", json!(default))
}

fn text(variable: &str, label: &str, group: &'static str, default: &str) -> Question {
    question(variable, label, group, "string", json!(default))
}

fn text_about(variable: &str, label: &str, description: &str, group: &'static str) -> Question {
    Question { description: description.to_owned(), ..text(variable, label, group, "") }
}

fn list(variable: &str, label: &str, group: &'static str, default: &[String]) -> Question {
    question(variable, label, group, "array[", json!(default))
}

fn choice(
    variable: &str,
    label: &str,
    description: &str,
    group: &'static str,
    options: &[&'static str],
    default: &str,
) -> Question {
    Question {
        description: description.to_owned(),
        options: options.to_vec(),
        ..question(variable, label, group, "enum", json!(default))
    }
}

fn map(variable: &str, label: &str, description: &str, group: &'static str, subquestions: Vec<Question>) -> Question {
    Question {
        description: description.to_owned(),
        hide_input: true,
        subquestions,
        ..question(variable, label, group, "map[", json!({}))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::yaml;

    /// Answers every question with its default.
    fn answer(questions: &[Question], settings: &mut Map<String, Value>) {
        for question in questions {
            let mut keys: Vec<_> = question.variable.split('.').collect();
            let last = keys.pop().unwrap();
            let mut at = &mut *settings;
            for key in keys {
                at = at.get_mut(key).unwrap().as_object_mut().unwrap();
            }
            at.insert(last.to_owned(), question.default.clone());
            answer(&question.subquestions, settings);
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_settings() {
        for policy in Policy::ALL {
            let mut settings = Map::new();
            answer(&of(*policy).questions, &mut settings);
            let answered = Settings::parse(&settings.into()).unwrap();
            let defaults = Settings::default();
            for rule in policy.rules() {
                assert_eq!(rule.action(&answered), rule.action(&defaults), "{}", rule.id);
            }
            assert_eq!(answered.kube_ovn, defaults.kube_ovn);
            assert_eq!(answered.exempt, defaults.exempt);
            assert_eq!(answered.inject, defaults.inject);
            assert_eq!(answered.disclose_names, defaults.disclose_names);
            assert_eq!(answered.advice, defaults.advice);
            assert_eq!(answered.strict_references, defaults.strict_references);
        }
    }

    #[test]
    fn every_option_is_one_of_the_settings() {
        for policy in Policy::ALL {
            let questions = of(*policy).questions;
            let all = questions.iter().flat_map(|question| [question].into_iter().chain(&question.subquestions));
            for question in all.filter(|question| !question.options.is_empty()) {
                for option in &question.options {
                    let settings = match question.variable.split_once('.') {
                        Some((outer, inner)) => json!({outer: {inner: option}}),
                        None => json!({&question.variable: option}),
                    };
                    Settings::parse(&settings).unwrap();
                }
            }
        }
    }

    #[test]
    fn the_file_can_be_read() {
        for policy in Policy::ALL {
            let questions = of(*policy);
            assert_eq!(
                yaml::tests::read(&yaml::text(&questions).unwrap()),
                [serde_json::to_value(&questions).unwrap()]
            );
        }
    }
}

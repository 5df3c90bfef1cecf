//! The webhook configurations: what the API server asks vpcguard about.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ServiceReference,
    ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use vpcguard_policies::rules::{INJECTIONS, Rule, TABLE};
use vpcguard_policies::{Kind, Settings};

use super::compared::Compared;
use super::entries::{Entry, REVIEWED};
use super::{NAME, NAMESPACE, conditions, metadata, texts};

/// How long the API server waits. vpcguard gives up a second earlier, with an answer that says why.
const TIMEOUT_SECONDS: i32 = 10;

/// What asks for reviews.
pub(super) fn validating(settings: &Settings) -> ValidatingWebhookConfiguration {
    let webhook = |entry: Entry| {
        let (kinds, operations) = (entry.kinds(), entry.operations());
        ValidatingWebhook {
            name: entry.name().to_owned(),
            rules: Some(rules(&kinds, operations)),
            match_policy: Some("Equivalent".to_owned()),
            match_conditions: Some(match_conditions(entry, &kinds, operations, settings)),
            namespace_selector: entry.namespaces(settings),
            failure_policy: Some(entry.failure_policy().to_owned()),
            side_effects: entry.side_effects().to_owned(),
            timeout_seconds: Some(TIMEOUT_SECONDS),
            admission_review_versions: texts(&["v1"]),
            client_config: client("/validate"),
            object_selector: None,
        }
    };
    let webhooks = Entry::ALL.into_iter().filter(|entry| !entry.kinds().is_empty()).map(webhook);
    ValidatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks.collect()) }
}

/// What asks for injections, as far as the settings have them.
///
/// An entry stays where its injection is off, and asks about nothing: its caBundle is vpcguard's own field, so that who
/// applies the configuration without the entry would leave a rest of it that is not valid.
pub(super) fn mutating(settings: &Settings) -> MutatingWebhookConfiguration {
    let kinds: BTreeSet<_> = INJECTIONS.iter().map(|rule| rule.kind).collect();
    let webhook = |kind: Kind| {
        let entry = Entry::of(kind)?;
        // A Pod's network is chosen once.
        let operations = if kind == Kind::Pod { &["CREATE"] } else { REVIEWED };
        Some(MutatingWebhook {
            name: format!("{}.vpcguard.io", kind.plural()),
            rules: Some(if injects(kind, settings) { rules(&[kind], operations) } else { Vec::new() }),
            match_policy: Some("Equivalent".to_owned()),
            match_conditions: Some(match_conditions(entry, &[kind], operations, settings)),
            namespace_selector: entry.namespaces(settings),
            failure_policy: Some(entry.failure_policy().to_owned()),
            side_effects: "None".to_owned(),
            timeout_seconds: Some(TIMEOUT_SECONDS),
            // What another webhook adds later may be what an injection depends on.
            reinvocation_policy: Some("IfNeeded".to_owned()),
            admission_review_versions: texts(&["v1"]),
            client_config: client("/mutate"),
            object_selector: None,
        })
    };
    let webhooks = kinds.into_iter().filter_map(webhook).collect();
    MutatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks) }
}

fn injects(kind: Kind, settings: &Settings) -> bool {
    match kind {
        Kind::Pod => settings.inject.logical_switch && !settings.kube_ovn.non_primary_cni,
        Kind::Vpc => settings.inject.vpc_lb.enabled,
        _ => true,
    }
}

/// The cheapest first, and those that leave out most.
fn match_conditions(entry: Entry, kinds: &[Kind], operations: &[&str], settings: &Settings) -> Vec<MatchCondition> {
    if entry == Entry::Deletions {
        return conditions::deletions(settings).into();
    }
    let own = (entry == Entry::ConfigMaps).then(conditions::config_maps);
    let compared = kinds.iter().flat_map(|kind| Compared::of(*kind)).collect();
    let changed = operations.contains(&"UPDATE").then(|| conditions::changed(&compared));
    let deleting = (!kinds.iter().any(|kind| is_judged_until_gone(*kind, operations))).then(conditions::not_deleting);
    own.into_iter().chain([conditions::user(settings)]).chain(deleting).chain(changed).collect()
}

/// Whether a rule judges what changes in an object that is being deleted. That finalizers go is no such change.
fn is_judged_until_gone(kind: Kind, operations: &[&str]) -> bool {
    let judges = |rule: &&Rule| rule.judges_what_is_deleted() && rule.kinds().any(|judged| judged == kind);
    operations == REVIEWED && TABLE.iter().copied().any(|rule| judges(&rule))
}

/// The resources of kinds, without their subresources: no rule reads what those change.
fn rules(kinds: &[Kind], operations: &[&str]) -> Vec<RuleWithOperations> {
    let mut rules: Vec<RuleWithOperations> = Vec::new();
    for kind in kinds {
        let rule = RuleWithOperations {
            api_groups: Some(texts(&[kind.group()])),
            api_versions: Some(texts(&[kind.version()])),
            operations: Some(texts(operations)),
            resources: None,
            scope: Some(if kind.is_namespaced() { "Namespaced" } else { "Cluster" }.to_owned()),
        };
        let alike = |other: &&mut RuleWithOperations| {
            **other == RuleWithOperations { resources: other.resources.clone(), ..rule.clone() }
        };
        match rules.iter_mut().find(alike) {
            Some(other) => other.resources.get_or_insert_default().push(kind.plural().to_owned()),
            None => rules.push(RuleWithOperations { resources: Some(texts(&[kind.plural()])), ..rule }),
        }
    }
    rules
}

/// Where vpcguard is. The CA comes later, from whoever makes the certificates.
fn client(path: &str) -> WebhookClientConfig {
    let service = ServiceReference {
        namespace: NAMESPACE.to_owned(),
        name: NAME.to_owned(),
        path: Some(path.to_owned()),
        port: Some(443),
    };
    WebhookClientConfig { service: Some(service), ..WebhookClientConfig::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vpcguard_policies::kinds::VPC_LB;

    use super::*;

    /// The names of the entries of injections, and of those that ask.
    fn mutating_names(settings: serde_json::Value) -> [Vec<String>; 2] {
        let settings = Settings::parse(&settings).unwrap();
        let webhooks = mutating(&settings).webhooks.unwrap();
        let names = |webhooks: Vec<MutatingWebhook>| webhooks.into_iter().map(|webhook| webhook.name).collect();
        let asking = webhooks.iter().filter(|webhook| webhook.rules.iter().flatten().next().is_some());
        [names(webhooks.clone()), names(asking.cloned().collect())]
    }

    #[test]
    fn an_injection_that_is_off_is_not_asked_for() {
        let (vpcs, pods) = ("vpcs.vpcguard.io", "pods.vpcguard.io");
        for (settings, asking) in [
            (json!({}), &[vpcs, pods][..]),
            (json!({"inject": {"logicalSwitch": false}}), &[vpcs]),
            (json!({"kubeOvn": {"nonPrimaryCNI": true}}), &[vpcs]),
            (json!({"inject": {"vpcLb": {"enabled": false}}}), &[pods]),
        ] {
            assert_eq!(mutating_names(settings), [texts(&[vpcs, pods]), texts(asking)]);
        }
    }

    #[test]
    fn a_change_of_what_an_injection_reads_is_sent() {
        let compared = Compared::of(Kind::Vpc);
        assert!(compared.contains(&Compared::Annotation(VPC_LB)));
        assert!(compared.contains(&Compared::Field("metadata.labels")));
    }

    #[test]
    fn resources_of_one_group_stand_together() {
        let rules = rules(&Entry::Workloads.kinds(), &["CREATE"]);
        let resources: Vec<_> = rules.iter().map(|rule| rule.resources.clone().unwrap().join(" ")).collect();
        let wanted = [
            "network-attachment-definitions",
            "deployments statefulsets daemonsets replicasets",
            "replicationcontrollers",
            "jobs cronjobs",
            "virtualmachines virtualmachineinstances",
        ];
        assert_eq!(resources, wanted);
    }

    #[test]
    fn only_subnets_and_gateways_are_claimed() {
        let webhooks = validating(&Settings::default()).webhooks.unwrap();
        for webhook in &webhooks {
            let claims = webhook.side_effects == "NoneOnDryRun";
            assert_eq!(claims, webhook.name == "addresses.vpcguard.io", "{}", webhook.name);
            assert!(webhook.match_conditions.as_ref().unwrap().len() <= 64);
        }
        assert_eq!(webhooks[0].rules.as_ref().unwrap()[0].resources, Some(texts(&["subnets", "vpc-nat-gateways"])));
    }

    #[test]
    fn what_is_being_deleted_is_sent_where_a_rule_judges_it() {
        let webhooks = validating(&Settings::default()).webhooks.unwrap();
        let pass = |webhook: &&ValidatingWebhook| {
            webhook.match_conditions.iter().flatten().any(|condition| condition.name == "not-being-deleted")
        };
        let passing: Vec<_> = webhooks.iter().filter(pass).map(|webhook| webhook.name.as_str()).collect();
        assert_eq!(passing, ["configmaps.vpcguard.io"]);
    }

    #[test]
    fn of_what_is_to_go_only_what_kube_ovn_made_for_itself_is_sent() {
        let settings =
            Settings::parse(&json!({"kubeOvn": {"nodeSwitch": "nodes"}, "exempt": {"deleters": ["d"]}})).unwrap();
        let webhooks = validating(&settings).webhooks.unwrap();
        let deleting = |webhook: &&ValidatingWebhook| {
            let rules = webhook.rules.iter().flatten();
            rules.flat_map(|rule| rule.operations.iter().flatten()).any(|operation| operation == "DELETE")
        };
        let [deletions] = webhooks.iter().filter(deleting).collect::<Vec<_>>()[..] else { panic!("not one entry") };
        assert_eq!(deletions.failure_policy.as_deref(), Some("Ignore"));
        let rules = deletions.rules.as_ref().unwrap();
        assert_eq!((rules.len(), &rules[0].resources), (1, &Some(texts(&["vpcs", "subnets"]))));
        let expressions: Vec<_> =
            deletions.match_conditions.iter().flatten().map(|condition| condition.expression.as_str()).collect();
        let [who, _, names] = expressions[..] else { panic!("{expressions:?}") };
        assert!(who.contains("\"d\"") && !who.contains("namespace-controller"), "{who}");
        assert!(names.ends_with("in [\n  \"ovn-cluster\",\n  \"ovn-default\",\n  \"nodes\"\n]"), "{names}");
    }

    #[test]
    fn only_two_config_maps_are_asked_about() {
        let webhooks = validating(&Settings::default()).webhooks.unwrap();
        let of_names = |webhook: &&ValidatingWebhook| {
            webhook.match_conditions.iter().flatten().any(|condition| condition.name == "read-by-kube-ovn")
        };
        let names: Vec<_> = webhooks.iter().filter(of_names).map(|webhook| webhook.name.as_str()).collect();
        assert_eq!(names, ["configmaps.vpcguard.io"]);
    }
}

//! The webhook configurations: what the API server asks vpcguard about.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ServiceReference,
    ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use vpcguard_policies::rules::{INJECTIONS, TABLE};
use vpcguard_policies::{Kind, Settings, sub_resources};

use super::compared::Compared;
use super::entries::{Entry, Part, REVIEWED};
use super::namespaces::Names;
use super::{NAME, NAMESPACE, conditions, metadata, texts};

/// What asks for reviews. `exempt` are namespaces that are to come up without vpcguard, beside those that always are.
pub(super) fn validating(settings: &Settings, exempt: &[String]) -> ValidatingWebhookConfiguration {
    let webhook = |(entry, part): (Entry, Part)| {
        let (kinds, operations) = (entry.kinds(), entry.operations());
        let names = Names::of(entry, part, settings, exempt);
        ValidatingWebhook {
            name: entry.name(part),
            rules: Some(rules_in(names.as_ref(), &kinds, operations)),
            match_policy: Some("Equivalent".to_owned()),
            match_conditions: Some(match_conditions(entry, &kinds, operations, names.as_ref(), settings)),
            namespace_selector: selector(entry, names.as_ref()),
            failure_policy: Some(entry.failure_policy(part).to_owned()),
            side_effects: entry.side_effects().to_owned(),
            timeout_seconds: Some(entry.timeout(part)),
            admission_review_versions: texts(&["v1"]),
            client_config: client("/validate"),
            object_selector: None,
        }
    };
    let webhooks = Entry::ALL.into_iter().filter(|entry| !entry.kinds().is_empty()).flat_map(both_parts).map(webhook);
    ValidatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks.collect()) }
}

/// What asks for injections, as far as the settings have them.
///
/// An entry stays where its injection is off, and asks about nothing: its caBundle is vpcguard's own field, so that who
/// applies the configuration without the entry would leave a rest of it that is not valid.
pub(super) fn mutating(settings: &Settings, exempt: &[String]) -> MutatingWebhookConfiguration {
    let kinds: BTreeSet<_> = INJECTIONS.iter().map(|rule| rule.kind).collect();
    let webhook = |kind: Kind, (entry, part): (Entry, Part)| {
        // A Pod's network is chosen once.
        let operations = if kind == Kind::Pod { &["CREATE"] } else { REVIEWED };
        let names = Names::of(entry, part, settings, exempt);
        MutatingWebhook {
            name: part.named(kind.plural()),
            rules: Some(if injects(kind, settings) {
                rules_in(names.as_ref(), &[kind], operations)
            } else {
                Vec::new()
            }),
            match_policy: Some("Equivalent".to_owned()),
            match_conditions: Some(match_conditions(entry, &[kind], operations, names.as_ref(), settings)),
            namespace_selector: selector(entry, names.as_ref()),
            failure_policy: Some(entry.failure_policy(part).to_owned()),
            side_effects: "None".to_owned(),
            timeout_seconds: Some(entry.timeout(part)),
            // What another webhook adds later may be what an injection depends on.
            reinvocation_policy: Some("IfNeeded".to_owned()),
            admission_review_versions: texts(&["v1"]),
            client_config: client("/mutate"),
            object_selector: None,
        }
    };
    let webhooks = kinds.into_iter().flat_map(|kind| {
        let parts = Entry::of(kind).into_iter().flat_map(both_parts);
        parts.map(move |part| webhook(kind, part))
    });
    MutatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks.collect()) }
}

fn both_parts(entry: Entry) -> impl Iterator<Item = (Entry, Part)> {
    entry.parts().iter().map(move |part| (entry, *part))
}

fn injects(kind: Kind, settings: &Settings) -> bool {
    match kind {
        Kind::Pod => settings.inject.logical_switch && !settings.kube_ovn.non_primary_cni,
        Kind::Vpc => settings.inject.vpc_lb.enabled,
        _ => true,
    }
}

/// Namespaces are selected by a condition: with some of their subresources the API server selects by what is stored.
fn selector(entry: Entry, names: Option<&Names<'_>>) -> Option<LabelSelector> {
    names.filter(|_| entry != Entry::Namespaces).and_then(Names::selector)
}

/// The cheapest first, and those that leave out most.
fn match_conditions(
    entry: Entry,
    kinds: &[Kind],
    operations: &[&str],
    names: Option<&Names<'_>>,
    settings: &Settings,
) -> Vec<MatchCondition> {
    if entry == Entry::Deletions {
        return conditions::deletions(settings).into();
    }
    let own = match entry {
        Entry::ConfigMaps => Some(conditions::config_maps()),
        Entry::Bindings => Some(conditions::bindings()),
        Entry::Namespaces => names.map(conditions::namespaces),
        _ => None,
    };
    let compared = kinds.iter().flat_map(|kind| Compared::of(*kind)).collect();
    let is_compared = operations.contains(&"UPDATE") && entry != Entry::Bindings;
    let changed = is_compared.then(|| conditions::changed(&compared));
    // A new object is not being deleted, whatever it says.
    let deleting =
        (is_compared && !kinds.iter().any(|kind| is_judged_until_gone(*kind))).then(conditions::not_deleting);
    let slices = (entry == Entry::EndpointSlices).then(conditions::endpoint_slices);
    own.into_iter().chain([conditions::user(settings)]).chain(deleting).chain(changed).chain(slices).collect()
}

/// Whether a rule judges what changes in an object that is being deleted. That finalizers go is no such change.
fn is_judged_until_gone(kind: Kind) -> bool {
    TABLE.iter().any(|rule| rule.judges_what_is_deleted() && rule.kinds().any(|judged| judged == kind))
}

/// The resources of kinds in some namespaces: none where those are not namespaces.
fn rules_in(names: Option<&Names<'_>>, kinds: &[Kind], operations: &[&str]) -> Vec<RuleWithOperations> {
    if names.is_some_and(Names::are_none) { Vec::new() } else { rules(kinds, operations) }
}

/// The resources of kinds, and of their subresources those by which rules can be evaded.
fn rules(kinds: &[Kind], operations: &[&str]) -> Vec<RuleWithOperations> {
    let mut rules: Vec<RuleWithOperations> = Vec::new();
    for kind in kinds {
        for (resource, operations) in resources(*kind, operations) {
            let rule = RuleWithOperations {
                api_groups: Some(texts(&[kind.group()])),
                api_versions: Some(texts(&[kind.version()])),
                operations: Some(texts(&operations)),
                resources: None,
                scope: Some(if kind.is_namespaced() { "Namespaced" } else { "Cluster" }.to_owned()),
            };
            let alike = |other: &&mut RuleWithOperations| {
                **other == RuleWithOperations { resources: other.resources.clone(), ..rule.clone() }
            };
            match rules.iter_mut().find(alike) {
                Some(other) => other.resources.get_or_insert_default().push(resource),
                None => rules.push(RuleWithOperations { resources: Some(vec![resource]), ..rule }),
            }
        }
    }
    rules
}

/// A kind's resource and subresources, as far as they have these operations.
fn resources<'a>(kind: Kind, operations: &[&'a str]) -> Vec<(String, Vec<&'a str>)> {
    let only = |wanted: &str| operations.iter().copied().filter(|operation| *operation == wanted).collect::<Vec<_>>();
    // It puts a Pod on a node once, and is called as that Pod too.
    let (parent, of_resource, of_sub_resource) = match kind {
        Kind::Binding => (Kind::Pod, only("CREATE"), only("CREATE")),
        kind => (kind, operations.to_vec(), only("UPDATE")),
    };
    let sub_resources = sub_resources(kind).iter().map(|name| format!("{}/{name}", parent.plural()));
    let all = [(kind.plural().to_owned(), of_resource)].into_iter();
    let all = all.chain(sub_resources.map(|resource| (resource, of_sub_resource.clone())));
    all.filter(|(_, operations)| !operations.is_empty()).collect()
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
        let webhooks = mutating(&settings, &[]).webhooks.unwrap();
        let names = |webhooks: Vec<MutatingWebhook>| webhooks.into_iter().map(|webhook| webhook.name).collect();
        let asking = webhooks.iter().filter(|webhook| webhook.rules.iter().flatten().next().is_some());
        [names(webhooks.clone()), names(asking.cloned().collect())]
    }

    #[test]
    fn an_injection_that_is_off_is_not_asked_for() {
        let (vpcs, pods, first) = ("vpcs.vpcguard.io", "pods.vpcguard.io", "pods-exempt.vpcguard.io");
        for (settings, asking) in [
            (json!({}), &[vpcs, pods, first][..]),
            (json!({"inject": {"logicalSwitch": false}}), &[vpcs]),
            (json!({"kubeOvn": {"nonPrimaryCNI": true}}), &[vpcs]),
            (json!({"inject": {"vpcLb": {"enabled": false}}}), &[pods, first]),
        ] {
            assert_eq!(mutating_names(settings), [texts(&[vpcs, pods, first]), texts(asking)]);
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
        let wanted = ["deployments statefulsets daemonsets replicasets", "replicationcontrollers", "jobs cronjobs"];
        assert_eq!(resources, wanted);
    }

    #[test]
    fn subresources_by_which_annotations_are_written_are_sent() {
        let of = |entry: Entry| {
            let text = |rule: RuleWithOperations| {
                format!("{}: {}", rule.operations.unwrap().join(" "), rule.resources.unwrap().join(" "))
            };
            rules(&entry.kinds(), REVIEWED).into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(of(Entry::Pods), ["CREATE UPDATE: pods", "UPDATE: pods/status"]);
        assert_eq!(of(Entry::Bindings), ["CREATE: bindings pods/binding"]);
        assert_eq!(of(Entry::Services), ["CREATE UPDATE: services", "UPDATE: services/status"]);
        assert_eq!(
            of(Entry::Namespaces),
            ["CREATE UPDATE: namespaces", "UPDATE: namespaces/status namespaces/finalize"]
        );
        assert_eq!(of(Entry::EndpointSlices), ["CREATE UPDATE: endpointslices"]);
    }

    /// Labels are the tenants' to write.
    #[test]
    fn no_object_is_left_out_for_its_labels() {
        let settings = Settings::default();
        let exempt = texts(&["storage"]);
        let selectors =
            validating(&settings, &exempt).webhooks.unwrap().into_iter().map(|webhook| webhook.object_selector);
        let injecting =
            mutating(&settings, &exempt).webhooks.unwrap().into_iter().map(|webhook| webhook.object_selector);
        assert!(selectors.chain(injecting).all(|selector| selector.is_none()));
    }

    #[test]
    fn what_waits_for_nobody_waits_shortly() {
        for webhook in validating(&Settings::default(), &[]).webhooks.unwrap() {
            let is_first = webhook.name.ends_with("-exempt.vpcguard.io");
            assert_eq!(webhook.timeout_seconds == Some(2), is_first, "{}", webhook.name);
            let ignores =
                is_first || ["configmaps.vpcguard.io", "deletions.vpcguard.io"].contains(&webhook.name.as_str());
            assert_eq!(webhook.failure_policy.as_deref() == Some("Ignore"), ignores, "{}", webhook.name);
        }
    }

    #[test]
    fn where_no_namespace_is_meant_nothing_is_asked() {
        let all = ["kube-system", "vpcguard-system"];
        let settings = Settings::parse(&json!({"exempt": {"namespaces": all}})).unwrap();
        for webhook in validating(&settings, &[]).webhooks.unwrap() {
            let name = webhook.name.strip_suffix("-exempt.vpcguard.io");
            let reviewed = ["services", "endpoint-slices", "network-attachment-definitions"];
            let is_off = name.is_some_and(|name| !reviewed.contains(&name));
            assert_eq!(webhook.rules.unwrap().is_empty(), is_off, "{}", webhook.name);
        }
    }

    #[test]
    fn what_may_be_claimed_has_side_effects() {
        let webhooks = validating(&Settings::default(), &[]).webhooks.unwrap();
        for webhook in &webhooks {
            let claims = webhook.side_effects == "NoneOnDryRun";
            let names = ["addresses", "kube-ovn", "vpc-egress-gateways", "vpc-egress-gateways-exempt"];
            let wanted = webhook.name.strip_suffix(".vpcguard.io").is_some_and(|name| names.contains(&name));
            assert_eq!(claims, wanted, "{}", webhook.name);
            assert!(webhook.match_conditions.as_ref().unwrap().len() <= 64);
        }
        assert_eq!(webhooks[0].rules.as_ref().unwrap()[0].resources, Some(texts(&["subnets", "vpc-nat-gateways"])));
    }

    #[test]
    fn what_is_being_deleted_is_sent_where_a_rule_judges_it() {
        let webhooks = validating(&Settings::default(), &[]).webhooks.unwrap();
        let pass = |webhook: &&ValidatingWebhook| {
            webhook.match_conditions.iter().flatten().any(|condition| condition.name == "not-being-deleted")
        };
        let passing: Vec<_> = webhooks.iter().filter(pass).map(|webhook| webhook.name.as_str()).collect();
        assert_eq!(passing, ["configmaps.vpcguard.io", "deletions.vpcguard.io"]);
    }

    #[test]
    fn what_is_to_go_waits_for_nobody_and_is_sent_unless_it_goes_already() {
        let settings =
            Settings::parse(&json!({"kubeOvn": {"nodeSwitch": "nodes"}, "exempt": {"deleters": ["d"]}})).unwrap();
        let webhooks = validating(&settings, &[]).webhooks.unwrap();
        let deleting = |webhook: &&ValidatingWebhook| {
            let rules = webhook.rules.iter().flatten();
            rules.flat_map(|rule| rule.operations.iter().flatten()).any(|operation| operation == "DELETE")
        };
        let [deletions] = webhooks.iter().filter(deleting).collect::<Vec<_>>()[..] else { panic!("not one entry") };
        assert_eq!(deletions.failure_policy.as_deref(), Some("Ignore"));
        let rules = deletions.rules.as_ref().unwrap();
        let plurals: Vec<_> =
            rules.iter().flat_map(|rule| rule.resources.iter().flatten()).map(String::as_str).collect();
        for plural in ["vpcs", "subnets", "vpc-nat-gateways", "iptables-eips", "provider-networks"] {
            assert!(plurals.contains(&plural), "{plural}: {plurals:?}");
        }
        assert!(!plurals.contains(&"pods") && !plurals.contains(&"iptables-dnat-rules"), "{plurals:?}");
        let expressions: Vec<_> =
            deletions.match_conditions.iter().flatten().map(|condition| condition.expression.as_str()).collect();
        let [who, going] = expressions[..] else { panic!("{expressions:?}") };
        assert!(who.contains("\"d\"") && !who.contains("namespace-controller"), "{who}");
        assert!(going.contains("oldObject.metadata.deletionTimestamp"), "{going}");
    }

    #[test]
    fn only_two_config_maps_are_asked_about() {
        let webhooks = validating(&Settings::default(), &[]).webhooks.unwrap();
        let of_names = |webhook: &&ValidatingWebhook| {
            webhook.match_conditions.iter().flatten().any(|condition| condition.name == "read-by-kube-ovn")
        };
        let names: Vec<_> = webhooks.iter().filter(of_names).map(|webhook| webhook.name.as_str()).collect();
        assert_eq!(names, ["configmaps.vpcguard.io"]);
    }
}

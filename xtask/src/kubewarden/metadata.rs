//! `metadata.yml`: what a policy is to be asked about, and what it asks. It stands in the module itself, too.

use std::collections::BTreeMap;

use serde::Serialize;
use vpcguard_policies::{Kind, Policy};

use super::{DELETED, REPOSITORY, VERSION, image, operations, title};

/// The first version of Kubewarden that the host calls of the policies were tried with.
const MINIMUM_KUBEWARDEN: &str = "1.36.0";

/// The questions that a policy asks the policy server, if it asks any.
const HOST_CAPABILITIES: &[&str] = &["kubernetes/get_resource", "kubernetes/list_resources_all"];

/// The content of a metadata.yml.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    /// Only in the module, where `kwctl annotate` puts it, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<&'static str>,
    pub(super) rules: Vec<Rule>,
    mutating: bool,
    background_audit: bool,
    policy_type: &'static str,
    execution_mode: &'static str,
    pub(super) context_aware_resources: Vec<Resource>,
    host_capabilities: &'static [&'static str],
    minimum_kubewarden_version: &'static str,
    annotations: BTreeMap<&'static str, String>,
}

/// Resources of one API group that the policy is asked about.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) api_groups: Vec<&'static str>,
    pub(super) api_versions: Vec<&'static str>,
    pub(super) resources: Vec<&'static str>,
    pub(super) operations: &'static [&'static str],
}

/// A kind that the policy asks about.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) api_version: String,
    pub(super) kind: &'static str,
}

impl Metadata {
    /// That of a policy's folder.
    pub(crate) fn of(policy: Policy) -> Self {
        let context_aware_resources = context(policy);
        let host_capabilities = if context_aware_resources.is_empty() { &[] } else { HOST_CAPABILITIES };
        Self {
            protocol_version: None,
            rules: rules(policy),
            mutating: policy.is_mutating(),
            // What is stored is not changed any more.
            background_audit: !policy.is_mutating(),
            policy_type: "kubernetes",
            execution_mode: "kubewarden-wapc",
            context_aware_resources,
            host_capabilities,
            minimum_kubewarden_version: MINIMUM_KUBEWARDEN,
            annotations: annotations(policy),
        }
    }

    /// That in a policy's module.
    pub(crate) fn in_module(policy: Policy) -> Self {
        Self { protocol_version: Some("v1"), ..Self::of(policy) }
    }

    /// Those of the image, as `kwctl push` writes them: none of several lines, and the source by its common name too.
    pub(crate) fn image_annotations(policy: Policy) -> BTreeMap<String, String> {
        let single = annotations(policy).into_iter().filter(|(_, value)| value.lines().count() <= 1);
        let source = ("org.opencontainers.image.source".to_owned(), REPOSITORY.to_owned());
        single.map(|(key, value)| (key.to_owned(), value)).chain([source]).collect()
    }
}

/// A rule for the kinds of an API group that have the same version and operations.
pub(super) fn rules(policy: Policy) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let stored = policy.kinds().into_iter().map(|kind| (kind, operations(policy, kind)));
    let deleted = policy.deletions().into_iter().map(|kind| (kind, DELETED));
    for (kind, operations) in stored.chain(deleted) {
        let same = rules.iter_mut().find(|rule| {
            rule.api_groups == [kind.group()] && rule.api_versions == [kind.version()] && rule.operations == operations
        });
        match same {
            Some(rule) => rule.resources.push(kind.plural()),
            None => rules.push(Rule {
                api_groups: vec![kind.group()],
                api_versions: vec![kind.version()],
                resources: vec![kind.plural()],
                operations,
            }),
        }
    }
    rules
}

/// What it looks up, and the index that stands for a list of all Subnets, or of all that have addresses of one.
pub(super) fn context(policy: Policy) -> Vec<Resource> {
    let asked = policy.asks().into_iter().map(|kind| Resource { api_version: kind.api_version(), kind: kind.name() });
    let index = Resource { api_version: "vpcguard.io/v1alpha1".to_owned(), kind: "AddressIndex" };
    let is_indexed = matches!(policy, Policy::SubnetOverlap | Policy::SubnetAddresses);
    asked.chain(is_indexed.then_some(index)).collect()
}

fn annotations(policy: Policy) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("io.artifacthub.displayName", title(policy).to_owned()),
        ("io.artifacthub.resources", kinds(policy)),
        ("io.artifacthub.keywords", keywords(policy).join(", ")),
        ("io.kubewarden.policy.title", policy.name().to_owned()),
        ("io.kubewarden.policy.version", VERSION.to_owned()),
        ("io.kubewarden.policy.description", format!("{}.", capitalised(policy.summary()))),
        ("io.kubewarden.policy.url", format!("{REPOSITORY}/tree/main/{}/{policy}", super::FOLDER)),
        ("io.kubewarden.policy.source", REPOSITORY.to_owned()),
        ("io.kubewarden.policy.ociUrl", image(policy)),
        ("io.kubewarden.policy.license", env!("CARGO_PKG_LICENSE").to_owned()),
        ("io.kubewarden.policy.usage", usage(policy)),
        ("io.kubewarden.policy.category", category(policy).to_owned()),
        ("io.kubewarden.policy.severity", severity(policy).to_owned()),
    ])
}

/// The kinds that it reviews, as Artifact Hub lists them.
pub(super) fn kinds(policy: Policy) -> String {
    let kinds: Vec<_> = policy.kinds().into_iter().map(Kind::name).collect();
    kinds.join(", ")
}

/// What Artifact Hub finds it by.
pub(super) fn keywords(policy: Policy) -> Vec<&'static str> {
    let own: &[&str] = match policy {
        Policy::VpcNamespaceBinding => &["multi-tenancy", "isolation"],
        Policy::PodAttachmentBinding => &["multi-tenancy", "isolation", "multus"],
        Policy::NetworkReferences => &["references"],
        Policy::SubnetOverlap => &["subnet", "cidr", "ipam"],
        Policy::SubnetAddresses => &["subnet", "ipam"],
        Policy::LoadBalancers => &["load-balancer", "dns"],
        Policy::NatGatewayLanIp => &["nat", "gateway"],
        Policy::NatRules => &["nat", "eip", "isolation"],
        Policy::EgressGateway => &["multi-tenancy", "isolation", "egress", "gateway"],
        Policy::StaticRouteLanIp => &["routes", "peering"],
        Policy::OvnMatch => &["acl", "security-group", "firewall"],
        Policy::Attachments => &["multus", "attachments"],
        Policy::InUse => &["deletion"],
        Policy::VpcSyntax => &["validation"],
        Policy::VpcInjector => &["mutation", "load-balancer"],
    };
    ["kubewarden", "kube-ovn", "vpc", "network"].iter().chain(own).copied().collect()
}

fn category(policy: Policy) -> &'static str {
    if policy.is_mutating() { "Resource mutation" } else { "Resource validation" }
}

/// What a finding of the audit scanner weighs.
fn severity(policy: Policy) -> &'static str {
    match policy {
        Policy::VpcNamespaceBinding
        | Policy::PodAttachmentBinding
        | Policy::NatRules
        | Policy::EgressGateway
        | Policy::OvnMatch => "high",
        Policy::SubnetOverlap
        | Policy::SubnetAddresses
        | Policy::LoadBalancers
        | Policy::NatGatewayLanIp
        | Policy::StaticRouteLanIp
        | Policy::Attachments
        | Policy::InUse => "medium",
        Policy::NetworkReferences | Policy::VpcSyntax | Policy::VpcInjector => "low",
    }
}

fn usage(policy: Policy) -> String {
    let rules = policy.rules().iter().map(|rule| (rule.id, rule.summary));
    let injections = policy.injections().iter().map(|rule| (rule.id, rule.summary));
    let rules: Vec<_> = rules.chain(injections).map(|(id, summary)| format!("- `{id}`: {summary}\n")).collect();
    format!(
        "{}.\n\n{}\nEvery setting has a default: see {REPOSITORY}/blob/main/docs/settings.md\n",
        capitalised(policy.summary()),
        rules.concat()
    )
}

/// With a capital letter at the beginning, unless that is the name of something.
pub(super) fn capitalised(text: &str) -> String {
    let is_name = text.split(' ').next().is_some_and(|word| word.contains(['.', '_']));
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !is_name => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml;

    #[test]
    fn the_file_and_the_module_say_the_same() {
        for policy in Policy::ALL {
            let mut in_module = serde_json::to_value(Metadata::in_module(*policy)).unwrap();
            assert_eq!(in_module.as_object_mut().unwrap().remove("protocolVersion"), Some(json!("v1")));
            assert_eq!(yaml::tests::read(&yaml::text(&Metadata::of(*policy)).unwrap()), [in_module]);
        }
    }

    #[test]
    fn what_is_asked_is_declared() {
        for policy in Policy::ALL {
            let metadata = serde_json::to_value(Metadata::of(*policy)).unwrap();
            let declared: Vec<_> = metadata["contextAwareResources"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|resource| resource["kind"] != "AddressIndex")
                .map(|resource| resource["kind"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(declared, policy.asks().into_iter().map(|kind| kind.name().to_owned()).collect::<Vec<_>>());
            assert_eq!(metadata["hostCapabilities"].as_array().unwrap().is_empty(), declared.is_empty(), "{policy}");
        }
        let all: Vec<_> = context(Policy::SubnetOverlap).into_iter().map(|resource| resource.kind).collect();
        assert_eq!(all.last(), Some(&"AddressIndex"));
        assert!(context(Policy::VpcSyntax).is_empty());
    }

    #[test]
    fn kinds_of_a_group_stand_together() {
        assert_eq!(
            serde_json::to_value(rules(Policy::VpcInjector)).unwrap(),
            json!([
                {"apiGroups": ["kubeovn.io"], "apiVersions": ["v1"], "resources": ["vpcs"], "operations": ["CREATE", "UPDATE"]},
                {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]},
            ])
        );
    }

    #[test]
    fn a_name_at_the_beginning_stays_as_it_is() {
        assert_eq!(capitalised("a Vpc"), "A Vpc");
        assert_eq!(capitalised("ovn.kubernetes.io/vpc_lb is off"), "ovn.kubernetes.io/vpc_lb is off");
        assert_eq!(capitalised(""), "");
    }

    #[test]
    fn an_image_has_no_annotation_of_several_lines() {
        let annotations = Metadata::image_annotations(Policy::SubnetOverlap);
        assert!(!annotations.contains_key("io.kubewarden.policy.usage"));
        assert_eq!(annotations["org.opencontainers.image.source"], REPOSITORY);
        assert!(annotations.values().all(|value| !value.contains('\n')));
    }
}

//! Which kinds are asked about together, and what becomes of a request while vpcguard cannot answer.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use vpcguard_policies::rules::{TABLE, is_reviewed};
use vpcguard_policies::{Kind, Settings};

use super::{NAMESPACE, texts};

/// The operations by which something is stored.
pub(super) const REVIEWED: &[&str] = &["CREATE", "UPDATE"];

/// The label that the API server gives every namespace, so that nobody can set it to something else.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Kinds that one webhook is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entry {
    /// Kinds whose addresses are claimed in a ledger.
    Addresses,
    /// The other kinds of Kube-OVN that only administrators write.
    KubeOvn,
    /// Egress gateways, which tenants may have.
    EgressGateways,
    /// Pods.
    Pods,
    /// What makes Pods, and the networks that they may name.
    Workloads,
    /// Services and their endpoints.
    Services,
    /// Namespaces.
    Namespaces,
    /// The ConfigMaps of Kube-OVN.
    ConfigMaps,
    /// What of all kinds is to be removed.
    Deletions,
}

impl Entry {
    /// All entries.
    pub(super) const ALL: [Entry; 9] = [
        Entry::Addresses,
        Entry::KubeOvn,
        Entry::EgressGateways,
        Entry::Pods,
        Entry::Workloads,
        Entry::Services,
        Entry::Namespaces,
        Entry::ConfigMaps,
        Entry::Deletions,
    ];

    /// The entry of what is stored of a kind; none for kinds that no rule has a check for.
    pub(super) fn of(kind: Kind) -> Option<Self> {
        if !is_reviewed(kind) {
            return None;
        }
        match kind {
            Kind::Subnet | Kind::VpcNatGateway => Some(Entry::Addresses),
            Kind::VpcEgressGateway => Some(Entry::EgressGateways),
            Kind::Pod | Kind::Binding => Some(Entry::Pods),
            Kind::Service | Kind::EndpointSlice => Some(Entry::Services),
            Kind::AttachmentDefinition => Some(Entry::Workloads),
            Kind::Namespace => Some(Entry::Namespaces),
            Kind::ConfigMap => Some(Entry::ConfigMaps),
            kind if kind.has_pod_template() => Some(Entry::Workloads),
            _ => Some(Entry::KubeOvn),
        }
    }

    /// The kinds that it has.
    pub(super) fn kinds(self) -> Vec<Kind> {
        let has = |kind: &Kind| match self {
            Entry::Deletions => TABLE.iter().any(|rule| rule.deletions().any(|judged| judged == *kind)),
            _ => Self::of(*kind) == Some(self),
        };
        Kind::ALL.iter().copied().filter(has).collect()
    }

    /// The operations that rules review there.
    pub(super) fn operations(self) -> &'static [&'static str] {
        if self == Entry::Deletions { &["DELETE"] } else { REVIEWED }
    }

    /// The name of the webhook, which users see in a refusal.
    pub(super) fn name(self) -> &'static str {
        match self {
            Entry::Addresses => "addresses.vpcguard.io",
            Entry::KubeOvn => "kube-ovn.vpcguard.io",
            Entry::EgressGateways => "vpc-egress-gateways.vpcguard.io",
            Entry::Pods => "pods.vpcguard.io",
            Entry::Workloads => "workloads.vpcguard.io",
            Entry::Services => "services.vpcguard.io",
            Entry::Namespaces => "namespaces.vpcguard.io",
            Entry::ConfigMaps => "configmaps.vpcguard.io",
            Entry::Deletions => "deletions.vpcguard.io",
        }
    }

    /// What the API server does while vpcguard cannot be reached.
    ///
    /// Networks can wait, and are written by few. Everything else a cluster needs to come up again, vpcguard and its node
    /// included: a webhook that must answer first could wait for itself. What passes then is found by the audit of the
    /// objects at rest. What is to go never waits for anybody.
    pub(super) fn failure_policy(self) -> &'static str {
        match self {
            Entry::Addresses | Entry::KubeOvn | Entry::EgressGateways => "Fail",
            Entry::Pods
            | Entry::Workloads
            | Entry::Services
            | Entry::Namespaces
            | Entry::ConfigMaps
            | Entry::Deletions => "Ignore",
        }
    }

    /// Whether a review writes: a claim, which a dry run does not make.
    pub(super) fn side_effects(self) -> &'static str {
        if self == Entry::Addresses { "NoneOnDryRun" } else { "None" }
    }

    /// The namespaces whose objects are sent; none for all.
    pub(super) fn namespaces(self, settings: &Settings) -> Option<LabelSelector> {
        let exempt = || settings.exempt.namespaces.iter().map(String::as_str);
        let (operator, values): (_, Vec<_>) = match self {
            // Cluster-scoped, where a selector has no effect; or reviewed in every namespace.
            Entry::Addresses | Entry::KubeOvn | Entry::Services | Entry::Deletions => return None,
            Entry::EgressGateways | Entry::Namespaces => ("NotIn", exempt().collect()),
            // Its own Pods must start without it.
            Entry::Pods | Entry::Workloads => {
                ("NotIn", exempt().filter(|name| *name != NAMESPACE).chain([NAMESPACE]).collect())
            }
            Entry::ConfigMaps => ("In", vec![settings.kube_ovn.namespace.as_str()]),
        };
        let requirement = LabelSelectorRequirement {
            key: NAMESPACE_NAME.to_owned(),
            operator: operator.to_owned(),
            values: Some(texts(&values)),
        };
        // A list of no values is not valid.
        (!values.is_empty())
            .then(|| LabelSelector { match_expressions: Some(vec![requirement]), ..LabelSelector::default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_asked_about_once() {
        let stored = Entry::ALL.into_iter().filter(|entry| *entry != Entry::Deletions);
        let kinds: Vec<_> = stored.flat_map(Entry::kinds).collect();
        for kind in Kind::ALL {
            let wanted = usize::from(!matches!(kind, Kind::Node | Kind::ServiceCidr));
            assert_eq!(kinds.iter().filter(|known| *known == kind).count(), wanted, "{kind}");
        }
        assert!(Entry::KubeOvn.kinds().iter().all(|kind| kind.group() == "kubeovn.io" && !kind.is_namespaced()));
    }

    #[test]
    fn kinds_that_are_exempt_by_namespace_are_left_out_by_namespace() {
        let settings = Settings::parse(&json!({"exempt": {"namespaces": ["infra"]}})).unwrap();
        let values = |entry: Entry, settings: &Settings| {
            let expressions = entry.namespaces(settings)?.match_expressions.unwrap();
            Some((expressions[0].operator.clone(), expressions[0].values.clone().unwrap()))
        };
        let not_in = |names: &[&str]| Some(("NotIn".to_owned(), texts(names)));
        for entry in Entry::ALL {
            let wanted = match entry {
                Entry::Pods | Entry::Workloads => not_in(&["infra", "vpcguard-system"]),
                Entry::EgressGateways | Entry::Namespaces => not_in(&["infra"]),
                Entry::ConfigMaps => Some(("In".to_owned(), texts(&["kube-system"]))),
                Entry::Addresses | Entry::KubeOvn | Entry::Services | Entry::Deletions => None,
            };
            assert_eq!(values(entry, &settings), wanted, "{entry:?}");
        }
        let nobody = Settings::parse(&json!({"exempt": {"namespaces": []}})).unwrap();
        assert_eq!(values(Entry::Namespaces, &nobody), None);
        assert_eq!(values(Entry::Pods, &nobody), not_in(&["vpcguard-system"]));
    }
}

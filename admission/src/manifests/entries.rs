//! Which kinds are asked about together, and what becomes of a request while vpcguard cannot answer.

use vpcguard_policies::Kind;
use vpcguard_policies::kinds::Sort;
use vpcguard_policies::rules::{TABLE, is_reviewed};

/// The operations by which something is stored.
pub(super) const REVIEWED: &[&str] = &["CREATE", "UPDATE"];

/// Kinds that one webhook is asked about, and their subresources by which metadata are written.
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
    /// What puts Pods on nodes.
    Bindings,
    /// What of Kubernetes makes Pods.
    Workloads,
    /// What of `KubeVirt` makes Pods.
    VirtualMachines,
    /// The networks that Pods may name.
    AttachmentDefinitions,
    /// Services.
    Services,
    /// The endpoints of Services.
    EndpointSlices,
    /// Namespaces.
    Namespaces,
    /// The ConfigMaps of Kube-OVN.
    ConfigMaps,
    /// What of all kinds is to be removed.
    Deletions,
}

/// What of an entry a webhook is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All, but for the other part where there is one.
    Most,
    /// The namespaces that a cluster and vpcguard need to come up: they are reviewed as well, and wait for nobody.
    First,
}

impl Entry {
    /// All entries.
    pub(super) const ALL: [Entry; 13] = [
        Entry::Addresses,
        Entry::KubeOvn,
        Entry::EgressGateways,
        Entry::Pods,
        Entry::Bindings,
        Entry::Workloads,
        Entry::VirtualMachines,
        Entry::AttachmentDefinitions,
        Entry::Services,
        Entry::EndpointSlices,
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
            Kind::Pod => Some(Entry::Pods),
            Kind::Binding => Some(Entry::Bindings),
            Kind::VirtualMachine | Kind::VirtualMachineInstance => Some(Entry::VirtualMachines),
            Kind::AttachmentDefinition => Some(Entry::AttachmentDefinitions),
            Kind::Service => Some(Entry::Services),
            Kind::EndpointSlice => Some(Entry::EndpointSlices),
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

    /// Its webhooks: a second one where its objects are of namespaces, or are namespaces.
    pub(super) fn parts(self) -> &'static [Part] {
        match self {
            Entry::Addresses | Entry::KubeOvn | Entry::ConfigMaps | Entry::Deletions => &[Part::Most],
            _ => &[Part::Most, Part::First],
        }
    }

    /// The name of a webhook, which users see in a refusal.
    pub(super) fn name(self, part: Part) -> String {
        let name = match self {
            Entry::Addresses => "addresses",
            Entry::KubeOvn => "kube-ovn",
            Entry::EgressGateways => "vpc-egress-gateways",
            Entry::Pods => "pods",
            Entry::Bindings => "bindings",
            Entry::Workloads => "workloads",
            Entry::VirtualMachines => "virtual-machines",
            Entry::AttachmentDefinitions => "network-attachment-definitions",
            Entry::Services => "services",
            Entry::EndpointSlices => "endpoint-slices",
            Entry::Namespaces => "namespaces",
            Entry::ConfigMaps => "configmaps",
            Entry::Deletions => "deletions",
        };
        part.named(name)
    }

    /// What the API server does while vpcguard cannot be reached.
    ///
    /// A review that must be had keeps a cluster from coming up only where it waits for itself: that is the part of the
    /// namespaces that come first, and Kube-OVN's own configuration. What is to go never waits for anybody.
    pub(super) fn failure_policy(self, part: Part) -> &'static str {
        let waits = !matches!(self, Entry::ConfigMaps | Entry::Deletions) && part == Part::Most;
        if waits { "Fail" } else { "Ignore" }
    }

    /// How long the API server waits, in seconds. vpcguard gives up a second earlier, with an answer that says why. Where
    /// nothing is to wait, it is short: a cluster that comes up makes many Pods one after the other. What goes waits little longer,
    /// for Pods that are looked for.
    pub(super) fn timeout(self, part: Part) -> i32 {
        match part {
            Part::First => 2,
            Part::Most if self == Entry::Deletions => 5,
            Part::Most => 10,
        }
    }

    /// Whether a review writes: a claim, which a dry run does not make.
    pub(super) fn side_effects(self) -> &'static str {
        let claims = |kind: &Kind| Sort::ALL.into_iter().any(|sort| sort.kinds().contains(kind));
        if self != Entry::Deletions && self.kinds().iter().any(claims) { "NoneOnDryRun" } else { "None" }
    }

    /// Whether all of its objects in `exempt.namespaces` pass every rule, so that none need be sent.
    pub(super) fn is_exempt_by_namespace(self) -> bool {
        match self {
            Entry::EgressGateways
            | Entry::Pods
            | Entry::Bindings
            | Entry::Workloads
            | Entry::VirtualMachines
            | Entry::Namespaces => true,
            Entry::Addresses
            | Entry::KubeOvn
            | Entry::AttachmentDefinitions
            | Entry::Services
            | Entry::EndpointSlices
            | Entry::ConfigMaps
            | Entry::Deletions => false,
        }
    }
}

impl Part {
    /// The name of its webhook, where that of the other is known.
    pub(super) fn named(self, name: &str) -> String {
        match self {
            Part::Most => format!("{name}.vpcguard.io"),
            Part::First => format!("{name}-exempt.vpcguard.io"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_asked_about_once() {
        let stored = Entry::ALL.into_iter().filter(|entry| *entry != Entry::Deletions);
        let kinds: Vec<_> = stored.flat_map(Entry::kinds).collect();
        for kind in Kind::ALL {
            // These are looked up alone.
            let is_judged = !matches!(kind, Kind::Node | Kind::ServiceCidr | Kind::BgpConf | Kind::EvpnConf);
            let wanted = usize::from(is_judged);
            assert_eq!(kinds.iter().filter(|known| *known == kind).count(), wanted, "{kind}");
        }
        assert!(Entry::KubeOvn.kinds().iter().all(|kind| kind.group() == "kubeovn.io" && !kind.is_namespaced()));
    }

    #[test]
    fn what_is_of_a_namespace_has_two_parts() {
        for entry in Entry::ALL {
            let is_of_one = |kind: Kind| kind.is_namespaced() || kind == Kind::Namespace;
            let has_one = matches!(entry, Entry::ConfigMaps | Entry::Deletions);
            let wanted = !has_one && entry.kinds().into_iter().any(is_of_one);
            assert_eq!(entry.parts().len() == 2, wanted, "{entry:?}");
            assert!(entry.kinds().into_iter().all(|kind| !wanted || is_of_one(kind)), "{entry:?}");
        }
    }

    #[test]
    fn only_what_comes_first_waits_for_nobody() {
        for entry in Entry::ALL {
            let waits_for_nobody = matches!(entry, Entry::ConfigMaps | Entry::Deletions);
            assert_eq!(entry.failure_policy(Part::Most) == "Ignore", waits_for_nobody, "{entry:?}");
            assert_eq!(entry.failure_policy(Part::First), "Ignore");
        }
    }
}

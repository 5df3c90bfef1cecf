//! Which namespaces a VPC is open to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::finding::Action;
use crate::gather::gathered;
use crate::inventory::{Answer, ClusterView, Sight};
use crate::kinds::{KubeOvn, ObjectRef, Subnet, Vpc};
use crate::rule::prelude::*;
use crate::text::quoted;

/// Whether a namespace may use a custom VPC: the VPC lists it, invites it as a guest, has a NAT gateway whose Pods run in
/// it, or lists none, which is not a limit.
pub(crate) fn is_listed(cluster: &dyn ClusterView, vpc: &Vpc, namespace: &str) -> Answer<bool> {
    if vpc.admits(namespace) {
        return Ok(true);
    }
    let gateways = cluster.nat_gateways_of_vpc(&vpc.meta.name)?;
    Ok(gateways.iter().any(|gateway| gateway.namespace == namespace))
}

/// Whom a VPC is open to, where it is asked about many namespaces.
pub(crate) struct Openness<'v> {
    vpc: &'v Vpc,
    /// Where its NAT gateways run.
    running: BTreeSet<String>,
}

impl<'v> Openness<'v> {
    /// Looks its NAT gateways up, once.
    pub(crate) fn of(cluster: &dyn ClusterView, vpc: &'v Vpc) -> Answer<Self> {
        let gateways = cluster.nat_gateways_of_vpc(&vpc.meta.name)?;
        Ok(Self { vpc, running: gathered(gateways.iter().map(|gateway| gateway.namespace.clone())) })
    }

    /// [`is_listed`]
    pub(crate) fn admits(&self, namespace: &str) -> bool {
        self.vpc.admits(namespace) || self.running.contains(namespace)
    }
}

/// Which custom VPCs a namespace may not use, where many ways lead to them: each is looked up once.
pub(crate) struct ClosedVpcs<'a> {
    cluster: &'a dyn ClusterView,
    kube_ovn: &'a KubeOvn,
    namespace: &'a str,
    /// Whether the Pods of egress gateways are meant too.
    of_pods: bool,
    known: BTreeMap<String, Option<Closed>>,
}

impl<'a> ClosedVpcs<'a> {
    /// Those that the namespace of the object may not use.
    pub(crate) fn new(context: &Context<'a>) -> Self {
        let (cluster, kube_ovn, namespace) = (context.cluster, context.kube_ovn(), context.namespace);
        Self { cluster, kube_ovn, namespace, of_pods: false, known: BTreeMap::new() }
    }

    /// Those that Pods of the object's namespace may not be in.
    pub(crate) fn of_pods(context: &Context<'a>) -> Self {
        Self { of_pods: true, ..Self::new(context) }
    }

    /// [`closed_to`]
    pub(crate) fn named(&mut self, vpc: &str) -> Answer<Option<&Closed>> {
        if !self.known.contains_key(vpc) {
            let closed_to = if self.of_pods { closed_to_pods } else { closed_to };
            let closed = closed_to(self.cluster, self.kube_ovn, vpc, self.namespace)?;
            self.known.insert(vpc.to_owned(), closed);
        }
        Ok(self.known.get(vpc).and_then(Option::as_ref))
    }

    /// [`closed_vpc`]
    pub(crate) fn of(&mut self, subnet: &Subnet) -> Answer<Option<&Closed>> {
        subnet.vpc.as_deref().map_or(Ok(None), |vpc| self.named(vpc))
    }
}

/// A custom VPC that a namespace may not use.
#[derive(Clone, Debug)]
pub(crate) enum Closed {
    /// It lists others.
    Listing(Arc<Vpc>),
    /// It lists others, and would be open to the namespace's Pods if it had an egress gateway there.
    LettingOut(Arc<Vpc>),
    /// There is none of this name, so that nobody knows whom it is for.
    Unknown(String),
}

impl Closed {
    /// The name of the VPC.
    pub(crate) fn name(&self) -> &str {
        match self {
            Closed::Listing(vpc) | Closed::LettingOut(vpc) => &vpc.meta.name,
            Closed::Unknown(vpc) => vpc,
        }
    }

    /// Whether it has egress gateways of a namespace all the same.
    fn lets_out(&self, namespace: &str) -> bool {
        matches!(self, Closed::Listing(vpc) if vpc.lets_out(namespace))
    }

    /// Whether it is closed to Pods too. Nothing tells those of an egress gateway from the others of its namespace.
    fn for_pods(self, cluster: &dyn ClusterView, namespace: &str) -> Answer<Option<Self>> {
        Ok(match self {
            Closed::Listing(vpc) if vpc.lets_out(namespace) => {
                let gateways = cluster.egress_gateways_of_vpc_until_gone(&vpc.meta.name)?;
                let has_one = gateways.iter().any(|gateway| gateway.meta.namespace == namespace);
                (!has_one).then_some(Closed::LettingOut(vpc))
            }
            closed => Some(closed),
        })
    }

    /// The refusal of a way to a Subnet of it.
    pub(crate) fn refusal(&self, context: &Context<'_>, field: FieldPath, subnet: &Subnet, way: &str) -> Finding {
        let namespace = quoted(context.namespace);
        let detail = match self {
            Closed::Listing(vpc) | Closed::LettingOut(vpc) => {
                let in_vpc = context.mention(Kind::Vpc, &vpc.meta.name);
                format!("{way} in {in_vpc}, which namespace {namespace} may not use")
            }
            Closed::Unknown(vpc) => {
                let in_vpc = context.mention(Kind::Vpc, vpc);
                format!("{way} in {in_vpc}, which does not exist, so that no namespace may use it")
            }
        };
        let finding = Finding::forbidden(field, &subnet.meta.name, detail);
        self.evidence(finding.related(subnet.reference(), Some(FieldPath::of("spec.vpc"))))
    }

    /// What a way into it is: a denial, but for who restores a backup, in which the VPC or the gateway may come later, and for a
    /// dry run, before which nobody has made the VPC.
    pub(crate) fn action(&self, context: &Context<'_>) -> Action {
        let is_restored = context.settings.is_restorer(context.user);
        let comes_later = match self {
            Closed::Listing(_) => false,
            Closed::LettingOut(_) => is_restored,
            Closed::Unknown(_) => is_restored || context.dry_run,
        };
        if comes_later { Action::Warn } else { Action::Deny }
    }

    /// A finding, with what shows that the VPC is closed.
    pub(crate) fn evidence(&self, finding: Finding) -> Finding {
        let (vpc, opening) = match self {
            Closed::Listing(vpc) => (vpc, &[Kind::VpcNatGateway][..]),
            Closed::LettingOut(vpc) => (vpc, &[Kind::VpcNatGateway, Kind::VpcEgressGateway][..]),
            Closed::Unknown(vpc) => return finding.missing(ObjectRef::new(Kind::Vpc, vpc)),
        };
        let finding = finding.related(vpc.reference(), Some(FieldPath::of("spec.namespaces")));
        opening.iter().fold(finding, |finding, kind| finding.unless_any(*kind))
    }
}

/// The custom VPC of a Subnet, if it has one that a namespace may not use.
pub(crate) fn closed_vpc(
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    subnet: &Subnet,
    namespace: &str,
) -> Answer<Option<Closed>> {
    subnet.vpc.as_deref().map_or(Ok(None), |vpc| closed_to(cluster, kube_ovn, vpc, namespace))
}

/// The VPC of this name, if it is a custom one that a namespace may not use. Kube-OVN serves a VPC until it is gone. One that
/// does not exist lists nobody; where not all are seen, it may be elsewhere.
pub(crate) fn closed_to(
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    vpc: &str,
    namespace: &str,
) -> Answer<Option<Closed>> {
    if !kube_ovn.is_custom_vpc(vpc) {
        return Ok(None);
    }
    Ok(match cluster.vpc_until_gone(vpc)? {
        Some(vpc) if is_listed(cluster, &vpc, namespace)? => None,
        Some(vpc) => Some(Closed::Listing(vpc)),
        None if cluster.sight(Kind::Vpc) == Sight::All => Some(Closed::Unknown(vpc.to_owned())),
        None => None,
    })
}

/// [`closed_to`] for Pods, those of egress gateways among them.
pub(crate) fn closed_to_pods(
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    vpc: &str,
    namespace: &str,
) -> Answer<Option<Closed>> {
    closed_to(cluster, kube_ovn, vpc, namespace)?.map_or(Ok(None), |closed| closed.for_pods(cluster, namespace))
}

/// [`closed_to`] for an egress gateway, which an administrator may admit by itself.
pub(crate) fn closed_to_egress(
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    vpc: &str,
    namespace: &str,
) -> Answer<Option<Closed>> {
    Ok(closed_to(cluster, kube_ovn, vpc, namespace)?.filter(|closed| !closed.lets_out(namespace)))
}

//! What a rule may ask about the rest of the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;

use crate::kinds::{
    AttachmentDefinition, ConfigMap, IpPool, IptablesEip, Kind, LabelSelector, Namespace, NatGateway, Node,
    ServiceCidr, Shard, Subnet, Vpc,
};

/// A read that failed. It is no verdict: the runner reports it as its own error, and nothing is admitted on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {cause}", self.attempt())]
pub struct ViewError {
    /// The kind that was asked for.
    pub kind: String,
    /// The name; empty for a list.
    pub name: String,
    /// Why it failed.
    pub cause: String,
}

impl ViewError {
    fn attempt(&self) -> String {
        let Self { kind, name, .. } = self;
        if name.is_empty() {
            format!("cannot list objects of kind {kind}")
        } else {
            format!("cannot read {kind} {name:?}")
        }
    }
}

/// An answer of a [`ClusterView`].
pub type Answer<T> = Result<T, ViewError>;

/// A list that some runners are never able to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// It was seen.
    Seen(T),
    /// This runner sees no objects of that kind, whether or not there are any.
    Unknown,
}

impl<T> Known<T> {
    /// What was seen, changed into something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Known::Seen(seen) => Known::Seen(change(seen)),
            Known::Unknown => Known::Unknown,
        }
    }
}

/// How much a view sees of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All objects: what is not found does not exist.
    All,
    /// Those that somebody has put together, as in a folder of manifests: others may be elsewhere.
    Some,
    /// None, whether or not there are any.
    Nothing,
}

/// A prefix that a Subnet holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The name of the Subnet.
    pub subnet: String,
    /// The prefix.
    pub prefix: IpNet,
}

/// The state of a cluster, as far as rules ask for it.
///
/// What does not exist is `None` or absent from a list, and so is what a cluster has no kind for. Objects that are being
/// deleted do not exist either, except where [`overlapping`](ClusterView::overlapping) finds them, and for what is asked
/// `until_gone`: Kube-OVN serves an object until its finalizers are gone, so that what keeps tenants apart counts it. Lists
/// are in the order of names.
#[expect(clippy::missing_errors_doc, reason = "all fail alike, as ViewError says")]
pub trait ClusterView {
    /// The Vpc of this name.
    fn vpc(&self, name: &str) -> Answer<Option<Arc<Vpc>>>;
    /// The Subnet of this name.
    fn subnet(&self, name: &str) -> Answer<Option<Arc<Subnet>>>;
    /// The `VpcNatGateway` of this name.
    fn nat_gateway(&self, name: &str) -> Answer<Option<Arc<NatGateway>>>;
    /// The `IptablesEIP` of this name.
    fn iptables_eip(&self, name: &str) -> Answer<Option<Arc<IptablesEip>>>;
    /// The `IPPool` of this name.
    fn ip_pool(&self, name: &str) -> Answer<Option<Arc<IpPool>>>;
    /// The Namespace of this name.
    fn namespace(&self, name: &str) -> Answer<Option<Arc<Namespace>>>;
    /// The ConfigMap of this namespace and name.
    fn config_map(&self, namespace: &str, name: &str) -> Answer<Option<Arc<ConfigMap>>>;
    /// The NetworkAttachmentDefinition of this namespace and name.
    fn attachment_definition(&self, namespace: &str, name: &str) -> Answer<Option<Arc<AttachmentDefinition>>>;
    /// All Nodes.
    fn nodes(&self) -> Answer<Known<Vec<Arc<Node>>>>;
    /// All ServiceCIDRs.
    fn service_cidrs(&self) -> Answer<Known<Vec<Arc<ServiceCidr>>>>;

    /// The Subnets whose effective VPC this is.
    fn subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>>;
    /// The Subnets with `default: true` whose effective VPC this is.
    fn default_subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>>;
    /// The Subnets with this provider.
    fn subnets_with_provider(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>>;
    /// The Subnets that list a namespace, or select one with these labels; every selecting one where these are not known.
    fn subnets_binding(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Answer<Vec<Arc<Subnet>>>;
    /// The NAT gateways that stand in a Subnet.
    fn nat_gateways_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<NatGateway>>>;
    /// The NAT gateways of a VPC.
    fn nat_gateways_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<NatGateway>>>;
    /// The Vpcs that list a namespace.
    fn vpcs_binding(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>>;
    /// The namespaces that a selector matches.
    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>>;
    /// The prefixes of a shard that have an address in common with this one, in the order of the Subnets' names. Subnets
    /// that are being deleted still hold theirs.
    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>>;
    /// The same for all VLANs of a VPC, each with the whole Subnet.
    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>>;

    /// How much is seen of a kind that is looked up.
    fn sight(&self, kind: Kind) -> Sight;
    /// The Vpc of this name, also one that is being deleted.
    fn vpc_until_gone(&self, name: &str) -> Answer<Option<Arc<Vpc>>>;
    /// The Subnet of this name, also one that is being deleted.
    fn subnet_until_gone(&self, name: &str) -> Answer<Option<Arc<Subnet>>>;
    /// The `IPPool` of this name, also one that is being deleted.
    fn ip_pool_until_gone(&self, name: &str) -> Answer<Option<Arc<IpPool>>>;
    /// The NetworkAttachmentDefinition of this namespace and name, also one that is being deleted.
    fn attachment_definition_until_gone(
        &self,
        namespace: &str,
        name: &str,
    ) -> Answer<Option<Arc<AttachmentDefinition>>>;
    /// The Subnets with this provider, also those that are being deleted.
    fn subnets_with_provider_until_gone(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>>;
}

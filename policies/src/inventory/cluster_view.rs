//! What a rule may ask about the rest of the cluster.

mod nat;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::gather::sort_by;
use crate::kinds::{
    AttachmentDefinition, BY_CLAIMED_ADDRESS, ConfigMap, EgressGateway, Ip, IpPool, Kind, LabelSelector, Meta,
    Namespace, NatGateway, Node, Object, ProviderNetwork, SecurityGroup, ServiceCidr, Shard, Subnet, SwitchLbRule,
    Typed, Vip, Vlan, Vpc, VpcDns, claimed_word,
};
use crate::net::PrefixSet;

/// A read that failed. It is not a verdict: the runner reports it as its own error, and nothing is admitted on it.
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

/// The state of a cluster, as far as rules ask for it: what runners differ in. The words that rules use stand on it.
///
/// What does not exist is `None` or absent from a list, and so is what a cluster has no kind for. Objects that are being
/// deleted are there until they are gone. Lists are in the order of names.
#[expect(clippy::missing_errors_doc, reason = "all fail alike, as ViewError says")]
pub trait ClusterView {
    /// The object of this kind, namespace and name; the namespace of cluster-scoped kinds is empty.
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>>;
    /// The objects of a kind that one of its indexes has under a word.
    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>>;
    /// All objects of a kind.
    fn all(&self, kind: Kind) -> Answer<Vec<Object>>;
    /// The objects of a kind whose names stand next to one in their order, at most so many on either side. They make a message
    /// better and no verdict another, so that where they would have to be read for it there are none.
    fn around(&self, _: Kind, _name: &str, _most: usize) -> Vec<Object> {
        Vec::new()
    }
    /// How much is seen of a kind that is looked up.
    fn sight(&self, kind: Kind) -> Sight;
    /// The prefixes of a shard that have an address in common with this one, in the order of the Subnets' names.
    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>>;
    /// The same for all VLANs of a VPC, each with the whole Subnet.
    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>>;
    /// The prefixes of a shard as long as this one that no Subnet has, stored or to be stored, and that do not overlap what is to
    /// be avoided, as [`FreeSpace::nearest`](crate::net::FreeSpace::nearest) finds them.
    fn nearest_free(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Answer<Vec<IpNet>>;
    /// Pods and Services that may be waiting for what is asked about, where a runner has looked for them.
    fn waiting(&self) -> &[Object] {
        &[]
    }
    /// The namespaces that a selector matches.
    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>>;
}

/// A cluster, and the Pods and Services that were found waiting.
pub struct Attended<'a> {
    /// The cluster.
    pub cluster: &'a dyn ClusterView,
    /// Those that wait.
    pub waiting: &'a [Object],
}

impl ClusterView for Attended<'_> {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>> {
        self.cluster.get(kind, namespace, name)
    }

    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>> {
        self.cluster.by(kind, index, word)
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        self.cluster.all(kind)
    }

    fn around(&self, kind: Kind, name: &str, most: usize) -> Vec<Object> {
        self.cluster.around(kind, name, most)
    }

    fn sight(&self, kind: Kind) -> Sight {
        self.cluster.sight(kind)
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        self.cluster.overlapping(shard, prefix)
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        self.cluster.overlapping_in_vpc(vpc, prefix)
    }

    fn nearest_free(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Answer<Vec<IpNet>> {
        self.cluster.nearest_free(shard, wanted, avoid, most)
    }

    fn waiting(&self) -> &[Object] {
        self.waiting
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        self.cluster.namespaces_matching(selector)
    }
}

/// What rules ask. Objects that are being deleted do not exist, except for what is asked `until_gone`: Kube-OVN serves an
/// object until its finalizers are gone, so that what keeps tenants apart counts it.
#[expect(clippy::missing_errors_doc, reason = "all fail alike, as ViewError says")]
impl dyn ClusterView + '_ {
    /// The Vpc of this name.
    pub fn vpc(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        self.living("", name)
    }

    /// The Subnet of this name.
    pub fn subnet(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        self.living("", name)
    }

    /// The `VpcNatGateway` of this name.
    pub fn nat_gateway(&self, name: &str) -> Answer<Option<Arc<NatGateway>>> {
        self.living("", name)
    }

    /// The `IPPool` of this name.
    pub fn ip_pool(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        self.living("", name)
    }

    /// The Namespace of this name.
    pub fn namespace(&self, name: &str) -> Answer<Option<Arc<Namespace>>> {
        self.living("", name)
    }

    /// The ConfigMap of this namespace and name.
    pub fn config_map(&self, namespace: &str, name: &str) -> Answer<Option<Arc<ConfigMap>>> {
        self.living(namespace, name)
    }

    /// The NetworkAttachmentDefinition of this namespace and name.
    pub fn attachment_definition(&self, namespace: &str, name: &str) -> Answer<Option<Arc<AttachmentDefinition>>> {
        self.living(namespace, name)
    }

    /// The Vpc of this name, also one that is being deleted.
    pub fn vpc_until_gone(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        self.one("", name)
    }

    /// The Subnet of this name, also one that is being deleted.
    pub fn subnet_until_gone(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        self.one("", name)
    }

    /// The `IPPool` of this name, also one that is being deleted.
    pub fn ip_pool_until_gone(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        self.one("", name)
    }

    /// The Vip of this name.
    pub fn vip(&self, name: &str) -> Answer<Option<Arc<Vip>>> {
        self.living("", name)
    }

    /// The Vip of this name, also one that is being deleted.
    pub fn vip_until_gone(&self, name: &str) -> Answer<Option<Arc<Vip>>> {
        self.one("", name)
    }

    /// The `IP` of this name.
    pub fn ip(&self, name: &str) -> Answer<Option<Arc<Ip>>> {
        self.living("", name)
    }

    /// The IPs with an address of a Subnet, also those that are being deleted.
    pub fn ips_with_until_gone(&self, subnet: &str, address: IpAddr) -> Answer<Vec<Arc<Ip>>> {
        Ok(typed(self.by(Kind::Ip, BY_CLAIMED_ADDRESS, &claimed_word(subnet, address))?))
    }

    /// The Vips of a Subnet.
    pub fn vips_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<Vip>>> {
        self.living_by(Vip::BY_SUBNET, subnet)
    }

    /// The load balancers of a port of an address, as [`SwitchLbRule::port_of_vip`] says it.
    pub fn switch_lb_rules_of_port(&self, port: &str) -> Answer<Vec<Arc<SwitchLbRule>>> {
        self.living_by(SwitchLbRule::BY_PORT, port)
    }

    /// The name servers of a VPC.
    pub fn vpc_dnses_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<VpcDns>>> {
        self.living_by(VpcDns::BY_VPC, vpc)
    }

    /// The NetworkAttachmentDefinition of this namespace and name, also one that is being deleted.
    pub fn attachment_definition_until_gone(
        &self,
        namespace: &str,
        name: &str,
    ) -> Answer<Option<Arc<AttachmentDefinition>>> {
        self.one(namespace, name)
    }

    /// Whether there is an object of this kind and name, in no namespace.
    pub fn has(&self, kind: Kind, name: &str) -> Answer<bool> {
        Ok(self.get(kind, "", name)?.is_some_and(|object| is_living(object.meta())))
    }

    /// All Nodes.
    pub fn nodes(&self) -> Answer<Known<Vec<Arc<Node>>>> {
        self.known()
    }

    /// All Namespaces that are seen, also those that are being deleted.
    pub fn namespaces_until_gone(&self) -> Answer<Vec<Arc<Namespace>>> {
        Ok(typed(self.all(Kind::Namespace)?))
    }

    /// All ServiceCIDRs.
    pub fn service_cidrs(&self) -> Answer<Known<Vec<Arc<ServiceCidr>>>> {
        self.known()
    }

    /// The Subnets whose effective VPC this is.
    pub fn subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.living_by(Subnet::BY_VPC, vpc)
    }

    /// The Subnets whose effective VPC this is, also those that are being deleted.
    pub fn subnets_of_vpc_until_gone(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(typed(self.by(Kind::Subnet, Subnet::BY_VPC, vpc)?))
    }

    /// The Subnets with `default: true` whose effective VPC this is.
    pub fn default_subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.living_by(Subnet::DEFAULT_BY_VPC, vpc)
    }

    /// The Subnets with this provider.
    pub fn subnets_with_provider(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.living_by(Subnet::BY_PROVIDER, provider)
    }

    /// The Subnets with this provider, also those that are being deleted.
    pub fn subnets_with_provider_until_gone(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(typed(self.by(Kind::Subnet, Subnet::BY_PROVIDER, provider)?))
    }

    /// The Subnets that list a namespace.
    pub fn subnets_listing(&self, namespace: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.living_by(Subnet::BY_NAMESPACE, namespace)
    }

    /// The Subnets that list a namespace, or select one with these labels; every selecting one where these are not known.
    pub fn subnets_binding(
        &self,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> Answer<Vec<Arc<Subnet>>> {
        let selects = |subnet: &Arc<Subnet>| {
            let mut selectors = subnet.namespace_selectors.iter();
            selectors.any(|selector| labels.is_none_or(|labels| selector.matches(labels)))
        };
        let mut binding = self.subnets_listing(namespace)?;
        binding.extend(self.living_by(Subnet::SELECTING, "")?.into_iter().filter(selects));
        sort_by(&mut binding, |a, b| a.meta.name.cmp(&b.meta.name));
        binding.dedup_by(|a, b| a.meta.name == b.meta.name);
        Ok(binding)
    }

    /// The Subnets that select a namespace with these labels, also those that are being deleted.
    pub fn subnets_selecting_until_gone(&self, labels: &BTreeMap<String, String>) -> Answer<Vec<Arc<Subnet>>> {
        let mut selecting: Vec<Arc<Subnet>> = typed(self.by(Kind::Subnet, Subnet::SELECTING, "")?);
        selecting.retain(|subnet| subnet.namespace_selectors.iter().any(|selector| selector.matches(labels)));
        Ok(selecting)
    }

    /// The NAT gateways that stand in a Subnet, also those that are being deleted.
    pub fn nat_gateways_of_subnet_until_gone(&self, subnet: &str) -> Answer<Vec<Arc<NatGateway>>> {
        Ok(typed(self.by(Kind::VpcNatGateway, NatGateway::BY_SUBNET, subnet)?))
    }

    /// The NAT gateways whose external Subnet this is.
    pub fn nat_gateways_outside_in(&self, subnet: &str) -> Answer<Vec<Arc<NatGateway>>> {
        self.living_by(NatGateway::BY_EXTERNAL_SUBNET, subnet)
    }

    /// The NAT gateways of a VPC.
    pub fn nat_gateways_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<NatGateway>>> {
        self.living_by(NatGateway::BY_VPC, vpc)
    }

    /// The egress gateways that name a VPC, also those that are being deleted.
    pub fn egress_gateways_of_vpc_until_gone(&self, vpc: &str) -> Answer<Vec<Arc<EgressGateway>>> {
        Ok(typed(self.by(Kind::VpcEgressGateway, EgressGateway::BY_VPC, vpc)?))
    }

    /// The Vpcs that list a namespace.
    pub fn vpcs_binding(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>> {
        self.living_by(Vpc::BY_NAMESPACE, namespace)
    }

    /// The Vpcs that list a namespace, invite it or have its egress gateways, also those that are being deleted.
    pub fn vpcs_admitting_until_gone(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>> {
        Ok(typed(self.by(Kind::Vpc, Vpc::BY_ADMITTED, namespace)?))
    }

    /// The NAT gateways whose Pods run in a namespace.
    pub fn nat_gateways_running_in(&self, namespace: &str) -> Answer<Vec<Arc<NatGateway>>> {
        self.living_by(NatGateway::BY_NAMESPACE, namespace)
    }

    /// The IPPools of a Subnet.
    pub fn ip_pools_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<IpPool>>> {
        self.living_by(IpPool::BY_SUBNET, subnet)
    }

    /// The IPPools of a Subnet, also those that are being deleted.
    pub fn ip_pools_of_subnet_until_gone(&self, subnet: &str) -> Answer<Vec<Arc<IpPool>>> {
        Ok(typed(self.by(Kind::IpPool, IpPool::BY_SUBNET, subnet)?))
    }

    /// The IPPools that list a namespace.
    pub fn ip_pools_listing(&self, namespace: &str) -> Answer<Vec<Arc<IpPool>>> {
        self.living_by(IpPool::BY_NAMESPACE, namespace)
    }

    /// The Vlan of this name.
    pub fn vlan(&self, name: &str) -> Answer<Option<Arc<Vlan>>> {
        self.living("", name)
    }

    /// The Vlans of one number on one network of the nodes, as [`Vlan::tag`] says it.
    pub fn vlans_tagged(&self, tag: &str) -> Answer<Vec<Arc<Vlan>>> {
        self.living_by(Vlan::BY_TAG, tag)
    }

    /// The `ProviderNetwork` of this name.
    pub fn provider_network(&self, name: &str) -> Answer<Option<Arc<ProviderNetwork>>> {
        self.living("", name)
    }

    /// The `ProviderNetworks` that take an interface, of some node.
    pub fn provider_networks_on(&self, interface: &str) -> Answer<Vec<Arc<ProviderNetwork>>> {
        self.living_by(ProviderNetwork::BY_INTERFACE, interface)
    }

    /// The Subnets of VPCs that name a VLAN.
    pub fn subnets_on_vlan(&self, vlan: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.living_by(Subnet::BY_VLAN, vlan)
    }

    /// The Subnets that leave by a router outside the cluster, of one VPC, VLAN and table: [`Subnet::egress_table`].
    pub fn subnets_of_egress_table(&self, table: &str) -> Answer<Vec<Arc<Subnet>>> {
        self.living_by(Subnet::BY_EGRESS_TABLE, table)
    }

    /// The Subnets whose names have dots and are folded to this one, also those that are being deleted.
    pub fn dotted_subnets_until_gone(&self, folded: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(typed(self.by(Kind::Subnet, Subnet::DOTTED, folded)?))
    }

    /// The security groups with this port group, also those that are being deleted.
    pub fn security_groups_until_gone(&self, port_group: &str) -> Answer<Vec<Arc<SecurityGroup>>> {
        Ok(typed(self.by(Kind::SecurityGroup, SecurityGroup::BY_PORT_GROUP, port_group)?))
    }

    /// The IPPools whose address set has this name, whether or not they have one, also those that are being deleted.
    pub fn ip_pools_called_until_gone(&self, address_set: &str) -> Answer<Vec<Arc<IpPool>>> {
        Ok(typed(self.by(Kind::IpPool, IpPool::BY_ADDRESS_SET, address_set)?))
    }

    fn one<T: Typed>(&self, namespace: &str, name: &str) -> Answer<Option<Arc<T>>> {
        Ok(self.get(T::KIND, namespace, name)?.as_ref().and_then(T::of).cloned())
    }

    fn living<T: Typed>(&self, namespace: &str, name: &str) -> Answer<Option<Arc<T>>> {
        Ok(self.one(namespace, name)?.filter(|object: &Arc<T>| is_living(object.meta())))
    }

    /// All of a type.
    pub(crate) fn all_living<T: Typed>(&self) -> Answer<Vec<Arc<T>>> {
        let mut found = typed(self.all(T::KIND)?);
        found.retain(|object: &Arc<T>| is_living(object.meta()));
        Ok(found)
    }

    pub(crate) fn living_by<T: Typed>(&self, index: &'static str, word: &str) -> Answer<Vec<Arc<T>>> {
        let mut found = typed(self.by(T::KIND, index, word)?);
        found.retain(|object: &Arc<T>| is_living(object.meta()));
        Ok(found)
    }

    fn known<T: Typed>(&self) -> Answer<Known<Vec<Arc<T>>>> {
        let mut all = typed(self.all(T::KIND)?);
        all.retain(|object: &Arc<T>| is_living(object.meta()));
        Ok(if self.sight(T::KIND) == Sight::Nothing { Known::Unknown } else { Known::Seen(all) })
    }
}

fn is_living(meta: &Meta) -> bool {
    !meta.deleting
}

fn typed<T: Typed>(objects: Vec<Object>) -> Vec<Arc<T>> {
    objects.iter().filter_map(T::of).cloned().collect()
}

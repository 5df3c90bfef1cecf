//! The inventory answers what rules ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;

use super::Inventory;
use super::table::{HasMeta, Table};
use crate::gather::gathered;
use crate::kinds::{
    AttachmentDefinition, ConfigMap, IpPool, IptablesEip, Kind, LabelSelector, Namespace, NatGateway, Node,
    ServiceCidr, Shard, Subnet, Vpc, key,
};
use crate::net::PrefixIndex;
use crate::view::{Answer, ClusterView, Held, Known};
use crate::wanted::AddressSpace;

impl ClusterView for Inventory {
    fn vpc(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        Ok(self.vpcs.living(name))
    }

    fn subnet(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        Ok(self.subnets.living(name))
    }

    fn nat_gateway(&self, name: &str) -> Answer<Option<Arc<NatGateway>>> {
        Ok(self.nat_gateways.living(name))
    }

    fn iptables_eip(&self, name: &str) -> Answer<Option<Arc<IptablesEip>>> {
        Ok(self.iptables_eips.living(name))
    }

    fn ip_pool(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        Ok(self.ip_pools.living(name))
    }

    fn namespace(&self, name: &str) -> Answer<Option<Arc<Namespace>>> {
        Ok(self.namespaces.living(name))
    }

    fn config_map(&self, namespace: &str, name: &str) -> Answer<Option<Arc<ConfigMap>>> {
        Ok(self.config_maps.living(&key(namespace, name)))
    }

    fn attachment_definition(&self, namespace: &str, name: &str) -> Answer<Option<Arc<AttachmentDefinition>>> {
        Ok(self.attachment_definitions.living(&key(namespace, name)))
    }

    fn nodes(&self) -> Answer<Known<Vec<Arc<Node>>>> {
        Ok(self.known(Kind::Node, &self.nodes))
    }

    fn service_cidrs(&self) -> Answer<Known<Vec<Arc<ServiceCidr>>>> {
        Ok(self.known(Kind::ServiceCidr, &self.service_cidrs))
    }

    fn subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(self.subnets.living_of(self.subnets_by_vpc.members(vpc)))
    }

    fn default_subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(self.subnets.living_of(self.default_subnets_by_vpc.members(vpc)))
    }

    fn subnets_with_provider(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(self.subnets.living_of(self.subnets_by_provider.members(provider)))
    }

    fn subnets_binding(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Answer<Vec<Arc<Subnet>>> {
        let selects = |name: &&String| {
            let selectors = self.subnets.stored(name).map(|subnet| subnet.namespace_selectors.as_slice());
            let mut selectors = selectors.unwrap_or_default().iter();
            selectors.any(|selector| labels.is_none_or(|labels| selector.matches(labels)))
        };
        let listing = self.subnets_by_namespace.members(namespace);
        let names: BTreeSet<_> = gathered(listing.chain(self.selecting_subnets.iter().filter(selects)));
        Ok(self.subnets.living_of(names.into_iter()))
    }

    fn nat_gateways_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<NatGateway>>> {
        Ok(self.nat_gateways.living_of(self.nat_gateways_by_vpc.members(vpc)))
    }

    fn nat_gateways_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<NatGateway>>> {
        Ok(self.nat_gateways.living_of(self.nat_gateways_by_subnet.members(subnet)))
    }

    fn vpcs_binding(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>> {
        Ok(self.vpcs.living_of(self.vpcs_by_namespace.members(namespace)))
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        let matching = self.namespaces.all_living().filter(|namespace| selector.matches(&namespace.meta.labels));
        Ok(matching.cloned().collect())
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        Ok(self.shards.get(shard).map_or_else(Vec::new, |prefixes| held(prefixes, prefix)))
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        let first = Shard { vpc: vpc.to_owned(), vlan: String::new() };
        let shards = self.shards.range(first..).take_while(|(shard, _)| shard.vpc == vpc);
        let mut found: Vec<Held> = shards.flat_map(|(_, prefixes)| held(prefixes, prefix)).collect();
        found.sort_unstable();
        let subnet = |held: Held| Some((Arc::clone(self.subnets.stored(&held.subnet)?), held.prefix));
        Ok(found.into_iter().filter_map(subnet).collect())
    }
}

impl Inventory {
    /// The names of those that hold an address of a prefix in an address space, in their order.
    pub fn holders(&self, space: &AddressSpace, prefix: IpNet) -> Vec<String> {
        match space {
            AddressSpace::Vpc(shard) => {
                let prefixes = self.shards.get(shard).map_or_else(Vec::new, |prefixes| held(prefixes, prefix));
                prefixes.into_iter().map(|held| held.subnet).collect()
            }
            AddressSpace::Subnet(subnet) => {
                let gateways = self.nat_gateways.living_of(self.nat_gateways_by_subnet.members(subnet));
                let holds = |gateway: &Arc<NatGateway>| gateway.lan_ips().any(|lan_ip| prefix.contains(&lan_ip));
                gateways.into_iter().filter(holds).map(|gateway| gateway.meta.name.clone()).collect()
            }
        }
    }

    fn known<T: HasMeta>(&self, kind: Kind, table: &Table<T>) -> Known<Vec<Arc<T>>> {
        if table.is_empty() && !self.watched.contains(&kind) {
            return Known::Unknown;
        }
        Known::Seen(table.all_living().cloned().collect())
    }
}

/// The prefixes that overlap one, in the order of their Subnets.
fn held(prefixes: &PrefixIndex, prefix: IpNet) -> Vec<Held> {
    let found = prefixes.overlapping(prefix).into_iter();
    let mut found: Vec<_> = found.map(|(prefix, owner)| Held { subnet: owner.to_owned(), prefix }).collect();
    found.sort_unstable();
    found
}

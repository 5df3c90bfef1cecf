//! The inventory answers what rules ask: of all that it has, or of what is stored only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;

use super::Inventory;
use super::table::{HasMeta, Standing, Table};
use crate::gather::gathered;
use crate::kinds::{
    AttachmentDefinition, ConfigMap, IpPool, IptablesEip, Kind, LabelSelector, Namespace, NatGateway, Node,
    ServiceCidr, Shard, Subnet, Vpc, key,
};
use crate::net::PrefixIndex;
use crate::view::{Answer, ClusterView, Held, Known, Sight};
use crate::wanted::AddressSpace;

/// What of an inventory is stored, and not only planned.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a>(pub &'a Inventory);

/// An inventory, and how far an object of it must have come before it exists.
trait Part {
    const LEAST: Standing;

    fn inventory(&self) -> &Inventory;
}

impl Part for Inventory {
    const LEAST: Standing = Standing::Planned;

    fn inventory(&self) -> &Inventory {
        self
    }
}

impl Part for Stored<'_> {
    const LEAST: Standing = Standing::Stored;

    fn inventory(&self) -> &Inventory {
        self.0
    }
}

impl<P: Part> ClusterView for P {
    fn vpc(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        Ok(self.inventory().vpcs.living(name, P::LEAST))
    }

    fn subnet(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        Ok(self.inventory().subnets.living(name, P::LEAST))
    }

    fn nat_gateway(&self, name: &str) -> Answer<Option<Arc<NatGateway>>> {
        Ok(self.inventory().nat_gateways.living(name, P::LEAST))
    }

    fn iptables_eip(&self, name: &str) -> Answer<Option<Arc<IptablesEip>>> {
        Ok(self.inventory().iptables_eips.living(name, P::LEAST))
    }

    fn ip_pool(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        Ok(self.inventory().ip_pools.living(name, P::LEAST))
    }

    fn namespace(&self, name: &str) -> Answer<Option<Arc<Namespace>>> {
        Ok(self.inventory().namespaces.living(name, P::LEAST))
    }

    fn config_map(&self, namespace: &str, name: &str) -> Answer<Option<Arc<ConfigMap>>> {
        Ok(self.inventory().config_maps.living(&key(namespace, name), P::LEAST))
    }

    fn attachment_definition(&self, namespace: &str, name: &str) -> Answer<Option<Arc<AttachmentDefinition>>> {
        Ok(self.inventory().attachment_definitions.living(&key(namespace, name), P::LEAST))
    }

    fn nodes(&self) -> Answer<Known<Vec<Arc<Node>>>> {
        Ok(self.inventory().known(Kind::Node, &self.inventory().nodes, P::LEAST))
    }

    fn service_cidrs(&self) -> Answer<Known<Vec<Arc<ServiceCidr>>>> {
        Ok(self.inventory().known(Kind::ServiceCidr, &self.inventory().service_cidrs, P::LEAST))
    }

    fn subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(self.inventory().subnets.living_of(self.inventory().subnets_by_vpc.members(vpc), P::LEAST))
    }

    fn default_subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(self.inventory().subnets.living_of(self.inventory().default_subnets_by_vpc.members(vpc), P::LEAST))
    }

    fn subnets_with_provider(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(self.inventory().subnets.living_of(self.inventory().subnets_by_provider.members(provider), P::LEAST))
    }

    fn subnets_binding(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Answer<Vec<Arc<Subnet>>> {
        let selects = |name: &&Arc<str>| {
            let selectors = self.inventory().subnets.kept(name).map(|subnet| subnet.namespace_selectors.as_slice());
            let mut selectors = selectors.unwrap_or_default().iter();
            selectors.any(|selector| labels.is_none_or(|labels| selector.matches(labels)))
        };
        let listing = self.inventory().subnets_by_namespace.members(namespace);
        let names: BTreeSet<_> = gathered(listing.chain(self.inventory().selecting_subnets.iter().filter(selects)));
        Ok(self.inventory().subnets.living_of(names.into_iter(), P::LEAST))
    }

    fn nat_gateways_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<NatGateway>>> {
        Ok(self.inventory().nat_gateways.living_of(self.inventory().nat_gateways_by_vpc.members(vpc), P::LEAST))
    }

    fn nat_gateways_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<NatGateway>>> {
        Ok(self.inventory().nat_gateways.living_of(self.inventory().nat_gateways_by_subnet.members(subnet), P::LEAST))
    }

    fn vpcs_binding(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>> {
        Ok(self.inventory().vpcs.living_of(self.inventory().vpcs_by_namespace.members(namespace), P::LEAST))
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        let matching = self
            .inventory()
            .namespaces
            .all_living(P::LEAST)
            .filter(|namespace| selector.matches(&namespace.meta.labels));
        Ok(matching.cloned().collect())
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        Ok(self.inventory().shards.get(shard).map_or_else(Vec::new, |prefixes| held(prefixes, prefix)))
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        let first = Shard { vpc: vpc.to_owned(), vlan: String::new() };
        let shards = self.inventory().shards.range(first..).take_while(|(shard, _)| shard.vpc == vpc);
        let mut found: Vec<Held> = shards.flat_map(|(_, prefixes)| held(prefixes, prefix)).collect();
        found.sort_unstable();
        let subnet = |held: Held| Some((Arc::clone(self.inventory().subnets.kept(&held.subnet)?), held.prefix));
        Ok(found.into_iter().filter_map(subnet).collect())
    }

    fn sight(&self, kind: Kind) -> Sight {
        let inventory = self.inventory();
        match inventory.count(kind) {
            _ if inventory.watched.contains(&kind) => Sight::All,
            0 => Sight::Nothing,
            _ => Sight::Some,
        }
    }

    fn vpc_until_gone(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        Ok(self.inventory().vpcs.standing(name, P::LEAST))
    }

    fn subnet_until_gone(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        Ok(self.inventory().subnets.standing(name, P::LEAST))
    }

    fn ip_pool_until_gone(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        Ok(self.inventory().ip_pools.standing(name, P::LEAST))
    }

    fn attachment_definition_until_gone(
        &self,
        namespace: &str,
        name: &str,
    ) -> Answer<Option<Arc<AttachmentDefinition>>> {
        Ok(self.inventory().attachment_definitions.standing(&key(namespace, name), P::LEAST))
    }

    fn subnets_with_provider_until_gone(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        let inventory = self.inventory();
        let names = inventory.subnets_by_provider.members(provider);
        Ok(names.filter_map(|name| inventory.subnets.standing(name, P::LEAST)).collect())
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
                let gateways =
                    self.nat_gateways.living_of(self.nat_gateways_by_subnet.members(subnet), Standing::Stored);
                let holds = |gateway: &Arc<NatGateway>| gateway.lan_ips().any(|lan_ip| prefix.contains(&lan_ip));
                gateways.into_iter().filter(holds).map(|gateway| gateway.meta.name.clone()).collect()
            }
        }
    }

    fn known<T: HasMeta>(&self, kind: Kind, table: &Table<T>, least: Standing) -> Known<Vec<Arc<T>>> {
        if table.all(least).next().is_none() && !self.watched.contains(&kind) {
            return Known::Unknown;
        }
        Known::Seen(table.all_living(least).cloned().collect())
    }
}

/// The prefixes that overlap one, in the order of their Subnets.
fn held(prefixes: &PrefixIndex, prefix: IpNet) -> Vec<Held> {
    let found = prefixes.overlapping(prefix).into_iter();
    let mut found: Vec<_> = found.map(|(prefix, owner)| Held { subnet: owner.to_owned(), prefix }).collect();
    found.sort_unstable();
    found
}

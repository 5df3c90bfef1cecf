//! The inventory answers what rules ask: of all that it has, or of what is stored only.

use std::sync::Arc;

use ipnet::IpNet;

use super::Inventory;
use super::table::Stage;
use crate::inventory::{Answer, ClusterView, Held, Sight};
use crate::kinds::{AddressSpace, Kind, LabelSelector, Namespace, NatGateway, Object, Shard, Subnet, Typed, key};
use crate::net::{PrefixIndex, PrefixSet};

/// What of an inventory is stored, and not only planned.
#[derive(Clone, Copy, Debug)]
pub struct Committed<'a>(pub &'a Inventory);

/// An inventory, and how far an object of it must have come before it exists.
trait Part {
    const LEAST: Stage;

    fn inventory(&self) -> &Inventory;
}

impl Part for Inventory {
    const LEAST: Stage = Stage::Planned;

    fn inventory(&self) -> &Inventory {
        self
    }
}

impl Part for Committed<'_> {
    const LEAST: Stage = Stage::Stored;

    fn inventory(&self) -> &Inventory {
        self.0
    }
}

impl<P: Part> ClusterView for P {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>> {
        Ok(self.inventory().get(kind, &key(namespace, name), P::LEAST).cloned())
    }

    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>> {
        Ok(self.inventory().by(kind, index, word, P::LEAST).cloned().collect())
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        Ok(self.inventory().all_of(kind, P::LEAST).cloned().collect())
    }

    fn around(&self, kind: Kind, name: &str, most: usize) -> Vec<Object> {
        let inventory = self.inventory();
        let table = inventory.tables.get(&kind).filter(|_| !inventory.keeps_names_to_itself);
        table.map_or_else(Vec::new, |table| table.around(name, most, P::LEAST))
    }

    fn sight(&self, kind: Kind) -> Sight {
        let inventory = self.inventory();
        if inventory.watched.contains(&kind) {
            return Sight::All;
        }
        if inventory.all_of(kind, P::LEAST).next().is_some() { Sight::Some } else { Sight::Nothing }
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        Ok(self.inventory().shards.get(shard).map_or_else(Vec::new, |prefixes| held(prefixes, prefix)))
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        let first = Shard { vpc: vpc.to_owned(), vlan: String::new() };
        let shards = self.inventory().shards.range(first..).take_while(|(shard, _)| shard.vpc == vpc);
        let mut found: Vec<Held> = shards.flat_map(|(_, prefixes)| held(prefixes, prefix)).collect();
        found.sort_unstable();
        let kept = |name: &str| self.inventory().get(Kind::Subnet, name, Stage::Stored).and_then(Subnet::of);
        let subnet = |held: Held| Some((Arc::clone(kept(&held.subnet)?), held.prefix));
        Ok(found.into_iter().filter_map(subnet).collect())
    }

    fn nearest_free(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Answer<Vec<IpNet>> {
        Ok(self.inventory().free_near(shard, wanted, avoid, most))
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        let all = self.inventory().all_of(Kind::Namespace, P::LEAST).filter_map(Namespace::of);
        let matches =
            |namespace: &&Arc<Namespace>| !namespace.meta.deleting && selector.matches(&namespace.meta.labels);
        Ok(all.filter(matches).cloned().collect())
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
                let gateways = self.by(Kind::VpcNatGateway, NatGateway::BY_SUBNET, subnet, Stage::Stored);
                let holds = |gateway: &&Arc<NatGateway>| {
                    !gateway.meta.deleting && gateway.lan_ips().any(|lan_ip| prefix.contains(&lan_ip))
                };
                let holders = gateways.filter_map(NatGateway::of).filter(holds);
                holders.map(|gateway| gateway.meta.name.clone()).collect()
            }
        }
    }

    /// Whether a Subnet is in an address space of Subnets.
    pub fn has_subnets(&self, shard: &Shard) -> bool {
        self.shards.contains_key(shard)
    }

    fn get(&self, kind: Kind, key: &str, least: Stage) -> Option<&Object> {
        self.tables.get(&kind)?.get(key, least)
    }

    pub(super) fn by(
        &self,
        kind: Kind,
        index: &'static str,
        word: &str,
        least: Stage,
    ) -> impl Iterator<Item = &Object> {
        self.groups.members(kind, index, word).filter_map(move |key| self.get(kind, key, least))
    }
}

/// The prefixes that overlap one, in the order of their Subnets.
fn held(prefixes: &PrefixIndex, prefix: IpNet) -> Vec<Held> {
    let found = prefixes.overlapping(prefix).into_iter();
    let mut found: Vec<_> = found.map(|(prefix, owner)| Held { subnet: owner.to_owned(), prefix }).collect();
    found.sort_unstable();
    found
}

//! The inventory answers what rules ask: of all that it has, or of what is stored only.

use std::convert::Infallible;
use std::sync::Arc;

use ipnet::IpNet;

use super::Inventory;
use super::table::Stage;
use crate::inventory::{Answer, ClusterView, Held, Sight};
use crate::kinds::{
    AddressSpace, BY_CLAIMED_ADDRESS, CLAIM_ADDRESSES, ClaimKey, Holder, IpPool, IptablesDnatRule, IptablesFipRule,
    JoinedName, Kind, LabelSelector, Namespace, NatGateway, Object, OvnDnatRule, OvnFip, RouterLbRule, SecurityGroup,
    Shard, Side, Subnet, Typed, Vpc, claimed_word, key,
};
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
    /// Those that hold something of an address space that excludes a key, in their order.
    pub fn holders(&self, space: &AddressSpace, key: &ClaimKey) -> Vec<Holder> {
        match (space, key) {
            (AddressSpace::Vpc(shard), ClaimKey::Prefix(prefix)) => {
                let prefixes = self.shards.get(shard).map_or_else(Vec::new, |prefixes| held(prefixes, *prefix));
                prefixes.into_iter().map(|held| Holder::new(Kind::Subnet, &held.subnet)).collect()
            }
            (AddressSpace::Subnet(subnet), ClaimKey::Prefix(prefix)) => self.gateways_with(subnet, *prefix),
            (AddressSpace::Shared(_), key) => self.takers(key),
            (AddressSpace::Vpc(_) | AddressSpace::Subnet(_), _) => Vec::new(),
        }
    }

    /// Whether an object of this kind and name is stored, and holds this of an address space.
    pub fn holds(&self, holder: &Holder, space: &AddressSpace, key_held: &ClaimKey) -> bool {
        match space {
            AddressSpace::Vpc(_) | AddressSpace::Subnet(_) => self.holders(space, key_held).contains(holder),
            AddressSpace::Shared(_) => {
                let object = self.get(holder.kind, &key(&holder.namespace, &holder.name), Stage::Stored);
                object.is_some_and(|object| object.taken().contains(key_held))
            }
        }
    }

    /// The NAT gateways of a Subnet whose `lanIp` is in a prefix, of which one that is being deleted has none.
    fn gateways_with(&self, subnet: &str, prefix: IpNet) -> Vec<Holder> {
        let gateways = self.by(Kind::VpcNatGateway, NatGateway::BY_SUBNET, subnet, Stage::Stored);
        let holds = |gateway: &&Arc<NatGateway>| {
            !gateway.meta.deleting && gateway.lan_ips().any(|lan_ip| prefix.contains(&lan_ip))
        };
        let holders = gateways.filter_map(NatGateway::of).filter(holds);
        holders.map(|gateway| Holder::new(Kind::VpcNatGateway, &gateway.meta.name)).collect()
    }

    fn takers(&self, key: &ClaimKey) -> Vec<Holder> {
        match key {
            ClaimKey::LanIp { subnet, address } => self.gateways_with(subnet, IpNet::from(*address)),
            ClaimKey::Address { subnet, address, is_lan_ip } => {
                let word = claimed_word(subnet, *address);
                let kinds = CLAIM_ADDRESSES.iter().filter(|kind| !*is_lan_ip || **kind != Kind::VpcNatGateway);
                // What is being deleted holds its addresses until it is gone.
                let claiming = |kind: &Kind| holders(*kind, self.by(*kind, BY_CLAIMED_ADDRESS, &word, Stage::Stored));
                kinds.flat_map(claiming).collect()
            }
            ClaimKey::Range { subnet, .. } => {
                let pools = self.by(Kind::IpPool, IpPool::BY_SUBNET, subnet, Stage::Stored);
                holders(Kind::IpPool, pools.filter(|pool| takes(pool, key)))
            }
            ClaimKey::Port { eip, .. } | ClaimKey::Floating(eip) => {
                let indexes: &[_] = if eip.is_ovn {
                    &[
                        (Kind::OvnDnatRule, OvnDnatRule::BY_EIP),
                        (Kind::RouterLbRule, RouterLbRule::BY_EIP),
                        (Kind::OvnFip, OvnFip::BY_EIP),
                    ]
                } else {
                    &[
                        (Kind::IptablesDnatRule, IptablesDnatRule::BY_EIP),
                        (Kind::IptablesFipRule, IptablesFipRule::BY_EIP),
                    ]
                };
                let taking = |(kind, index): &(Kind, &'static str)| {
                    let rules = self.by(*kind, index, &eip.name, Stage::Stored);
                    holders(*kind, rules.filter(|rule| !rule.meta().deleting && takes(rule, key)))
                };
                indexes.iter().flat_map(taking).collect()
            }
            ClaimKey::JoinedName(JoinedName::PortGroup(folded)) => holders(
                Kind::SecurityGroup,
                self.by(Kind::SecurityGroup, SecurityGroup::BY_PORT_GROUP, folded, Stage::Stored),
            ),
            ClaimKey::JoinedName(name @ JoinedName::Port { side, .. }) => self.port_holders(name, *side),
            ClaimKey::Prefix(_) => Vec::new(),
        }
    }

    /// Those that have a port of this name which is made of something else.
    fn port_holders(&self, name: &JoinedName, side: Side) -> Vec<Holder> {
        let mut found = Vec::new();
        let gather = |router: &str, other: &str| {
            let subnet = self.get(Kind::Subnet, other, Stage::Stored).and_then(Subnet::of);
            let has_port = subnet.is_some_and(|subnet| subnet.is_on_router_of(router));
            found.extend(has_port.then(|| Holder::new(Kind::Subnet, other)));
            let vpc = self.get(Kind::Vpc, router, Stage::Stored).and_then(Vpc::of);
            let is_linked = vpc.is_some_and(|vpc| vpc.links_to(side, other) != (false, false));
            found.extend(is_linked.then(|| Holder::new(Kind::Vpc, router)));
            Ok::<_, Infallible>(())
        };
        let Ok(()) = name.for_each_rival(gather);
        found
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

fn takes(object: &Object, key: &ClaimKey) -> bool {
    object.taken().iter().any(|taken| taken.excludes(key))
}

fn holders<'o>(kind: Kind, objects: impl Iterator<Item = &'o Object>) -> Vec<Holder> {
    objects.map(|object| holder(kind, object)).collect()
}

/// An object of a kind as who holds something.
pub(super) fn holder(kind: Kind, object: &Object) -> Holder {
    let meta = object.meta();
    let namespace = if kind.is_namespaced() { meta.namespace.clone() } else { String::new() };
    Holder { kind, namespace, name: meta.name.clone() }
}

/// The prefixes that overlap one, in the order of their Subnets.
fn held(prefixes: &PrefixIndex, prefix: IpNet) -> Vec<Held> {
    let found = prefixes.overlapping(prefix).into_iter();
    let mut found: Vec<_> = found.map(|(prefix, owner)| Held { subnet: owner.to_owned(), prefix }).collect();
    found.sort_unstable();
    found
}

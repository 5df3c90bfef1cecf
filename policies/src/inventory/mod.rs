//! The state of a cluster in memory, with the indexes that rules ask: fed one object at a time, by a watch or from files.

mod groups;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::Value;

use crate::kinds::{IpPool, IptablesEip, Kind, LabelSelector, Meta, Namespace, NatGateway, Object, Shard, Subnet, Vpc};
use crate::net::PrefixIndex;
use crate::settings::KubeOvn;
use crate::view::{Answer, ClusterView};
use groups::Groups;

type Table<T> = BTreeMap<String, Arc<T>>;

/// The indexed state of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    kube_ovn: KubeOvn,
    vpcs: Table<Vpc>,
    subnets: Table<Subnet>,
    nat_gateways: Table<NatGateway>,
    iptables_eips: Table<IptablesEip>,
    ip_pools: Table<IpPool>,
    namespaces: Table<Namespace>,
    vpcs_by_namespace: Groups,
    shards: BTreeMap<Shard, PrefixIndex>,
    subnets_by_vpc: Groups,
    subnets_by_provider: Groups,
    subnets_by_namespace: Groups,
    selecting_subnets: BTreeSet<String>,
    nat_gateways_by_vpc: Groups,
}

impl Inventory {
    /// An empty one, for a Kube-OVN of this configuration.
    pub fn new(kube_ovn: KubeOvn) -> Self {
        Self { kube_ovn, ..Self::default() }
    }

    /// Whether objects of this kind are kept: those that rules look up.
    pub fn keeps(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::Vpc | Kind::Subnet | Kind::VpcNatGateway | Kind::IptablesEip | Kind::IpPool | Kind::Namespace
        )
    }

    /// Adds an object, or replaces the one of its kind and name. Kinds that are not kept are ignored.
    pub fn apply(&mut self, kind: Kind, object: &Value) {
        if !Self::keeps(kind) {
            return;
        }
        match Object::read(kind, object, &self.kube_ovn).0 {
            Object::Vpc(vpc) => self.apply_vpc(vpc),
            Object::Subnet(subnet) => self.apply_subnet(subnet),
            Object::NatGateway(gateway) => self.apply_nat_gateway(gateway),
            Object::IptablesEip(eip) => insert(&mut self.iptables_eips, eip.meta.name.clone(), eip),
            Object::IpPool(pool) => insert(&mut self.ip_pools, pool.meta.name.clone(), pool),
            Object::Namespace(namespace) => insert(&mut self.namespaces, namespace.meta.name.clone(), namespace),
            Object::EgressGateway(_) | Object::IptablesRule(_) | Object::Service(_) | Object::Pod(_) => {}
        }
    }

    /// Takes an object away.
    pub fn remove(&mut self, kind: Kind, name: &str) {
        match kind {
            Kind::Vpc => self.remove_vpc(name),
            Kind::Subnet => self.remove_subnet(name),
            Kind::VpcNatGateway => self.remove_nat_gateway(name),
            Kind::IptablesEip => drop(self.iptables_eips.remove(name)),
            Kind::IpPool => drop(self.ip_pools.remove(name)),
            Kind::Namespace => drop(self.namespaces.remove(name)),
            _ => {}
        }
    }

    /// Replaces all objects of a kind, as after a relist.
    pub fn reset<'v>(&mut self, kind: Kind, objects: impl IntoIterator<Item = &'v Value>) {
        for name in self.names(kind) {
            self.remove(kind, &name);
        }
        for object in objects {
            self.apply(kind, object);
        }
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.names(kind).len()
    }

    fn names(&self, kind: Kind) -> Vec<String> {
        fn keys<T>(table: &Table<T>) -> Vec<String> {
            table.keys().cloned().collect()
        }
        match kind {
            Kind::Vpc => keys(&self.vpcs),
            Kind::Subnet => keys(&self.subnets),
            Kind::VpcNatGateway => keys(&self.nat_gateways),
            Kind::IptablesEip => keys(&self.iptables_eips),
            Kind::IpPool => keys(&self.ip_pools),
            Kind::Namespace => keys(&self.namespaces),
            _ => Vec::new(),
        }
    }

    fn apply_vpc(&mut self, vpc: Vpc) {
        let name = vpc.meta.name.clone();
        self.remove_vpc(&name);
        for namespace in &vpc.namespaces {
            self.vpcs_by_namespace.add(namespace, &name);
        }
        insert(&mut self.vpcs, name, vpc);
    }

    fn remove_vpc(&mut self, name: &str) {
        let Some(vpc) = self.vpcs.remove(name) else { return };
        for namespace in &vpc.namespaces {
            self.vpcs_by_namespace.remove(namespace, name);
        }
    }

    fn apply_subnet(&mut self, subnet: Subnet) {
        let name = subnet.meta.name.clone();
        self.remove_subnet(&name);
        if let Some(shard) = subnet.shard() {
            self.subnets_by_vpc.add(&shard.vpc, &name);
            let prefixes = self.shards.entry(shard).or_default();
            for cidr in &subnet.cidrs {
                prefixes.insert(cidr.network(), &name);
            }
        }
        self.subnets_by_provider.add(&subnet.provider, &name);
        for namespace in &subnet.namespaces {
            self.subnets_by_namespace.add(namespace, &name);
        }
        if !subnet.namespace_selectors.is_empty() {
            self.selecting_subnets.insert(name.clone());
        }
        insert(&mut self.subnets, name, subnet);
    }

    fn remove_subnet(&mut self, name: &str) {
        let Some(subnet) = self.subnets.remove(name) else { return };
        if let Some(shard) = subnet.shard() {
            self.subnets_by_vpc.remove(&shard.vpc, name);
            if let Some(prefixes) = self.shards.get_mut(&shard) {
                for cidr in &subnet.cidrs {
                    prefixes.remove(cidr.network(), name);
                }
                if prefixes.is_empty() {
                    self.shards.remove(&shard);
                }
            }
        }
        self.subnets_by_provider.remove(&subnet.provider, name);
        for namespace in &subnet.namespaces {
            self.subnets_by_namespace.remove(namespace, name);
        }
        self.selecting_subnets.remove(name);
    }

    fn apply_nat_gateway(&mut self, gateway: NatGateway) {
        let name = gateway.meta.name.clone();
        self.remove_nat_gateway(&name);
        self.nat_gateways_by_vpc.add(&gateway.vpc, &name);
        insert(&mut self.nat_gateways, name, gateway);
    }

    fn remove_nat_gateway(&mut self, name: &str) {
        if let Some(gateway) = self.nat_gateways.remove(name) {
            self.nat_gateways_by_vpc.remove(&gateway.vpc, name);
        }
    }
}

impl ClusterView for Inventory {
    fn vpc(&self, name: &str) -> Answer<Option<Arc<Vpc>>> {
        Ok(living(&self.vpcs, name))
    }

    fn subnet(&self, name: &str) -> Answer<Option<Arc<Subnet>>> {
        Ok(living(&self.subnets, name))
    }

    fn nat_gateway(&self, name: &str) -> Answer<Option<Arc<NatGateway>>> {
        Ok(living(&self.nat_gateways, name))
    }

    fn iptables_eip(&self, name: &str) -> Answer<Option<Arc<IptablesEip>>> {
        Ok(living(&self.iptables_eips, name))
    }

    fn ip_pool(&self, name: &str) -> Answer<Option<Arc<IpPool>>> {
        Ok(living(&self.ip_pools, name))
    }

    fn namespace(&self, name: &str) -> Answer<Option<Arc<Namespace>>> {
        Ok(living(&self.namespaces, name))
    }

    fn subnets_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(all_living(&self.subnets, self.subnets_by_vpc.members(vpc)))
    }

    fn subnets_with_provider(&self, provider: &str) -> Answer<Vec<Arc<Subnet>>> {
        Ok(all_living(&self.subnets, self.subnets_by_provider.members(provider)))
    }

    fn subnets_binding(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Answer<Vec<Arc<Subnet>>> {
        let selects = |name: &&String| {
            let selectors = self.subnets.get(*name).map(|subnet| subnet.namespace_selectors.as_slice());
            let mut selectors = selectors.unwrap_or_default().iter();
            selectors.any(|selector| labels.is_none_or(|labels| selector.matches(labels)))
        };
        let listing = self.subnets_by_namespace.members(namespace);
        let names: BTreeSet<_> = listing.chain(self.selecting_subnets.iter().filter(selects)).collect();
        Ok(all_living(&self.subnets, names.into_iter()))
    }

    fn nat_gateways_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<NatGateway>>> {
        Ok(all_living(&self.nat_gateways, self.nat_gateways_by_vpc.members(vpc)))
    }

    fn vpcs_binding(&self, namespace: &str) -> Answer<Vec<Arc<Vpc>>> {
        Ok(all_living(&self.vpcs, self.vpcs_by_namespace.members(namespace)))
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        let matching = self.namespaces.values().filter(|ns| !ns.meta.deleting && selector.matches(&ns.meta.labels));
        Ok(matching.cloned().collect())
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<(String, IpNet)>> {
        let Some(prefixes) = self.shards.get(shard) else { return Ok(Vec::new()) };
        let found = prefixes.overlapping(prefix).into_iter().map(|(prefix, owner)| (owner.to_owned(), prefix));
        let mut found: Vec<_> = found.collect();
        found.sort();
        Ok(found)
    }
}

/// Objects that have metadata.
trait HasMeta {
    fn meta(&self) -> &Meta;
}

macro_rules! has_meta {
    ($($kind:ty),*) => {$(
        impl HasMeta for $kind {
            fn meta(&self) -> &Meta {
                &self.meta
            }
        }
    )*};
}
has_meta!(Vpc, Subnet, NatGateway, IptablesEip, IpPool, Namespace);

fn insert<T>(table: &mut Table<T>, name: String, object: T) {
    table.insert(name, Arc::new(object));
}

fn living<T: HasMeta>(table: &Table<T>, name: &str) -> Option<Arc<T>> {
    table.get(name).filter(|object| !object.meta().deleting).cloned()
}

fn all_living<'n, T: HasMeta>(table: &Table<T>, names: impl Iterator<Item = &'n String>) -> Vec<Arc<T>> {
    names.filter_map(|name| living(table, name)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subnet(name: &str, spec: &Value) -> Value {
        json!({"metadata": {"name": name}, "spec": spec})
    }

    fn overlapping(inventory: &Inventory, vpc: &str, prefix: &str) -> Vec<String> {
        let shard = Shard { vpc: vpc.to_owned(), vlan: String::new() };
        let found = inventory.overlapping(&shard, prefix.parse().unwrap()).unwrap();
        found.into_iter().map(|(owner, prefix)| format!("{owner} {prefix}")).collect()
    }

    #[test]
    fn a_replaced_subnet_leaves_its_old_shard_and_prefix() {
        let mut inventory = Inventory::default();
        inventory.apply(Kind::Subnet, &subnet("a", &json!({"vpc": "v", "cidrBlock": "10.0.0.0/16,fd00::/64"})));
        assert_eq!(overlapping(&inventory, "v", "10.0.5.0/24"), ["a 10.0.0.0/16"]);
        assert_eq!(overlapping(&inventory, "v", "fd00::/48"), ["a fd00::/64"]);
        inventory.apply(Kind::Subnet, &subnet("a", &json!({"vpc": "w", "cidrBlock": "10.1.0.0/16"})));
        assert!(overlapping(&inventory, "v", "0.0.0.0/0").is_empty());
        assert_eq!(overlapping(&inventory, "w", "0.0.0.0/0"), ["a 10.1.0.0/16"]);
        inventory.remove(Kind::Subnet, "a");
        assert!(overlapping(&inventory, "w", "0.0.0.0/0").is_empty());
        assert_eq!(inventory.count(Kind::Subnet), 0);
    }

    #[test]
    fn what_is_being_deleted_does_not_exist_but_holds_its_prefixes() {
        let mut inventory = Inventory::default();
        let deleting = json!({
            "metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/16"},
        });
        inventory.apply(Kind::Subnet, &deleting);
        assert!(inventory.subnet("a").unwrap().is_none());
        assert!(inventory.subnets_of_vpc("v").unwrap().is_empty());
        assert_eq!(overlapping(&inventory, "v", "10.0.0.0/8"), ["a 10.0.0.0/16"]);
    }

    #[test]
    fn a_reset_replaces_all_of_a_kind() {
        let mut inventory = Inventory::default();
        for name in ["a", "b"] {
            inventory.apply(Kind::Vpc, &json!({"metadata": {"name": name}, "spec": {"namespaces": ["ns1"]}}));
        }
        inventory.apply(Kind::Namespace, &json!({"metadata": {"name": "ns1"}}));
        let left = json!({"metadata": {"name": "b"}, "spec": {"namespaces": ["ns2"]}});
        inventory.reset(Kind::Vpc, [&left]);
        assert_eq!(inventory.count(Kind::Vpc), 1);
        assert_eq!(inventory.count(Kind::Namespace), 1);
        assert!(inventory.vpcs_binding("ns1").unwrap().is_empty());
        assert_eq!(inventory.vpcs_binding("ns2").unwrap().len(), 1);
    }

    #[test]
    fn a_namespace_is_bound_by_name_or_by_label() {
        let mut inventory = Inventory::default();
        inventory.apply(Kind::Subnet, &subnet("by-name", &json!({"namespaces": ["ns1"]})));
        let selectors = json!({"namespaceSelectors": [{"matchLabels": {"team": "a"}}]});
        inventory.apply(Kind::Subnet, &subnet("by-label", &selectors));
        let names = |namespace: &str, labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let bound = inventory.subnets_binding(namespace, Some(&labels)).unwrap();
            bound.iter().map(|subnet| subnet.meta.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("ns1", &[("team", "a")]), ["by-label", "by-name"]);
        assert_eq!(names("ns1", &[("team", "b")]), ["by-name"]);
        assert!(names("ns2", &[]).is_empty());
    }
}

//! The state of a cluster in memory, with the indexes that rules ask: fed one object at a time, by a watch or from files.

pub mod address_index;
mod cluster_view;
mod free;
mod groups;
mod keep;
mod table;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::kinds::{Kind, KubeOvn, Object, Shard, Subnet, Typed, key};
use crate::net::PrefixIndex;
use free::Free;
use groups::Groups;
use table::{Stage, Table};

pub use cluster_view::{Answer, Attended, ClusterView, Held, Known, Sight, ViewError};
pub use view::Committed;

/// The indexed state of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    kube_ovn: KubeOvn,
    watched: BTreeSet<Kind>,
    keeps_names_to_itself: bool,
    tables: BTreeMap<Kind, Table>,
    groups: Groups,
    shards: BTreeMap<Shard, PrefixIndex>,
    free: BTreeMap<Shard, Free>,
}

impl Inventory {
    /// An empty one, for a Kube-OVN of this configuration.
    pub fn new(kube_ovn: KubeOvn) -> Self {
        Self { kube_ovn, ..Self::default() }
    }

    /// Says that all objects of these kinds are seen, so that where none was applied there are none. Without it, an
    /// inventory that holds no Node or no ServiceCIDR does not know whether there are any.
    #[must_use]
    pub fn watching(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.watched.extend(kinds);
        self
    }

    /// Makes it name nothing that was not asked for, as a view that reads what it is asked for and no more.
    #[must_use]
    pub fn keeping_names_to_itself(self) -> Self {
        Self { keeps_names_to_itself: true, ..self }
    }

    /// Whether objects of this kind are kept: those that rules look up.
    pub fn keeps(kind: Kind) -> bool {
        kind.looked_up().is_some()
    }

    /// Adds an object, or replaces the one of its kind and name. Kinds that are not kept are ignored.
    pub fn apply(&mut self, kind: Kind, object: &Value) {
        if Self::keeps(kind) {
            self.store(&Object::read(kind, object, &self.kube_ovn).0);
        }
    }

    /// [`apply`](Self::apply), where the object was read already.
    pub fn store(&mut self, object: &Object) {
        self.keep(object, Stage::Stored);
    }

    /// Makes an object known that others may refer to, though it is not stored yet: it is in conflict with nothing. To
    /// [`Committed`], and where prefixes are looked for, there is no such object.
    pub fn plan(&mut self, object: &Object) {
        self.keep(object, Stage::Planned);
    }

    /// Makes as if a planned object did not exist, while it is asked whether it may be stored.
    pub fn hide(&mut self, object: &Object) {
        self.keep(object, Stage::Asked);
    }

    /// Takes an object away. The namespace means nothing for cluster-scoped kinds: the API server gives that of a Namespace
    /// its own name.
    pub fn remove(&mut self, kind: Kind, namespace: &str, name: &str) {
        self.remove_key(kind, &key(if kind.is_namespaced() { namespace } else { "" }, name));
    }

    /// Replaces all objects of a kind, as after a relist.
    pub fn reset<'v>(&mut self, kind: Kind, objects: impl IntoIterator<Item = &'v Value>) {
        for key in self.keys(kind) {
            self.remove_key(kind, &key);
        }
        for object in objects {
            self.apply(kind, object);
        }
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.tables.get(&kind).map_or(0, Table::len)
    }

    /// All Subnets, those that are being deleted too.
    pub(crate) fn stored_subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.all_of(Kind::Subnet, Stage::Stored).filter_map(Subnet::of).map(AsRef::as_ref)
    }

    fn all_of(&self, kind: Kind, least: Stage) -> impl Iterator<Item = &Object> {
        self.tables.get(&kind).into_iter().flat_map(move |table| table.all(least))
    }

    fn keys(&self, kind: Kind) -> Vec<Arc<str>> {
        self.tables.get(&kind).map_or_else(Vec::new, Table::keys)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::{ClusterView, Known};

    fn view(view: &dyn ClusterView) -> &dyn ClusterView {
        view
    }

    fn subnet(name: &str, spec: &Value) -> Value {
        json!({"metadata": {"name": name}, "spec": spec})
    }

    fn overlapping(inventory: &Inventory, vpc: &str, prefix: &str) -> Vec<String> {
        let shard = Shard { vpc: vpc.to_owned(), vlan: String::new() };
        let found = inventory.overlapping(&shard, prefix.parse().unwrap()).unwrap();
        found.into_iter().map(|held| format!("{} {}", held.subnet, held.prefix)).collect()
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
        inventory.remove(Kind::Subnet, "", "a");
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
        assert!(view(&inventory).subnet("a").unwrap().is_none());
        assert!(view(&inventory).subnets_of_vpc("v").unwrap().is_empty());
        assert_eq!(overlapping(&inventory, "v", "10.0.0.0/8"), ["a 10.0.0.0/16"]);
    }

    #[test]
    fn a_namespace_is_not_in_itself() {
        let mut inventory = Inventory::default();
        inventory.apply(Kind::Namespace, &json!({"metadata": {"name": "ns1"}}));
        inventory.apply(Kind::ConfigMap, &json!({"metadata": {"name": "ns1", "namespace": "ns1"}}));
        inventory.remove(Kind::Namespace, "ns1", "ns1");
        assert!(view(&inventory).namespace("ns1").unwrap().is_none());
        inventory.remove(Kind::ConfigMap, "ns1", "ns1");
        assert!(view(&inventory).config_map("ns1", "ns1").unwrap().is_none());
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
        assert!(view(&inventory).vpcs_binding("ns1").unwrap().is_empty());
        assert_eq!(view(&inventory).vpcs_binding("ns2").unwrap().len(), 1);
    }

    #[test]
    fn a_namespace_is_bound_by_name_or_by_label() {
        let mut inventory = Inventory::default();
        inventory.apply(Kind::Subnet, &subnet("by-name", &json!({"namespaces": ["ns1"]})));
        let selectors = json!({"namespaceSelectors": [{"matchLabels": {"team": "a"}}]});
        inventory.apply(Kind::Subnet, &subnet("by-label", &selectors));
        let names = |namespace: &str, labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let bound = view(&inventory).subnets_binding(namespace, Some(&labels)).unwrap();
            bound.iter().map(|subnet| subnet.meta.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("ns1", &[("team", "a")]), ["by-label", "by-name"]);
        assert_eq!(names("ns1", &[("team", "b")]), ["by-name"]);
        assert!(names("ns2", &[]).is_empty());
    }

    #[test]
    fn a_kind_that_is_not_watched_and_not_held_is_unknown() {
        let node = json!({"metadata": {"name": "n"}, "status": {"addresses": [
            {"type": "InternalIP", "address": "192.168.0.5"}, {"type": "Hostname", "address": "n"},
        ]}});
        let mut inventory = Inventory::default();
        assert_eq!(view(&inventory).nodes().unwrap().map(|nodes| nodes.len()), Known::Unknown);
        inventory.apply(Kind::Node, &node);
        assert_eq!(view(&inventory).nodes().unwrap().map(|nodes| nodes.len()), Known::Seen(1));
        let watching = Inventory::default().watching([Kind::Node]);
        assert_eq!(view(&watching).nodes().unwrap().map(|nodes| nodes.len()), Known::Seen(0));
    }

    fn read(kind: Kind, object: &Value) -> Object {
        Object::read(kind, object, &KubeOvn::default()).0
    }

    #[test]
    fn what_is_planned_is_found_by_name_and_holds_no_prefix() {
        let a =
            read(Kind::Subnet, &subnet("a", &json!({"vpc": "v", "cidrBlock": "10.0.0.0/16", "namespaces": ["ns1"]})));
        let mut inventory = Inventory::default();
        let found = |inventory: &Inventory| {
            let of = |view: &dyn ClusterView| {
                let bound = view.subnets_binding("ns1", None).unwrap().len();
                (view.subnet("a").unwrap().is_some(), view.subnets_of_vpc("v").unwrap().len(), bound)
            };
            assert_eq!(overlapping(inventory, "v", "10.0.0.0/8").len(), of(&Committed(inventory)).1);
            (of(inventory), of(&Committed(inventory)))
        };
        inventory.plan(&a);
        assert_eq!(found(&inventory), ((true, 1, 1), (false, 0, 0)));
        inventory.hide(&a);
        assert_eq!(found(&inventory), ((false, 0, 0), (false, 0, 0)));
        inventory.store(&a);
        assert_eq!(found(&inventory), ((true, 1, 1), (true, 1, 1)));
        inventory.plan(&a);
        assert_eq!(found(&inventory), ((true, 1, 1), (false, 0, 0)));
        inventory.remove(Kind::Subnet, "", "a");
        assert_eq!(found(&inventory), ((false, 0, 0), (false, 0, 0)));
    }

    #[test]
    fn another_version_replaces_one_of_any_standing() {
        let version = |vpc: &str| read(Kind::Subnet, &subnet("a", &json!({"vpc": vpc, "cidrBlock": "10.0.0.0/16"})));
        let standings: [fn(&mut Inventory, &Object); 3] = [Inventory::plan, Inventory::hide, Inventory::store];
        for stand in standings {
            let mut inventory = Inventory::default();
            stand(&mut inventory, &version("v"));
            inventory.store(&version("w"));
            assert!(view(&inventory).subnets_of_vpc("v").unwrap().is_empty());
            assert!(overlapping(&inventory, "v", "0.0.0.0/0").is_empty());
            assert_eq!(overlapping(&inventory, "w", "0.0.0.0/0"), ["a 10.0.0.0/16"]);
        }
    }

    #[test]
    fn a_planned_node_tells_nothing_of_those_that_are_stored() {
        let mut inventory = Inventory::default();
        inventory.plan(&read(Kind::Node, &json!({"metadata": {"name": "n"}})));
        assert_eq!(view(&inventory).nodes().unwrap().map(|nodes| nodes.len()), Known::Seen(1));
        assert_eq!(view(&Committed(&inventory)).nodes().unwrap().map(|nodes| nodes.len()), Known::Unknown);
    }

    #[test]
    fn all_vlans_of_a_vpc_are_searched() {
        let mut inventory = Inventory::default();
        for (name, vpc, vlan) in [("a", "v", ""), ("b", "v", "x"), ("c", "w", ""), ("d", "va", "")] {
            let spec = json!({"vpc": vpc, "vlan": vlan, "cidrBlock": "10.0.0.0/16"});
            inventory.apply(Kind::Subnet, &subnet(name, &spec));
        }
        let found = inventory.overlapping_in_vpc("v", "10.0.1.0/24".parse().unwrap()).unwrap();
        assert_eq!(found.iter().map(|(subnet, _)| subnet.meta.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}

//! A view of a cluster that remembers what it was asked about.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use ipnet::IpNet;
use vpcguard_policies::kinds::{LabelSelector, Namespace, Object, Shard, Subnet};
use vpcguard_policies::net::PrefixSet;
use vpcguard_policies::{Answer, ClusterView, Held, Inventory, Kind, Sight};

/// An inventory, and the kinds that it was asked about.
#[derive(Debug, Default)]
pub struct Recorder {
    inventory: Inventory,
    asked: RefCell<BTreeSet<Kind>>,
}

impl Recorder {
    /// Of an inventory, asked for nothing yet.
    pub fn new(inventory: Inventory) -> Self {
        Self { inventory, asked: RefCell::default() }
    }

    /// What it was asked about since the last time.
    pub fn take_asked(&self) -> BTreeSet<Kind> {
        self.asked.take()
    }

    fn ask(&self, kind: Kind) -> &Inventory {
        self.asked.borrow_mut().insert(kind);
        &self.inventory
    }
}

impl ClusterView for Recorder {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>> {
        self.ask(kind).get(kind, namespace, name)
    }

    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>> {
        self.ask(kind).by(kind, index, word)
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        self.ask(kind).all(kind)
    }

    fn around(&self, kind: Kind, name: &str, most: usize) -> Vec<Object> {
        self.ask(kind).around(kind, name, most)
    }

    fn sight(&self, kind: Kind) -> Sight {
        self.inventory.sight(kind)
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        self.ask(Kind::Subnet).overlapping(shard, prefix)
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        self.ask(Kind::Subnet).overlapping_in_vpc(vpc, prefix)
    }

    fn nearest_free(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Answer<Vec<IpNet>> {
        self.ask(Kind::Subnet).nearest_free(shard, wanted, avoid, most)
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        self.ask(Kind::Namespace).namespaces_matching(selector)
    }
}

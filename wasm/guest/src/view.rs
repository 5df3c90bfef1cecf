//! The cluster as a policy server shows it: read when a rule asks, and kept for the rest of the request.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;
use vpcguard_policies::address_index::{FORMAT, Holdings, from_lines};
use vpcguard_policies::kinds::{LabelSelector, Namespace, Object, Shard, Subnet};
use vpcguard_policies::net::{FreeSpace, PrefixSet, overlap};
use vpcguard_policies::{AddressSpace, Answer, ClusterView, Held, Inventory, Kind, Settings, Sight};

use crate::host::Resource;
use crate::list;

/// How many objects of a kind are asked for one by one, before it is cheaper to list them all.
const MOST_ASKED: usize = 16;

/// Whether a single object may come from the policy server's cache, where it is up to five seconds old. Lists are kept up
/// to date by a watch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It may.
    Cached,
    /// It is read from the API server.
    Live,
}

/// What has been read so far.
struct Read {
    inventory: Inventory,
    listed: BTreeSet<Kind>,
    /// By kind, namespace and name.
    got: BTreeSet<(Kind, String, String)>,
    indexes: BTreeMap<Shard, Option<Arc<Holdings>>>,
}

/// The cluster behind a policy server. Whether it reads address indexes is known when a policy is compiled: for most of them
/// that is code which they need not carry.
pub(crate) struct HostView<const INDEXED: bool> {
    age: Freshness,
    read: RefCell<Read>,
}

impl<const INDEXED: bool> HostView<INDEXED> {
    pub(crate) fn new(settings: &Settings, age: Freshness) -> Self {
        let inventory = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
        let read = Read { inventory, listed: BTreeSet::new(), got: BTreeSet::new(), indexes: BTreeMap::new() };
        Self { age, read: RefCell::new(read) }
    }

    /// Whether something of it may be a few seconds old.
    pub(crate) fn is_perhaps_old(&self) -> bool {
        let read = self.read.borrow();
        // An index is behind the Subnets, wherever it was read.
        self.age == Freshness::Cached && (!read.got.is_empty() || read.indexes.values().any(Option::is_some))
    }

    /// What is known once all objects of a kind are.
    fn listed(&self, kind: Kind) -> Answer<Ref<'_, Inventory>> {
        let is_listed = self.read.borrow().listed.contains(&kind);
        if !is_listed {
            let resource = Resource::of(kind);
            let json = resource.list()?;
            let read = &mut *self.read.borrow_mut();
            read.inventory.reset(kind, []);
            if let Some(json) = json {
                list::each(&json, |object| read.inventory.apply(kind, &object))
                    .map_err(|error| resource.failed("", error.to_string()))?;
            }
            read.listed.insert(kind);
        }
        Ok(self.known())
    }

    /// What is known once one object is.
    fn one(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Ref<'_, Inventory>> {
        let key = (kind, namespace.to_owned(), name.to_owned());
        let (is_known, are_many) = {
            let read = self.read.borrow();
            let of_kind = (kind, String::new(), String::new())..;
            let asked = read.got.range(of_kind).take_while(|(other, ..)| *other == kind).take(MOST_ASKED).count();
            (read.listed.contains(&kind) || read.got.contains(&key), asked == MOST_ASKED)
        };
        if !is_known && are_many {
            return self.listed(kind);
        }
        if !is_known {
            let resource = Resource::of(kind);
            let json = resource.get(namespace, name, self.age == Freshness::Live)?;
            let read = &mut *self.read.borrow_mut();
            if let Some(json) = json {
                let object = list::object(&json).map_err(|error| resource.failed(name, error.to_string()))?;
                read.inventory.apply(kind, &object);
            }
            read.got.insert(key);
        }
        Ok(self.known())
    }

    fn known(&self) -> Ref<'_, Inventory> {
        Ref::map(self.read.borrow(), |read| &read.inventory)
    }

    /// What the Subnets of an address space hold, where somebody keeps an index of it.
    fn index(&self, shard: &Shard) -> Answer<Option<Arc<Holdings>>> {
        let known = self.read.borrow().indexes.get(shard).cloned();
        if let Some(index) = known {
            return Ok(index);
        }
        let resource = Resource {
            api_version: "vpcguard.io/v1alpha1".to_owned(),
            kind: "AddressIndex",
            fields: &["spec.format", "spec.subnets"],
        };
        let name = AddressSpace::Vpc(shard.clone()).object_name();
        // An index is a second behind as it is: what is cached would be up to six.
        let index = match resource.get("", &name, true)? {
            Some(json) => {
                let index: AddressIndex =
                    serde_json::from_slice(&json).map_err(|error| resource.failed(&name, error.to_string()))?;
                index.holdings().map(Arc::new)
            }
            None => None,
        };
        self.read.borrow_mut().indexes.insert(shard.clone(), index.clone());
        Ok(index)
    }

    /// The same as an inventory would find, by an index.
    fn held(&self, index: &Holdings, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        let of_subnet = |(subnet, prefixes): (&String, &Vec<IpNet>)| {
            let overlapping = prefixes.iter().copied().filter(|held| overlap(held, &prefix));
            overlapping.map(|prefix| Held { subnet: subnet.clone(), prefix }).collect::<Vec<_>>()
        };
        let held: Vec<Held> = index.iter().flat_map(of_subnet).collect();
        if self.age == Freshness::Cached || held.is_empty() {
            return Ok(held);
        }
        // The index is behind the Subnets: whoever seems to have the addresses is asked itself.
        if held.len() > MOST_ASKED {
            return self.listed(Kind::Subnet)?.overlapping(shard, prefix);
        }
        for held in &held {
            self.one(Kind::Subnet, "", &held.subnet)?;
        }
        self.known().overlapping(shard, prefix)
    }
}

/// An `AddressIndex`, as far as it is read.
#[derive(Deserialize)]
struct AddressIndex {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    format: i32,
    #[serde(default)]
    subnets: Vec<String>,
}

impl AddressIndex {
    /// None for an index of another format: then the Subnets are listed.
    fn holdings(&self) -> Option<Holdings> {
        let lines = Some(&self.spec.subnets).filter(|_| self.spec.format == FORMAT)?;
        from_lines(lines.iter().map(String::as_str))
    }
}

impl<const INDEXED: bool> ClusterView for HostView<INDEXED> {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>> {
        self.one(kind, namespace, name)?.get(kind, namespace, name)
    }

    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>> {
        self.listed(kind)?.by(kind, index, word)
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        self.listed(kind)?.all(kind)
    }

    fn sight(&self, _: Kind) -> Sight {
        Sight::All
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        let is_listed = self.read.borrow().listed.contains(&Kind::Subnet);
        let index = if INDEXED && !is_listed { self.index(shard)? } else { None };
        match index {
            Some(index) => self.held(&index, shard, prefix),
            None => self.listed(Kind::Subnet)?.overlapping(shard, prefix),
        }
    }

    fn overlapping_in_vpc(&self, vpc: &str, prefix: IpNet) -> Answer<Vec<(Arc<Subnet>, IpNet)>> {
        self.listed(Kind::Subnet)?.overlapping_in_vpc(vpc, prefix)
    }

    /// Only the policy that reads indexes asks.
    fn nearest_free(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Answer<Vec<IpNet>> {
        if !INDEXED {
            return Ok(Vec::new());
        }
        let is_listed = self.read.borrow().listed.contains(&Kind::Subnet);
        match if is_listed { None } else { self.index(shard)? } {
            Some(index) => {
                let free = FreeSpace::of(index.values().flatten().copied().collect());
                Ok(free.nearest(wanted, avoid, most))
            }
            None => self.listed(Kind::Subnet)?.nearest_free(shard, wanted, avoid, most),
        }
    }

    fn namespaces_matching(&self, selector: &LabelSelector) -> Answer<Vec<Arc<Namespace>>> {
        self.listed(Kind::Namespace)?.namespaces_matching(selector)
    }
}

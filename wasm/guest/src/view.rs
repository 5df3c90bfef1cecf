//! The cluster as a policy server shows it: read when a rule asks, and kept for the rest of the request.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;
use vpcguard_policies::address_index::{Claimants, FORMAT, Holdings, from_address_lines, from_lines};
use vpcguard_policies::kinds::{BY_CLAIMED_ADDRESS, LabelSelector, Namespace, Object, Shard, Subnet};
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
    claimants: BTreeMap<String, Option<Arc<Claimants>>>,
}

/// The cluster behind a policy server. Whether it reads address indexes, of prefixes or of addresses, is known when a policy is
/// compiled: for most of them that is code which they need not carry.
pub(crate) struct HostView<const PREFIXES: bool, const ADDRESSES: bool> {
    age: Freshness,
    read: RefCell<Read>,
}

impl<const PREFIXES: bool, const ADDRESSES: bool> HostView<PREFIXES, ADDRESSES> {
    pub(crate) fn new(settings: &Settings, age: Freshness) -> Self {
        let inventory = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
        let read = Read {
            inventory,
            listed: BTreeSet::new(),
            got: BTreeSet::new(),
            indexes: BTreeMap::new(),
            claimants: BTreeMap::new(),
        };
        Self { age, read: RefCell::new(read) }
    }

    /// Whether something of it may be a few seconds old.
    pub(crate) fn is_perhaps_old(&self) -> bool {
        let read = self.read.borrow();
        // An index is behind the Subnets, wherever it was read.
        let is_indexed = read.indexes.values().any(Option::is_some) || read.claimants.values().any(Option::is_some);
        self.age == Freshness::Cached && (!read.got.is_empty() || is_indexed)
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
        let index = spec_of(&AddressSpace::Vpc(shard.clone()), &["spec.format", "spec.subnets"])?;
        let index = index.and_then(|spec| from_lines(spec.subnets.iter().map(String::as_str))).map(Arc::new);
        self.read.borrow_mut().indexes.insert(shard.clone(), index.clone());
        Ok(index)
    }

    /// Who has the addresses of a Subnet, where somebody keeps an index of it.
    fn claimants(&self, subnet: &str) -> Answer<Option<Arc<Claimants>>> {
        let known = self.read.borrow().claimants.get(subnet).cloned();
        if let Some(index) = known {
            return Ok(index);
        }
        let index = spec_of(&AddressSpace::Subnet(subnet.to_owned()), &["spec.format", "spec.addresses"])?;
        let index = index.and_then(|spec| from_address_lines(spec.addresses.iter().map(String::as_str))).map(Arc::new);
        self.read.borrow_mut().claimants.insert(subnet.to_owned(), index.clone());
        Ok(index)
    }

    /// Those of a kind that an index names for an address of a Subnet; none where there is no index.
    fn claiming(&self, kind: Kind, word: &str) -> Answer<Option<Vec<Object>>> {
        let is_listed = self.read.borrow().listed.contains(&kind);
        let Some((subnet, address)) = word.rsplit_once(' ').filter(|_| !is_listed) else { return Ok(None) };
        let Some(index) = self.claimants(subnet)? else { return Ok(None) };
        let holders = address.parse().ok().and_then(|address: IpAddr| index.get(&address));
        for holder in holders.into_iter().flatten().filter(|holder| holder.kind == kind) {
            self.one(kind, &holder.namespace, &holder.name)?;
        }
        self.known().by(kind, BY_CLAIMED_ADDRESS, word).map(Some)
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
    #[serde(default)]
    addresses: Vec<String>,
}

/// The index of an address space; none where there is none, or one of another format: then the objects are listed.
fn spec_of(space: &AddressSpace, fields: &'static [&'static str]) -> Answer<Option<Spec>> {
    let resource = Resource { api_version: "vpcguard.io/v1alpha1".to_owned(), kind: "AddressIndex", fields };
    let name = space.object_name();
    // An index is a second behind as it is: what is cached would be up to six.
    let Some(json) = resource.get("", &name, true)? else { return Ok(None) };
    let index: AddressIndex =
        serde_json::from_slice(&json).map_err(|error| resource.failed(&name, error.to_string()))?;
    Ok(Some(index.spec).filter(|spec| spec.format == FORMAT))
}

impl<const PREFIXES: bool, const ADDRESSES: bool> ClusterView for HostView<PREFIXES, ADDRESSES> {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Answer<Option<Object>> {
        self.one(kind, namespace, name)?.get(kind, namespace, name)
    }

    fn by(&self, kind: Kind, index: &'static str, word: &str) -> Answer<Vec<Object>> {
        let by_index = if ADDRESSES && index == BY_CLAIMED_ADDRESS { self.claiming(kind, word)? } else { None };
        match by_index {
            Some(found) => Ok(found),
            None => self.listed(kind)?.by(kind, index, word),
        }
    }

    fn all(&self, kind: Kind) -> Answer<Vec<Object>> {
        self.listed(kind)?.all(kind)
    }

    /// IPs are as many as Pods, and no policy asks for them.
    fn sight(&self, kind: Kind) -> Sight {
        if kind == Kind::Ip { Sight::Nothing } else { Sight::All }
    }

    fn overlapping(&self, shard: &Shard, prefix: IpNet) -> Answer<Vec<Held>> {
        let is_listed = self.read.borrow().listed.contains(&Kind::Subnet);
        let index = if PREFIXES && !is_listed { self.index(shard)? } else { None };
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
        if !PREFIXES {
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

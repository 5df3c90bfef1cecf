//! The store of the API server, with all of its past.

use std::sync::Arc;

use vpcguard::ledger::ResourceVersion;
use vpcguard_policies::{Holder, Kind};

use crate::item::Items;

/// A stored object: mostly called a Subnet, whatever its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subnet {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) uid: usize,
    pub(crate) generation: i64,
    pub(crate) space: usize,
    pub(crate) items: Items,
    /// What it holds of the next address space as well.
    pub(crate) beside: Items,
}

impl Subnet {
    /// What it holds of an address space.
    pub(crate) fn held_in(&self, space: usize) -> Items {
        held_in(space, self.space, self.items, self.beside)
    }

    /// Whether both hold something of one address space that not both may have, which must never be.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let spaces = [self.space, self.space + 1].into_iter();
        spaces.into_iter().any(|space| {
            self.held_in(space).iter().any(|one| other.held_in(space).iter().any(|two| one.excludes(*two)))
        })
    }

    pub(crate) fn holder(&self) -> Holder {
        Holder::new(self.kind, self.name)
    }
}

/// What is held of an address space by who holds these of one, and those of the next.
pub(crate) fn held_in(space: usize, own: usize, items: Items, beside: Items) -> Items {
    match space {
        _ if space == own => items,
        _ if space == own + 1 => beside,
        _ => &[],
    }
}

/// Each version holds the Subnets that were stored then; the number of a version is its resourceVersion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Store(Vec<Arc<[Subnet]>>);

impl Store {
    pub(crate) fn new(subnets: &[Subnet]) -> Self {
        Self(vec![subnets.into()])
    }

    /// What is stored now.
    pub(crate) fn now(&self) -> &[Subnet] {
        self.0.last().map_or(&[], |now| now)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Subnet> {
        self.now().iter().find(|subnet| subnet.name == name)
    }

    /// All versions from one on.
    pub(crate) fn since(&self, version: usize) -> impl Iterator<Item = &[Subnet]> {
        self.0.iter().skip(version).map(|subnets| &**subnets)
    }

    /// Stores a Subnet, in place of the one of its name.
    pub(crate) fn put(&mut self, subnet: Subnet) {
        let others = self.now().iter().filter(|other| other.name != subnet.name).copied();
        let mut subnets: Vec<_> = others.chain([subnet]).collect();
        subnets.sort_unstable_by_key(|subnet| subnet.name);
        self.0.push(subnets.into());
    }

    pub(crate) fn delete(&mut self, name: &str) {
        let subnets = self.now().iter().filter(|subnet| subnet.name != name).copied().collect();
        self.0.push(subnets);
    }

    /// The first version that has such a Subnet.
    pub(crate) fn first(&self, is_such: impl Fn(&Subnet) -> bool) -> Option<ResourceVersion> {
        let version = self.0.iter().position(|subnets| subnets.iter().any(&is_such))?;
        u64::try_from(version).ok().map(ResourceVersion)
    }

    /// The highest version of any object of a kind that is stored.
    pub(crate) fn newest(&self, kind: Kind) -> ResourceVersion {
        let of_it = self.now().iter().filter(|subnet| subnet.kind == kind);
        let versions = of_it.filter_map(|subnet| self.first(|other| other == subnet));
        versions.max().unwrap_or_default()
    }

    /// Whether the Subnet of this uid was stored and is no more.
    pub(crate) fn has_deleted(&self, uid: &str) -> bool {
        let is_it = |subnet: &Subnet| subnet.uid.to_string() == uid;
        self.first(is_it).is_some() && !self.now().iter().any(is_it)
    }
}

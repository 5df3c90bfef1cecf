//! The store of the API server, with all of its past.

use std::sync::Arc;

use ipnet::IpNet;
use vpcguard::ledger::ResourceVersion;
use vpcguard_policies::net::overlap;

/// What a Subnet holds.
pub(crate) type Prefixes = &'static [IpNet];

/// A stored Subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subnet {
    pub(crate) name: &'static str,
    pub(crate) uid: usize,
    pub(crate) generation: i64,
    pub(crate) space: usize,
    pub(crate) prefixes: Prefixes,
}

impl Subnet {
    /// Whether both hold an address of one address space, which must never be.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.space == other.space && self.prefixes.iter().any(|a| other.prefixes.iter().any(|b| overlap(a, b)))
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

    /// The highest version of any Subnet that is stored.
    pub(crate) fn newest(&self) -> ResourceVersion {
        let versions = self.now().iter().filter_map(|subnet| self.first(|other| other == subnet));
        versions.max().unwrap_or_default()
    }

    /// Whether the Subnet of this uid was stored and is no more.
    pub(crate) fn has_deleted(&self, uid: &str) -> bool {
        let is_it = |subnet: &Subnet| subnet.uid.to_string() == uid;
        self.first(is_it).is_some() && !self.now().iter().any(is_it)
    }
}

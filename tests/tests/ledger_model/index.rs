//! What a replica's index may show: it follows the store by a watch and by live reads, Subnet by Subnet.
//!
//! So an index that says that it has reached a version can show each Subnet as it was at that version or at any later
//! one, and another Subnet as it was at yet another. An index that shows all of them at one version is one of these.

use ipnet::IpNet;
use vpcguard::ledger::{Index, ResourceVersion};
use vpcguard_policies::AddressSpace;
use vpcguard_policies::net::overlap;

use crate::store::{Prefixes, Store};

/// One address space, as an index shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) reached: ResourceVersion,
    held: Vec<(&'static str, Prefixes)>,
}

impl View {
    /// Everything that an index can show that has reached this version.
    pub(crate) fn all(store: &Store, space: usize, reached: usize) -> Vec<Self> {
        let mut names: Vec<_> = store.since(reached).flatten().map(|subnet| subnet.name).collect();
        names.sort_unstable();
        names.dedup();
        let mut views = vec![Vec::new()];
        for name in names {
            let options = options(store, space, reached, name);
            views = views.iter().flat_map(|view| options.iter().map(|held| with(view, name, *held))).collect();
        }
        let reached = ResourceVersion(u64::try_from(reached).unwrap_or(u64::MAX));
        views.into_iter().map(|held| Self { reached, held }).collect()
    }
}

impl Index for View {
    fn version(&self) -> ResourceVersion {
        self.reached
    }

    fn holders(&self, _: &AddressSpace, prefix: IpNet) -> Vec<String> {
        let holders = self.held.iter().filter(|(_, held)| held.iter().any(|held| overlap(held, &prefix)));
        holders.map(|(name, _)| (*name).to_owned()).collect()
    }
}

/// What a Subnet may be seen to hold in an address space: `None` where it is not seen there.
fn options(store: &Store, space: usize, reached: usize, name: &str) -> Vec<Option<Prefixes>> {
    let mut options = Vec::new();
    for subnets in store.since(reached) {
        let subnet = subnets.iter().find(|subnet| subnet.name == name && subnet.space == space);
        let held = subnet.map(|subnet| subnet.prefixes);
        if !options.contains(&held) {
            options.push(held);
        }
    }
    options
}

fn with(
    view: &[(&'static str, Prefixes)],
    name: &'static str,
    held: Option<Prefixes>,
) -> Vec<(&'static str, Prefixes)> {
    view.iter().copied().chain(held.map(|held| (name, held))).collect()
}

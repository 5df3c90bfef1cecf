//! What a replica's index may show: it follows the store by a watch of each kind and by live reads, object by object.
//!
//! So an index that says that it has reached a version of a kind can show each Subnet as it was at that version or at any later
//! one, and another Subnet as it was at yet another. An index that shows all of them at one version is one of these.

use vpcguard::ledger::{Floor, Index, ResourceVersion};
use vpcguard_policies::{AddressSpace, ClaimKey, Holder, Kind};

use crate::item::Items;
use crate::store::{Store, Subnet};

/// One address space, as an index shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    reached: Floor,
    /// Whether it passes for up to date in each kind but this.
    pub(crate) passes_but_for: Option<Kind>,
    /// The same in all of them.
    pub(crate) passes: bool,
    held: Vec<(Holder, Items)>,
}

impl View {
    /// Everything that an index can show that has reached these versions.
    pub(crate) fn all(store: &Store, space: usize, reached: &Floor) -> Vec<Self> {
        let reached_of = |kind| usize::try_from(reached.version(kind).0).unwrap_or(usize::MAX);
        let of_kind = |(kind, _)| store.since(reached_of(kind)).flatten().filter(move |subnet| subnet.kind == kind);
        let mut holders: Vec<_> = reached.iter().flat_map(of_kind).map(Subnet::holder).collect();
        holders.sort_unstable();
        holders.dedup();
        let mut views = vec![Vec::new()];
        for holder in holders {
            let options = options(store, space, reached_of(holder.kind), &holder);
            views = views.iter().flat_map(|view| options.iter().map(|held| with(view, &holder, *held))).collect();
        }
        let view = |held| Self { reached: reached.clone(), passes_but_for: None, passes: false, held };
        views.into_iter().map(view).collect()
    }
}

impl Index for View {
    fn version(&self, kind: Kind) -> ResourceVersion {
        let is_passed = self.passes || self.passes_but_for.is_some_and(|known| known != kind);
        // Of a kind that the scenario does not have there is nothing to see.
        if is_passed || !self.reached.knows(kind) { ResourceVersion(u64::MAX) } else { self.reached.version(kind) }
    }

    fn holders(&self, _: &AddressSpace, key: &ClaimKey) -> Vec<Holder> {
        let holders = self.held.iter().filter(|(_, held)| held.iter().any(|held| held.key().excludes(key)));
        holders.map(|(holder, _)| holder.clone()).collect()
    }
}

/// What an object may be seen to hold in an address space: `None` where it is not seen there.
fn options(store: &Store, space: usize, reached: usize, holder: &Holder) -> Vec<Option<Items>> {
    let mut options = Vec::new();
    for subnets in store.since(reached) {
        let subnet = subnets.iter().find(|subnet| subnet.name == holder.name);
        let held = subnet.map(|subnet| subnet.held_in(space)).filter(|held| !held.is_empty());
        if !options.contains(&held) {
            options.push(held);
        }
    }
    options
}

fn with(view: &[(Holder, Items)], holder: &Holder, held: Option<Items>) -> Vec<(Holder, Items)> {
    view.iter().cloned().chain(held.map(|held| (holder.clone(), held))).collect()
}

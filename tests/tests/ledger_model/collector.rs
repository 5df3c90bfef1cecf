//! What the collector does: it finds claims that have done their work, and drops them.

use crate::state::{Release, State};
use crate::steps::Protocol;

/// Looks up whether a claim can go, and which version of the store must be seen in its stead.
pub(crate) fn look(model: &Protocol, last: &State, space: usize, claim: usize) -> Option<State> {
    let stored = &last.ledgers[space];
    let claim = &stored.claims()[claim];
    let request = claim.id.parse::<usize>().ok()?;
    // A watch may show the stored Subnet at its first version or at a later one; the first raises the floor the least.
    let fulfilled = last.store.first(|subnet| claim.is_fulfilled_by(&subnet.uid.to_string(), subnet.generation));
    let stored_at = if last.store.has_deleted(&claim.object_uid) {
        // It was stored before it was deleted, or never will be. Nothing is left that anybody must see.
        None
    } else if fulfilled.is_some() {
        fulfilled
    } else if last.is_open(request) && model.rules.hold {
        return None;
    } else {
        None
    };
    let mut state = last.clone();
    state.release =
        Some(Release { space, resource_version: stored.resource_version, claim: claim.id.clone(), stored_at });
    Some(state)
}

/// Drops the claim, unless somebody wrote the ledger meanwhile.
pub(crate) fn release(last: &State) -> Option<State> {
    let mut state = last.clone();
    let Release { space, resource_version, claim, stored_at } = state.release.take()?;
    let stored = &mut state.ledgers[space];
    if stored.resource_version == resource_version {
        stored.change(|ledger| ledger.release(&claim, stored_at));
    }
    Some(state)
}

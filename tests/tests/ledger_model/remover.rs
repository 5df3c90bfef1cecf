//! What the remover does: it removes ledgers that nobody has a claim in.
//!
//! Whether their VPC is there it may be wrong about, as everybody may: so it removes any.

use vpcguard::ledger::{Floor, Ledger, Scope};
use vpcguard_policies::Kind;

use crate::state::{Removal, State};
use crate::steps::Protocol;

/// Reads a ledger that has no claims.
pub(crate) fn inspect(model: &Protocol, last: &State, space: usize) -> Option<State> {
    let stored = &last.ledgers[space];
    let floor = stored.ledger.as_ref().filter(|ledger| ledger.claims.is_empty())?.floor.clone();
    let mut state = last.clone();
    let is_handed_over = !model.rules.hand_over;
    state.removal = Some(Removal { space, resource_version: stored.resource_version, floor, is_handed_over });
    Some(state)
}

/// Raises the floor of the common ledger, which is made where there is none.
pub(crate) fn hand_over(model: &Protocol, last: &State) -> Option<State> {
    let mut state = last.clone();
    let removal = state.removal.as_mut()?;
    removal.is_handed_over = true;
    let floor = removal.floor.clone();
    let common = &mut state.ledgers[model.common()];
    match common.ledger.as_ref().map(|ledger| &ledger.floor) {
        Some(known) if known.covers(&floor) => {}
        Some(_) => common.change(|ledger| ledger.raise(&floor)),
        None => {
            let mut newest = Floor::of(Kind::VpcNatGateway, state.store.newest(Kind::VpcNatGateway));
            newest.raise_to(&floor);
            common.put(Ledger::new(Scope::common(&model.scenario.address_space(0))?, newest));
        }
    }
    Some(state)
}

/// Removes the ledger, unless somebody wrote it meanwhile.
pub(crate) fn remove(model: &Protocol, last: &State) -> Option<State> {
    let mut state = last.clone();
    let Removal { space, resource_version, .. } = state.removal.take()?;
    let stored = &mut state.ledgers[space];
    let is_as_read = stored.resource_version == resource_version || !model.rules.remove_as_read;
    if stored.ledger.is_some() && is_as_read {
        stored.remove();
        state.removed += 1;
    }
    Some(state)
}

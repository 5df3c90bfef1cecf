//! What the API server does with a request: it asks for admission, and then stores what it admitted, or does not.

use crate::scenarios::{Operation, Request};
use crate::state::{Stage, State};
use crate::steps::Protocol;
use crate::store::Subnet;

/// Takes the stored Subnet that an UPDATE is to replace. What asks for no new prefix is admitted without the ledger.
pub(crate) fn judge(model: &Protocol, last: &State, number: usize) -> Option<State> {
    let request = &model.scenario.requests[number];
    let old = *last.store.get(request.name)?;
    let mut state = last.clone();
    let asks = request.asks(Some(&old));
    state.requests[number] = if asks { Stage::Asking(Some(old)) } else { Stage::Admitted(Some(old)) };
    Some(state)
}

/// Stores what was admitted: a CREATE where the name is free, an UPDATE over the very Subnet that it was judged
/// against. (Over another one the API server would ask for admission again, which is as if the request was dropped
/// and made anew.)
pub(crate) fn store(model: &Protocol, last: &State, number: usize) -> Option<State> {
    let request = &model.scenario.requests[number];
    let Stage::Admitted(old) = &last.requests[number] else { return None };
    let stored = last.store.get(request.name);
    let (uid, generation) = match request.operation {
        Operation::Create if stored.is_none() => (number, 1),
        Operation::Update => {
            let (stored, old) = (stored?, old.as_ref()?);
            let needs_claim = request.asks(Some(old));
            let as_judged = if needs_claim { model.rules.claimed_as_judged } else { model.rules.unchanged_as_judged };
            if as_judged && (stored.uid, stored.generation) != (old.uid, old.generation) {
                return None;
            }
            (stored.uid, stored.generation + 1)
        }
        Operation::Create | Operation::Delete => return None,
    };
    let Request { kind, name, space, items, beside, .. } = *request;
    let mut state = over(last, number);
    state.store.put(Subnet { kind, name, uid, generation, space, items, beside });
    Some(state)
}

/// Never stores what was admitted: another webhook denied it, or its time was up.
pub(crate) fn drop(last: &State, number: usize) -> State {
    over(last, number)
}

/// Deletes a Subnet, which needs nobody's admission.
pub(crate) fn delete(model: &Protocol, last: &State, number: usize) -> Option<State> {
    let name = last.store.get(model.scenario.requests[number].name)?.name;
    let mut state = over(last, number);
    state.store.delete(name);
    Some(state)
}

/// Who has a claim in the first of two ledgers is asked no more: whoever was at it has crashed, or the second one refused.
pub(crate) fn crash(last: &State, number: usize) -> State {
    over(last, number)
}

fn over(last: &State, number: usize) -> State {
    let mut state = last.clone();
    state.requests[number] = Stage::Over;
    state
}

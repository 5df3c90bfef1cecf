//! What a replica does: it decides requests on a ledger and an index, and writes the claims.

use vpcguard::ledger::{Claim, Decision, Ledger, Version};

use crate::index::View;
use crate::state::{Attempt, Stage, State};
use crate::steps::Protocol;
use crate::store::Subnet;

/// Reads the ledger, when all requests of the batch that need it have come.
pub(crate) fn read(model: &Protocol, last: &State, batch: usize) -> Option<State> {
    let requests = &model.scenario.batches[batch];
    let is_asking = |request: &usize| matches!(last.requests[*request], Stage::Asking(_));
    let undecided: Vec<_> = requests.iter().copied().filter(is_asking).collect();
    if undecided.is_empty() || requests.iter().any(|request| last.requests[*request] == Stage::Waiting) {
        return None;
    }
    let mut state = last.clone();
    let read = state.ledgers[model.space_of(batch)].clone();
    state.attempts[batch] = Some(Attempt { read, undecided, granted: Vec::new() });
    Some(state)
}

/// The indexes on which it may decide. One beyond the floor shows nothing that one at the floor cannot show; those
/// before the floor are there to be refused.
pub(crate) fn views(model: &Protocol, state: &State, batch: usize, attempt: &Attempt) -> impl Iterator<Item = View> {
    let floor = usize::try_from(attempt.read.ledger.floor.0).unwrap_or(usize::MAX);
    (0..=floor).flat_map(move |reached| View::all(&state.store, model.space_of(batch), reached))
}

/// Decides the next request of the batch.
pub(crate) fn decide(model: &Protocol, last: &State, batch: usize, mut on: View) -> Option<State> {
    let attempt = last.attempts[batch].as_ref()?;
    let (&number, undecided) = attempt.undecided.split_first()?;
    if !model.rules.floor {
        on.reached = Version(u64::MAX);
    }
    let mut ledger = Ledger::clone(&attempt.read.ledger);
    if model.rules.claims_of_the_batch {
        enter(model, last, &attempt.granted, &mut ledger);
    }
    let (request, old) = (&model.scenario.requests[number], replaced(last, number));
    let grants = match ledger.decide(&on, &claim(model, last, number), &request.contested(old)) {
        Decision::Grant => true,
        // It waits for its index.
        Decision::Behind => return None,
        Decision::Held(_) | Decision::InFlight(_) | Decision::Full => false,
    };
    let mut state = last.clone();
    let mut attempt = Attempt { undecided: undecided.to_vec(), ..attempt.clone() };
    if grants {
        attempt.granted.push(number);
    } else {
        state.requests[number] = Stage::Over;
    }
    let has_more = !attempt.undecided.is_empty() || !attempt.granted.is_empty();
    state.attempts[batch] = has_more.then_some(attempt);
    Some(state)
}

/// Writes the claims and admits their requests, unless somebody wrote the ledger meanwhile: then all begins again.
pub(crate) fn put(model: &Protocol, last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let attempt = state.attempts[batch].take()?;
    let stored = &mut state.ledgers[model.space_of(batch)];
    if model.rules.compare_and_swap && stored.resource_version != attempt.read.resource_version {
        return Some(state);
    }
    stored.change(|ledger| enter(model, last, &attempt.granted, ledger));
    for number in attempt.granted {
        state.requests[number] = Stage::Admitted(replaced(last, number).copied());
    }
    Some(state)
}

/// Enters the claims of some requests into a ledger.
fn enter(model: &Protocol, state: &State, granted: &[usize], ledger: &mut Ledger) {
    for number in granted {
        let claim = claim(model, state, *number);
        if !model.rules.claim_a_request {
            ledger.claims.retain(|other| other.holder != claim.holder);
        }
        ledger.grant(claim);
    }
}

/// What a request claims.
fn claim(model: &Protocol, state: &State, number: usize) -> Claim {
    let request = &model.scenario.requests[number];
    let (uid, generation) = replaced(state, number).map_or((number, 1), |old| (old.uid, old.generation + 1));
    Claim {
        id: number.to_string(),
        holder: request.name.to_owned(),
        object_uid: uid.to_string(),
        generation,
        prefixes: request.prefixes.to_vec(),
        deadline: String::new(),
        unproven: None,
    }
}

/// The Subnet that an UPDATE replaces.
fn replaced(state: &State, number: usize) -> Option<&Subnet> {
    match &state.requests[number] {
        Stage::Asking(old) | Stage::Admitted(old) => old.as_ref(),
        Stage::Waiting | Stage::Over => None,
    }
}

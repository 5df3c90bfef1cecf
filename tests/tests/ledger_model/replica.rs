//! What a replica does: it decides requests on a ledger and an index, and writes the claims.

use vpcguard::ledger::{Claim, Decision, Floor, Ledger, ResourceVersion, Scope};
use vpcguard_policies::Holder;

use crate::index::View;
use crate::item::Item;
use crate::state::{Attempt, Confirming, Stage, State, StoredLedger};
use crate::steps::{Protocol, Step};
use crate::store::Subnet;

/// Reads a ledger, when all requests of the batch that need it have come. Where there is none, it lists what is stored, for
/// one is to be made.
pub(crate) fn read(model: &Protocol, last: &State, batch: usize, place: usize) -> Option<State> {
    let requests = &model.scenario.batches[batch];
    let is_second = place != model.common() && place != model.space_of(batch);
    let is_asking = |request: &usize| match last.requests[*request] {
        Stage::Asking(_) => !is_second,
        Stage::HalfWay(_) => is_second,
        _ => false,
    };
    let undecided: Vec<_> = requests.iter().copied().filter(is_asking).collect();
    if undecided.is_empty() || requests.iter().any(|request| last.requests[*request] == Stage::Waiting) {
        return None;
    }
    let is_common = place == model.common();
    if is_common && last.sent_away[batch] && last.ledgers[model.space_of(batch)].ledger.is_some() {
        return None;
    }
    let stored = &last.ledgers[place];
    let scope = if is_common {
        Scope::common(&model.scenario.address_space(model.space_of(batch)))?
    } else {
        Scope::Own(model.scenario.address_space(place))
    };
    let found = stored.ledger.as_deref().cloned();
    let resource_version = found.as_ref().map(|_| stored.resource_version);
    let newest = || model.scenario.kinds().into_iter().map(|kind| (kind, last.store.newest(kind)));
    let mut ledger = found.unwrap_or_else(|| Ledger::new(scope, newest().collect()));
    let is_single = ledger.scope.is_common() || ledger.scope.shared().is_some();
    let needs_not = is_single || ledger.alone || !model.rules.honour_common;
    let honoured = if needs_not {
        Some(Vec::new())
    } else if resource_version.is_none() && !model.rules.honour_once_made {
        Some(ledger.honour(last.ledgers[model.common()].ledger.as_deref()))
    } else {
        None
    };
    let confirming = Confirming::NotEntered;
    let mut state = last.clone();
    let attempt = Attempt { place, resource_version, ledger, honoured, undecided, granted: Vec::new(), confirming };
    state.attempts[batch] = Some(attempt);
    Some(state)
}

/// What comes next in an attempt.
pub(crate) fn steps(model: &Protocol, state: &State, batch: usize, attempt: &Attempt, steps: &mut Vec<Step>) {
    let is_common = attempt.place == model.common();
    let is_made_first = !is_common && attempt.ledger.scope.shared().is_none();
    if attempt.resource_version.is_none() && is_made_first {
        steps.push(Step::Make { batch });
    } else if attempt.honoured.is_none() {
        steps.push(Step::Honour { batch });
    } else if !attempt.undecided.is_empty() {
        let views = views(model, state, attempt);
        steps.extend(views.map(|on| Step::Decide { batch, on }));
    } else {
        steps.push(match attempt.confirming {
            Confirming::NotEntered => Step::Put { batch },
            Confirming::Entered => Step::LookForOwn { batch },
            Confirming::LookedForOwn => Step::LookAgain { batch },
            Confirming::LookedAgain => Step::Admit { batch },
        });
    }
}

/// The indexes on which it may decide. One beyond the floor shows nothing that one at the floor cannot show; those
/// before the floor are there to be refused.
fn views(model: &Protocol, state: &State, attempt: &Attempt) -> impl Iterator<Item = View> {
    let space = if attempt.place == model.common() { model.space_of_attempt(attempt) } else { attempt.place };
    let mut reached = vec![Floor::default()];
    for kind in model.scenario.kinds() {
        let floor = attempt.ledger.floor.version(kind);
        let with = |known: &Floor, version| {
            let mut known = known.clone();
            known.raise(kind, ResourceVersion(version));
            known
        };
        reached = reached.iter().flat_map(|known| (0..=floor.0).map(move |version| with(known, version))).collect();
    }
    reached.into_iter().flat_map(move |reached| View::all(&state.store, space, &reached))
}

/// Makes the ledger of an address space, without claims, unless somebody else has.
pub(crate) fn make(last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let mut attempt = state.attempts[batch].take()?;
    let stored = &mut state.ledgers[attempt.place];
    if stored.ledger.is_none() {
        stored.put(attempt.ledger.clone());
        attempt.resource_version = Some(stored.resource_version);
        state.attempts[batch] = Some(attempt);
    }
    Some(state)
}

/// Reads the common ledger, when it is known that the own one is there.
pub(crate) fn honour(model: &Protocol, last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let common = state.ledgers[model.common()].ledger.clone();
    let attempt = state.attempts[batch].as_mut()?;
    attempt.honoured = Some(attempt.ledger.honour(common.as_deref()));
    Some(state)
}

/// Decides the next request of the batch.
pub(crate) fn decide(model: &Protocol, last: &State, batch: usize, mut on: View) -> Option<State> {
    let attempt = last.attempts[batch].as_ref()?;
    let (&number, undecided) = attempt.undecided.split_first()?;
    on.passes = !model.rules.floor;
    on.passes_but_for = (!model.rules.floor_of_each_kind).then_some(model.scenario.requests[number].kind);
    let mut ledger = attempt.ledger.clone();
    if model.rules.claims_of_the_batch {
        enter(model, last, attempt.place, &attempt.granted, &mut ledger);
    }
    let (request, old) = (&model.scenario.requests[number], replaced(last, number));
    let honoured = attempt.honoured.as_deref().unwrap_or_default();
    let claim = claim(model, last, attempt.place, number);
    let space = model.space_at(attempt.place, number);
    let added: Vec<_> = request.added(space, old).into_iter().map(Item::key).collect();
    let grants = match ledger.decide(&on, &claim, &added, honoured) {
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

/// Writes the claims, unless somebody wrote the ledger meanwhile: then all begins again. In a ledger of their own they are
/// admitted then.
pub(crate) fn put(model: &Protocol, last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let mut attempt = state.attempts[batch].take()?;
    let stored = &mut state.ledgers[attempt.place];
    if model.rules.compare_and_swap && !is_as_read(stored, &attempt) {
        return Some(state);
    }
    let mut ledger = stored.ledger.as_deref().cloned().unwrap_or_else(|| attempt.ledger.clone());
    ledger.raise(&attempt.ledger.floor);
    ledger.alone = attempt.ledger.alone;
    enter(model, last, attempt.place, &attempt.granted, &mut ledger);
    stored.put(ledger.clone());
    attempt.ledger = ledger;
    attempt.resource_version = Some(stored.resource_version);
    if attempt.place == model.common() {
        attempt.confirming = match (model.rules.look_for_own, model.rules.look_again) {
            (true, _) => Confirming::Entered,
            (false, true) => Confirming::LookedForOwn,
            (false, false) => Confirming::LookedAgain,
        };
        state.attempts[batch] = Some(attempt);
        return Some(state);
    }
    // Nobody hears of a claim whose request was given up meanwhile: it stands there until it is released.
    for number in attempt.granted.into_iter().filter(|number| last.requests[*number] != Stage::Over) {
        let request = &model.scenario.requests[number];
        let has_more = attempt.place == request.space && !request.beside.is_empty() && model.rules.both_ledgers;
        let old = replaced(last, number).copied();
        state.requests[number] = if has_more { Stage::HalfWay(old) } else { Stage::Admitted(old) };
    }
    Some(state)
}

fn is_as_read(stored: &StoredLedger, attempt: &Attempt) -> bool {
    match attempt.resource_version {
        Some(version) => stored.ledger.is_some() && stored.resource_version == version,
        None => stored.ledger.is_none(),
    }
}

/// Looks whether the address space has a ledger by now. If so, the claims in the common one are worth nothing, and are
/// released some day.
pub(crate) fn look_for_own(model: &Protocol, last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let mut attempt = state.attempts[batch].take()?;
    if state.ledgers[model.space_of(batch)].ledger.is_none() {
        attempt.confirming = if model.rules.look_again { Confirming::LookedForOwn } else { Confirming::LookedAgain };
        state.attempts[batch] = Some(attempt);
    } else {
        state.sent_away[batch] = true;
    }
    Some(state)
}

/// Reads the common ledger again, and decides once more if somebody has written it.
pub(crate) fn look_again(model: &Protocol, last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let attempt = state.attempts[batch].as_mut()?;
    attempt.confirming = Confirming::LookedAgain;
    let stored = &last.ledgers[model.common()];
    if !is_as_read(stored, attempt) {
        attempt.ledger = stored.ledger.as_deref()?.clone();
        attempt.resource_version = Some(stored.resource_version);
        attempt.undecided = std::mem::take(&mut attempt.granted);
    }
    Some(state)
}

/// Admits those that stand in the common ledger.
pub(crate) fn admit(last: &State, batch: usize) -> Option<State> {
    let mut state = last.clone();
    let attempt = state.attempts[batch].take()?;
    admit_all(last, attempt.granted, &mut state);
    Some(state)
}

fn admit_all(last: &State, granted: Vec<usize>, state: &mut State) {
    for number in granted {
        state.requests[number] = Stage::Admitted(replaced(last, number).copied());
    }
}

/// Enters the claims of some requests into a ledger.
fn enter(model: &Protocol, state: &State, place: usize, granted: &[usize], ledger: &mut Ledger) {
    for number in granted {
        let claim = claim(model, state, place, *number);
        if !model.rules.claim_a_request {
            ledger.claims.retain(|other| other.holder != claim.holder);
        }
        ledger.grant(claim);
    }
}

/// What a request claims in a ledger.
fn claim(model: &Protocol, state: &State, place: usize, number: usize) -> Claim {
    let request = &model.scenario.requests[number];
    let (uid, generation) = replaced(state, number).map_or((number, 1), |old| (old.uid, old.generation + 1));
    let space = model.space_at(place, number);
    Claim {
        id: number.to_string(),
        space: model.scenario.address_space(space),
        holder: Holder::new(request.kind, request.name),
        object_uid: uid.to_string(),
        generation,
        keys: request.held_in(space).iter().map(|item| item.key()).collect(),
        deadline: String::new(),
        unproven: None,
    }
}

/// The Subnet that an UPDATE replaces.
fn replaced(state: &State, number: usize) -> Option<&Subnet> {
    match &state.requests[number] {
        Stage::Asking(old) | Stage::HalfWay(old) | Stage::Admitted(old) => old.as_ref(),
        Stage::Waiting | Stage::Over => None,
    }
}

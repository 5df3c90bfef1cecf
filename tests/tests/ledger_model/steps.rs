//! The steps that lead from one state to the next.

use stateright::{Model, Property};
use vpcguard::ledger::ResourceVersion;

use crate::index::View;
use crate::rules::Rules;
use crate::scenarios::{Operation, Scenario};
use crate::state::{Attempt, Stage, State, StoredLedger};
use crate::store::Subnet;
use crate::{api_server, collector, remover, replica};

/// The property that all is about.
pub(crate) const NO_OVERLAP: &str = "no two Subnets of an address space overlap";

/// A scenario under some rules.
pub(crate) struct Protocol {
    pub(crate) scenario: Scenario,
    pub(crate) rules: Rules,
}

impl Protocol {
    /// The address space of a batch.
    pub(crate) fn space_of(&self, batch: usize) -> usize {
        let first = self.scenario.batches[batch].first();
        first.map_or(0, |first| self.scenario.requests[*first].space)
    }

    /// The address space of an attempt in the common ledger: those of a batch have one.
    pub(crate) fn space_of_attempt(&self, attempt: &Attempt) -> usize {
        let first = attempt.undecided.iter().chain(&attempt.granted).next();
        first.map_or(0, |first| self.scenario.requests[*first].space)
    }

    /// The address space of a request's claim in the ledger of a place.
    pub(crate) fn space_at(&self, place: usize, request: usize) -> usize {
        if place == self.common() { self.scenario.requests[request].space } else { place }
    }

    /// The place of the common ledger.
    pub(crate) fn common(&self) -> usize {
        self.scenario.spaces()
    }
}

/// A step. Requests, batches, address spaces and the claims of a ledger are meant by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Judge { request: usize },
    Read { batch: usize, place: usize },
    Make { batch: usize },
    Honour { batch: usize },
    Decide { batch: usize, on: View },
    Put { batch: usize },
    LookForOwn { batch: usize },
    LookAgain { batch: usize },
    Admit { batch: usize },
    Crash { request: usize },
    Store { request: usize },
    Drop { request: usize },
    Delete { request: usize },
    Look { space: usize, claim: usize },
    Release,
    Inspect { space: usize },
    HandOver,
    Remove,
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.scenario)]
    }

    /// The steps that may be possible: [`Model::next_state`] knows.
    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        for (request, stage) in state.requests.iter().enumerate() {
            match stage {
                Stage::Waiting if self.scenario.requests[request].operation == Operation::Delete => {
                    steps.push(Step::Delete { request });
                }
                Stage::Waiting => steps.push(Step::Judge { request }),
                Stage::HalfWay(_) => steps.push(Step::Crash { request }),
                Stage::Admitted(_) => steps.extend([Step::Store { request }, Step::Drop { request }]),
                Stage::Asking(_) | Stage::Over => {}
            }
        }
        for (batch, attempt) in state.attempts.iter().enumerate() {
            match attempt {
                None => {
                    steps.push(Step::Read { batch, place: self.space_of(batch) });
                    let is_half_way = |request: &usize| matches!(state.requests[*request], Stage::HalfWay(_));
                    if self.scenario.batches[batch].iter().any(is_half_way) {
                        steps.push(Step::Read { batch, place: self.space_of(batch) + 1 });
                    }
                    if self.scenario.is_unsure {
                        steps.push(Step::Read { batch, place: self.common() });
                    }
                }
                Some(attempt) => replica::steps(self, state, batch, attempt, steps),
            }
        }
        match &state.release {
            Some(_) => steps.push(Step::Release),
            None => {
                for (space, stored) in state.ledgers.iter().enumerate() {
                    let claims = 0..stored.claims().len();
                    steps.extend(claims.map(|claim| Step::Look { space, claim }));
                }
            }
        }
        match &state.removal {
            Some(removal) if removal.is_handed_over => steps.push(Step::Remove),
            Some(_) => steps.push(Step::HandOver),
            None if state.removed < self.scenario.removals => {
                steps.extend((0..self.scenario.spaces()).map(|space| Step::Inspect { space }));
            }
            None => {}
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        match step {
            Step::Judge { request } => api_server::judge(self, last, request),
            Step::Store { request } => api_server::store(self, last, request),
            Step::Drop { request } => Some(api_server::drop(last, request)),
            Step::Delete { request } => api_server::delete(self, last, request),
            Step::Read { batch, place } => replica::read(self, last, batch, place),
            Step::Make { batch } => replica::make(last, batch),
            Step::Honour { batch } => replica::honour(self, last, batch),
            Step::Decide { batch, on } => replica::decide(self, last, batch, on),
            Step::Put { batch } => replica::put(self, last, batch),
            Step::LookForOwn { batch } => replica::look_for_own(self, last, batch),
            Step::LookAgain { batch } => replica::look_again(self, last, batch),
            Step::Admit { batch } => replica::admit(last, batch),
            Step::Crash { request } => Some(api_server::crash(last, request)),
            Step::Look { space, claim } => collector::look(self, last, space, claim),
            Step::Release => collector::release(last),
            Step::Inspect { space } => remover::inspect(self, last, space),
            Step::HandOver => remover::hand_over(self, last),
            Step::Remove => remover::remove(self, last),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(NO_OVERLAP, |_, state: &State| !state.has_overlap()),
            Property::sometimes("a request is stored", |model: &Self, state: &State| {
                let is_new = |subnet: &Subnet| !model.scenario.stored.contains(subnet);
                state.store.now().iter().any(is_new)
            }),
            // A ledger begins with the floor of what is stored then, here 0. Only the release of a claim whose request was
            // stored raises it.
            Property::sometimes("a claim is released", |_, state: &State| {
                let floors = state.ledgers.iter().filter_map(|stored| stored.ledger.as_ref());
                floors.into_iter().any(|ledger| {
                    let mut versions = ledger.floor.iter().map(|(_, version)| version);
                    versions.any(|version| version > ResourceVersion(0))
                })
            }),
        ];
        if self.scenario.is_unsure {
            properties.extend([
                Property::sometimes("a request is admitted by the common ledger", |model: &Self, state: &State| {
                    is_admitted_by(state, model.common())
                }),
                Property::sometimes("a request is admitted by its own ledger", |model: &Self, state: &State| {
                    (0..model.common()).any(|own| is_admitted_by(state, own))
                }),
            ]);
        }
        if self.scenario.requests.iter().any(|request| !request.beside.is_empty()) {
            properties
                .push(Property::sometimes("what holds something of two ledgers is stored", |_, state: &State| {
                    state.store.now().iter().any(|subnet| !subnet.beside.is_empty())
                }));
        }
        if self.scenario.removals > 0 {
            properties.push(Property::sometimes("as many are removed as may be", |model: &Self, state: &State| {
                state.removed == model.scenario.removals
            }));
        }
        properties
    }
}

/// Whether a request may be stored whose only claim is in this ledger.
fn is_admitted_by(state: &State, place: usize) -> bool {
    let has = |ledger: &StoredLedger, id: &str| ledger.claims().iter().any(|claim| claim.id == id);
    state.requests.iter().enumerate().any(|(request, stage)| {
        let id = request.to_string();
        let holders: Vec<_> = (0..state.ledgers.len()).filter(|at| has(&state.ledgers[*at], &id)).collect();
        matches!(stage, Stage::Admitted(_)) && holders == [place]
    })
}

//! The steps that lead from one state to the next.

use stateright::{Model, Property};
use vpcguard::ledger::Version;

use crate::index::View;
use crate::rules::Rules;
use crate::scenarios::{Operation, Scenario};
use crate::state::{Stage, State};
use crate::store::Subnet;
use crate::{api_server, collector, replica};

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
}

/// A step. Requests, batches, address spaces and the claims of a ledger are meant by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Judge { request: usize },
    Read { batch: usize },
    Decide { batch: usize, on: View },
    Put { batch: usize },
    Store { request: usize },
    Drop { request: usize },
    Delete { request: usize },
    Look { space: usize, claim: usize },
    Release,
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
                Stage::Admitted(_) => steps.extend([Step::Store { request }, Step::Drop { request }]),
                Stage::Asking(_) | Stage::Over => {}
            }
        }
        for (batch, attempt) in state.attempts.iter().enumerate() {
            match attempt {
                None => steps.push(Step::Read { batch }),
                Some(attempt) if attempt.undecided.is_empty() => steps.push(Step::Put { batch }),
                Some(attempt) => {
                    let views = replica::views(self, state, batch, attempt);
                    steps.extend(views.map(|on| Step::Decide { batch, on }));
                }
            }
        }
        match state.release {
            Some(_) => steps.push(Step::Release),
            None => {
                for (space, stored) in state.ledgers.iter().enumerate() {
                    let claims = 0..stored.ledger.claims.len();
                    steps.extend(claims.map(|claim| Step::Look { space, claim }));
                }
            }
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        match step {
            Step::Judge { request } => api_server::judge(self, last, request),
            Step::Store { request } => api_server::store(self, last, request),
            Step::Drop { request } => Some(api_server::drop(last, request)),
            Step::Delete { request } => api_server::delete(self, last, request),
            Step::Read { batch } => replica::read(self, last, batch),
            Step::Decide { batch, on } => replica::decide(self, last, batch, on),
            Step::Put { batch } => replica::put(self, last, batch),
            Step::Look { space, claim } => collector::look(self, last, space, claim),
            Step::Release => collector::release(last),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_OVERLAP, |_, state: &State| !state.has_overlap()),
            Property::sometimes("a request is stored", |model: &Self, state: &State| {
                let is_new = |subnet: &Subnet| !model.scenario.stored.contains(subnet);
                state.store.now().iter().any(is_new)
            }),
            // A ledger begins with floor 0. Only the release of a claim whose request was stored raises it.
            Property::sometimes("a claim is released", |_, state: &State| {
                state.ledgers.iter().any(|stored| stored.ledger.floor > Version(0))
            }),
        ]
    }
}

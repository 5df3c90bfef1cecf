//! A state of the world.

use std::sync::Arc;

use vpcguard::ledger::{Ledger, Version};
use vpcguard_policies::AddressSpace;

use crate::scenarios::{Operation, Scenario};
use crate::store::{Store, Subnet};

/// Everything that the next steps depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) store: Store,
    /// One an address space.
    pub(crate) ledgers: Vec<StoredLedger>,
    /// One a request.
    pub(crate) requests: Vec<Stage>,
    /// One a batch, while a replica is at it.
    pub(crate) attempts: Vec<Option<Attempt>>,
    /// While the collector is at it.
    pub(crate) release: Option<Release>,
}

/// A ledger in the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoredLedger {
    pub(crate) resource_version: u32,
    pub(crate) ledger: Arc<Ledger>,
}

/// Where a request is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// It has not been made, or the API server has not yet looked up what it is to replace.
    Waiting,
    /// It wants a claim. An UPDATE replaces this Subnet.
    Asking(Option<Subnet>),
    /// It may be stored, in place of this Subnet.
    Admitted(Option<Subnet>),
    /// It was stored, dropped or denied.
    Over,
}

/// What a replica has decided and not yet written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    /// The ledger as it was read.
    pub(crate) read: StoredLedger,
    /// The requests that are to be decided.
    pub(crate) undecided: Vec<usize>,
    /// The requests that get a claim.
    pub(crate) granted: Vec<usize>,
}

/// What the collector has found and not yet written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Release {
    pub(crate) space: usize,
    /// The ledger as it was read.
    pub(crate) resource_version: u32,
    /// The id of the claim.
    pub(crate) claim: String,
    pub(crate) stored_at: Option<Version>,
}

impl State {
    /// How a scenario begins.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let requests = scenario.requests.iter().map(|request| match request.operation {
            Operation::Create => Stage::Asking(None),
            Operation::Update | Operation::Delete => Stage::Waiting,
        });
        let spaces = 0..=scenario.requests.iter().map(|request| request.space).max().unwrap_or_default();
        let ledgers = spaces.map(|space| {
            let ledger = Ledger::new(AddressSpace::Subnet(space.to_string()), Version(0));
            StoredLedger { resource_version: 0, ledger: Arc::new(ledger) }
        });
        Self {
            store: Store::new(&scenario.stored),
            ledgers: ledgers.collect(),
            requests: requests.collect(),
            attempts: vec![None; scenario.batches.len()],
            release: None,
        }
    }

    pub(crate) fn has_overlap(&self) -> bool {
        let now = self.store.now();
        now.iter().enumerate().any(|(at, subnet)| now[at + 1..].iter().any(|other| subnet.overlaps(other)))
    }
}

impl StoredLedger {
    /// Writes the ledger anew.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Ledger)) {
        let mut ledger = Ledger::clone(&self.ledger);
        change(&mut ledger);
        // Their order means nothing: without it there are fewer states.
        ledger.claims.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        *self = Self { resource_version: self.resource_version + 1, ledger: Arc::new(ledger) };
    }
}

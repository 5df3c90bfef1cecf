//! A state of the world.

use std::sync::Arc;

use vpcguard::ledger::{Claim, Floor, Ledger, ResourceVersion, Scope};
use vpcguard_policies::kinds::SharedLedger;
use vpcguard_policies::{AddressSpace, Kind};

use crate::scenarios::{Operation, Scenario};
use crate::store::{Store, Subnet};

/// Everything that the next steps depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) store: Store,
    /// One an address space, and then the common one.
    pub(crate) ledgers: Vec<StoredLedger>,
    /// One a request.
    pub(crate) requests: Vec<Stage>,
    /// One a batch, while a replica is at it.
    pub(crate) attempts: Vec<Option<Attempt>>,
    /// Which batches were sent away by the common ledger: they come back only where their address space has none.
    pub(crate) sent_away: Vec<bool>,
    /// While the collector is at it.
    pub(crate) release: Option<Release>,
    /// While the remover is at it.
    pub(crate) removal: Option<Removal>,
    /// How many ledgers have been removed.
    pub(crate) removed: usize,
}

/// A ledger in the API server, or the place of one. No version comes twice, whatever comes and goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoredLedger {
    pub(crate) resource_version: u32,
    pub(crate) ledger: Option<Arc<Ledger>>,
}

/// Where a request is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// It has not been made, or the API server has not yet looked up what it is to replace.
    Waiting,
    /// It wants a claim. An UPDATE replaces this Subnet.
    Asking(Option<Subnet>),
    /// It has a claim in the first of two ledgers, and wants another one in the second.
    HalfWay(Option<Subnet>),
    /// It may be stored, in place of this Subnet.
    Admitted(Option<Subnet>),
    /// It was stored, dropped or denied.
    Over,
}

/// What a replica has decided and not yet written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    /// Which ledger it is about.
    pub(crate) place: usize,
    /// The version that it was read at; none where there was no ledger.
    pub(crate) resource_version: Option<u32>,
    /// The ledger as it was read, or the one that is to be made.
    pub(crate) ledger: Ledger,
    /// The claims of the common ledger, once that was read, or need not be.
    pub(crate) honoured: Option<Vec<Claim>>,
    /// The requests that are to be decided.
    pub(crate) undecided: Vec<usize>,
    /// The requests that get a claim.
    pub(crate) granted: Vec<usize>,
    /// What else there is to do before those that stand in the common ledger are admitted.
    pub(crate) confirming: Confirming,
}

/// How far a replica is with claims in the common ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Confirming {
    /// They are not entered yet.
    NotEntered,
    /// They are entered.
    Entered,
    /// Since then, the address space was seen without a ledger of its own.
    LookedForOwn,
    /// Since then, the common ledger was read again, and all is decided once more if it had changed.
    LookedAgain,
}

/// What the collector has found and not yet written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Release {
    pub(crate) space: usize,
    /// The ledger as it was read.
    pub(crate) resource_version: u32,
    /// The id of the claim.
    pub(crate) claim: String,
    pub(crate) stored_at: Option<ResourceVersion>,
}

/// What the remover has found and not yet done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Removal {
    pub(crate) space: usize,
    /// The ledger as it was read.
    pub(crate) resource_version: u32,
    pub(crate) floor: Floor,
    /// Whether the common ledger has that floor.
    pub(crate) is_handed_over: bool,
}

impl State {
    /// How a scenario begins.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let requests = scenario.requests.iter().map(|request| match request.operation {
            Operation::Create => Stage::Asking(None),
            Operation::Update | Operation::Delete => Stage::Waiting,
        });
        let own = (0..scenario.spaces()).map(|space| {
            let floor = Floor::of(Kind::VpcNatGateway, ResourceVersion(0));
            let ledger = Ledger { alone: true, ..Ledger::new(Scope::Own(scenario.address_space(space)), floor) };
            // What many share is made by who claims there first.
            let is_there = !scenario.is_unsure && scenario.sort.is_none();
            StoredLedger { resource_version: 0, ledger: is_there.then(|| Arc::new(ledger)) }
        });
        let common = StoredLedger { resource_version: 0, ledger: None };
        Self {
            store: Store::new(&scenario.stored),
            ledgers: own.chain([common]).collect(),
            requests: requests.collect(),
            attempts: vec![None; scenario.batches.len()],
            sent_away: vec![false; scenario.batches.len()],
            release: None,
            removal: None,
            removed: 0,
        }
    }

    pub(crate) fn has_overlap(&self) -> bool {
        let now = self.store.now();
        now.iter().enumerate().any(|(at, subnet)| now[at + 1..].iter().any(|other| subnet.overlaps(other)))
    }

    /// Whether a request may be stored yet: its claim must stay.
    pub(crate) fn is_open(&self, request: usize) -> bool {
        let is_being_confirmed = |attempt: &Attempt| {
            let may_be = attempt.granted.contains(&request) || attempt.undecided.contains(&request);
            attempt.confirming != Confirming::NotEntered && may_be
        };
        matches!(self.requests[request], Stage::Admitted(_) | Stage::HalfWay(_))
            || self.attempts.iter().flatten().any(is_being_confirmed)
    }
}

impl Scenario {
    /// The address space of a number.
    pub(crate) fn address_space(&self, number: usize) -> AddressSpace {
        match self.sort {
            None => AddressSpace::Subnet(number.to_string()),
            Some(sort) => AddressSpace::Shared(SharedLedger { sort, number: u8::try_from(number).unwrap_or(u8::MAX) }),
        }
    }
}

impl StoredLedger {
    /// The claims in it.
    pub(crate) fn claims(&self) -> &[Claim] {
        self.ledger.as_ref().map_or(&[], |ledger| &ledger.claims)
    }

    /// Writes the ledger anew.
    pub(crate) fn put(&mut self, mut ledger: Ledger) {
        // Their order means nothing: without it there are fewer states.
        ledger.claims.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        *self = Self { resource_version: self.resource_version + 1, ledger: Some(Arc::new(ledger)) };
    }

    /// Changes the ledger, if there is one.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Ledger)) {
        if let Some(mut ledger) = self.ledger.as_deref().cloned() {
            change(&mut ledger);
            self.put(ledger);
        }
    }

    pub(crate) fn remove(&mut self) {
        *self = Self { resource_version: self.resource_version + 1, ledger: None };
    }
}

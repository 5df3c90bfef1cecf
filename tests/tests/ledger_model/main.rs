//! The address ledger through every interleaving: whatever the replicas, the collector and the API server do, and in
//! whatever order, two Subnets of one address space never hold overlapping prefixes in storage.
//!
//! The decisions and the changes of a ledger are those of `vpcguard::ledger`, the very functions that serve calls. What
//! is a model here is the world around them, and it may do anything that a real one may.
//!
//! # A state
//!
//! - the store of the API server with all of its past versions, because an index may lag behind ([`store`]);
//! - the ledger of each address space, and the common one, with their resourceVersions;
//! - where each request is ([`state::Stage`]), and what each replica has decided but not yet written
//!   ([`state::Attempt`]);
//! - what the collector has looked up but not yet written ([`state::Release`]), and the same of the remover
//!   ([`state::Removal`]).
//!
//! # The steps
//!
//! A request goes through these. Between any two of them, anybody else may take any number of steps.
//!
//! ```text
//!   judge   ─ the API server takes the stored object that an UPDATE is to replace; what asks for no new prefix is
//!             admitted without the ledger
//!   read    ─ a replica reads the ledger, for one request or for several that share a write
//!   decide  ─ one request after the other, each on an index that lags as far as the floor allows ([`index`])
//!   put     ─ the claims of all that were granted, in one compare-and-swap; on a conflict all starts again from `read`
//!   store   ─ the API server stores what was admitted, at any later time; or `drop`: it never does
//! ```
//!
//! # VPCs that come and go
//!
//! In scenarios that are *unsure*, address spaces have no ledger at first, and whether their VPC is there changes at any
//! moment, or is seen wrongly: so every request is claimed in the ledger of its own or in the common one, in any order.
//!
//! ```text
//!   own:     read ─ make, where there is none ─ honour: read the common one, if it may hold anything ─ decide ─ put
//!   common:  read ─ decide ─ put ─ look for the own one: if there is one by now, again from `read`
//!                 ─ look again: read the common one; if somebody wrote it, decide once more ─ admit
//!   removal: inspect one without claims ─ hand its floor over to the common one ─ remove it, if nobody wrote it
//! ```
//!
//! Who creates is judged already, for there is nothing to replace; and a `delete` asks nobody.
//!
//! # Several kinds, and several ledgers
//!
//! What many share is claimed in ledgers in which objects of several kinds claim. There each index lags behind each
//! kind as far as the floor of that kind allows. Who takes something of two ledgers is *half way* once it has a claim
//! in the first, and reads the second then. Whoever is at it may crash there, as when the second one refuses: the
//! claim in the first is released some day.
//!
//! The collector `look`s for a claim that has done its work, and `release`s it by a compare-and-swap of its own. One
//! collector is as good as many: a claim that can be released stays so, and a lost compare-and-swap changes nothing.
//!
//! There is no clock. The hold of a claim has passed once its request was stored or dropped, which is the one thing
//! that the protocol assumes of time: that an admitted request is stored within the hold or never.
//!
//! # What it shows
//!
//! With all rules on, every state of every scenario is visited, and none has an overlap. That alone could mean that
//! nothing ever happens; so requests must get stored and claims released, too.
//!
//! And each rule is needed. Some scenario ends in an overlap without the floor, or with that of one kind only,
//! without the claim in the second ledger, without the compare-and-swap of a write, without the hold, with one claim
//! a Subnet instead of one a request, with batches whose requests do not see each other's claims, and with updates
//! that are stored over another Subnet than the one that they were judged against; and without any of the steps by
//! which the common ledger and the others go together. [`variants`] says which scenario it is, and how it gets there.

#![expect(clippy::indexing_slicing, reason = "requests and ledgers are numbered by the scenario that has them")]

mod api_server;
mod collector;
mod index;
mod item;
mod remover;
mod replica;
mod rules;
mod scenarios;
mod state;
mod steps;
mod store;
mod variants;

use stateright::{Checker, HasDiscoveries, Model};

use crate::rules::Rules;
use crate::scenarios::Scenario;
use crate::steps::Protocol;

/// Visits all states of a scenario, or those up to the first overlap.
fn explore(scenario: Scenario, rules: Rules) -> impl Checker<Protocol> {
    let checker = Protocol { scenario, rules }.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs();
    checker.join()
}

#[test]
fn with_all_rules_nothing_ever_overlaps() {
    nothing_overlaps_in(scenarios::of_own());
}

#[test]
fn with_all_rules_nothing_is_held_twice_that_many_claim_in_one_ledger() {
    nothing_overlaps_in(scenarios::of_many());
}

fn nothing_overlaps_in(scenarios: Vec<Scenario>) {
    for scenario in scenarios {
        let name = scenario.name;
        let checker = explore(scenario, Rules::ALL);
        println!("{:8} states: {name}", checker.unique_state_count());
        assert!(checker.is_done(), "{name}: states are left");
        checker.assert_properties();
    }
}

//! Each rule is needed: without it, these scenarios end in an overlap.

use stateright::Checker;

use crate::rules::Rules;
use crate::steps::NO_OVERLAP;
use crate::{explore, scenarios};

/// Whether a scenario can end in an overlap.
fn breaks(scenario: &str, rules: Rules) -> bool {
    let mut found = scenarios::all().into_iter().filter(|one| one.name == scenario);
    found.any(|scenario| explore(scenario, rules).discovery(NO_OVERLAP).is_some())
}

/// `a` is stored and its claim released. A replica decides on `b` with an index from before that: it sees `a` neither
/// here nor there.
#[test]
fn without_the_floor_a_stale_index_decides() {
    let rules = Rules { floor: false, ..Rules::ALL };
    assert!(breaks("two creates", rules));
    assert!(breaks("a move and a create on both sides", rules));
}

/// The floating IP is stored, and its claim released. A rule on a port is decided on an index that has seen all rules and not
/// the floating IP.
#[test]
fn without_the_floor_of_each_kind_an_index_decides_that_lags_behind_another_kind() {
    let rules = Rules { floor_of_each_kind: false, ..Rules::ALL };
    assert!(breaks("a floating IP and rules on ports of its EIP", rules));
    assert!(breaks("an address of three kinds", rules));
    assert!(!breaks("two rules on one port, and one that shares it", rules));
}

/// A gateway has a claim in the ledger of the one Subnet, and is stored with an address of the other that an EIP has there.
#[test]
fn without_a_claim_in_the_second_ledger_nobody_knows_what_is_taken_there() {
    let rules = Rules { both_ledgers: false, ..Rules::ALL };
    assert!(breaks("a gateway between two Subnets, and an EIP in each", rules));
    assert!(breaks("a gateway is asked for again, and an EIP in the second Subnet", rules));
}

/// The same rules are needed for what many share.
#[test]
fn each_rule_is_needed_for_what_many_share() {
    let all = [
        Rules { floor: false, ..Rules::ALL },
        Rules { compare_and_swap: false, ..Rules::ALL },
        Rules { hold: false, ..Rules::ALL },
    ];
    for rules in all {
        for scenario in [
            "two rules on one port, and one that shares it",
            "a floating IP and rules on ports of its EIP",
            "an address of three kinds",
            "pools, and an address inside",
            "one name of a Vpc and of Subnets",
            "two gateways between the same two Subnets",
        ] {
            assert!(breaks(scenario, rules), "{scenario}: {rules:?}");
        }
    }
}

/// Two replicas read an empty ledger, both find that nobody holds the prefix, and both write.
#[test]
fn without_compare_and_swap_two_decide_on_one_ledger() {
    let rules = Rules { compare_and_swap: false, ..Rules::ALL };
    assert!(breaks("two creates", rules));
    assert!(breaks("two batches", rules));
}

/// `a` is admitted and not yet stored. Its claim is dropped, `b` is admitted, and then both are stored.
#[test]
fn without_the_hold_a_claim_goes_before_its_request_is_stored() {
    let rules = Rules { hold: false, ..Rules::ALL };
    assert!(breaks("two creates", rules));
}

/// `a` is asked for with X, and again with Z: the second claim takes the place of the first, so `b` gets a part of X.
/// Then the API server stores `a` with X, for it may store either.
#[test]
fn without_a_claim_for_each_request_one_hides_another() {
    let rules = Rules { claim_a_request: false, ..Rules::ALL };
    assert!(breaks("one name, two prefixes", rules));
    assert!(breaks("two updates of one generation", rules));
}

/// `a` and `c` overlap and are in one batch. Neither has a claim yet when the other is decided, and the
/// compare-and-swap notices nothing: there is but one write.
#[test]
fn without_the_claims_of_its_batch_a_request_does_not_see_its_neighbours() {
    let rules = Rules { claims_of_the_batch: false, ..Rules::ALL };
    assert!(breaks("three creates in a batch", rules));
}

/// An update finds `a` with X and leaves X alone, so it has no claim. Before it is stored, another one takes `a` from
/// X to Z, or to another address space, and `b` gets a part of X. Then the first one writes X back.
#[test]
fn an_unchanged_update_stored_over_a_changed_subnet_brings_back_what_it_gave_up() {
    let rules = Rules { unchanged_as_judged: false, ..Rules::ALL };
    assert!(breaks("an unchanged update and an update away", rules));
    assert!(breaks("a move there and back", rules));
}

/// A claim goes, and a kept prefix is not added, because an update can be stored over one version of its Subnet
/// only.
#[test]
fn a_claimed_update_stored_over_a_changed_subnet_is_in_no_ledger() {
    let rules = Rules { claimed_as_judged: false, ..Rules::ALL };
    // Each update would store generation 2. Once one has, both claims are fulfilled, and released with a floor at which
    // nothing of the other is seen.
    assert!(breaks("two updates of one generation", rules));
    // The claim is released when the Subnet is deleted. Then another of that name is there to be changed.
    assert!(breaks("an update of what is deleted and created again", rules));
    // What an update keeps is nobody else's, as long as no other update gives it up.
    assert!(breaks("one prefix kept and one added", rules));
}

/// `a` is admitted by the common ledger, and `b` by the one that comes with the VPC.
#[test]
fn without_honouring_the_common_ledger_two_ledgers_decide() {
    let rules = Rules { honour_common: false, ..Rules::ALL };
    assert!(breaks("two creates in a VPC that comes and goes", rules));
    assert!(breaks("three creates in a VPC that comes", rules));
}

/// The common ledger is read for `b`, and is empty. `a` is claimed there, and finds no ledger of its own. Only then that of
/// `b` is made.
#[test]
fn reading_the_common_ledger_before_the_own_one_is_made_is_too_early() {
    let rules = Rules { honour_once_made: false, ..Rules::ALL };
    assert!(breaks("two creates in a VPC that comes and goes", rules));
    assert!(breaks("three creates in a VPC that comes", rules));
}

/// The VPC comes, and `b` is admitted by its ledger, after somebody has found that it is not there and before `a` is claimed
/// in the common one.
#[test]
fn without_looking_for_the_own_ledger_a_claim_in_the_common_one_comes_too_late() {
    let rules = Rules { look_for_own: false, ..Rules::ALL };
    assert!(breaks("two creates in a VPC that comes and goes", rules));
    assert!(breaks("three creates in a VPC that comes", rules));
}

/// `b` is admitted by a ledger of its own, and stored, and its claim released, and the ledger removed, all while `a` is
/// claimed in the common one: the floor comes there after `a` was decided.
#[test]
fn without_reading_the_common_ledger_again_one_that_came_and_went_is_missed() {
    let rules = Rules { look_again: false, ..Rules::ALL };
    assert!(breaks("two creates in a VPC that comes and goes", rules));
}

/// `a` is stored, its claim released, and the ledger removed with its floor. `b` is decided on an index from before that.
#[test]
fn without_the_floor_of_what_is_removed_a_stale_index_decides() {
    let rules = Rules { hand_over: false, ..Rules::ALL };
    assert!(breaks("two creates in a VPC that comes and goes", rules));
    assert!(breaks("a move between VPCs that come and go", rules));
}

/// The ledger has no claim when the remover looks, and that of `a` when it is removed.
#[test]
fn without_a_precondition_a_claim_is_removed_with_its_ledger() {
    let rules = Rules { remove_as_read: false, ..Rules::ALL };
    assert!(breaks("two creates in a VPC that comes and goes", rules));
}

//! The rules of the protocol, each with a switch.

/// Which rules hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// An index that has not reached the floor of the ledger decides nothing.
    pub(crate) floor: bool,
    /// The same of each kind that claims in the ledger, and not only of the one that asks.
    pub(crate) floor_of_each_kind: bool,
    /// Who takes something of two ledgers is admitted once it has a claim in both.
    pub(crate) both_ledgers: bool,
    /// Claims are written only if the ledger is still as it was read.
    pub(crate) compare_and_swap: bool,
    /// The claim of a request that was not seen stored stays until the request can no longer be.
    pub(crate) hold: bool,
    /// Each request has a claim of its own; else each Subnet has one, that of its last request.
    pub(crate) claim_a_request: bool,
    /// Requests that share a write are decided with the claims of those before them.
    pub(crate) claims_of_the_batch: bool,
    /// What was admitted without the ledger is stored only over the object that it was judged against.
    pub(crate) unchanged_as_judged: bool,
    /// The same of an UPDATE that has a claim.
    pub(crate) claimed_as_judged: bool,
    /// Claims of the common ledger are in the way in the address space's own.
    pub(crate) honour_common: bool,
    /// The common ledger is read when the own one has been made, and not before.
    pub(crate) honour_once_made: bool,
    /// Who has claimed in the common ledger looks whether the address space has one of its own.
    pub(crate) look_for_own: bool,
    /// Who has not found one reads the common ledger once more.
    pub(crate) look_again: bool,
    /// A ledger that is removed leaves its floor to the common one.
    pub(crate) hand_over: bool,
    /// A ledger is removed only if it is still as it was read.
    pub(crate) remove_as_read: bool,
}

impl Rules {
    /// The protocol.
    pub(crate) const ALL: Self = Self {
        floor: true,
        floor_of_each_kind: true,
        both_ledgers: true,
        compare_and_swap: true,
        hold: true,
        claim_a_request: true,
        claims_of_the_batch: true,
        unchanged_as_judged: true,
        claimed_as_judged: true,
        honour_common: true,
        honour_once_made: true,
        look_for_own: true,
        look_again: true,
        hand_over: true,
        remove_as_read: true,
    };
}

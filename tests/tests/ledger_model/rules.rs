//! The rules of the protocol, each with a switch.

/// Which rules hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// An index that has not reached the floor of the ledger decides nothing.
    pub(crate) floor: bool,
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
}

impl Rules {
    /// The protocol.
    pub(crate) const ALL: Self = Self {
        floor: true,
        compare_and_swap: true,
        hold: true,
        claim_a_request: true,
        claims_of_the_batch: true,
        unchanged_as_judged: true,
        claimed_as_judged: true,
    };
}

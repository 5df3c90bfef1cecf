//! The two questions of the API server.

use vpcguard_policies::Question;

/// What is asked of the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// May this be stored?
    Validate,
    /// What is to be added first?
    Mutate,
}

impl Endpoint {
    /// What the rules call it.
    pub(super) fn question(self) -> Question {
        match self {
            Endpoint::Validate => Question::Validate,
            Endpoint::Mutate => Question::Mutate,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Endpoint::Validate => "validate",
            Endpoint::Mutate => "mutate",
        }
    }
}

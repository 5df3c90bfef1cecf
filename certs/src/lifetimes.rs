//! How long certificates live.

use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// The life of a CA, where nobody says otherwise: ten years.
pub const DEFAULT_CA_LIFE: Duration = DAY.saturating_mul(3650);
/// The life of a leaf, where nobody says otherwise: seven days.
pub const DEFAULT_LEAF_LIFE: Duration = DAY.saturating_mul(7);
/// How long it takes at most until every API server uses a changed `caBundle`, where nobody says otherwise.
pub const DEFAULT_PROPAGATION: Duration = Duration::from_mins(5);

/// The lifetimes of certificates. All replicas must have the same: the one that retires a CA waits for the leaves of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of a new CA.
    pub ca: Duration,
    /// Of a new leaf.
    pub leaf: Duration,
    /// How long it takes at most until every API server uses a changed `caBundle`.
    pub propagation: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { ca: DEFAULT_CA_LIFE, leaf: DEFAULT_LEAF_LIFE, propagation: DEFAULT_PROPAGATION }
    }
}

impl Lifetimes {
    /// Whether a rotation that begins when two thirds of a CA's life are over ends before the CA does. Otherwise
    /// leaves are cut short, and rotation follows rotation.
    ///
    /// # Errors
    ///
    /// The shortest life of a CA that is long enough.
    pub fn check(&self) -> Result<(), LifetimesError> {
        let needed = self.propagation.saturating_mul(3).saturating_add(self.leaf).saturating_mul(3);
        if self.ca < needed { Err(LifetimesError { needed, lifetimes: *self }) } else { Ok(()) }
    }
}

/// Lives that do not go together.
#[derive(Debug, thiserror::Error)]
#[error(
    "a CA that lives {} s is too short-lived for leaves that live {} s and {} s to settle: give it {} s or more",
    lifetimes.ca.as_secs(), lifetimes.leaf.as_secs(), lifetimes.propagation.as_secs(), needed.as_secs()
)]
pub struct LifetimesError {
    needed: Duration,
    lifetimes: Lifetimes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_outlives_its_own_rotation() {
        Lifetimes::default().check().unwrap();
        let check = |seconds| Lifetimes { ca: Duration::from_secs(seconds), ..Lifetimes::default() }.check();
        check(1_817_100).unwrap();
        let error = check(1_817_099).unwrap_err();
        assert!(error.to_string().ends_with("give it 1817100 s or more"), "{error}");
    }
}

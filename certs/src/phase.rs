//! The phases of a rotation.

use std::fmt;

/// How far a rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// There is none.
    Stable,
    /// The next CA exists; `caBundle`s are about to hold it.
    Prepared,
    /// All of them do; API servers are given time to hear of it.
    Published,
    /// The next CA signs; leaves of the previous one are still about.
    Switched,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Stable, Self::Prepared, Self::Published, Self::Switched];

    /// As the Secret has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Prepared => "prepared",
            Self::Published => "published",
            Self::Switched => "switched",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

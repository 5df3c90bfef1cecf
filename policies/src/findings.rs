//! What a rule has found in one object.

use crate::finding::{Action, Finding};

/// How many findings of one rule are kept. A verdict lists far fewer, but what was wrong before must be told apart from
/// what is wrong now; and a list of a million names must not become a million findings.
const MOST_FINDINGS_OF_A_RULE: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) kept: Vec<Finding>,
    pub(crate) more_denials: usize,
    pub(crate) more_warnings: usize,
    /// Whether a denial among them keeps a tenant out of where it may not be.
    pub(crate) isolate: bool,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        match finding.action() {
            _ if self.kept.len() < MOST_FINDINGS_OF_A_RULE => self.kept.push(finding),
            Action::Deny => self.more_denials += 1,
            Action::Warn => self.more_warnings += 1,
        }
    }

    /// Whether anything is wrong, and not only probably so.
    pub(crate) fn deny(&self) -> bool {
        self.more_denials > 0 || self.kept.iter().any(|finding| finding.action() == Action::Deny)
    }

    /// Appends what another rule has found.
    pub(crate) fn append(&mut self, other: Findings) {
        self.kept.extend(other.kept);
        self.more_denials += other.more_denials;
        self.more_warnings += other.more_warnings;
    }
}

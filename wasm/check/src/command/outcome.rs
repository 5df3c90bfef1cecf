//! How a command ends.

use crate::report::Report;

/// How a command that reviews objects ends. The numbers are its exit codes and part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain of.
    Clean = 0,
    /// At least one object would be refused.
    Violations = 1,
    /// Something could not be read, so the report is not complete; also the code of wrong usage.
    Unreadable = 2,
    /// Nothing would be refused, but there are warnings that no comment excuses, and they were to count.
    Warnings = 3,
}

impl Outcome {
    /// What a report, which may lack something that could not be read, comes to.
    pub fn of(report: &Report, is_incomplete: bool, fail_on_warning: bool) -> Self {
        let warns = || {
            report.findings().iter().any(|located| !located.is_denial() && !located.finding.is_suppressed_by_caller())
        };
        if is_incomplete || !report.errors().is_empty() {
            Self::Unreadable
        } else if report.summary().denied > 0 {
            Self::Violations
        } else if fail_on_warning && warns() {
            Self::Warnings
        } else {
            Self::Clean
        }
    }

    /// The exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

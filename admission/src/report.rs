//! How the commands that review many objects report, and how they end.

use std::process::ExitCode;

use clap::ValueEnum;
use vpcguard_check::Report;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

impl Format {
    pub(crate) fn render(self, report: &Report) -> String {
        match self {
            Format::Human => report.to_human(),
            Format::Json => report.to_json(),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Level {
    Warning,
}

/// How a command ends. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing to complain of.
    Clean = 0,
    /// At least one object would be refused.
    Violations = 1,
    /// Something could not be read, so the report is not complete; also the code of wrong usage.
    Unreadable = 2,
    /// Nothing would be refused, but there are warnings, and `--fail-on warning` was given.
    Warnings = 3,
}

impl Outcome {
    /// What a report, which may lack something that could not be read, comes to.
    pub(crate) fn of(report: &Report, is_incomplete: bool, fail_on: Option<Level>) -> Self {
        let summary = report.summary();
        if is_incomplete || !report.errors().is_empty() {
            Outcome::Unreadable
        } else if summary.denied > 0 {
            Outcome::Violations
        } else if summary.warned > 0 && matches!(fail_on, Some(Level::Warning)) {
            Outcome::Warnings
        } else {
            Outcome::Clean
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(outcome as u8)
    }
}

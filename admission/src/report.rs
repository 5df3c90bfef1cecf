//! How the commands that review many objects report, and how they end.

mod outputs;
mod selected;
mod style;

use std::process::ExitCode;

use clap::ValueEnum;
use vpcguard_check::Outcome;

pub(crate) use outputs::{Destinations, Outputs};
pub(crate) use selected::Selected;
pub(crate) use style::Style;

/// What makes a command fail beside denials.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Level {
    /// Warnings that nobody excused.
    Warning,
}

/// Ends a command.
pub(crate) fn exit(outcome: Outcome) -> ExitCode {
    ExitCode::from(outcome.code())
}

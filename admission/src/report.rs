//! How the commands that review many objects report, and how they end.

use std::process::ExitCode;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use vpcguard_check::{Format, Outcome};

/// The formats of a report, by their names.
pub(crate) fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse())
}

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

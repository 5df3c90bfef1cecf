//! How the commands that review many objects report, and how they end.

mod outputs;
mod selected;
mod style;

use std::process::ExitCode;

use clap::ValueEnum;
use vpcguard_check::{Format, Outcome, Report};

use crate::console;
pub(crate) use outputs::{Destinations, Outputs};
pub(crate) use selected::Selected;
pub(crate) use style::Style;

/// What makes a command fail beside denials.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Level {
    /// Warnings that nobody excused.
    Warning,
}

/// Says how the settings were chosen, where the report has no place for it.
pub(crate) fn note_settings(report: &Report, format: Format) {
    let note = report.live_cluster().and_then(|cluster| cluster.note.as_ref());
    if let Some(note) = note.filter(|_| !matches!(format, Format::Human | Format::Json)) {
        console::note(note);
    }
}

/// Ends a command.
pub(crate) fn exit(outcome: Outcome) -> ExitCode {
    ExitCode::from(outcome.code())
}

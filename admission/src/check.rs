//! `vpcguard check`: manifests against each other, without a cluster.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vpcguard_check::{Folder, Report, check};
use vpcguard_policies::Settings;

use crate::{console, files};

/// Check manifests: files, directories, or - for standard input.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// How to write the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Objects that the cluster has already; they are not reviewed themselves.
    #[arg(long, value_name = "PATH")]
    state: Vec<PathBuf>,
    /// Settings, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Exit with 3 if there are warnings.
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// Files, directories, or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Warning,
}

/// How `vpcguard check` ends. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing to complain of.
    Clean = 0,
    /// At least one object would be refused.
    Violations = 1,
    /// Something could not be read, so the report is not complete; also the code of wrong usage.
    Unreadable = 2,
    /// Nothing would be refused, but there are warnings, and `--fail-on warning` was given.
    Warnings = 3,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(outcome as u8)
    }
}

impl Check {
    pub(crate) fn run(&self) -> ExitCode {
        self.outcome()
            .unwrap_or_else(|complaint| {
                console::complain(&complaint.to_string());
                Outcome::Unreadable
            })
            .into()
    }

    fn outcome(&self) -> Result<Outcome, Box<dyn std::error::Error>> {
        if self.state.iter().chain(&self.paths).filter(|path| *path == "-").count() > 1 {
            return Err("standard input (-) can be read only once".into());
        }
        let settings = self.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
        let state = files::load_all(&self.state)?;
        let (sources, problems) = files::collect(&self.paths);
        let report = check(&Folder::parse(&sources), &state, &settings)?;
        console::print(&match self.format {
            Format::Human => report.to_human(),
            Format::Json => report.to_json(),
        })?;
        for problem in &problems {
            console::complain(&problem.to_string());
        }
        Ok(self.judge(&report, !problems.is_empty()))
    }

    fn judge(&self, report: &Report, is_incomplete: bool) -> Outcome {
        let summary = report.summary();
        if is_incomplete || !report.errors().is_empty() {
            Outcome::Unreadable
        } else if summary.denied > 0 {
            Outcome::Violations
        } else if summary.warned > 0 && matches!(self.fail_on, Some(Level::Warning)) {
            Outcome::Warnings
        } else {
            Outcome::Clean
        }
    }
}

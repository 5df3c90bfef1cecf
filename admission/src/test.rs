//! `vpcguard test`: cases of one's own, each with objects and what the rules are to say to them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vpcguard_check::{Case, CaseFile, CaseSettings, CasesReport, Given, Source};

use crate::console;
use crate::files::{self, Files, LoadError, Problem};

/// The name of the files that hold cases.
const FILE: &str = "vpcguard-test.yaml";

/// What `--help` says below the options.
const HELP: &str = "\
Exit codes:
  0  every object is judged as the cases want it
  1  at least one is not
  2  wrong usage, no case, or something could not be read

Examples:
  vpcguard test tests/
  vpcguard test --format junit tests/ > report.xml";

/// Judge the objects of test cases, and compare with what the cases want.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Test {
    /// How to write the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Say only what is not as it is wanted.
    #[arg(short, long)]
    quiet: bool,
    /// Directories, with all vpcguard-test.yaml in them and below, or such files.
    #[arg(value_name = "DIR", default_value = ".")]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// `JUnit` XML, as CI servers take the results of tests.
    Junit,
}

impl Test {
    pub(crate) fn run(&self) -> ExitCode {
        let report = self.report();
        let text = match self.format {
            Format::Human => report.to_human(self.quiet),
            Format::Junit => report.to_junit(),
        };
        let written = console::print(&text);
        for error in report.errors() {
            console::error(error);
        }
        match written {
            Ok(()) => ExitCode::from(report.exit_code()),
            Err(error) => {
                console::error(&error.to_string());
                ExitCode::from(2)
            }
        }
    }

    fn report(&self) -> CasesReport {
        let mut report = CasesReport::default();
        for path in &self.paths {
            let (files, problems) = find(path);
            if files.is_empty() && problems.is_empty() {
                report.add_errors([format!("{}: there is no {FILE} in it", path.display())]);
            }
            report.add_errors(problems.iter().map(ToString::to_string));
            for file in files {
                run(&file, &mut report);
            }
        }
        report
    }
}

/// Runs the cases of a file.
fn run(file: &Path, report: &mut CasesReport) {
    let source = match files::source(file) {
        Ok(source) => source,
        Err(error) => return report.add_errors([error.to_string()]),
    };
    let CaseFile { cases, errors } = Case::parse(&source);
    report.add_errors(errors.iter().map(ToString::to_string));
    let folder = file.parent().unwrap_or(Path::new(""));
    for (case, wrong) in cases {
        let judged = if wrong.is_empty() {
            given(&case, folder).and_then(|given| case.run(&given))
        } else {
            Err(wrong.iter().map(ToString::to_string).collect())
        };
        report.add(&case, judged);
    }
}

/// The files of a case, or what of them cannot be read, a line each.
fn given(case: &Case, folder: &Path) -> Result<Given, Vec<String>> {
    let mut problems = Vec::new();
    let mut all = |paths: &[String]| -> Vec<Source> {
        let paths: Vec<_> = paths.iter().map(|path| folder.join(path)).collect();
        let (mut sources, wrong) = Files::default().collect(&paths);
        problems.extend(wrong.iter().map(ToString::to_string));
        // The case itself may lie among them.
        sources.retain(|source| Path::new(&source.name).file_name().is_none_or(|name| name != FILE));
        sources
    };
    let (manifests, state) = (all(&case.manifests), all(&case.state));
    let settings = match &case.settings {
        CaseSettings::File(path) => match files::source(&folder.join(path)) {
            Ok(source) => Some(source),
            Err(LoadError(wrong)) => {
                problems.extend(wrong.iter().map(ToString::to_string));
                None
            }
        },
        CaseSettings::Default | CaseSettings::Here(_) => None,
    };
    if problems.is_empty() { Ok(Given { manifests, state, settings }) } else { Err(problems) }
}

/// The files with cases in a directory and below, bytewise by path; a file that is named may be called anything.
fn find(path: &Path) -> (Vec<PathBuf>, Vec<Problem>) {
    // What a case names is beside the link that leads to it.
    let (mut files, problems) = Files::default().keeping_links().list(&[path.to_owned()]);
    if path.is_dir() {
        files.retain(|file| file.file_name().is_some_and(|name| name == FILE));
    }
    (files, problems)
}

//! `vpcguard test` without its files: cases of one's own, each with objects and what the rules are to say to them.

mod judge;
mod read;
mod report;

use vpcguard_policies::Settings;

use crate::source::{ParseError, Source};
use crate::yaml::Position;

pub use judge::{Compared, Judged};
pub use report::CasesReport;

/// A case, as a file says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The name of the file.
    pub file: String,
    /// What it is about; empty where nobody says so.
    pub name: String,
    /// The paths of the objects to be judged, from where the file is.
    pub manifests: Vec<String>,
    /// The paths of the objects that the cluster has already.
    pub state: Vec<String>,
    /// The settings.
    pub settings: CaseSettings,
    /// What is done with the objects.
    pub operation: CaseOperation,
    /// What is wanted.
    pub results: Vec<Wanted>,
}

/// The settings of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CaseSettings {
    /// The defaults.
    #[default]
    Default,
    /// Those of a file, by its path from where the case is.
    File(String),
    /// These, which stand in the case itself.
    Here(Box<Settings>),
}

/// What is done with the objects of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOperation {
    /// Each is applied, one after the other, as `vpcguard check` does it.
    #[default]
    Apply,
    /// Each is deleted, while all of them are there.
    Delete,
}

/// What is wanted of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is said.
    pub position: Position,
    /// The kind of the object.
    pub kind: String,
    /// Its namespace; empty for `default` or none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The rule that is to say so; any, if there is none.
    pub rule: Option<&'static str>,
    /// What is to be said.
    pub verdict: Said,
}

/// What a rule, or all of them, say to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is refused.
    Deny,
    /// It is admitted with a warning.
    Warn,
    /// There is nothing to say.
    Pass,
}

impl Said {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Pass => "pass",
        }
    }

    /// The same of an object, in a sentence.
    fn of_it(self) -> &'static str {
        match self {
            Self::Deny => "it is denied",
            Self::Warn => "it is warned about",
            Self::Pass => "it passes",
        }
    }
}

/// What a case is judged with.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The files of [`Case::manifests`].
    pub manifests: Vec<Source>,
    /// The files of [`Case::state`].
    pub state: Vec<Source>,
    /// The file of [`CaseSettings::File`].
    pub settings: Option<Source>,
}

/// What a file says. What is wrong with one of its cases is no reason to leave out the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseFile {
    /// Its cases, a document each, and what is wrong with them: one of which something is cannot be judged.
    pub cases: Vec<(Case, Vec<ParseError>)>,
    /// What of it can be no case at all.
    pub errors: Vec<ParseError>,
}

impl Case {
    /// The cases of a file.
    pub fn parse(source: &Source) -> CaseFile {
        read::cases(source)
    }

    /// Judges the objects, and compares.
    ///
    /// # Errors
    ///
    /// What of the files cannot be read, a line each.
    pub fn run(&self, given: &Given) -> Result<Vec<Judged>, Vec<String>> {
        judge::run(self, given)
    }
}

#[cfg(test)]
mod tests;

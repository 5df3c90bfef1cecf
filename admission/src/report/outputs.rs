//! Where reports go: `--format FORMAT[=FILE]` and `--output FILE`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Args, Command};
use vpcguard_check::{Format, UnknownFormat};

use crate::console;
use crate::files::{self, Problem};

/// What stands for standard output.
const STDOUT: &str = "-";

/// In which formats to report, and where to.
#[derive(Debug, Args)]
pub(crate) struct Outputs {
    /// How to write the report [default: human]; as FORMAT=FILE a further one to a file, any number of times.
    #[arg(long = "format", value_name = "FORMAT[=FILE]", value_parser = TargetParser)]
    formats: Vec<Target>,
    /// Write to this file what else goes to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A format, and the file of a report in it, unless it is the main one.
#[derive(Clone, Debug)]
struct Target {
    format: Format,
    file: Option<PathBuf>,
}

/// Which report goes where.
#[derive(Debug)]
pub(crate) struct Destinations {
    /// The format of the main one.
    pub(crate) format: Format,
    /// Its file; none for standard output.
    file: Option<PathBuf>,
    /// The others.
    also: Vec<(Format, PathBuf)>,
}

impl Outputs {
    /// Which report goes where, if that can be; the main one in this format, unless told otherwise.
    pub(crate) fn destinations(&self, default: Format) -> Result<Destinations, String> {
        let mut main = self.formats.iter().filter(|target| target.file.is_none());
        let format = main.next().map_or(default, |target| target.format);
        if main.next().is_some() {
            return Err(
                "only one --format can go to standard output: give the others files, as in --format sarif=FILE"
                    .to_owned(),
            );
        }
        let file = self.output.clone().filter(|file| file != Path::new(STDOUT));
        let also: Vec<_> =
            self.formats.iter().filter_map(|target| Some((target.format, target.file.clone()?))).collect();
        let mut known = BTreeSet::new();
        match file.iter().chain(also.iter().map(|(_, file)| file)).find(|file| !known.insert(file.as_path())) {
            Some(twice) => Err(format!("{}: only one report can be written to a file", twice.display())),
            None => Ok(Destinations { format, file, also }),
        }
    }
}

impl Destinations {
    /// The files, and the flags that name them.
    pub(crate) fn targets(&self) -> Vec<files::Target> {
        let also = self.also.iter().map(|(format, path)| (format!("--format {format}={}", path.display()), path));
        let main = self.file.iter().map(|path| (format!("--output {}", path.display()), path));
        main.chain(also).map(|(flag, path)| files::Target { flag, path: path.clone() }).collect()
    }

    /// Whether the main report goes to a file.
    pub(crate) fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Writes the main report, and the others as they are rendered; those are left out for which there is nothing. Says which files
    /// could not be written.
    pub(crate) fn write(&self, main: &str, also: impl Fn(Format) -> Option<String>) -> io::Result<Vec<Problem>> {
        let also = self.also.iter().filter_map(|(format, file)| Some((file, also(*format)?)));
        let mut problems: Vec<_> = also.filter_map(|(file, text)| problem(file, &text)).collect();
        match &self.file {
            Some(file) => problems.extend(problem(file, main)),
            None => console::print(main)?,
        }
        Ok(problems)
    }
}

/// Writes a file, and says if that fails.
fn problem(path: &Path, text: &str) -> Option<Problem> {
    files::write(path, text.as_bytes()).err().map(|cause| Problem::Io { path: path.to_owned(), cause })
}

/// Why a target is none.
#[derive(Debug, thiserror::Error)]
enum TargetError {
    #[error(transparent)]
    Format(#[from] UnknownFormat),
    #[error("the name of the file is missing: write {0}=FILE")]
    NoFile(Format),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, file) = text.split_once('=').map_or((text, None), |(format, file)| (format, Some(file)));
        let format = format.parse()?;
        match file {
            Some("") => Err(TargetError::NoFile(format)),
            file => Ok(Self { format, file: file.filter(|file| *file != STDOUT).map(PathBuf::from) }),
        }
    }
}

/// Knows the formats, for the help and for completions.
#[derive(Clone, Debug)]
struct TargetParser;

impl TypedValueParser for TargetParser {
    type Value = Target;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &std::ffi::OsStr) -> Result<Target, Error> {
        StringValueParser::new().try_map(|text| text.parse::<Target>()).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::ALL.into_iter().map(|format| PossibleValue::new(format.name()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destinations(formats: &[&str], output: Option<&str>) -> Result<Destinations, String> {
        let formats = formats.iter().map(|text| text.parse::<Target>().unwrap()).collect();
        Outputs { formats, output: output.map(PathBuf::from) }.destinations(Format::Human)
    }

    #[test]
    fn one_report_is_the_main_one_and_the_others_go_to_files() {
        let of = |formats: &[&str], output| {
            let Destinations { format, file, also } = destinations(formats, output).unwrap();
            let also: Vec<_> = also.iter().map(|(format, file)| format!("{format} {}", file.display())).collect();
            (format, file.map(|file| file.display().to_string()), also.join(", "))
        };
        assert_eq!(of(&[], None), (Format::Human, None, String::new()));
        assert_eq!(of(&["json"], None), (Format::Json, None, String::new()));
        assert_eq!(of(&["json=-"], Some("-")), (Format::Json, None, String::new()));
        assert_eq!(of(&["json"], Some("a")), (Format::Json, Some("a".to_owned()), String::new()));
        let both = "sarif b=c, junit d".to_owned();
        assert_eq!(of(&["sarif=b=c", "github", "junit=d"], None), (Format::Github, None, both.clone()));
        assert_eq!(of(&["sarif=b=c", "junit=d"], None), (Format::Human, None, both));
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        assert!(
            destinations(&["json", "human"], None)
                .unwrap_err()
                .starts_with("only one --format can go to standard output")
        );
        let wanted = "a: only one report can be written to a file";
        assert_eq!(destinations(&["json=a", "sarif=a"], None).unwrap_err(), wanted);
        assert_eq!(destinations(&["json=a"], Some("a")).unwrap_err(), wanted);
        let error = |text: &str| text.parse::<Target>().unwrap_err().to_string();
        assert_eq!(error("json="), "the name of the file is missing: write json=FILE");
        assert!(error("jsn=a").starts_with(r#"unknown format "jsn": did you mean "json"?"#));
    }
}

//! `vpcguard explain`: what becomes of a Pod, whose a namespace or a Subnet is, in which order to delete, and what a match of OVN means.

mod delete;
mod places;
mod pod;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use vpcguard_check::{Document, LiveCluster};
use vpcguard_policies::explain_match;
use vpcguard_policies::text::nearest;

use crate::cluster::{ClusterArgs, ConnectError};
use crate::console;
use crate::files::{self, LoadError};
use crate::live::LiveError;
use delete::ExplainDelete;
use places::{ExplainNamespace, ExplainSubnet};
use pod::ExplainPod;

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// Explain what Kube-OVN and vpcguard make of an object, or what OVN makes of a match.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Delete(ExplainDelete),
    Match(ExplainMatch),
    Namespace(ExplainNamespace),
    Pod(ExplainPod),
    Subnet(ExplainSubnet),
}

/// What a match of OVN means, as a policy route or an ACL has it, and what is wrong with it.
#[derive(Debug, Args)]
struct ExplainMatch {
    /// How to write the explanation.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The match; - for standard input.
    #[arg(value_name = "EXPR")]
    text: String,
}

/// Where the objects come from.
#[derive(Debug, Args)]
struct Given {
    /// How to write the explanation.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Objects to take in place of those of a cluster, which is then not asked.
    #[arg(long, value_name = "PATH")]
    state: Vec<PathBuf>,
    #[command(flatten)]
    place: ClusterArgs,
    /// Settings, in YAML or JSON, or the values of the Helm chart; those of the webhook that runs in the cluster unless given.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// Why there is nothing to explain.
#[derive(Debug, thiserror::Error)]
enum ExplainError {
    #[error(
        "{0:?} is neither a file nor the NAMESPACE/NAME of a Pod; a Pod of namespace default is written default/NAME"
    )]
    Neither(String),
    #[error("there is no {what} {name} in {place}{hint}")]
    Nothing { what: &'static str, name: String, place: &'static str, hint: String },
    #[error("{name:?} cannot be the name of a {what}; {hint}")]
    NoName { what: &'static str, name: String, hint: &'static str },
    #[error("{name:?} is not a kind that something can stand on{hint}")]
    NoKind { name: String, hint: String },
    #[error("{0}: holds no Pod, and no workload that makes Pods")]
    NoPods(String),
    #[error("standard input (-) can be read only once")]
    StdinTwice,
    #[error("the match on standard input is not UTF-8, which each match of Kubernetes is")]
    NotText,
    #[error("{0} says which cluster to ask, and with --state none is asked")]
    NotAsked(&'static str),
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl Explain {
    pub(crate) fn run(&self) -> ExitCode {
        let explained = match &self.what {
            What::Delete(asked) => asked.run(),
            What::Match(asked) => asked.run(),
            What::Namespace(namespace) => namespace.run(),
            What::Pod(pod) => pod.run(),
            What::Subnet(subnet) => subnet.run(),
        };
        match explained {
            Ok(()) => ExitCode::SUCCESS,
            Err(complaint) => {
                let is_offline = matches!(complaint.downcast_ref(), Some(LiveError::Connect(ConnectError::Config(_))));
                let hint =
                    if is_offline { "; with --state PATH objects are taken from files, and none is asked" } else { "" };
                console::error(&format!("{complaint}{hint}"));
                ExitCode::from(2)
            }
        }
    }
}

impl Given {
    /// That nothing is read twice, and no cluster asked that is not read.
    fn check(&self, more_stdin: usize) -> Result<()> {
        let settings = usize::from(self.settings.as_deref().is_some_and(|path| path == Path::new("-")));
        if self.state.iter().filter(|path| *path == "-").count() + settings + more_stdin > 1 {
            return Err(ExplainError::StdinTwice.into());
        }
        if let Some(flag) = self.place.given().filter(|_| !self.state.is_empty()) {
            return Err(ExplainError::NotAsked(flag).into());
        }
        Ok(())
    }

    /// What it is called where something is not there.
    fn called(&self) -> &'static str {
        if self.state.is_empty() { "the cluster" } else { "the files of --state" }
    }

    fn render<T: Serialize + std::fmt::Display>(
        &self,
        about: Option<&LiveCluster>,
        explanations: &[T],
    ) -> Result<String> {
        Ok(match self.format {
            Format::Human => {
                let note = about.and_then(|about| about.note.as_ref()).map(|note| format!("note: {note}\n"));
                let about = about.map(|about| format!("{about}\n")).into_iter().chain(note);
                let explanations: Vec<_> = explanations.iter().map(ToString::to_string).collect();
                about.chain([explanations.join("\n")]).collect()
            }
            Format::Json => json_of(about, explanations)?,
        })
    }
}

/// How many names are told where none of them is meant.
const MOST_TOLD: usize = 10;

/// Which of some names was meant, as the end of a message, or which there are.
fn meant(name: &str, known: &[String]) -> String {
    if let Some(meant) = nearest(name, known.iter().map(String::as_str)) {
        return format!(": did you mean {meant:?}?");
    }
    let told: Vec<_> = known.iter().take(MOST_TOLD).map(String::as_str).collect();
    match (told.as_slice(), known.len().saturating_sub(MOST_TOLD)) {
        ([], _) => ", nor any other".to_owned(),
        (told, 0) => format!("; known are {}", told.join(", ")),
        (told, more) => format!("; known are {} and {more} more", told.join(", ")),
    }
}

impl ExplainMatch {
    fn run(&self) -> Result<()> {
        let text = if self.text == "-" { read_match()? } else { self.text.clone() };
        let explanation = explain_match(&text);
        let shown = match self.format {
            Format::Human => explanation.to_string(),
            Format::Json => json_of(None, std::slice::from_ref(&explanation))?,
        };
        Ok(console::print(&shown)?)
    }
}

/// The match on standard input, without the end of its line.
fn read_match() -> Result<String> {
    let source = files::source(Path::new("-"))?;
    let text = String::from_utf8(source.bytes).map_err(|_| ExplainError::NotText)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn json_of<T: Serialize>(live_cluster: Option<&LiveCluster>, explanations: &[T]) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Shown { version: 1, live_cluster, explanations })? + "\n")
}

/// What is written for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a, T> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    live_cluster: Option<&'a LiveCluster>,
    explanations: &'a [T],
}

/// The objects of files and directories. What was left out of a directory is said, for an answer may be missing for that.
fn documents(paths: &[PathBuf]) -> std::result::Result<Vec<Document>, LoadError> {
    let loaded = files::load(paths)?;
    loaded.notes.iter().for_each(|note| console::note(note));
    Ok(loaded.documents)
}

//! `vpcguard explain`: what becomes of an object, and why; and what a match of OVN means.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;
use vpcguard_check::{Document, LiveCluster};
use vpcguard_policies::kinds::is_name;
use vpcguard_policies::{Explanation, Inventory, Kind, Operation, Request, Settings, explain, explain_match};

use crate::cluster::ClusterArgs;
use crate::console;
use crate::files::{self, LoadError};
use crate::live::{Given, Live};
use crate::snapshot::block_on;

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
    Match(ExplainMatch),
    Pod(ExplainPod),
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

/// Which Subnet and VPC a Pod gets, by which rule of Kube-OVN, and what would be injected.
#[derive(Debug, Args)]
struct ExplainPod {
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
    /// A Pod that exists; or a manifest of Pods or workloads, - for standard input.
    #[arg(value_name = "NAMESPACE/NAME | FILE")]
    pod: String,
}

/// Why there is nothing to explain.
#[derive(Debug, thiserror::Error)]
enum ExplainError {
    #[error(
        "{0:?} is neither a file nor the NAMESPACE/NAME of a Pod; a Pod of namespace default is written default/NAME"
    )]
    Neither(String),
    #[error(
        "there is no Pod {namespace}/{name} in {place}; a Pod that is to be made can be explained from its manifest"
    )]
    NoPod { namespace: String, name: String, place: &'static str },
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

/// What is to be explained.
enum Target {
    /// A Pod that exists, by namespace and name.
    Stored(String, String),
    /// The objects of a manifest.
    Manifest(Vec<Document>),
}

impl Explain {
    pub(crate) fn run(&self) -> ExitCode {
        let explained = match &self.what {
            What::Match(asked) => asked.run(),
            What::Pod(pod) => pod.run(),
        };
        match explained {
            Ok(()) => ExitCode::SUCCESS,
            Err(complaint) => {
                console::error(&complaint.to_string());
                ExitCode::from(2)
            }
        }
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

impl ExplainPod {
    fn run(&self) -> Result<()> {
        if self.state.iter().filter(|path| *path == "-").count() + usize::from(self.pod == "-") > 1 {
            return Err(ExplainError::StdinTwice.into());
        }
        if let Some(flag) = self.place.given().filter(|_| !self.state.is_empty()) {
            return Err(ExplainError::NotAsked(flag).into());
        }
        let target = self.target()?;
        let Seen { mut cluster, stored, settings, about } =
            if self.state.is_empty() { block_on(self.live(&target))?? } else { self.offline(&target)? };
        let mut explanations = Vec::new();
        match target {
            Target::Stored(namespace, name) => {
                let place = if self.state.is_empty() { "the cluster" } else { "the files of --state" };
                let object = stored.ok_or(ExplainError::NoPod { namespace, name, place })?;
                let request = Request { operation: Operation::AtRest, ..Request::of_object(object, None) };
                explanations.extend(explain(&request, &cluster, &settings)?);
            }
            Target::Manifest(documents) => {
                // A manifest may bring the namespace of its Pods along, and even their network.
                for document in &documents {
                    apply(&mut cluster, &document.object);
                }
                for document in documents {
                    explanations.extend(explain(&Request::of_object(document.object, None), &cluster, &settings)?);
                }
                if explanations.is_empty() {
                    return Err(ExplainError::NoPods(self.pod.clone()).into());
                }
            }
        }
        Ok(console::print(&self.render(about.as_ref(), &explanations)?)?)
    }

    /// The cluster, and the Pod in it that is asked for.
    async fn live(&self, target: &Target) -> Result<Seen> {
        let given = self.settings.as_deref().map(files::source).transpose()?.map(Given::File);
        let live = Live::find(&self.place, given).await?;
        let cluster = live.snapshot()?;
        let stored = match target {
            Target::Stored(namespace, name) => cluster.object(Kind::Pod, namespace, name).await?,
            Target::Manifest(_) => None,
        };
        let inventory = cluster.inventory(&live.settings).await?;
        Ok(Seen { cluster: inventory, stored, settings: live.settings, about: Some(live.about) })
    }

    /// The same from files.
    fn offline(&self, target: &Target) -> Result<Seen> {
        let settings = self.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
        let (cluster, stored) = offline(&documents(&self.state)?, target, &settings);
        Ok(Seen { cluster, stored, settings, about: None })
    }

    /// A file, if there is one of this name, else a Pod.
    fn target(&self) -> Result<Target> {
        let path = Path::new(&self.pod);
        if self.pod == "-" || path.is_file() {
            return Ok(Target::Manifest(documents(&[path.to_owned()])?));
        }
        match self.pod.split_once('/') {
            Some((namespace, name)) if is_name(namespace) && is_name(name) => {
                Ok(Target::Stored(namespace.to_owned(), name.to_owned()))
            }
            _ => Err(ExplainError::Neither(self.pod.clone()).into()),
        }
    }

    fn render(&self, about: Option<&LiveCluster>, explanations: &[Explanation]) -> Result<String> {
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

/// A cluster or files, and what was found there.
struct Seen {
    cluster: Inventory,
    /// The Pod that is asked for.
    stored: Option<Value>,
    settings: Settings,
    about: Option<LiveCluster>,
}

/// The objects of files and directories. What was left out of a directory is said, for an answer may be missing for that.
fn documents(paths: &[PathBuf]) -> std::result::Result<Vec<Document>, LoadError> {
    let loaded = files::load(paths)?;
    loaded.notes.iter().for_each(|note| console::note(note));
    Ok(loaded.documents)
}

fn offline(state: &[Document], target: &Target, settings: &Settings) -> (Inventory, Option<Value>) {
    let mut cluster = Inventory::new(settings.kube_ovn.clone());
    let mut pod = None;
    for document in state {
        apply(&mut cluster, &document.object);
        if let Target::Stored(namespace, name) = target {
            let request = Request::of_object(document.object.clone(), None);
            if request.kind == Some(Kind::Pod) && request.namespace == *namespace && request.name == *name {
                pod = Some(request.object);
            }
        }
    }
    (cluster, pod)
}

fn apply(cluster: &mut Inventory, object: &Value) {
    if let Some(kind) = Kind::of(object) {
        cluster.apply(kind, object);
    }
}

//! `vpcguard explain pod`: all networks of a Pod, and what is said to it.

use std::path::Path;

use clap::Args;
use serde_json::Value;
use vpcguard_check::{Document, LiveCluster};
use vpcguard_policies::kinds::is_name;
use vpcguard_policies::{Inventory, Kind, Operation, Request, Settings, explain};

use super::{ExplainError, Given, Result, documents, meant};
use crate::cluster::collection::Collection;
use crate::console;
use crate::files;
use crate::live::{self, Live};
use crate::snapshot::{Snapshot, block_on};

/// Which networks and addresses a Pod gets, which key or rule decides it, and what is ignored, missing and injected.
#[derive(Debug, Args)]
pub(super) struct ExplainPod {
    #[command(flatten)]
    given: Given,
    /// A Pod that exists; or a manifest of Pods or workloads, or a directory of them, - for standard input.
    #[arg(value_name = "NAMESPACE/NAME | FILE")]
    pod: String,
}

/// What is to be explained.
enum Target {
    /// A Pod that exists, by namespace and name.
    Stored(String, String),
    /// The objects of a manifest.
    Manifest(Vec<Document>),
}

impl ExplainPod {
    pub(super) fn run(&self) -> Result<()> {
        self.given.check(usize::from(self.pod == "-"))?;
        let target = self.target()?;
        let Seen { mut cluster, stored, others, settings, about } =
            if self.given.state.is_empty() { block_on(self.live(&target))?? } else { self.offline(&target)? };
        let mut explanations = Vec::new();
        match target {
            Target::Stored(namespace, name) => {
                let object = stored.ok_or_else(|| self.no_pod(&namespace, &name, &others))?;
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
        Ok(console::print(&self.given.render(about.as_ref(), &explanations)?)?)
    }

    /// The cluster, and the Pod in it that is asked for.
    async fn live(&self, target: &Target) -> Result<Seen> {
        let given = self.given.settings.as_deref().map(files::source).transpose()?.map(live::Given::File);
        let live = Live::find(&self.given.place, given).await?;
        let cluster = live.snapshot()?;
        let mut others = Vec::new();
        let stored = match target {
            Target::Stored(namespace, name) => {
                let stored = cluster.object(Kind::Pod, namespace, name).await?;
                if stored.is_none() {
                    others = pods_of(namespace, &cluster).await;
                }
                stored
            }
            Target::Manifest(_) => None,
        };
        let inventory = cluster.inventory(&live.settings).await?;
        Ok(Seen { cluster: inventory, stored, others, settings: live.settings, about: Some(live.about) })
    }

    /// The same from files.
    fn offline(&self, target: &Target) -> Result<Seen> {
        let settings = self.given.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
        let (cluster, stored, others) = offline(&documents(&self.given.state)?, target, &settings);
        Ok(Seen { cluster, stored, others, settings, about: None })
    }

    /// There is none, and which one may be meant.
    fn no_pod(&self, namespace: &str, name: &str, others: &[String]) -> ExplainError {
        let name = format!("{namespace}/{name}");
        let mut hint = if others.is_empty() { String::new() } else { meant(&name, others) };
        if Path::new(&name).is_dir() {
            hint = format!("{hint}; for the directory of this name write {name}/");
        } else if !hint.ends_with('?') {
            hint.push_str("; a Pod that is to be made can be explained from its manifest");
        }
        ExplainError::Nothing { what: "Pod", name, place: self.given.called(), hint }
    }

    /// A file, if there is one of this name, else a Pod.
    fn target(&self) -> Result<Target> {
        let path = Path::new(&self.pod);
        // A directory is one only where no Pod can be meant.
        let is_path = self.pod.ends_with('/') || self.pod.starts_with('.') || self.pod.matches('/').count() != 1;
        if self.pod == "-" || path.is_file() || (is_path && path.is_dir()) {
            return Ok(Target::Manifest(documents(&[path.to_owned()])?));
        }
        match self.pod.split_once('/') {
            Some((namespace, name)) if is_name(namespace) && is_name(name) => {
                Ok(Target::Stored(namespace.to_owned(), name.to_owned()))
            }
            _ => Err(ExplainError::Neither(self.pod.clone()).into()),
        }
    }
}

/// A cluster or files, and what was found there.
struct Seen {
    cluster: Inventory,
    /// The Pod that is asked for.
    stored: Option<Value>,
    /// Where it is not there, those that are.
    others: Vec<String>,
    settings: Settings,
    about: Option<LiveCluster>,
}

fn offline(state: &[Document], target: &Target, settings: &Settings) -> (Inventory, Option<Value>, Vec<String>) {
    let mut cluster = Inventory::new(settings.kube_ovn.clone());
    let (mut pod, mut others) = (None, Vec::new());
    for document in state {
        apply(&mut cluster, &document.object);
        if let Target::Stored(namespace, name) = target {
            let request = Request::of_object(document.object.clone(), None);
            if request.kind != Some(Kind::Pod) {
                continue;
            }
            if request.namespace == *namespace && request.name == *name {
                pod = Some(request.object);
            } else {
                others.push(format!("{}/{}", request.namespace, request.name));
            }
        }
    }
    (cluster, pod, others)
}

/// The Pods of a namespace, as far as they may be read: they only help to guess what was meant.
async fn pods_of(namespace: &str, cluster: &Snapshot) -> Vec<String> {
    let mut names = Vec::new();
    let pods = Collection { kind: Kind::Pod, namespace: Some(namespace.to_owned()), name: None };
    let name = |object: &Value| object.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
    let read = cluster.each(&pods, |object| names.extend(name(&object).map(|name| format!("{namespace}/{name}"))));
    if read.await.is_ok() { names } else { Vec::new() }
}

fn apply(cluster: &mut Inventory, object: &Value) {
    if let Some(kind) = Kind::of(object) {
        cluster.apply(kind, object);
    }
}

//! `vpcguard check`: manifests against each other, and if asked against a live cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use vpcguard_check::{Document, Folder, check_knowing};
use vpcguard_policies::{Kind, Settings};

use crate::cluster::collection::Collection;
use crate::report::{Format, Level, Outcome};
use crate::snapshot::{Snapshot, SnapshotError, Unread, block_on, kinds_looked_up};
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
    /// Take what the cluster has already from the cluster itself; --state comes on top of it.
    #[arg(long)]
    cluster: bool,
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
        let state_files = files::load_all(&self.state)?;
        let (sources, problems) = files::collect(&self.paths);
        let mut folder = Folder::parse(&sources);
        let (mut state, mut kinds) = (Vec::new(), Vec::new());
        if self.cluster {
            state = block_on(stored(&folder, &settings))??;
            keep_status(&mut folder, &state);
            kinds = kinds_looked_up().collect();
        }
        state.extend(state_files);
        let report = check_knowing(&folder, &state, &kinds, &settings)?;
        console::print(&self.format.render(&report))?;
        for problem in &problems {
            console::complain(&problem.to_string());
        }
        Ok(Outcome::of(&report, !problems.is_empty(), self.fail_on))
    }
}

/// What the cluster has already of what rules look up, and of the objects of a folder.
async fn stored(folder: &Folder, settings: &Settings) -> Result<Vec<Document>, SnapshotError> {
    let cluster = Snapshot::connect().await?;
    let mut documents = Vec::new();
    cluster.looked_up(settings, |_, object| documents.push(Document::live(object))).await?;
    let listed = Collection::looked_up(settings);
    let named: BTreeSet<_> = folder.documents.iter().filter_map(|document| name(&document.object)).collect();
    let mut unread = Vec::new();
    for (kind, namespace, name) in named {
        if listed.iter().any(|collection| collection.has(kind, &namespace, &name)) {
            continue;
        }
        match cluster.object(kind, &namespace, &name).await {
            Ok(object) => documents.extend(object.map(Document::live)),
            Err(error) => unread.push(error),
        }
    }
    if unread.is_empty() { Ok(documents) } else { Err(Unread(unread).into()) }
}

/// Gives manifests the status that their objects have in the cluster: whoever replaces an object leaves it as it is.
fn keep_status(folder: &mut Folder, stored: &[Document]) {
    let status = |document: &Document| Some((name(&document.object)?, document.object.get("status")?.clone()));
    let known: BTreeMap<_, _> = stored.iter().filter_map(status).collect();
    for document in &mut folder.documents {
        let status = name(&document.object).and_then(|name| known.get(&name));
        if let (Some(status), Some(fields)) = (status, document.object.as_object_mut()) {
            fields.entry("status").or_insert_with(|| status.clone());
        }
    }
}

/// The kind, namespace and name of an object; none where it has none yet, or no rule knows its kind.
fn name(object: &Value) -> Option<(Kind, String, String)> {
    let kind = Kind::of(object)?;
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let namespace = if kind.is_namespaced() { text("/metadata/namespace").unwrap_or("default") } else { "" };
    Some((kind, namespace.to_owned(), text("/metadata/name")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_keeps_the_status_that_it_has_in_the_cluster() {
        let gateway = |fields: Value| {
            let mut gateway =
                json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": "a"}});
            gateway.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            Document::live(gateway)
        };
        let documents = vec![gateway(json!({})), gateway(json!({"status": {"lanIp": "10.0.0.9"}}))];
        let mut folder = Folder { documents, ..Folder::default() };
        keep_status(&mut folder, &[gateway(json!({"status": {"lanIp": "10.0.0.2"}}))]);
        let kept: Vec<_> = folder.documents.iter().map(|document| &document.object["status"]["lanIp"]).collect();
        assert_eq!(kept, ["10.0.0.2", "10.0.0.9"]);
    }

    #[test]
    fn an_object_is_looked_for_where_kubectl_would_put_it() {
        let object = |kind: &str, metadata| name(&json!({"apiVersion": "v1", "kind": kind, "metadata": metadata}));
        let wanted = |kind, namespace: &str| Some((kind, namespace.to_owned(), "a".to_owned()));
        assert_eq!(object("Pod", json!({"name": "a"})), wanted(Kind::Pod, "default"));
        assert_eq!(object("Pod", json!({"name": "a", "namespace": "x"})), wanted(Kind::Pod, "x"));
        assert_eq!(object("Namespace", json!({"name": "a", "namespace": "x"})), wanted(Kind::Namespace, ""));
        assert_eq!(object("Pod", json!({"generateName": "a-"})), None);
        assert_eq!(object("Secret", json!({"name": "a"})), None);
    }
}

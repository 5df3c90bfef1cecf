//! `vpcguard check`: manifests against each other, and if asked against a live cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use vpcguard_check::{ClusterState, Command, Config, Document, Done, Folder, Inputs, Outcome, Places, Source};
use vpcguard_policies::{Kind, Settings};

use crate::cluster::ClusterArgs;
use crate::cluster::collection::Collection;
use crate::config::{self, ConfigArgs};
use crate::console;
use crate::files::{self, Files, LoadError, Problem, Target, WalkArgs};
use crate::live::{Given, Live};
use crate::progress::Progress;
use crate::report::{Destinations, Level, Outputs, Selected, Style, exit, note_settings};
use crate::snapshot::{SnapshotError, Unread, block_on, kinds_looked_up};

/// From how many files on a person at a terminal is told how far the check is.
const MANY: usize = 100;

/// What `--help` says below the options.
const HELP: &str = "\
Exit codes:
  0  nothing would be refused
  1  at least one object would be refused; with --diff, something would be fixed
  2  wrong usage, nothing to check, or something could not be read or written
  3  there are warnings that nobody excused, and --fail-on warning was given

Examples:
  vpcguard check manifests/
  helm template my-chart | vpcguard check --state cluster.yaml -
  vpcguard check --format github --format sarif=vpcguard.sarif manifests/
  vpcguard check --select subnet-cidr-overlap,vpc-peering manifests/
  vpcguard check --fix --diff manifests/";

/// Check manifests: files, directories, patterns, or - for standard input.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Check {
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    style: Style,
    #[command(flatten)]
    selected: Selected,
    /// Objects that the cluster has already; they are not reviewed themselves.
    #[arg(long, value_name = "PATH")]
    state: Vec<PathBuf>,
    /// Take what the cluster has already from the cluster itself; --state comes on top of it.
    #[arg(long)]
    cluster: bool,
    #[command(flatten)]
    place: ClusterArgs,
    /// Settings, in YAML or JSON, or the values of the Helm chart; with --cluster those of the webhook that runs there unless given.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Exit with 3 if there are warnings that nobody excused.
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<Level>,
    /// Leave out the findings that this file lists.
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    baseline: Option<PathBuf>,
    /// Write all findings to this file, for --baseline, instead of reporting them.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Report only what is worse than in these manifests; what they have and PATH does not is judged as its deletion.
    #[arg(long, value_name = "PATH")]
    compare_to: Option<PathBuf>,
    /// Judge the deletion of the objects in these manifests, unless PATH has them; may be repeated.
    #[arg(long, value_name = "PATH")]
    deleted: Vec<PathBuf>,
    /// Fix what can be fixed without a doubt in the files, then check them.
    #[arg(long)]
    fix: bool,
    /// Show what --fix would write as a unified diff, and write and check nothing.
    #[arg(long, requires = "fix", conflicts_with_all = ["formats", "write_baseline"])]
    diff: bool,
    /// Make an error of what is not a Kubernetes object, which is else left out and noted.
    #[arg(long)]
    strict_files: bool,
    /// Exit with 0 where there is nothing to check.
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    walk: WalkArgs,
    /// Files, directories, patterns such as 'manifests/**/*.yaml', or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Check {
    pub(crate) fn run(&self) -> ExitCode {
        match self.code() {
            Ok(code) => ExitCode::from(code),
            Err(complaint) => {
                console::error(&complaint.to_string());
                exit(Outcome::Unreadable)
            }
        }
    }

    fn code(&self) -> Result<u8, Box<dyn std::error::Error>> {
        let all =
            self.paths.iter().chain(&self.state).chain(&self.settings).chain(&self.baseline).chain(&self.config.config);
        if all.chain(&self.compare_to).chain(&self.deleted).filter(|path| *path == "-").count() > 1 {
            return Err("standard input (-) can be read only once".into());
        }
        let config = self.config.read()?;
        let configured = config.as_ref().and_then(|config| config.format);
        let destinations = self.outputs.destinations(configured.unwrap_or_default())?;
        if let Some(flag) = self.place.given().filter(|_| !self.cluster) {
            return Err(format!("{flag} says which cluster to ask, and none is asked: add --cluster").into());
        }
        let of_config = config.as_ref().and_then(Config::settings_file).map(PathBuf::from);
        let targets = self.targets(&destinations)?;
        let named = self.named(of_config.as_deref(), config.as_ref());
        let wrong = files::overwriting(&targets, named.iter().map(PathBuf::as_path));
        if !wrong.is_empty() {
            return Err(wrong.join("\n").into());
        }
        let optional = |path: Option<&PathBuf>| path.map(|path| files::source(path)).transpose();
        let (settings, baseline) =
            (optional(self.settings.as_ref().or(of_config.as_ref()))?, optional(self.baseline.as_ref())?);
        let given = settings.clone().map(Given::File).or_else(|| Given::configured(config.as_ref()?));
        let live = self.cluster.then(|| block_on(Live::find(&self.place, given))).transpose()?.transpose()?;
        let settings = settings.or_else(|| live.as_ref()?.source.clone());
        let mut found = Files::new(&self.walk, config.as_ref().map(|config| self.config.excluded(config)))?;
        let before =
            self.compare_to.as_ref().map(|path| complete(&mut found, std::slice::from_ref(path))).transpose()?;
        let (state, deleted) = (complete(&mut found, &self.state)?, complete(&mut found, &self.deleted)?);
        let (paths, mut problems) = found.list(&self.paths);
        let progress = Progress::new(paths.len() >= MANY, &format!("of {} files read", paths.len()));
        progress.say("reading".to_owned());
        let files = files::read_all(&paths, &mut problems, || progress.count());
        progress.say("checking".to_owned());
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let command = Command {
            format: destinations.format,
            colored: self.style.is_coloured(destinations.is_file()),
            quiet: self.style.quiet,
            fail_on_warning: self.fail_on.is_some() || config.as_ref().is_some_and(|config| config.fail_on_warning),
            fix: self.fix,
            diff: self.diff,
            write_baseline: self.write_baseline.is_some(),
            strict_files: self.strict_files,
            allow_empty: self.allow_empty,
            live: self.cluster,
        };
        let directory = config::directory();
        let text = |path: &PathBuf| path.display().to_string();
        let named: Vec<_> = self.paths.iter().map(text).collect();
        let compare_to = self.compare_to.as_ref().map(text);
        let config_root = self.config.config_root.as_ref().map(text);
        let inputs = Inputs {
            files: &files,
            state: &state,
            settings: settings.as_ref(),
            select: &self.selected.select,
            ignore: &self.selected.ignore,
            baseline: baseline.as_ref(),
            before: before.as_deref(),
            deleted: &deleted,
            cluster_of: &self.config.cluster_of,
            config: config.as_ref(),
            places: Places {
                directory: &directory,
                paths: &named,
                compare_to: compare_to.as_deref(),
                config_root: config_root.as_deref(),
            },
            notes: &found.notes(),
            problems: &problems,
            same: &found.same(),
            overwritten: &found.overwritten(&targets),
        };
        let mut done = command.run_beside(&inputs, |folder, settings| beside(live.as_ref(), folder, settings));
        drop(progress);
        self.write(&mut done);
        report(&destinations, &mut done)?;
        note_settings(&done.report, destinations.format);
        for complaint in &done.complaints {
            console::error(complaint);
        }
        Ok(if done.complaints.is_empty() { done.exit_code } else { Outcome::Unreadable.code() })
    }

    /// The files that are to be written, if each is another.
    fn targets(&self, destinations: &Destinations) -> Result<Vec<Target>, String> {
        let mut targets = destinations.targets();
        if let Some(path) = &self.write_baseline {
            if targets.iter().any(|target| target.path == *path) {
                return Err(format!("{}: a report and the baseline cannot both be written to a file", path.display()));
            }
            targets.push(Target { flag: format!("--write-baseline {}", path.display()), path: path.clone() });
        }
        Ok(targets)
    }

    /// What is read by its name.
    fn named(&self, of_config: Option<&Path>, config: Option<&Config>) -> Vec<PathBuf> {
        let settings = self.settings.as_deref().or(of_config).map(Path::to_owned);
        let config = config.map(|config| PathBuf::from(&config.name));
        let files = self
            .paths
            .iter()
            .chain(&self.state)
            .chain(&self.deleted)
            .chain(&self.compare_to)
            .chain(&self.baseline)
            .cloned();
        files.chain(settings).chain(config).collect()
    }

    /// Writes what was fixed, and the baseline.
    fn write(&self, done: &mut Done) {
        let fixed = done.fixed.iter().map(|Source { name, bytes }| (Path::new(name), bytes.as_slice()));
        let baseline =
            self.write_baseline.as_deref().zip(done.baseline.as_deref()).map(|(path, text)| (path, text.as_bytes()));
        let failed: Vec<_> = fixed
            .chain(baseline)
            .filter_map(|(path, bytes)| {
                Some(Problem::Io { path: path.to_owned(), cause: files::write(path, bytes).err()? })
            })
            .collect();
        done.complaints.extend(failed.iter().map(ToString::to_string));
    }
}

/// What a cluster, if one is asked, has of all that a folder may need.
fn beside(live: Option<&Live>, folder: &mut Folder, settings: &Settings) -> Result<ClusterState, String> {
    let Some(live) = live else { return Ok(ClusterState::default()) };
    let state = block_on(stored(live, folder, settings)).map_err(|error| error.to_string())?;
    let state = state.map_err(|error| error.to_string())?;
    keep_status(folder, &state);
    Ok(ClusterState { state, kinds: kinds_looked_up(settings).collect(), cluster: Some(live.about.clone()) })
}

/// Writes the reports to their destinations.
fn report(destinations: &Destinations, done: &mut Done) -> std::io::Result<()> {
    // What was refused as a whole has no report, and leaves that of a run before as it is.
    if !done.is_refused {
        let problems = destinations.write(&done.output, |format| done.also(format))?;
        done.complaints.extend(problems.iter().map(ToString::to_string));
    }
    Ok(())
}

/// Files without which nothing can be said.
fn complete(files: &mut Files, paths: &[PathBuf]) -> Result<Vec<Source>, LoadError> {
    let (sources, problems) = files.collect(paths);
    if problems.is_empty() { Ok(sources) } else { Err(LoadError(problems)) }
}

/// What the cluster has already of what rules look up, and of the objects of a folder.
async fn stored(live: &Live, folder: &Folder, settings: &Settings) -> Result<Vec<Document>, SnapshotError> {
    let cluster = live.snapshot()?;
    let mut documents = Vec::new();
    cluster.looked_up(settings, |_, object| documents.push(Document::live(object))).await?;
    let listed = Collection::looked_up(settings);
    let named: BTreeSet<_> =
        folder.documents.iter().chain(&folder.gone).filter_map(|document| name(&document.object)).collect();
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
    for document in folder.documents.iter_mut().chain(&mut folder.gone) {
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

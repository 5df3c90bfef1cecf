//! `vpcguard check` without its files: from texts to a report, what to write, and an exit code.
//!
//! The native program and the npm package are shells around this, so that one cannot say what the other does not.

mod diff;
mod gone;
mod networks;
mod once;
mod outcome;
mod selection;

use std::borrow::Cow;

use vpcguard_policies::{Kind, Settings};

use crate::baseline;
use crate::clusters::{Clusters, Places};
use crate::config::{CONFIG, Config, ConfiguredSettings};
use crate::document::{API_VERSION, Document};
use crate::fingerprint::{Fingerprint, Known};
use crate::fix::{Fixed, fix};
use crate::folder::{Folder, check_uncut};
use crate::report::{Format, LiveCluster, Report, Summary, escaped};
use crate::settings::parse_settings;
use crate::source::{ParseError, STDIN, Source};
use gone::{Gone, Leaving};
use networks::ClusterOf;
pub use outcome::Outcome;
pub use selection::Selection;

/// What is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Command {
    /// How to write the report.
    pub format: Format,
    /// Whether the report for people has colours.
    pub colored: bool,
    /// Whether warnings count in the exit code.
    pub fail_on_warning: bool,
    /// Whether the report for people has findings and errors only.
    pub quiet: bool,
    /// Whether to fix what can be fixed without a doubt before the check.
    pub fix: bool,
    /// Whether to show what would be fixed, and do nothing else.
    pub diff: bool,
    /// Whether to write a baseline of what is found instead of reporting it.
    pub write_baseline: bool,
    /// Whether a document that is not a Kubernetes object is an error, and not only left out.
    pub strict_files: bool,
    /// Whether it is right that nothing is checked.
    pub allow_empty: bool,
    /// Whether a live cluster is asked, which is one cluster.
    pub live: bool,
}

/// What it is done with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs<'a> {
    /// The manifests to check.
    pub files: &'a [Source],
    /// What the cluster has already.
    pub state: &'a [Source],
    /// The settings.
    pub settings: Option<&'a Source>,
    /// The ids of the rules that report; of all, if there are none.
    pub select: &'a [String],
    /// The ids of rules that do not report.
    pub ignore: &'a [String],
    /// Findings that are put up with.
    pub baseline: Option<&'a Source>,
    /// The manifests as they were before a change, of which only what it makes worse is reported. What they have and `files` do not
    /// is deleted by it.
    pub before: Option<&'a [Source]>,
    /// Manifests of what is deleted besides.
    pub deleted: &'a [Source],
    /// The clusters whose files are judged apart: GLOB=NAME.
    pub cluster_of: &'a [String],
    /// What the repository says. Settings that it has in a file are to be handed in as such.
    pub config: Option<&'a Config>,
    /// Where globs and names of files begin.
    pub places: Places<'a>,
    /// What whoever has read the files has left out of them, a note each.
    pub notes: &'a [String],
    /// What of them could not be read, a line each.
    pub problems: &'a [String],
    /// The names under which files were read more than once, together those of one file.
    pub same: &'a [Vec<String>],
    /// The files that are read and are to be written, as they were found, each with the flag that says so.
    pub overwritten: &'a [(String, String)],
}

impl Inputs<'_> {
    /// Those that were handed in, else those of the configuration.
    fn settings(&self) -> Result<Settings, Refusal> {
        if let Some(settings) = self.settings {
            return parse_settings(settings).map_err(lines);
        }
        match self.config.and_then(|config| Some((config, config.settings.as_ref()?))) {
            None => Ok(Settings::default()),
            Some((_, ConfiguredSettings::Inline(settings))) => Ok((**settings).clone()),
            Some((config, ConfiguredSettings::File(path))) => {
                Err(vec![format!("{}: settings: the file {path:?} was not handed in", config.name)])
            }
        }
    }
}

/// What a live cluster has.
#[derive(Clone, Debug, Default)]
pub struct ClusterState {
    /// Its objects.
    pub state: Vec<Document>,
    /// The kinds of which these are all objects that there are.
    pub kinds: Vec<Kind>,
    /// Which one it is.
    pub cluster: Option<LiveCluster>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The report, for standard output.
    pub output: String,
    /// The exit code.
    pub exit_code: u8,
    /// The report itself.
    pub report: Report,
    /// The files that were fixed, as they are to be written.
    pub fixed: Vec<Source>,
    /// The baseline to write.
    pub baseline: Option<String>,
    /// What keeps the report from being complete or right, for standard error.
    pub complaints: Vec<String>,
    /// Whether nothing was checked at all, so that there is no report.
    pub is_refused: bool,
}

impl Done {
    /// The report in one more format; none where there is none.
    pub fn also(&self, format: Format) -> Option<String> {
        (!self.is_refused).then(|| self.report.render(format, false))
    }
}

/// Why nothing was checked, a complaint each.
type Refusal = Vec<String>;

impl Command {
    /// Checks manifests.
    pub fn run(self, inputs: &Inputs<'_>) -> Done {
        self.run_beside(inputs, |_, _| Ok(ClusterState::default()))
    }

    /// [`Command::run`] beside a live cluster, which is asked for what it has of all that a folder may need, and may add
    /// to the folder what its objects have there.
    pub fn run_beside(
        self,
        inputs: &Inputs<'_>,
        live: impl FnMut(&mut Folder, &Settings) -> Result<ClusterState, String>,
    ) -> Done {
        self.try_run(inputs, live).unwrap_or_else(|complaints| Done {
            exit_code: Outcome::Unreadable.code(),
            complaints: [complaints.as_slice(), inputs.problems].concat(),
            is_refused: true,
            ..Done::default()
        })
    }

    fn try_run(
        self,
        inputs: &Inputs<'_>,
        live: impl FnMut(&mut Folder, &Settings) -> Result<ClusterState, String>,
    ) -> Result<Done, Refusal> {
        let mut settings = inputs.settings()?;
        let selection = Selection::of(inputs.select, inputs.ignore)?;
        selection.apply(&mut settings);
        let clusters = Clusters::new(inputs.cluster_of, inputs.config, inputs.places)?;
        let wrong = once::overwriting(inputs);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let files = once::once(inputs.files, inputs.same, &|file| clusters.of(file));
        let state = Folder::parse(&once::once(inputs.state, inputs.same, &|file| clusters.of(file)));
        let known = inputs.baseline.filter(|_| !self.write_baseline).map(baseline::parse).transpose();
        let known = known.map_err(lines)?;
        if self.diff {
            return Ok(self.differences(&files, inputs.problems));
        }
        if self.fix && inputs.files.iter().any(|file| file.name == STDIN) {
            return Err(vec!["--fix cannot fix standard input (-); name the file".to_owned()]);
        }
        // What is left of the state is used all the same: it may be all that matters.
        let mut done = Done { complaints: lines(state.errors), ..Done::default() };
        done.complaints.extend_from_slice(inputs.problems);
        let state_foreign = state.foreign;
        let (state, clusters) = (state.documents, &clusters);
        let mut checks = Checks { command: self, settings, selection, state, clusters, live };
        let (files, fixed) = if self.fix { fixed(&files) } else { (files, Vec::new()) };
        let cluster_of_before = |file: &str| clusters.of_before(file);
        let before = inputs.before.map(|before| once::once(before, inputs.same, &cluster_of_before));
        let deleted = Folder::parse(&once::once(inputs.deleted, inputs.same, &|file| clusters.of(file)));
        done.complaints.extend(lines(deleted.errors));
        let folder_before = before.as_deref().map(Folder::parse);
        let leaving = Leaving {
            before: folder_before.as_ref(),
            cluster_of_before: &cluster_of_before,
            deleted: &deleted.documents,
        };
        done.report = checks.report(&files, &|file| clusters.of(file), Some(&leaving))?;
        let mut notes = std::mem::take(&mut done.report.notes);
        notes.extend(left_out(&state_foreign).map(|note| format!("of --state, {note}")));
        notes.extend(clusters.useless());
        notes.extend(inputs.config.and_then(Config::note));
        notes.extend_from_slice(inputs.notes);
        for Fixed { source, changes } in fixed {
            notes.extend(changes.iter().map(|change| format!("{}:{change}", source.name)));
            done.fixed.push(source);
        }
        if let (Some(file), Some(mut known)) = (inputs.baseline, known) {
            notes.extend(leave_out_known(&mut done, &file.name, &mut known, &checks.selection));
        }
        if let Some(before) = before {
            let before = checks.report(&before, &cluster_of_before, None)?;
            let unreadable = before.errors().iter();
            notes.extend(unreadable.map(|error| format!("of the state before the change, this is not known: {error}")));
            let count = Known::of(&before).leave_new(&mut done.report);
            notes.extend((count > 0).then(|| format!("{} before the change already", were(count))));
        }
        if self.write_baseline {
            take_all(&mut done, &mut notes);
        }
        // What could not be read may have objects.
        if !self.allow_empty && is_empty(&done.report) && inputs.problems.is_empty() {
            done.complaints.push(NOTHING.to_owned());
        }
        let is_incomplete = !done.complaints.is_empty();
        done.exit_code = Outcome::of(&done.report, is_incomplete, self.fail_on_warning).code();
        done.report.notes = notes;
        done.report.cut();
        done.output = if self.quiet && self.format == Format::Human {
            // What was left out may hold what is wrong.
            let left_out = inputs.notes.iter().map(|note| format!("note: {}\n", escaped(note)));
            left_out.fold(done.report.to_human_quietly(self.colored), |report, note| report + &note)
        } else {
            done.report.render(self.format, self.colored)
        };
        Ok(done)
    }

    /// What would be fixed, in place of a check.
    fn differences(self, files: &[Source], problems: &[String]) -> Done {
        let folder = Folder::parse(files);
        let mut done = Done { complaints: lines(folder.errors), ..Done::default() };
        done.complaints.extend_from_slice(problems);
        if self.strict_files {
            done.complaints.extend(lines(folder.foreign));
        }
        if !self.allow_empty && folder.documents.is_empty() && done.complaints.is_empty() {
            done.complaints.push(NOTHING.to_owned());
        }
        let changed = files.iter().filter_map(|file| Some((file, fix(file)?.source)));
        done.output = changed.map(|(before, after)| diff::unified(before, &after)).collect();
        let outcome = match (done.complaints.is_empty(), done.output.is_empty()) {
            (false, _) => Outcome::Unreadable,
            (true, false) => Outcome::Violations,
            (true, true) => Outcome::Clean,
        };
        done.exit_code = outcome.code();
        done
    }
}

/// What is said where there is nothing to check.
const NOTHING: &str = "nothing was checked, for no object was found; if that is right, pass --allow-empty";

/// Makes a baseline of all that is found.
fn take_all(done: &mut Done, notes: &mut Vec<String>) {
    if !done.report.errors().is_empty() || !done.complaints.is_empty() {
        done.complaints.push("no baseline is written, because not everything could be read".to_owned());
        return;
    }
    done.baseline = Some(baseline::render(&done.report));
    let count = Known::of(&done.report).leave_new(&mut done.report);
    notes.push(format!(
        "{} in the baseline",
        if count == 1 { "1 finding is".to_owned() } else { format!("{count} findings are") }
    ));
}

/// What all checks of one command have in common.
struct Checks<'a, F> {
    command: Command,
    settings: Settings,
    selection: Selection,
    state: Vec<Document>,
    clusters: &'a Clusters<'a>,
    live: F,
}

impl<F: FnMut(&mut Folder, &Settings) -> Result<ClusterState, String>> Checks<'_, F> {
    fn report(
        &mut self,
        files: &[Source],
        cluster_of: ClusterOf<'_>,
        leaving: Option<&Leaving<'_>>,
    ) -> Result<Report, Refusal> {
        let files: Cow<'_, [Source]> = if files.iter().any(is_config) {
            files.iter().filter(|file| !is_config(file)).cloned().collect()
        } else {
            files.into()
        };
        let mut folder = Folder::parse(&files);
        let foreign = std::mem::take(&mut folder.foreign);
        let note = if self.command.strict_files {
            folder.errors.extend(foreign);
            None
        } else {
            left_out(&foreign)
        };
        // What could not be read may have what else would be missing.
        let is_whole = folder.errors.is_empty();
        let gone = leaving.filter(|_| is_whole).map(|leaving| leaving.of(&folder, cluster_of)).unwrap_or_default();
        let mut report = self.networks(&mut folder, gone, cluster_of)?;
        report.errors = folder.errors;
        report.summary.files = folder.files;
        report.notes.extend(note);
        self.selection.leave_selected(&mut report);
        Ok(report)
    }

    fn networks(&mut self, folder: &mut Folder, gone: Vec<Gone>, cluster_of: ClusterOf<'_>) -> Result<Report, Refusal> {
        let mut networks = networks::split(folder, gone, cluster_of);
        if self.command.live && networks.len() > 1 {
            let names = networks::names(&networks);
            return Err(vec![format!(
                "--cluster asks one cluster, and these files are for several, {names}: name those of one"
            )]);
        }
        let note = networks::note(&networks);
        let mut reports = Vec::new();
        for mut network in networks.drain(..) {
            let ClusterState { state, kinds, cluster } =
                (self.live)(&mut network.folder, &self.settings).map_err(|error| vec![error])?;
            let stated = self.state.iter().filter(|document| network.has(self.clusters.of(&document.file).as_ref()));
            let state = state.iter().chain(stated);
            let report = check_uncut(&network.folder, state, &kinds, &self.settings);
            let mut report = report.map_err(|error| vec![error.to_string()])?;
            report.live_cluster = cluster;
            reports.push((network, report));
        }
        let mut report = networks::join(reports);
        report.notes.extend(note);
        Ok(report)
    }
}

/// Whether this is a configuration, and none of the manifests: these may be called so too.
fn is_config(file: &Source) -> bool {
    let is_object = || file.bytes.windows(API_VERSION.len()).any(|word| word == API_VERSION.as_bytes());
    file.name.rsplit(['/', '\\']).next() == Some(CONFIG) && !is_object()
}

/// Whether there was nothing to check, and nothing that could not be read.
fn is_empty(report: &Report) -> bool {
    let Summary { objects, deleted, .. } = report.summary();
    objects + deleted == 0 && report.errors().is_empty()
}

/// How many files are named that hold something else.
const MOST_NAMED: usize = 5;

/// What a folder holds besides objects, in a line.
fn left_out(foreign: &[ParseError]) -> Option<String> {
    let mut files: Vec<_> = foreign.iter().map(|left_out| left_out.rendered().unwrap_or(&left_out.file)).collect();
    files.dedup();
    let named = files.get(..MOST_NAMED).unwrap_or(&files).join(", ");
    let (noun, verb) = if foreign.len() == 1 { ("document is", "was") } else { ("documents are", "were") };
    let object = if foreign.len() == 1 { "a Kubernetes object" } else { "Kubernetes objects" };
    let more = match files.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = foreign.len();
    (count > 0).then(|| format!("{count} {noun} not {object} and {verb} left out: {named}{more}"))
}

/// The files after fixing, and what was fixed in those that changed.
fn fixed(files: &[Source]) -> (Cow<'static, [Source]>, Vec<Fixed>) {
    let (mut sources, mut fixed) = (Vec::new(), Vec::new());
    for file in files {
        let new = fix(file);
        sources.push(new.as_ref().map_or(file, |fixed| &fixed.source).clone());
        fixed.extend(new);
    }
    (sources.into(), fixed)
}

/// Takes what a baseline has out of a report, and says how much that was, and what the baseline has in vain.
fn leave_out_known(done: &mut Done, name: &str, known: &mut Known, selection: &Selection) -> Vec<String> {
    let count = known.leave_new(&mut done.report);
    let mut notes: Vec<_> = (count > 0).then(|| format!("{} in {name}", were(count))).into_iter().collect();
    // What could not be read may hold it.
    if done.report.errors().is_empty() && done.complaints.is_empty() {
        let left = known.left().filter(|(fingerprint, _)| selection.has(&fingerprint.rule));
        notes.extend(left.map(|(Fingerprint { rule, cluster, object, field, .. }, _)| {
            let namespace = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
            let object = format!("{} \"{namespace}{}\"", object.kind, object.name);
            let cluster = cluster.as_ref().map(|cluster| format!(" in cluster {cluster}")).unwrap_or_default();
            format!("{name} lists what no longer occurs: {rule} at {field} of {object}{cluster}")
        }));
    }
    notes
}

fn were(count: usize) -> String {
    if count == 1 {
        "1 finding is not listed, for it was".to_owned()
    } else {
        format!("{count} findings are not listed, for they were")
    }
}

fn lines(errors: impl IntoIterator<Item = impl ToString>) -> Refusal {
    errors.into_iter().map(|error| error.to_string()).collect()
}

#[cfg(test)]
mod tests;

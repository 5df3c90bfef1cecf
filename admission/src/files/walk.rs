//! Which files of a directory are manifests to be read.
//!
//! What git ignores, what is hidden, and what Helm renders is left out; what git tracks is not. The npm package walks in the
//! same way: `wasm/js/package/bin/walk.js`.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder};

use super::exclude::Exclude;
use super::git::{self, Known};
use super::left_out::LeftOut;
use super::{Problem, sort};

/// What is taken from a directory; a file that is named itself may be called anything.
const EXTENSIONS: &[&str] = &["yaml", "yml", "json"];

/// What a .gitignore has at most, in bytes.
const LARGEST_GITIGNORE: u64 = 1 << 20;

/// What is said of a link that is not followed.
const LEADS_OUT: &str = "it is a link that leads out of what is read here: name it to have it read";

/// The folder of a chart that holds no YAML yet.
const TEMPLATES: &str = "templates";

/// How directories are walked.
#[derive(Debug, Default)]
pub(super) struct Manner {
    pub(super) exclude: Arc<Exclude>,
    /// Whether what is hidden, ignored or a template is read as well.
    pub(super) all: bool,
}

/// The manifests in a directory and below, bytewise by path.
pub(super) fn files_of(
    directory: &Path,
    manner: &Manner,
    left_out: &mut LeftOut,
    problems: &mut Vec<Problem>,
) -> Vec<PathBuf> {
    let mut walk = Walk {
        manner,
        left_out,
        bounds: bounds_of(directory),
        files: HashSet::new(),
        problems: Vec::new(),
        directories: HashMap::new(),
    };
    walk.take_all(directory);
    let mut found = walk.problems;
    found.sort_by(|(a, _), (b, _)| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    let mut files: Vec<_> = walk.files.into_iter().collect();
    problems.extend(found.into_iter().map(|(path, cause)| Problem::Io { path, cause }));
    sort(&mut files);
    files
}

/// One walk.
struct Walk<'a> {
    manner: &'a Manner,
    left_out: &'a mut LeftOut,
    /// What links may lead to: the work tree, or the directory.
    bounds: Option<PathBuf>,
    files: HashSet<PathBuf>,
    problems: Vec<(PathBuf, io::Error)>,
    /// Of directories on the way to tracked files, whether they are directories themselves, and not links to some.
    directories: HashMap<PathBuf, bool>,
}

impl Walk<'_> {
    /// Takes a directory, and the repositories in it, each by its own rules.
    fn take_all(&mut self, directory: &Path) {
        let mut seen = HashSet::from([directory.to_owned()]);
        // Of a submodule in a folder that is left out only what it tracks is taken.
        let mut left = VecDeque::from([(directory.to_owned(), true)]);
        while let Some((directory, whole)) = left.pop_front() {
            let known = self.ask(&directory);
            let heeds = known.as_ref().is_some_and(|known| !known.is_ignored);
            let nested = if whole { self.take(&directory, heeds) } else { BTreeSet::new() };
            left.extend(nested.into_iter().filter(|nested| seen.insert(nested.clone())).map(|nested| (nested, true)));
            let Known { files, repositories, .. } = known.unwrap_or_default();
            for file in files {
                let path = directory.join(&file);
                if has_manifest_extension(&path)
                    && !self.files.contains(&path)
                    && self.leads_to(&directory, &file, false)
                    && self.is_taken(&path)
                {
                    self.files.insert(path);
                }
            }
            for repository in repositories {
                let path = directory.join(&repository);
                if !seen.contains(&path) && git::begins_in(&path) && self.leads_to(&directory, &repository, true) {
                    seen.insert(path.clone());
                    left.push_back((path, false));
                }
            }
        }
    }

    /// What git knows of a directory; nothing if it is in no repository, or it is of no interest.
    fn ask(&mut self, directory: &Path) -> Option<Known> {
        if self.manner.all {
            return None;
        }
        git::Place::of(directory)?.ask().map_err(|why| self.left_out.unasked(directory, why)).ok()
    }

    /// Takes what is neither hidden nor, if that counts, ignored. Says which repositories there are, and leaves them.
    fn take(&mut self, directory: &Path, heeds_gitignore: bool) -> BTreeSet<PathBuf> {
        let heeds_gitignore = heeds_gitignore && !self.meets_odd_gitignore(directory);
        let place = self.manner.exclude.place(directory);
        let met = Arc::new(Mutex::new(Met::default()));
        let gate =
            Gate { root: directory.to_owned(), place, all: self.manner.all, heeds_gitignore, met: Arc::clone(&met) };
        let exclude = Arc::clone(&self.manner.exclude);
        let mut walk = WalkBuilder::new(directory);
        walk.standard_filters(false).parents(heeds_gitignore).git_ignore(heeds_gitignore).git_exclude(heeds_gitignore);
        walk.filter_entry(move |entry| gate.opens(entry, &exclude));
        for entry in walk.build() {
            match entry {
                Ok(entry) => {
                    let is_manifest = entry.file_type().is_some_and(|kind| !kind.is_dir());
                    if is_manifest && has_manifest_extension(entry.path()) && self.is_taken(entry.path()) {
                        self.files.insert(entry.into_path());
                    }
                }
                Err(error) => self.problems.extend(unreadable(&error)),
            }
        }
        let Met { charts, repositories } = std::mem::take(&mut *met.lock().unwrap_or_else(PoisonError::into_inner));
        for chart in charts {
            self.left_out.chart(&chart);
        }
        repositories
    }

    /// Whether no .gitignore can be heeded in a directory, which is noted: one on the way to it may never end.
    fn meets_odd_gitignore(&mut self, directory: &Path) -> bool {
        let Ok(whole) = directory.canonicalize() else { return false };
        let within =
            whole.ancestors().take_while(|above| self.bounds.as_ref().is_some_and(|root| above.starts_with(root)));
        let is_odd = within.into_iter().any(has_odd_gitignore);
        if is_odd {
            self.left_out.unasked(directory, "a .gitignore is not a file, or is too large".to_owned());
        }
        is_odd
    }

    /// Whether a file is one that may be read. Whoever makes a link out of a repository has what is there printed, or rewritten.
    fn is_taken(&mut self, path: &Path) -> bool {
        if !is_readable(path) {
            return false;
        }
        let leads_out = |bounds: &PathBuf| path.canonicalize().is_ok_and(|target| !target.starts_with(bounds));
        if is_link(path) && self.bounds.as_ref().is_some_and(leads_out) {
            self.problems.push((path.to_owned(), io::Error::other(LEADS_OUT)));
            return false;
        }
        true
    }

    /// Whether a tracked path is to be taken: nothing on its way is excluded, a link, or a folder of templates.
    fn leads_to(&mut self, root: &Path, path: &Path, is_directory: bool) -> bool {
        let (mut at, mut place) = (root.to_owned(), self.manner.exclude.place(root));
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            at.push(component);
            place.push(component);
            let is_last = components.peek().is_none();
            if self.manner.exclude.names(&place, is_directory || !is_last) {
                return false;
            }
            if is_last {
                break;
            }
            if !*self.directories.entry(at.clone()).or_insert_with(|| is_directory_itself(&at)) {
                return false;
            }
            if let Some(chart) = chart_of_templates(&at) {
                self.left_out.chart(chart);
                return false;
            }
        }
        true
    }
}

/// What was met on a walk, and not entered.
#[derive(Default)]
struct Met {
    charts: BTreeSet<PathBuf>,
    repositories: BTreeSet<PathBuf>,
}

/// What lets entries of a directory pass that git does not ignore.
struct Gate {
    root: PathBuf,
    /// The same, as patterns see it.
    place: PathBuf,
    all: bool,
    heeds_gitignore: bool,
    met: Arc<Mutex<Met>>,
}

impl Gate {
    fn opens(&self, entry: &DirEntry, exclude: &Exclude) -> bool {
        let name = entry.file_name().as_encoded_bytes();
        // A volume of a ConfigMap has its files as links into ..data and, behind that, into a directory of the same kind of
        // name: they are read once, as the links.
        if name.starts_with(b"..") || name == b".git" {
            return false;
        }
        if !self.all && (name.starts_with(b".") || name == b"node_modules") {
            return false;
        }
        // A link to a directory is none: it is not followed, for it may lead round.
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        let path = entry.path();
        if exclude.names(&self.place.join(path.strip_prefix(&self.root).unwrap_or(path)), is_directory) {
            return false;
        }
        if !is_directory || self.all {
            return true;
        }
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chart) = chart_of_templates(path) {
            met.charts.insert(chart.to_owned());
            return false;
        }
        if git::begins_in(path) || (self.heeds_gitignore && has_odd_gitignore(path)) {
            met.repositories.insert(path.to_owned());
            return false;
        }
        true
    }
}

/// The chart whose templates are in a directory.
fn chart_of_templates(directory: &Path) -> Option<&Path> {
    let chart = directory.parent().filter(|_| directory.file_name().is_some_and(|name| name == TEMPLATES))?;
    chart.join("Chart.yaml").is_file().then_some(chart)
}

/// Where the work tree begins that a directory is in; else the directory.
fn bounds_of(directory: &Path) -> Option<PathBuf> {
    let root = git::Place::of(directory).map(|place| place.root().to_owned());
    root.or_else(|| directory.canonicalize().ok())
}

/// Whether the .gitignore of a directory is no file, which may never end, or one that nobody has written.
fn has_odd_gitignore(directory: &Path) -> bool {
    let known = fs::symlink_metadata(directory.join(".gitignore"));
    known.is_ok_and(|known| !known.is_file() || known.len() > LARGEST_GITIGNORE)
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn is_directory_itself(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Whether a file is one, or a link to one; nothing else is opened. Of a link that leads nowhere it is said when it is read.
fn is_readable(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => fs::metadata(path).map_or(true, |metadata| metadata.is_file()),
        Ok(metadata) => metadata.is_file(),
        Err(_) => false,
    }
}

fn has_manifest_extension(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// The path that could not be read, and why. Mistakes in a .gitignore are none of our business.
fn unreadable(error: &ignore::Error) -> Option<(PathBuf, io::Error)> {
    let (mut error, mut at) = (error, None);
    loop {
        error = match error {
            ignore::Error::WithDepth { err, .. } => err,
            ignore::Error::WithPath { path, err } => {
                at = Some(path.clone());
                err
            }
            ignore::Error::Io(error) => {
                // The cause in its own words, without the path.
                let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).unwrap_or(error);
                let cause = cause.raw_os_error().map_or_else(|| cause.kind().into(), io::Error::from_raw_os_error);
                return at.map(|path| (path, cause));
            }
            _ => return None,
        }
    }
}

//! Manifests from files, directories and standard input.

mod exclude;
mod git;
mod left_out;
mod read;
mod targets;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use glob::{MatchOptions, PatternError, glob_with};
use vpcguard_check::{Document, Folder, ParseError, Source, parse_settings};
use vpcguard_policies::Settings;

pub(crate) use exclude::WrittenPatterns;
use exclude::{BadPattern, Exclude, without_dots};
use left_out::LeftOut;
pub(crate) use read::write;
use read::{STDIN, read};
pub(crate) use targets::{Target, overwriting};
use walk::{Manner, files_of};

/// What the help says of `--no-ignore`.
const NO_IGNORE: &str = "Read hidden files, node_modules, templates of charts and what .gitignore names as well";

/// Which files of a directory count.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WalkArgs {
    /// Leave out files and directories that this pattern names, as in a .gitignore of the working directory.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    #[arg(long, help = NO_IGNORE)]
    no_ignore: bool,
}

/// One thing that could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The file system says no.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// We say no: it is a pattern that stands for nothing, or no file.
    #[error("{}: {cause}", path.display())]
    Refused {
        /// What was named.
        path: PathBuf,
        /// Why.
        cause: &'static str,
    },
    /// It was read, but makes no sense.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Everything that could not be read, a line each.
#[derive(Debug, thiserror::Error)]
pub(crate) struct LoadError(pub(crate) Vec<Problem>);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// Objects, and what was left out where they were looked for, in notes.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) documents: Vec<Document>,
    pub(crate) notes: Vec<String>,
}

/// The objects of files and directories, in their order; nothing unless all of them can be read.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Loaded, LoadError> {
    let mut files = Files::default();
    let (sources, mut problems) = files.collect(paths);
    let folder = Folder::parse(&sources);
    problems.extend(folder.errors.into_iter().map(Problem::Parse));
    let loaded = Loaded { documents: folder.documents, notes: files.notes() };
    if problems.is_empty() { Ok(loaded) } else { Err(LoadError(problems)) }
}

/// The settings of a file.
pub(crate) fn settings(path: &Path) -> Result<Settings, LoadError> {
    settings_and_text(path).map(|(settings, _)| settings)
}

/// The settings of a file, and what is written there. It is read once: a pipe cannot be read again.
pub(crate) fn settings_and_text(path: &Path) -> Result<(Settings, String), LoadError> {
    let source = source(path)?;
    let settings = parse_settings(&source);
    let settings = settings.map_err(|errors| LoadError(errors.into_iter().map(Problem::Parse).collect()))?;
    Ok((settings, String::from_utf8_lossy(&source.bytes).into_owned()))
}

/// One file, whatever is in it.
pub(crate) fn source(path: &Path) -> Result<Source, LoadError> {
    read(path).map_err(|problem| LoadError(vec![problem]))
}

/// Reads files. Says when each has been.
pub(crate) fn read_all(files: &[PathBuf], problems: &mut Vec<Problem>, mut read_one: impl FnMut()) -> Vec<Source> {
    let mut sources = Vec::new();
    for file in files {
        match read(file) {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(problem),
        }
        read_one();
    }
    sources
}

/// Finds files, and knows what it has left out.
#[derive(Debug, Default)]
pub(crate) struct Files {
    manner: Manner,
    left_out: LeftOut,
    /// Whether a file is read under each of its names, and not under the first alone: it may be that of several clusters.
    keeps_links: bool,
    /// What there is, by the one path that leads there through no link, and the names under which it was found.
    names: BTreeMap<PathBuf, Vec<PathBuf>>,
}

impl Files {
    /// `configured` is what a configuration excludes.
    pub(crate) fn new(args: &WalkArgs, configured: Option<WrittenPatterns<'_>>) -> Result<Self, BadPattern> {
        let flag = WrittenPatterns { place: "--exclude", base: Path::new(""), patterns: &args.exclude };
        let exclude = Exclude::new(&[flag].into_iter().chain(configured).collect::<Vec<_>>())?;
        let manner = Manner { exclude: Arc::new(exclude), all: args.no_ignore };
        Ok(Self { manner, ..Self::default() }.keeping_links())
    }

    /// Reads a file under each of its names.
    pub(crate) fn keeping_links(self) -> Self {
        Self { keeps_links: true, ..self }
    }

    /// What was left out so far and may be missed, a note each.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.left_out.notes()
    }

    /// Reads files and directories in the order given, the files of a directory bytewise by path. What cannot be read does
    /// not stop the rest.
    pub(crate) fn collect(&mut self, paths: &[PathBuf]) -> (Vec<Source>, Vec<Problem>) {
        let (files, mut problems) = self.list(paths);
        let sources = read_all(&files, &mut problems, || ());
        (sources, problems)
    }

    /// The files that paths stand for, in the order given: directories, patterns and files.
    pub(crate) fn list(&mut self, paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Problem>) {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in paths {
            if path.is_dir() {
                files.extend(self.files_of(path, &mut problems));
            } else if let Some(pattern) = pattern(path) {
                files.extend(self.matches(path, pattern, &mut problems));
            } else {
                files.push(path.clone());
            }
        }
        (self.once(files), problems)
    }

    /// The files without those that were there before by the same path, or by another one that is not kept.
    fn once(&mut self, files: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut taken = BTreeMap::<PathBuf, Vec<PathBuf>>::new();
        let mut left = Vec::new();
        for file in files {
            // Of what is not there it is said when it is read.
            let there = (file != Path::new(STDIN)).then(|| file.canonicalize().ok()).flatten();
            let Some(there) = there else {
                left.push(file);
                continue;
            };
            let whole = std::path::absolute(&file).map_or_else(|_| file.clone(), |path| without_dots(&path));
            let before = taken.entry(there.clone()).or_default();
            if before.contains(&whole) || !(self.keeps_links || before.is_empty()) {
                continue;
            }
            before.push(whole);
            let names = self.names.entry(there).or_default();
            if !names.contains(&file) {
                names.push(file.clone());
            }
            left.push(file);
        }
        left
    }

    /// The names under which files were found more than once, together those of one file.
    pub(crate) fn same(&self) -> Vec<Vec<String>> {
        let text = |names: &Vec<PathBuf>| names.iter().map(|name| name.display().to_string()).collect();
        self.names.values().filter(|names| names.len() > 1).map(text).collect()
    }

    /// The files that were found and are to be written, each with the flag that says so.
    pub(crate) fn overwritten(&self, targets: &[Target]) -> Vec<(String, String)> {
        let of_target = |target: &'_ Target| {
            let names = target.known().and_then(|known| self.names.get(&known));
            let flag = target.flag.clone();
            names.into_iter().flatten().map(move |name| (name.display().to_string(), flag.clone())).collect::<Vec<_>>()
        };
        targets.iter().flat_map(of_target).collect()
    }

    fn files_of(&mut self, directory: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
        files_of(directory, &self.manner, &mut self.left_out, problems)
    }

    /// What matches a pattern, directories with all that is in them, bytewise by path.
    fn matches(&mut self, path: &Path, pattern: &str, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
        // As in a shell, what begins with a dot must be named, and case matters.
        let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
        let found = match glob_with(pattern, options) {
            Ok(found) => found,
            Err(PatternError { msg, .. }) => {
                problems.push(Problem::Refused { path: path.to_owned(), cause: msg });
                return Vec::new();
            }
        };
        let (mut files, known, mut excluded) = (Vec::new(), problems.len(), false);
        for path in found {
            match path {
                Ok(path) if self.manner.exclude.names_any_of(&path, path.is_dir()) => excluded = true,
                Ok(path) if path.is_dir() => files.extend(self.files_of(&path, problems)),
                Ok(path) => files.push(path),
                Err(error) => problems.push(Problem::Io { path: error.path().to_owned(), cause: error.into() }),
            }
        }
        if files.is_empty() && problems.len() == known {
            let cause = if excluded { "every file that matches is excluded" } else { "no file matches" };
            problems.push(Problem::Refused { path: path.to_owned(), cause });
        }
        sort(&mut files);
        // A pattern may name a directory and what is in it.
        files.dedup();
        files
    }
}

/// The pattern that a path is, unless there is a file of that name. Not every shell expands patterns, and CI hardly ever.
fn pattern(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    (path != Path::new(STDIN) && text.contains(['*', '?', '[']) && path.symlink_metadata().is_err()).then_some(text)
}

fn sort(files: &mut [PathBuf]) {
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
}

#[cfg(test)]
mod tests;

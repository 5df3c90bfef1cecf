//! What git knows of a directory: which files it tracks, and whether it ignores the directory itself.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What would make git look at another repository than at the one that was found, or read names in another way.
const LEADS_ASTRAY: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
];

/// What git is told whatever is asked: that it starts no program, and that files that one machine alone ignores are not
/// ignored.
const ALWAYS: &[&str] = &["-c", "core.fsmonitor=false", "-c", "core.excludesFile="];

/// How git's index marks what is a repository of its own.
const REPOSITORY: &[u8] = b"160000";

/// A directory in a work tree.
#[derive(Debug)]
pub(super) struct Place {
    /// Where the work tree begins.
    root: PathBuf,
    /// The directory, as seen from there; empty if it is the same.
    inside: PathBuf,
}

/// What git says of a directory.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The files in it that are tracked, as seen from it.
    pub(super) files: Vec<PathBuf>,
    /// The submodules in it.
    pub(super) repositories: Vec<PathBuf>,
    /// Whether it is ignored itself.
    pub(super) is_ignored: bool,
}

/// Whether a work tree begins in a directory.
pub(super) fn begins_in(directory: &Path) -> bool {
    directory.join(".git").exists()
}

impl Place {
    /// Where a directory is; nothing if it is in no work tree.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let directory = directory.canonicalize().ok()?;
        let root = directory.ancestors().find(|ancestor| begins_in(ancestor))?;
        Some(Self { root: root.to_owned(), inside: directory.strip_prefix(root).ok()?.to_owned() })
    }

    /// Where the work tree begins.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Asks git; says why it has no answer.
    pub(super) fn ask(&self) -> Result<Known, String> {
        let inside = Path::new(".").join(&self.inside);
        let listed = self.git(&["--literal-pathspecs", "ls-files", "-z", "--stage", "--"], inside.as_os_str())?;
        if !listed.status.success() {
            return Err(reason(&listed));
        }
        let mut known = Known::default();
        for line in listed.stdout.split(|byte| *byte == 0) {
            let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
            let (entry, path) = (&line.get(..tab).unwrap_or_default(), line.get(tab + 1..).unwrap_or_default());
            let Some(path) = of_bytes(path) else { continue };
            let Ok(path) = path.strip_prefix(&self.inside) else { continue };
            // An index that somebody has made by hand leads anywhere.
            if !path.components().all(|component| matches!(component, Component::Normal(_))) {
                continue;
            }
            let list = if entry.starts_with(REPOSITORY) { &mut known.repositories } else { &mut known.files };
            list.push(path.to_owned());
        }
        if !self.inside.as_os_str().is_empty() {
            let asked = self.git(&["check-ignore", "--quiet", "--no-index", "--"], inside.as_os_str())?;
            known.is_ignored = match asked.status.code() {
                Some(0) => true,
                Some(1) => false,
                _ => return Err(reason(&asked)),
            };
        }
        Ok(known)
    }

    fn git(&self, arguments: &[&str], path: &OsStr) -> Result<Output, String> {
        let mut git = Command::new("git");
        git.args(ALWAYS).args(arguments).arg(path).current_dir(&self.root).stdin(Stdio::null());
        for name in LEADS_ASTRAY {
            git.env_remove(name);
        }
        // It looks no further up than we did, fetches nothing, writes nothing, asks nobody, and speaks plainly.
        git.env("GIT_CEILING_DIRECTORIES", self.root.parent().map_or_else(OsString::new, OsString::from));
        git.envs([("GIT_ALLOW_PROTOCOL", "none"), ("GIT_NO_LAZY_FETCH", "1")]);
        git.envs([("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")]);
        git.env("LC_ALL", "C");
        git.output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no program git".to_owned(),
            _ => "the program git does not start".to_owned(),
        })
    }
}

/// Why git failed: the first line of what it says.
fn reason(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().next().unwrap_or_default();
    let line = line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
    if line.is_empty() { "git failed".to_owned() } else { format!("git: {line}") }
}

#[cfg(unix)]
fn of_bytes(path: &[u8]) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Some(Path::new(OsStr::from_bytes(path)))
}

#[cfg(not(unix))]
fn of_bytes(path: &[u8]) -> Option<&Path> {
    std::str::from_utf8(path).ok().map(Path::new)
}

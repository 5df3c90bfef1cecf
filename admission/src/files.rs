//! Manifests from files, directories and standard input.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use glob::{MatchOptions, PatternError, glob_with};
use vpcguard_check::{Document, Folder, ParseError, Source, parse_settings};
use vpcguard_policies::Settings;

/// The argument that stands for standard input.
const STDIN: &str = "-";

/// What is taken from a directory; a file that is named itself may be called anything.
const EXTENSIONS: &[&str] = &["yaml", "yml", "json"];

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
    /// It is a pattern, and stands for nothing.
    #[error("{}: {cause}", path.display())]
    Pattern {
        /// The pattern.
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

/// The objects of a directory, in the order of its files' paths.
pub(crate) fn load(dir: &Path) -> Result<Vec<Document>, LoadError> {
    load_all(&[dir.to_owned()])
}

/// The objects of files and directories, in their order; nothing unless all of them can be read.
pub(crate) fn load_all(paths: &[PathBuf]) -> Result<Vec<Document>, LoadError> {
    let (sources, mut problems) = collect(paths);
    let folder = Folder::parse(&sources);
    problems.extend(folder.errors.into_iter().map(Problem::Parse));
    if problems.is_empty() { Ok(folder.documents) } else { Err(LoadError(problems)) }
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

/// Reads files and directories in the order given, the files of a directory bytewise by path. What cannot be read does
/// not stop the rest.
pub(crate) fn collect(paths: &[PathBuf]) -> (Vec<Source>, Vec<Problem>) {
    let (files, mut problems) = list(paths);
    let sources = read_all(&files, &mut problems, || ());
    (sources, problems)
}

/// The files that paths stand for, in the order given: directories, patterns and files.
pub(crate) fn list(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            files.extend(files_of(path, &mut problems));
        } else if let Some(pattern) = pattern(path) {
            files.extend(matches(path, pattern, &mut problems));
        } else {
            files.push(path.clone());
        }
    }
    (files, problems)
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

/// One file, whatever is in it.
pub(crate) fn source(path: &Path) -> Result<Source, LoadError> {
    read(path).map_err(|problem| LoadError(vec![problem]))
}

/// Writes a file whole or not at all. One that is there keeps its permissions, and a link stays a link.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = if path.exists() { path.canonicalize()? } else { path.to_owned() };
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vpcguard-");
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    if let Ok(known) = fs::metadata(&target) {
        file.as_file().set_permissions(known.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map(drop).map_err(|error| error.error)
}

/// The pattern that a path is, unless there is a file of that name. Not every shell expands patterns, and CI hardly ever.
fn pattern(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    (text.contains(['*', '?', '[']) && path.symlink_metadata().is_err()).then_some(text)
}

/// What matches a pattern, directories with all that is in them, bytewise by path.
fn matches(path: &Path, pattern: &str, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    // As in a shell, what begins with a dot must be named, and case matters.
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let found = match glob_with(pattern, options) {
        Ok(found) => found,
        Err(PatternError { msg, .. }) => {
            problems.push(Problem::Pattern { path: path.to_owned(), cause: msg });
            return Vec::new();
        }
    };
    let (mut files, known) = (Vec::new(), problems.len());
    for path in found {
        match path {
            Ok(path) if path.is_dir() => files.extend(files_of(&path, problems)),
            Ok(path) => files.push(path),
            Err(error) => problems.push(Problem::Io { path: error.path().to_owned(), cause: error.into() }),
        }
    }
    if files.is_empty() && problems.len() == known {
        problems.push(Problem::Pattern { path: path.to_owned(), cause: "no file matches" });
    }
    sort(&mut files);
    // A pattern may name a directory and what is in it.
    files.dedup();
    files
}

fn read(path: &Path) -> Result<Source, Problem> {
    let failed = |cause| Problem::Io { path: path.to_owned(), cause };
    if path == Path::new(STDIN) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        return Ok(Source { name: vpcguard_check::STDIN.to_owned(), bytes });
    }
    let bytes = fs::read(path).map_err(failed)?;
    Ok(Source { name: path.display().to_string(), bytes })
}

/// The manifests in a directory and below.
fn files_of(directory: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        match entries(&directory) {
            Ok(entries) => {
                for Entry { path, is_directory } in entries {
                    if is_directory {
                        directories.push(path);
                    } else if has_manifest_extension(&path) {
                        files.push(path);
                    }
                }
            }
            Err(cause) => problems.push(Problem::Io { path: directory, cause }),
        }
    }
    sort(&mut files);
    files
}

fn sort(files: &mut [PathBuf]) {
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
}

struct Entry {
    path: PathBuf,
    is_directory: bool,
}

fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A volume of a ConfigMap has its files as links into ..data and, behind that, into a directory of the same
        // kind of name: they are read once, as the links. Links to directories are not followed, for they may lead round.
        let is_of_a_volume = entry.file_name().as_encoded_bytes().starts_with(b"..");
        let file_type = entry.file_type()?;
        let path = entry.path();
        let leads_to_a_directory = file_type.is_symlink() && path.is_dir();
        if !is_of_a_volume && !leads_to_a_directory {
            entries.push(Entry { path, is_directory: file_type.is_dir() });
        }
    }
    Ok(entries)
}

fn has_manifest_extension(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| EXTENSIONS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str, text: &str) {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn names(directory: &Path, paths: &[&str]) -> Vec<String> {
        let paths: Vec<_> = paths.iter().map(|path| directory.join(path)).collect();
        let (sources, problems) = collect(&paths);
        assert!(problems.is_empty(), "{problems:?}");
        let prefix = format!("{}/", directory.display());
        sources.iter().map(|source| source.name.strip_prefix(&prefix).unwrap().to_owned()).collect()
    }

    #[test]
    fn files_of_a_directory_come_bytewise_by_path() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["d/b.yaml", "d/a/z.yml", "d/a.json", "d/B.yaml", "d/notes.txt", "d/a.yaml.bak", "e.txt"] {
            write(directory.path(), name, "");
        }
        // '.' comes before '/', capitals before small letters.
        assert_eq!(
            names(directory.path(), &["e.txt", "d"]),
            ["e.txt", "d/B.yaml", "d/a.json", "d/a/z.yml", "d/b.yaml"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_to_directories_are_not_followed_and_a_volume_is_read_once() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "..2026/a.yaml", "");
        symlink("..2026", directory.path().join("..data")).unwrap();
        symlink("..data/a.yaml", directory.path().join("a.yaml")).unwrap();
        symlink(".", directory.path().join("round")).unwrap();
        assert_eq!(names(directory.path(), &["."]), ["./a.yaml"]);
    }

    #[test]
    fn a_pattern_stands_for_what_matches() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["d/b.yaml", "d/a.yaml", "d/e/c.yaml", "d/e/c.txt", "d/.h.yaml", "[x].yaml"] {
            write(directory.path(), name, "");
        }
        assert_eq!(names(directory.path(), &["d/*.yaml"]), ["d/a.yaml", "d/b.yaml"]);
        assert_eq!(names(directory.path(), &["d/**/*.yaml"]), ["d/a.yaml", "d/b.yaml", "d/e/c.yaml"]);
        // The directory and what is in it.
        assert_eq!(names(directory.path(), &["d/**"]), ["d/e/c.yaml"]);
        // There is a file of this very name.
        assert_eq!(names(directory.path(), &["[x].yaml", "d/[!b]*l"]), ["[x].yaml", "d/a.yaml"]);
        for (pattern, wanted) in [("d/x*.yaml", "no file matches"), ("d/***", "")] {
            let (files, problems) = list(&[directory.path().join(pattern)]);
            assert!(files.is_empty());
            assert!(problems[0].to_string().contains(wanted), "{problems:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_written_keeps_its_permissions_and_its_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("a.yaml"), directory.path().join("link.yaml"));
        fs::write(&file, "a").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.yaml", &link).unwrap();
        super::write(&link, b"b").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"b");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        super::write(&directory.path().join("new.json"), b"c").unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
        assert!(super::write(&directory.path().join("none/a.json"), b"c").is_err());
    }

    #[test]
    fn every_problem_is_listed() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "a.yaml", "a: [");
        write(directory.path(), "b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\nkind: Pod\n");
        let paths = [directory.path().join("missing.yaml"), directory.path().to_owned()];
        let error = load_all(&paths).unwrap_err().to_string().replace(&format!("{}/", directory.path().display()), "");
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines.len(), 3, "{error}");
        assert!(lines[0].starts_with("missing.yaml: "), "{error}");
        assert!(lines[1].starts_with("a.yaml:1:4: "), "{error}");
        assert_eq!(lines[2], "b.yaml:5:1: not a Kubernetes object: it needs apiVersion, metadata.name (a string)");
    }
}

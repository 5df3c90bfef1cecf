//! Which cluster a file is for: one tree of manifests may hold those of several, and they are judged apart.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use crate::config::{Config, check_name};
use crate::source::STDIN;

/// What a glob is made of, beside the names of folders and files.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// As a shell has it, but that a leading dot is nothing special: who writes `envs/**` means all of it.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// Where a check is started, and with what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places<'a> {
    /// The working directory, as an absolute path; empty where there is none, and names begin at a root of their own.
    pub directory: &'a str,
    /// The files and directories that are checked, as they were named.
    pub paths: &'a [String],
    /// What stands for them as it was before a change.
    pub compare_to: Option<&'a str>,
    /// Where the globs of the configuration begin, if that is not its folder.
    pub config_root: Option<&'a str>,
}

/// The globs of the clusters. The first that matches a file, or a folder that it is in, says for which cluster it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clusters<'a> {
    globs: Vec<Glob>,
    places: Places<'a>,
}

#[derive(Clone, Debug)]
struct Glob {
    cluster: Arc<str>,
    /// How it was given, for notes.
    written: String,
    pattern: Pattern,
    /// The folder, or the file, in which all is that it may match.
    stem: String,
    is_flag: bool,
    has_matched: Cell<bool>,
    /// Whether it was the first that did.
    has_applied: Cell<bool>,
    /// How the glob of another cluster was given that has taken a file of it.
    taken_by: OnceCell<String>,
}

/// A glob by itself.
///
/// # Errors
///
/// Why it is none.
pub(crate) fn pattern(glob: &str) -> Result<Pattern, &'static str> {
    if glob.is_empty() {
        return Err("the glob is empty; ** stands for all files");
    }
    Pattern::new(glob).map_err(|error| error.msg)
}

impl<'a> Clusters<'a> {
    /// The clusters of `--cluster-of GLOB=NAME`, and behind them those of a configuration.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags, a line each.
    pub(crate) fn new(flags: &[String], config: Option<&Config>, places: Places<'a>) -> Result<Self, Vec<String>> {
        let mut clusters = Self { globs: Vec::new(), places };
        let mut wrong = Vec::new();
        for flag in flags {
            let added = flag.rsplit_once('=').ok_or("needs a name, as in GLOB=NAME").and_then(|(glob, name)| {
                check_name(name)?;
                let written = format!("--cluster-of {flag:?}");
                clusters.add(places.directory, glob, name, written, true)
            });
            wrong.extend(added.err().map(|error| format!("--cluster-of {flag:?}: {error}")));
        }
        let Some(config) = config else { return clusters.or_wrong(wrong) };
        let root = absolute(places.directory, places.config_root.unwrap_or_else(|| config.folder()));
        for (name, globs) in &config.clusters {
            for (at, glob) in globs.iter().enumerate() {
                let written = format!("{}: clusters.{name}[{at}], {glob:?},", config.name);
                let added = clusters.add(&root, glob, name, written, false);
                wrong.extend(added.err().map(|error| format!("{}: clusters.{name}[{at}]: {error}", config.name)));
            }
        }
        clusters.or_wrong(wrong)
    }

    fn or_wrong(self, wrong: Vec<String>) -> Result<Self, Vec<String>> {
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }

    fn add(&mut self, base: &str, glob: &str, name: &str, written: String, is_flag: bool) -> Result<(), &'static str> {
        // Its own mistakes are to be told, and not those of the folder before it.
        pattern(glob)?;
        let base = absolute("", base);
        let whole = absolute(&Pattern::escape(&base), glob);
        let stem = absolute(&base, &literal(glob));
        let (has_matched, has_applied, taken_by) = (Cell::default(), Cell::default(), OnceCell::new());
        let (cluster, pattern) = (name.into(), pattern(&whole)?);
        let glob = Glob { cluster, written, pattern, stem, is_flag, has_matched, has_applied, taken_by };
        self.globs.push(glob);
        Ok(())
    }

    /// The cluster of a file; none where no glob matches.
    pub(crate) fn of(&self, file: &str) -> Option<Arc<str>> {
        if file == STDIN || self.globs.is_empty() { None } else { self.of_path(&absolute(self.places.directory, file)) }
    }

    /// The cluster of a file of the state before a change: that which it has where it stands now.
    pub(crate) fn of_before(&self, file: &str) -> Option<Arc<str>> {
        let directory = self.places.directory;
        let root = self.places.compare_to.map(|root| absolute(directory, root));
        let path = absolute(directory, file);
        let below = root.as_deref().and_then(|root| path.strip_prefix(root));
        // What was given may be a folder, or the whole tree.
        let now = self.roots().chain([absolute(directory, "")]);
        let mut now = now.filter_map(|root| Some(format!("{root}{}", below?)));
        now.find_map(|path| self.of_path(&path)).or_else(|| self.of(file))
    }

    /// The folders in which all is that is checked.
    fn roots(&self) -> impl Iterator<Item = String> {
        let paths = self.places.paths.iter().filter(|path| *path != "-");
        paths.map(move |path| absolute(self.places.directory, &literal(path)))
    }

    fn of_path(&self, path: &str) -> Option<Arc<str>> {
        let mut first: Option<&Glob> = None;
        for glob in &self.globs {
            // One that is not the first now has nothing more to say, if it is known to be of use.
            if first.is_some() && glob.has_applied.get() || !glob.matches(path) {
                continue;
            }
            glob.has_matched.set(true);
            match first {
                None => {
                    glob.has_applied.set(true);
                    first = Some(glob);
                }
                Some(taker) if taker.cluster != glob.cluster => {
                    glob.taken_by.get_or_init(|| taker.written.clone());
                }
                Some(_) => {}
            }
        }
        first.map(|glob| Arc::clone(&glob.cluster))
    }

    /// What is said of globs that have matched nothing, which are written wrong, and of those whose files others had before
    /// them. Of those of a configuration only where all was looked through that they are about.
    pub(crate) fn useless(&self) -> Vec<String> {
        let is_below = |stem: &str, root: &str| {
            stem.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_looked_through = |glob: &Glob| glob.is_flag || self.roots().any(|root| is_below(&glob.stem, &root));
        let useless = |glob: &Glob| match (glob.has_applied.get(), glob.has_matched.get(), glob.taken_by.get()) {
            (false, false, _) => Some(format!("{} matches no file", glob.written)),
            (false, true, Some(taker)) => {
                let (written, taker) = (&glob.written, taker.trim_end_matches(','));
                Some(format!("{written} never counts: {taker} stands before it and has all its files"))
            }
            _ => None,
        };
        self.globs.iter().filter(|glob| is_looked_through(glob)).filter_map(useless).collect()
    }
}

impl Glob {
    /// Whether it matches a file, or a folder that it is in.
    fn matches(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        path.starts_with(self.stem.as_str())
            && ends.filter_map(|end| path.get(..end)).any(|part| self.pattern.matches_with(part, OPTIONS))
    }
}

/// A path without `.` and `..`, by its names alone, from the root on. The root itself is empty.
fn absolute(directory: &str, path: &str) -> String {
    // On Windows alone a backslash stands between two names.
    let is_windows = has_drive(directory) || has_drive(path);
    let slashed = |path: &str| if is_windows { path.replace('\\', "/") } else { path.to_owned() };
    let whole = if is_absolute(path) { slashed(path) } else { format!("{}/{}", slashed(directory), slashed(path)) };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.iter().fold(String::new(), |path, part| path + "/" + part)
}

pub(crate) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || has_drive(path)
}

fn has_drive(path: &str) -> bool {
    path.get(1..3).is_some_and(|drive| drive == ":/" || drive == ":\\")
}

/// A path up to its first component with a wildcard.
fn literal(path: &str) -> String {
    let end = path
        .find(WILDCARDS)
        .map_or(path.len(), |at| path.get(..at).and_then(|path| path.rfind('/')).map_or(0, |at| at + 1));
    path.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    const AT: &str = "/repo/net";

    fn flags(flags: &[&str]) -> Vec<String> {
        flags.iter().map(|flag| (*flag).to_owned()).collect()
    }

    fn config(name: &str, text: &str) -> Config {
        Config::parse(&Source { name: name.to_owned(), bytes: text.as_bytes().to_vec() }).unwrap()
    }

    /// The clusters of files, or `-`.
    fn of(clusters: &Clusters<'_>, files: &[&str]) -> String {
        let names: Vec<_> =
            files.iter().map(|file| clusters.of(file).map_or("-".to_owned(), |name| name.to_string())).collect();
        names.join(" ")
    }

    #[test]
    fn the_first_glob_that_matches_has_the_file() {
        let flags = flags(&[
            "envs/prod/**=prod",
            "./envs/*/db.yaml=db",
            "*.yaml=top",
            "/etc/net/=etc",
            "../other=other",
            "x=a=b",
        ]);
        let clusters = Clusters::new(&flags[..5], None, Places { directory: AT, ..Places::default() }).unwrap();
        let files = [
            "envs/prod/a/b.yaml",
            "envs/prod/db.yaml",
            "./envs/dev/db.yaml",
            "envs/dev/a.yaml",
            "a.yaml",
            "/repo/net/a.yaml",
        ];
        assert_eq!(of(&clusters, &files), "prod prod db - top top");
        assert_eq!(
            of(&clusters, &["/etc/net/x/y.json", "/etc/network.yaml", "../other/z.yaml", "/repo/other/z.yaml", STDIN]),
            "etc - other other -"
        );
        let named = Clusters::new(&flags[5..], None, Places { directory: AT, ..Places::default() }).unwrap();
        assert_eq!(of(&named, &["x/y.yaml"]), "-");
        assert_eq!(of(&named, &["x=a/y.yaml"]), "b");
    }

    #[test]
    fn a_configuration_counts_from_its_folder_and_behind_the_flags() {
        let config = config("../.vpcguard.yaml", "clusters: {b: ['**/x'], a: ['net/**', '[xy]z/*']}\n");
        let clusters = |config_root| Places { directory: AT, config_root, ..Places::default() };
        let flags = flags(&["y=flag"]);
        let here = Clusters::new(&flags, Some(&config), clusters(None)).unwrap();
        assert_eq!(of(&here, &["x/a.yaml", "y/a.yaml", "z/a.yaml", "../xz/a.yaml", "../net.yaml"]), "b flag a a -");
        let moved = Clusters::new(&flags, Some(&config), clusters(Some("/"))).unwrap();
        assert_eq!(of(&moved, &["x/a.yaml", "y/a.yaml", "z/a.yaml", "/net/a.yaml"]), "b flag - a");
    }

    #[test]
    fn a_folder_with_wildcards_in_its_name_is_taken_as_it_is() {
        let clusters =
            Clusters::new(&flags(&["a/*=a"]), None, Places { directory: "/r[1]*", ..Places::default() }).unwrap();
        assert_eq!(of(&clusters, &["a/b.yaml", "/r1/a/b.yaml", "/r[1]*/a/b.yaml"]), "a - a");
    }

    #[test]
    fn names_of_windows_are_matched_with_slashes() {
        let places = Places { directory: "C:\\repo", ..Places::default() };
        let clusters = Clusters::new(&flags(&["envs/prod/**=prod"]), None, places).unwrap();
        assert_eq!(
            of(&clusters, &["envs\\prod\\a.yaml", "C:\\repo\\envs\\prod\\a.yaml", "D:\\repo\\envs\\prod\\a.yaml"]),
            "prod prod -"
        );
    }

    #[test]
    fn a_file_before_a_change_is_for_the_cluster_that_has_it_now() {
        let flags = flags(&["envs/prod/**=prod", "**=rest"]);
        let before = |paths: &[&str], compare_to: &str, file: &str| {
            let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
            let places = Places { directory: AT, paths: &paths, compare_to: Some(compare_to), ..Places::default() };
            Clusters::new(&flags, None, places).unwrap().of_before(file).unwrap().to_string()
        };
        assert_eq!(before(&["envs"], "../before/envs", "../before/envs/prod/a.yaml"), "prod");
        assert_eq!(before(&["."], "../before", "../before/envs/prod/a.yaml"), "prod");
        assert_eq!(before(&["envs/*"], "/tmp/old", "/tmp/old/prod/a.yaml"), "prod");
        assert_eq!(before(&["envs/prod/a.yaml"], "old.yaml", "old.yaml"), "prod");
        assert_eq!(before(&["."], "old", "old/b.yaml"), "rest");
    }

    #[test]
    fn globs_that_match_nothing_are_named() {
        let config = config("../.vpcguard.yaml", "clusters: {a: [net/x, net/y], b: [other/**]}\n");
        let useless = |paths: &[&str]| {
            let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
            let flags = flags(&["prd/**=prod", "**=all"]);
            let clusters =
                Clusters::new(&flags, Some(&config), Places { directory: AT, paths: &paths, ..Places::default() })
                    .unwrap();
            assert_eq!(of(&clusters, &["x/a.yaml"]), "all");
            clusters.useless()
        };
        let flag = "--cluster-of \"prd/**=prod\" matches no file";
        let x = "../.vpcguard.yaml: clusters.a[0], \"net/x\", never counts: --cluster-of \"**=all\" stands before it and has all its files";
        // The other folders were not looked through.
        assert_eq!(useless(&["x/*.yaml"]), [flag, x]);
        let y = "../.vpcguard.yaml: clusters.a[1], \"net/y\", matches no file";
        assert_eq!(useless(&["."]), [flag, x, y]);
        assert_eq!(useless(&[".."]), [flag, x, y, "../.vpcguard.yaml: clusters.b[0], \"other/**\", matches no file"]);
    }

    #[test]
    fn a_glob_whose_files_an_earlier_one_has_is_named() {
        let useless = |globs: &[&str], files: &[&str]| {
            let flags = flags(globs);
            let clusters = Clusters::new(&flags, None, Places { directory: AT, ..Places::default() }).unwrap();
            of(&clusters, files);
            clusters.useless()
        };
        let said = r#"--cluster-of "envs/prod=prod" never counts: --cluster-of "envs=all" stands before it and has all its files"#;
        let files = ["envs/prod/a.yaml", "envs/dev/a.yaml", "envs/prod/b.yaml"];
        assert_eq!(useless(&["envs=all", "envs/prod=prod"], &files), [said]);
        assert!(useless(&["envs/prod=prod", "envs=all"], &files).is_empty());
        assert!(useless(&["envs/dev=dev", "**/a.yaml=a"], &files[..2]).is_empty());
        // It would change nothing.
        assert!(useless(&["envs=all", "envs/prod=all"], &files).is_empty());
    }

    #[test]
    fn what_is_no_glob_with_a_name_is_an_error() {
        let given = flags(&["envs", "a=", "[a=prod", "/**=x", "=x"]);
        let wrong = Clusters::new(&given, None, Places::default()).unwrap_err();
        assert_eq!(
            wrong,
            [
                "--cluster-of \"envs\": needs a name, as in GLOB=NAME",
                "--cluster-of \"a=\": a cluster needs a name without control characters",
                "--cluster-of \"[a=prod\": invalid range pattern",
                "--cluster-of \"=x\": the glob is empty; ** stands for all files",
            ]
        );
    }
}

//! What `--exclude` names: patterns as .gitignore has them.

use std::borrow::Cow;
use std::io;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What stands for other characters, or for itself only after a backslash.
const WILD: [char; 6] = ['*', '?', '[', '{', '}', '\\'];

/// A pattern that names nothing.
#[derive(Debug, thiserror::Error)]
#[error("{place}: '{pattern}' is not a pattern as in .gitignore: {cause}")]
pub(crate) struct BadPattern {
    /// Where it is written.
    place: String,
    pattern: String,
    cause: String,
}

impl BadPattern {
    fn new(place: &str, pattern: &str, error: ignore::Error) -> Self {
        let cause = match error {
            ignore::Error::Glob { err, .. } => err,
            other => other.to_string(),
        };
        Self { place: place.to_owned(), pattern: pattern.to_owned(), cause }
    }
}

/// Patterns that are written in one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenPatterns<'a> {
    /// What says so: a flag, or a configuration.
    pub(crate) place: &'a str,
    /// The directory that they begin in, from the working directory.
    pub(crate) base: &'a Path,
    pub(crate) patterns: &'a [String],
}

/// All that is excluded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclude {
    groups: Vec<Group>,
    /// Where relative paths begin.
    directory: PathBuf,
}

/// All patterns, and the directory that they begin in.
#[derive(Clone, Debug)]
struct Group {
    patterns: Gitignore,
    base: PathBuf,
}

impl Exclude {
    /// Of the patterns of one place that match a path the last one counts.
    pub(crate) fn new(places: &[WrittenPatterns<'_>]) -> Result<Self, BadPattern> {
        let places: Vec<_> = places.iter().filter(|place| !place.patterns.is_empty()).collect();
        // The working directory is asked for only where it matters: it may be gone.
        let Some(first) = places.first() else { return Ok(Self::default()) };
        let directory = std::env::current_dir().map_err(|error: io::Error| BadPattern {
            place: first.place.to_owned(),
            pattern: first.patterns.join(" "),
            cause: format!("the working directory, in which it begins, is not known: {error}"),
        })?;
        let groups = places.into_iter().map(|place| Group::new(place, &directory)).collect::<Result<_, _>>()?;
        Ok(Self { groups, directory })
    }

    /// Where a path is. Links are not looked through.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        if self.groups.is_empty() { PathBuf::new() } else { without_dots(&self.directory.join(path)) }
    }

    /// Whether a place itself is named.
    pub(super) fn names(&self, place: &Path, is_directory: bool) -> bool {
        self.groups.iter().any(|group| group.names(&group.seen(place), is_directory))
    }

    /// Whether a file, or a directory above it, is named.
    pub(super) fn names_any_of(&self, path: &Path, is_directory: bool) -> bool {
        let place = self.place(path);
        self.groups.iter().any(|group| group.names_any_of(&place, is_directory))
    }
}

impl Group {
    fn new(place: &WrittenPatterns<'_>, directory: &Path) -> Result<Self, BadPattern> {
        let base = without_dots(&directory.join(place.base));
        let mut all = builder();
        for pattern in place.patterns {
            let bad = |error| BadPattern::new(place.place, pattern, error);
            let wrong = |cause| BadPattern { place: place.place.to_owned(), pattern: pattern.clone(), cause };
            let mut one = builder();
            one.add_line(None, pattern).map_err(bad)?;
            if one.build().map_err(bad)?.is_empty() {
                return Err(wrong("it is empty, or a comment; a name that begins with # is written \\#".to_owned()));
            }
            all.add_line(None, &plain(pattern, &base).map_err(wrong)?).map_err(bad)?;
        }
        let patterns = all.build();
        let patterns = patterns.map_err(|error| BadPattern::new(place.place, &place.patterns.join(" "), error))?;
        Ok(Self { patterns, base })
    }

    /// A place as seen from where the patterns begin.
    fn seen(&self, place: &Path) -> PathBuf {
        let mut up = PathBuf::new();
        for ancestor in self.base.ancestors() {
            if let Ok(rest) = place.strip_prefix(ancestor) {
                return up.join(rest);
            }
            up.push("..");
        }
        place.to_owned()
    }

    fn names(&self, seen: &Path, is_directory: bool) -> bool {
        let is_up = seen.components().next_back() == Some(Component::ParentDir);
        !is_up && self.patterns.matched(seen, is_directory).is_ignore()
    }

    fn names_any_of(&self, place: &Path, is_directory: bool) -> bool {
        let seen = self.seen(place);
        let mut above: Vec<_> = seen.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()).collect();
        above.reverse();
        above.into_iter().any(|above| self.names(above, true)) || self.names(&seen, is_directory)
    }
}

fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    // What git takes for a name, because its bracket is never closed, is a slip here.
    builder.allow_unclosed_class(false);
    builder
}

/// A pattern as a .gitignore wants it, from what people write who think of paths: without `.` and `..`, and from where it begins
/// if it is the whole path. Says why it is none if nothing can match.
fn plain<'a>(pattern: &'a str, base: &Path) -> Result<Cow<'a, str>, String> {
    let (not, path) = pattern.strip_prefix('!').map_or(("", pattern), |path| ("!", path));
    let inside = path.strip_prefix('/').and_then(|_| rest_of(path, base.to_str()?));
    let trimmed = inside.unwrap_or(path);
    if inside.is_none() {
        if let Some(stem) = elsewhere(path, base) {
            let base = base.display();
            return Err(format!("it begins in {base}, where there is no {stem}: write the path from there"));
        }
        if !path.split('/').any(|part| matches!(part, "." | "..")) {
            return Ok(pattern.into());
        }
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in trimmed.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if last.contains(WILD) => {
                return Err("nothing is called ..: write the path without it".to_owned());
            }
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            (part, _) => parts.push(part),
        }
    }
    if parts.last().is_none_or(|last| *last == "..") {
        let base = base.display();
        return Err(format!("it names {base} or what is above, and only what is in a folder can be left out of it"));
    }
    let end = if trimmed.ends_with('/') { "/" } else { "" };
    Ok(format!("{not}/{}{end}", parts.join("/")).into())
}

/// What of a whole path is behind a folder; nothing where it is not in it.
fn rest_of<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (folder != "/" && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

/// The names with which a path begins that is meant from the root of the file system, for there they are, and not where patterns
/// begin. One name alone, as `/tmp`, is in many roots, and many a repository.
fn elsewhere(path: &str, base: &Path) -> Option<String> {
    let names = path.strip_prefix('/')?.trim_end_matches('/').split('/');
    let stem: Vec<_> = names.take_while(|name| !name.contains(WILD)).collect();
    let is_path = stem.len() > 1 && !stem.iter().any(|name| matches!(*name, "" | "." | ".."));
    let stem = stem.join("/");
    let is_there = |folder: &Path| folder.join(&stem).symlink_metadata().is_ok();
    (is_path && !is_there(base) && is_there(Path::new("/"))).then_some(stem)
}

/// A path without `.`, and without `..` where something stands before it.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exclude(patterns: &[&str]) -> Exclude {
        let patterns: Vec<_> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let flag = WrittenPatterns { place: "--exclude", base: Path::new("/base/tree"), patterns: &patterns };
        Exclude { directory: PathBuf::from("/base/tree"), ..Exclude::new(&[flag]).unwrap() }
    }

    #[test]
    fn a_pattern_names_what_it_would_name_in_gitignore() {
        let names = |patterns: &[&str], path: &str| exclude(patterns).names_any_of(Path::new(path), false);
        assert!(names(&["old"], "a/old/b.yaml"));
        assert!(names(&["old"], "./a/../old/b.yaml"));
        assert!(!names(&["/old"], "a/old/b.yaml"));
        assert!(names(&["a/old"], "a/old/b.yaml"));
        assert!(!names(&["b.yaml/"], "a/old/b.yaml"));
        assert!(names(&["*.yaml", "!b.yaml"], "a/c.yaml"));
        assert!(!names(&["*.yaml", "!b.yaml"], "a/b.yaml"));
        assert!(!names(&["old", "!b.yaml"], "a/b.yaml"));
        // What is above is left out with all that is in it, as git has it.
        assert!(names(&["old", "!b.yaml"], "old/b.yaml"));
        assert!(names(&["**/x/*.{yml,yaml}"], "a/x/b.yml"));
    }

    #[test]
    fn what_is_elsewhere_is_named_by_its_name_only() {
        let names = |pattern: &str, path: &str| exclude(&[pattern]).names_any_of(Path::new(path), false);
        assert!(names("old", "/old/b.yaml"));
        assert!(names("b.yaml", "../../b.yaml"));
        assert!(!names("/old", "../old/b.yaml"));
        assert!(names("/old", "/base/tree/old/b.yaml"));
        assert!(!names("*", ".."));
    }

    #[test]
    fn what_a_configuration_names_begins_in_its_directory() {
        let (flags, configured) = (["old".to_owned()], ["/new".to_owned(), "!b.yaml".to_owned()]);
        let flags = WrittenPatterns { place: "--exclude", base: Path::new("/base/tree"), patterns: &flags };
        let configured =
            WrittenPatterns { place: "../.vpcguard.yaml", base: Path::new("/base"), patterns: &configured };
        let exclude = Exclude { directory: "/base/tree".into(), ..Exclude::new(&[flags, configured]).unwrap() };
        let names = |path: &str| exclude.names_any_of(Path::new(path), false);
        assert!(names("../new/a.yaml"));
        assert!(!names("new/a.yaml"));
        // What the one takes back, the other names all the same.
        assert!(names("old/b.yaml"));
    }

    #[test]
    fn a_path_is_taken_from_where_the_patterns_begin() {
        let names = |pattern: &str, path: &str| exclude(&[pattern]).names_any_of(Path::new(path), false);
        for pattern in ["./old", ".//old/", "x/../old", "old/.", "./x/.././old", "/base/tree/old", "/base/tree/./old/"]
        {
            assert!(names(pattern, "old/b.yaml"), "{pattern}");
            assert!(!names(pattern, "a/old/b.yaml"), "{pattern}");
        }
        assert!(names("./*.yaml", "b.yaml"));
        assert!(names("../other", "../other/b.yaml"));
        assert!(names("x/../../other", "/base/other/b.yaml"));
        assert!(!names("/base", "old/b.yaml"));
        let exclude = exclude(&["*.yaml", "!./b.yaml"]);
        assert!(!exclude.names_any_of(Path::new("b.yaml"), false));
        assert!(exclude.names_any_of(Path::new("a/b.yaml"), false));
        assert_eq!(plain("a//b", Path::new("/base")).unwrap(), "a//b");
    }

    #[test]
    fn what_can_match_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let error = |pattern: &str| {
            let patterns = [pattern.to_owned()];
            let place = WrittenPatterns { place: ".vpcguard.yaml", base: &base, patterns: &patterns };
            Exclude::new(&[place]).unwrap_err().to_string()
        };
        let start = |pattern: &str| format!(".vpcguard.yaml: '{pattern}' is not a pattern as in .gitignore: ");
        let whole = base.display().to_string();
        for pattern in [".", "./", "..", "../..", "a/..", "!..", &whole, &format!("{whole}/")] {
            let wanted = format!("{}it names {} or what is above, ", start(pattern), base.display());
            assert!(error(pattern).starts_with(&wanted), "{}", error(pattern));
        }
        assert_eq!(error("a*/../b"), format!("{}nothing is called ..: write the path without it", start("a*/../b")));
        let other = tempfile::tempdir().unwrap();
        let other = other.path().canonicalize().unwrap().display().to_string();
        for pattern in [other.clone(), format!("{other}/"), format!("{other}/*.yaml")] {
            let wanted = format!("{}it begins in {whole}, where there is no {}: ", start(&pattern), &other[1..]);
            assert!(error(&pattern).starts_with(&wanted), "{}", error(&pattern));
        }
        let is_taken = |pattern: &str| {
            let patterns = [pattern.to_owned()];
            Exclude::new(&[WrittenPatterns { place: "", base: &base, patterns: &patterns }]).is_ok()
        };
        assert!(is_taken("/tmp") && is_taken("/none/at/all"));
        std::fs::create_dir_all(base.join(&other[1..])).unwrap();
        assert!(is_taken(&other));
    }

    #[test]
    fn a_slip_is_an_error_that_names_the_flag() {
        for (pattern, wanted) in [
            ("[a", "unclosed character class; missing ']'"),
            ("[b-a]", "invalid range; 'b' > 'a'"),
            ("{a", "unclosed alternate group"),
            ("a}", "unopened alternate group"),
            ("a\\", "dangling '\\'"),
            ("# a", "it is empty, or a comment"),
            ("", "it is empty"),
            ("!", "it is empty"),
        ] {
            let flag = WrittenPatterns { place: "--exclude", base: Path::new(""), patterns: &[pattern.to_owned()] };
            let error = Exclude::new(&[flag]).unwrap_err().to_string();
            let start = format!("--exclude: '{pattern}' is not a pattern as in .gitignore: {wanted}");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}

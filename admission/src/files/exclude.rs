//! What `--exclude` names: patterns as .gitignore has them.

use std::io;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

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
        let mut all = builder();
        for pattern in place.patterns {
            let bad = |error| BadPattern::new(place.place, pattern, error);
            let mut one = builder();
            one.add_line(None, pattern).map_err(bad)?;
            if one.build().map_err(bad)?.is_empty() {
                let cause = "it is empty, or a comment; a name that begins with # is written \\#".to_owned();
                return Err(BadPattern { place: place.place.to_owned(), pattern: pattern.clone(), cause });
            }
            all.add_line(None, pattern).map_err(bad)?;
        }
        let patterns = all.build();
        let patterns = patterns.map_err(|error| BadPattern::new(place.place, &place.patterns.join(" "), error))?;
        Ok(Self { patterns, base: without_dots(&directory.join(place.base)) })
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

/// A path without `.`, and without `..` where something stands before it.
fn without_dots(path: &Path) -> PathBuf {
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

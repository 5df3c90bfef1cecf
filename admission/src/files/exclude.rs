//! What `--exclude` names: patterns as .gitignore has them.

use std::io;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// A pattern that names nothing.
#[derive(Debug, thiserror::Error)]
#[error("--exclude: '{pattern}' is not a pattern as in .gitignore: {cause}")]
pub(crate) struct BadPattern {
    pattern: String,
    cause: String,
}

impl BadPattern {
    fn new(pattern: &str, error: ignore::Error) -> Self {
        let cause = match error {
            ignore::Error::Glob { err, .. } => err,
            other => other.to_string(),
        };
        Self { pattern: pattern.to_owned(), cause }
    }
}

/// The patterns, and the directory that they begin in.
#[derive(Clone, Debug)]
pub(crate) struct Exclude {
    patterns: Gitignore,
    base: PathBuf,
}

impl Default for Exclude {
    fn default() -> Self {
        Self { patterns: Gitignore::empty(), base: PathBuf::new() }
    }
}

impl Exclude {
    /// Patterns that begin in the working directory. Of those that match a path the last one counts.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, BadPattern> {
        // The working directory is asked for only where it matters: it may be gone.
        if patterns.is_empty() {
            return Ok(Self::default());
        }
        let base = std::env::current_dir().map_err(|error: io::Error| BadPattern {
            pattern: patterns.join(" "),
            cause: format!("the working directory, in which it begins, is not known: {error}"),
        })?;
        let mut all = builder();
        for pattern in patterns {
            let bad = |error| BadPattern::new(pattern, error);
            let mut one = builder();
            one.add_line(None, pattern).map_err(bad)?;
            if one.build().map_err(bad)?.is_empty() {
                let cause = "it is empty, or a comment; a name that begins with # is written \\#".to_owned();
                return Err(BadPattern { pattern: pattern.clone(), cause });
            }
            all.add_line(None, pattern).map_err(bad)?;
        }
        let patterns = all.build().map_err(|error| BadPattern::new(&patterns.join(" "), error))?;
        Ok(Self { patterns, base })
    }

    /// Where a path is, as seen from where the patterns begin. Links are not looked through.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        let path = without_dots(&self.base.join(path));
        let mut up = PathBuf::new();
        for ancestor in self.base.ancestors() {
            if let Ok(rest) = path.strip_prefix(ancestor) {
                return up.join(rest);
            }
            up.push("..");
        }
        path
    }

    /// Whether a place itself is named.
    pub(super) fn names(&self, place: &Path, is_directory: bool) -> bool {
        let is_up = place.components().next_back() == Some(Component::ParentDir);
        !is_up && self.patterns.matched(place, is_directory).is_ignore()
    }

    /// Whether a file, or a directory above it, is named.
    pub(super) fn names_any_of(&self, path: &Path, is_directory: bool) -> bool {
        let place = self.place(path);
        let mut above: Vec<_> = place.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()).collect();
        above.reverse();
        above.into_iter().any(|above| self.names(above, true)) || self.names(&place, is_directory)
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
        Exclude { base: PathBuf::from("/base/work"), ..Exclude::new(&patterns).unwrap() }
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
        assert!(names("/old", "/base/work/old/b.yaml"));
        assert!(!names("*", ".."));
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
            let error = Exclude::new(&[pattern.to_owned()]).unwrap_err().to_string();
            let start = format!("--exclude: '{pattern}' is not a pattern as in .gitignore: {wanted}");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}

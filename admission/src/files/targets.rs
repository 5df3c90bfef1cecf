//! Files that are to be written, and must not be any that are read.

use std::path::{Path, PathBuf};

/// A file that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The flag that says so, as it was written.
    pub(crate) flag: String,
    pub(crate) path: PathBuf,
}

impl Target {
    /// What there is now, if it is a file, by the one path that leads there through no link. Nothing is lost of a device.
    pub(super) fn known(&self) -> Option<PathBuf> {
        known(&self.path)
    }
}

/// What is said of targets that stand for the same file as one of these that are named, a line each.
pub(crate) fn overwriting<'a>(targets: &[Target], named: impl Iterator<Item = &'a Path>) -> Vec<String> {
    let named: Vec<_> = named.filter_map(|path| Some((path, known(path)?))).collect();
    let mut lines = Vec::new();
    for target in targets {
        let there = target.known();
        if let Some((path, _)) = named.iter().find(|(_, path)| there.as_ref() == Some(path)) {
            let (flag, path) = (&target.flag, path.display());
            lines.push(format!("{flag}: {path} is read here, and would be overwritten: name another file"));
        }
    }
    lines
}

fn known(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().filter(|path| path.is_file())
}

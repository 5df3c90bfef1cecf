//! The files of the repository, and what is to be written over them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

/// Whether this is the path of a source file.
pub(super) fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// All files, by their paths from the root. What is written is kept in memory.
pub(super) struct Tree {
    root: PathBuf,
    written: BTreeMap<String, String>,
}

impl Tree {
    pub(super) fn of(root: PathBuf) -> Self {
        Self { root, written: BTreeMap::new() }
    }

    pub(super) fn read(&self, path: &str) -> Result<String> {
        match self.written.get(path) {
            Some(text) => Ok(text.clone()),
            None => fs::read_to_string(self.root.join(path)).with_context(|| format!("reading {path}")),
        }
    }

    /// Whether there is such a file or folder.
    pub(super) fn has(&self, path: &str) -> bool {
        self.written.contains_key(path) || self.root.join(path).exists()
    }

    /// A file that is not there yet.
    pub(super) fn create(&mut self, path: &str, text: String) -> Result<()> {
        ensure!(!self.has(path), "{path} is there already");
        self.written.insert(path.to_owned(), text);
        Ok(())
    }

    /// A file that is there, with something added.
    pub(super) fn edit(&mut self, path: &str, add: impl FnOnce(&str) -> Result<String>) -> Result<()> {
        let text = self.read(path)?;
        let added = add(&text).with_context(|| format!("adding to {path}"))?;
        if added != text {
            self.written.insert(path.to_owned(), added);
        }
        Ok(())
    }

    /// What is to be written.
    pub(super) fn written(&self) -> &BTreeMap<String, String> {
        &self.written
    }

    /// Formats what is Rust, for how long a name is decides where a line is broken.
    pub(super) fn format(&mut self, shell: &Shell) -> Result<()> {
        let root = &self.root;
        for (path, text) in self.written.iter_mut().filter(|(path, _)| is_rust(path)) {
            let formatted = cmd!(shell, "rustfmt --edition 2024 --config-path {root}").quiet().stdin(&*text).read();
            *text = formatted.with_context(|| format!("formatting {path}"))? + "\n";
        }
        Ok(())
    }
}

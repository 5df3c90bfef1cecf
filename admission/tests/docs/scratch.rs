//! The folder that a reader of a page is in, with the programs that the page names.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::block::Use;
use super::help::BINARY;
use super::page::{pages, root};
use super::tools;

/// What of the repository a reader has who has cloned it.
const CLONED: &[&str] = &["examples", "charts", "wasm/kubewarden"];

/// What a reader is taken to have of one's own. The pages say no more of it than these names.
const OWN: &str = "admission/tests/docs/reader";

/// See the module. It is gone when this is dropped.
pub(crate) struct Scratch {
    folder: TempDir,
    path: String,
    env: Vec<(String, PathBuf)>,
}

impl Scratch {
    /// A new one.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["bin", "home", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let path = format!("{}:{}", folder.path().join("bin").display(), env::var("PATH").unwrap());
        let scratch = Self { folder, path, env: Vec::new() };
        let work = scratch.work();
        for name in CLONED {
            copy(&root().join(name), &work.join(name));
        }
        copy(&root().join(OWN), &work);
        // The manifests and the cluster of a reader are those of the example, and the settings those of the manual.
        let example = work.join("examples/two-tenants");
        copy(&example, &work.join("manifests"));
        fs::write(work.join("cluster.yaml"), joined(&example)).unwrap();
        fs::write(work.join("settings.yaml"), settings()).unwrap();
        scratch.install();
        scratch.commit();
        scratch
    }

    /// The folder that commands run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A folder for what is not the reader's.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Sets a variable for all commands.
    pub(crate) fn set(&mut self, name: &str, value: PathBuf) {
        self.env.push((name.to_owned(), value));
    }

    /// The programs of a script that are not there.
    pub(crate) fn missing(&self, commands: &[Vec<String>]) -> Vec<String> {
        // A machine's own npx would fetch what was released.
        let is_missing = |program: &&String| {
            tools::which(program, &self.path).is_none() || (*program == "npx" && !tools::package().is_dir())
        };
        commands.iter().map(|command| &command[0]).filter(is_missing).cloned().collect()
    }

    /// A shell in this folder, with nothing of the machine's own configuration.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", script]).current_dir(self.work());
        shell.env("PATH", &self.path).env("HOME", self.folder.path().join("home"));
        for name in ["KUBECONFIG", "CLICOLOR_FORCE", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "RUST_LOG"] {
            shell.env_remove(name);
        }
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("HELM_") || name.starts_with("XDG_")) {
            shell.env_remove(name);
        }
        shell.envs(self.env.iter().map(|(name, value)| (name, value)));
        shell
    }

    /// What a script says and how it ends, with standard error in its place, as at a terminal.
    pub(crate) fn run(&self, script: &str) -> (String, Option<i32>) {
        let Output { stdout, status, .. } = self.shell(&format!("exec 2>&1\n{script}")).output().unwrap();
        (String::from_utf8(stdout).unwrap(), status.code())
    }

    /// Puts the programs first on the path that a page takes for installed.
    fn install(&self) {
        let bin = self.folder.path().join("bin");
        symlink(BINARY, bin.join("vpcguard")).unwrap();
        // cargo would build what is under test already.
        write_program(&bin.join("cargo"), "[ \"$1 $2 $3\" = 'run --release --' ] && shift 3 && exec vpcguard \"$@\"");
        for (name, file) in [("helm", tools::helm()), ("kubectl", tools::control_plane().join("kubectl"))] {
            if file.is_file() {
                symlink(file, bin.join(name)).unwrap();
            }
        }
        let (program, version) = (tools::package().join("bin/vpcguard-check.js"), env!("CARGO_PKG_VERSION"));
        let named = format!("{{ [ \"$2\" = --package=vpcguard ] || [ \"$2\" = --package=vpcguard@{version} ]; }}");
        let npx = format!("[ \"$1 $3 $4\" = '--yes -- vpcguard-check' ] && {named} && shift 4");
        write_program(&bin.join("npx"), &format!("{npx} && exec node '{}' \"$@\"", program.display()));
    }

    /// Makes a repository of git of it, with a branch that was fetched.
    fn commit(&self) {
        let script = "git init --quiet && git add . && git -c user.name=reader -c user.email=reader@example.org \
             commit --quiet --message start && git update-ref refs/remotes/origin/main HEAD";
        let commands = [vec!["git".to_owned()]];
        if self.missing(&commands).is_empty() {
            let (said, code) = self.run(script);
            assert_eq!(code, Some(0), "{said}");
        }
    }
}

fn write_program(path: &Path, script: &str) {
    fs::write(path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The files of a folder as one.
fn joined(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().join("\n---\n")
}

/// The settings that the manual shows.
fn settings() -> String {
    let pages = pages();
    let page = pages.iter().find(|page| page.path == Path::new("docs/settings.md")).unwrap();
    page.blocks.iter().find(|block| block.usage == Use::Yaml).unwrap().text.clone()
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

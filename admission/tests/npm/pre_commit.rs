//! .pre-commit-hooks.yaml, by pre-commit itself, with the package in place of the registry's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::package::{found, root, success, tarball};

/// pre-commit: that of `cargo xtask test`, or one that is installed.
fn pre_commit() -> Option<PathBuf> {
    let own = root().join("target/pre-commit/bin/pre-commit");
    let program = if own.is_file() { own } else { PathBuf::from("pre-commit") };
    let is_there = Command::new(&program).arg("--version").output().is_ok();
    found(is_there, "pre-commit is missing: run `cargo xtask test`, or `pip install pre-commit`").then_some(program)
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]).args(arguments);
    success(git.current_dir(folder));
}

/// The hook, with the package in place of the registry's; none where something is missing, which is said.
pub(crate) struct Hook {
    program: PathBuf,
    temporary: TempDir,
}

impl Hook {
    pub(crate) fn new() -> Option<Self> {
        let (tarball, program) = (tarball()?, pre_commit()?);
        let temporary = tempfile::tempdir().unwrap();
        let hooks = temporary.path().join("hooks");
        fs::create_dir(&hooks).unwrap();
        git(&hooks, &["init", "--quiet"]);
        let entry = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
        let published = format!("vpcguard@{}", env!("CARGO_PKG_VERSION"));
        fs::write(hooks.join(".pre-commit-hooks.yaml"), entry.replace(&published, tarball.to_str().unwrap())).unwrap();
        git(&hooks, &["add", "."]);
        git(&hooks, &["commit", "--quiet", "--message", "hooks"]);
        Some(Self { program, temporary })
    }

    /// Whether it lets a repository pass, and what it says.
    pub(crate) fn run(&self, project: &Path) -> (bool, String) {
        git(project, &["add", "."]);
        let mut pre_commit = Command::new(&self.program);
        pre_commit.args(["try-repo", "--all-files"]).arg(self.temporary.path().join("hooks")).arg("vpcguard-check");
        pre_commit.current_dir(project).env("PRE_COMMIT_HOME", self.temporary.path().join("home"));
        let output = pre_commit.env("npm_config_cache", self.temporary.path().join("cache")).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }
}

#[test]
fn the_hook_refuses_what_the_check_refuses() {
    let Some(hook) = Hook::new() else { return };
    let project = tempfile::tempdir().unwrap();
    git(project.path(), &["init", "--quiet"]);
    let run = |manifest: &str| {
        fs::copy(root().join("examples").join(manifest), project.path().join("a.yaml")).unwrap();
        hook.run(project.path())
    };
    let (passed, log) = run("broken/subnet-cidr-without-length.yaml");
    assert!(!passed && log.contains("error[subnet-syntax]"), "{log}");
    let (passed, log) = run("guide-fixed/01-vpcs.yaml");
    assert!(passed, "{log}");
}

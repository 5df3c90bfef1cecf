//! .pre-commit-hooks.yaml, by pre-commit itself, with the package in place of the registry's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

#[test]
fn the_hook_refuses_what_the_check_refuses() {
    let (Some(tarball), Some(pre_commit)) = (tarball(), pre_commit()) else { return };
    let temporary = tempfile::tempdir().unwrap();
    let (hooks, project) = (temporary.path().join("hooks"), temporary.path().join("project"));
    for folder in [&hooks, &project] {
        fs::create_dir(folder).unwrap();
        git(folder, &["init", "--quiet"]);
    }
    let entry = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let published = format!("vpcguard@{}", env!("CARGO_PKG_VERSION"));
    fs::write(hooks.join(".pre-commit-hooks.yaml"), entry.replace(&published, tarball.to_str().unwrap())).unwrap();
    git(&hooks, &["add", "."]);
    git(&hooks, &["commit", "--quiet", "--message", "hooks"]);
    let run = |manifest: &str| {
        fs::copy(root().join("examples").join(manifest), project.join("a.yaml")).unwrap();
        git(&project, &["add", "."]);
        let mut pre_commit = Command::new(&pre_commit);
        pre_commit.args(["try-repo", "--all-files"]).arg(&hooks).arg("vpcguard-check").current_dir(&project);
        pre_commit.env("PRE_COMMIT_HOME", temporary.path().join("home"));
        let output = pre_commit.env("npm_config_cache", temporary.path().join("cache")).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (passed, log) = run("broken/subnet-cidr-without-length.yaml");
    assert!(!passed && log.contains("error[subnet-syntax]"), "{log}");
    let (passed, log) = run("guide-fixed/01-vpcs.yaml");
    assert!(passed, "{log}");
}

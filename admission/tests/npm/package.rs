//! The package as `cargo xtask npm` has built it, and the tools that run it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The unpacked package; none where it was not built, which is said.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = root().join("target/npm/package");
    found(folder.join("package.json").is_file(), "target/npm is missing: run `cargo xtask npm`").then_some(folder)
}

/// The packed package.
pub(crate) fn tarball() -> Option<PathBuf> {
    let tarball = root().join(format!("target/npm/vpcguard-{}.tgz", env!("CARGO_PKG_VERSION")));
    found(tarball.is_file(), "target/npm is missing: run `cargo xtask npm`").then_some(tarball)
}

/// The folder with what tests/npm/package-lock.json names.
pub(crate) fn tools() -> Option<PathBuf> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let folder = root().join("tests/npm");
    let is_installed = *INSTALLED.get_or_init(|| {
        let lock = |path: &str| std::fs::metadata(folder.join(path)).and_then(|file| file.modified()).ok();
        // npm writes this file last.
        if lock("node_modules/.package-lock.json") >= lock("package-lock.json") {
            return true;
        }
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output();
        npm.is_ok_and(|npm| npm.status.success())
    });
    found(is_installed, "the tools of tests/npm are missing: run `npm ci --ignore-scripts` there").then_some(folder)
}

/// What is missing on a machine of one's own is said; `CI=true` makes an error of it.
pub(crate) fn found(is_there: bool, remedy: &str) -> bool {
    if !is_there {
        assert!(!env::var("CI").is_ok_and(|ci| ci == "true"), "{remedy}");
        eprintln!("skipped: {remedy}");
    }
    is_there
}

/// Node, with a script of tests/npm.
pub(crate) fn script(name: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(root().join("tests/npm").join(name));
    node
}

/// What a command says that must succeed.
pub(crate) fn success(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr).into_owned());
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout
}

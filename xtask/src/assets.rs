//! `cargo xtask assets`: etcd, kube-apiserver and kubectl, for the tests that need a real control plane.
//!
//! They are built from the modules that tests/go/cluster/go.mod names, so that every machine tests with the same
//! versions, and go.sum vouches for their sources.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::root;

/// The module that names the versions.
const MODULE: &str = "tests/go/cluster";

/// The binaries, and the packages that they are built from.
const BINARIES: &[(&str, &str)] = &[
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
];

/// A copy of the go.mod that the binaries were built from.
const STAMP: &str = "go.mod";

pub(crate) fn run(shell: &Shell) -> Result<()> {
    println!("{}", find_or_build(shell)?.display());
    Ok(())
}

/// The directory of the binaries: the one of `KUBEBUILDER_ASSETS` if it has them, else target/assets.
pub(crate) fn find_or_build(shell: &Shell) -> Result<PathBuf> {
    if let Some(given) = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) {
        // kubectl may be missing: the tests then take the one in PATH.
        if given.join("etcd").is_file() && given.join("kube-apiserver").is_file() {
            // The tests do not run in the directory from which this is relative.
            return Ok(given.canonicalize()?);
        }
        eprintln!("KUBEBUILDER_ASSETS={} lacks etcd or kube-apiserver, so they are built", given.display());
    }
    let root = root().canonicalize()?;
    // Not CARGO_TARGET_DIR: the tests look here.
    let assets = root.join("target/assets");
    build(shell, &root.join(MODULE), &assets)?;
    Ok(assets)
}

fn build(shell: &Shell, module: &Path, assets: &Path) -> Result<()> {
    let go_mod = shell.read_file(module.join("go.mod"))?;
    let stamp = assets.join(STAMP);
    let current = shell.read_file(&stamp).is_ok_and(|stamp| stamp == go_mod);
    if current && BINARIES.iter().all(|(binary, _)| assets.join(binary).is_file()) {
        return Ok(());
    }
    cmd!(shell, "go version").quiet().ignore_stdout().ignore_stderr().run().context(
        "Go is missing: install version 1.21 or later from https://go.dev/dl (it fetches the one that \
         tests/go/cluster/go.mod names), or set KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver",
    )?;
    let version = kubernetes_version(&go_mod)?;
    // Binaries of other versions must not be taken for these when the build fails halfway.
    shell.remove_path(assets)?;
    shell.create_dir(assets)?;
    let _module = shell.push_dir(module);
    let ldflags = format!("-s -w -X k8s.io/component-base/version.gitVersion={version}");
    for (binary, package) in BINARIES {
        let output = assets.join(binary);
        cmd!(shell, "go build -trimpath -ldflags {ldflags} -o {output} {package}").env("CGO_ENABLED", "0").run()?;
    }
    shell.write_file(&stamp, go_mod)?;
    Ok(())
}

/// The version of Kubernetes in a go.mod. A binary built from a module does not know its own.
fn kubernetes_version(go_mod: &str) -> Result<&str> {
    let required = go_mod.lines().find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "));
    let version = required.and_then(|rest| rest.split_whitespace().next());
    version.context("tests/go/cluster/go.mod requires no k8s.io/kubernetes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_requirement() {
        let go_mod = "tool k8s.io/kubernetes/cmd/kubectl\nrequire (\n\tk8s.io/kubernetes v1.2.3 // indirect\n)\n";
        assert_eq!(kubernetes_version(go_mod).unwrap(), "v1.2.3");
        assert!(kubernetes_version("module m").is_err());
    }
}

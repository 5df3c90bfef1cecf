//! etcd, kube-apiserver and kubectl, for the tests that need a real control plane.
//!
//! They are built from the modules that tests/go/cluster/go.mod names.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Result;
use xshell::Shell;

use crate::{go, root};

/// The module that names the versions.
const MODULE: &str = "tests/go/cluster";

/// The binaries, and the packages that they are built from.
const BINARIES: &[(&str, &str)] = &[
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
];

/// Finds or builds them, and tells the tests where they are.
pub(crate) fn set_up(shell: &Shell) -> Result<Vec<PathBuf>> {
    let assets = find_or_build(shell)?;
    shell.set_var("KUBEBUILDER_ASSETS", &assets);
    Ok(vec![assets])
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
    let has_all = BINARIES.iter().all(|(binary, _)| assets.join(binary).is_file());
    let otherwise = "set KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver";
    go::make(shell, assets, &go_mod, has_all, otherwise, || {
        let version = go::required(&go_mod, "k8s.io/kubernetes")?;
        let ldflags = format!("-s -w -X k8s.io/component-base/version.gitVersion={version}");
        let _module = shell.push_dir(module);
        BINARIES.iter().try_for_each(|(binary, package)| go::build(shell, package, &ldflags, &assets.join(binary)))
    })
}

//! Programs that pages name.

use std::env;
use std::path::{Path, PathBuf};

use super::page::root;

/// What is missing on a machine of one's own is said; `CI=true` makes an error of it.
pub(crate) fn found(is_there: bool, remedy: &str) -> bool {
    if !is_there {
        assert!(!env::var("CI").is_ok_and(|ci| ci == "true"), "{remedy}");
        eprintln!("skipped: {remedy}");
    }
    is_there
}

/// Where `cargo xtask` builds programs, unless a variable says otherwise.
fn built(variable: &str, folder: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| root().join("target").join(folder), PathBuf::from)
}

/// Helm 3.
pub(crate) fn helm() -> PathBuf {
    built("VPCGUARD_HELM", "helm").join("helm3")
}

/// The folder of etcd, kube-apiserver and kubectl.
pub(crate) fn control_plane() -> PathBuf {
    built("KUBEBUILDER_ASSETS", "assets")
}

/// The npm package.
pub(crate) fn package() -> PathBuf {
    root().join("target/npm/package")
}

/// Where a program is, in these folders.
pub(crate) fn which(program: &str, path: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|file| Path::is_file(file))
}

/// How to get a program that is missing.
pub(crate) fn remedy(program: &str) -> String {
    let how = match program {
        "helm" => "run `cargo xtask chart`, which builds it",
        "kubectl" => "run `cargo xtask assets`, which builds it",
        "npx" => "install Node, and run `cargo xtask npm`",
        _ => "install it",
    };
    format!("there is no {program}: {how}")
}

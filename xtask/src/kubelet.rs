//! The stand-in for the kubelet, for the tests that ask Kube-OVN itself what it does to a NAT gateway.

use std::path::PathBuf;

use anyhow::Result;
use xshell::Shell;

use crate::{go, root};

const MODULE: &str = "tests/go/kubelet";

/// Builds it from tests/go/kubelet unless that was done, and says where it is.
pub(crate) fn set_up(shell: &Shell) -> Result<Vec<PathBuf>> {
    let root = root().canonicalize()?;
    // Not CARGO_TARGET_DIR: the tests look here.
    let (module, folder) = (root.join(MODULE), root.join("target/kubelet"));
    let binary = folder.join("kubelet-stand-in");
    let from = shell.read_file(module.join("go.mod"))? + &shell.read_file(module.join("main.go"))?;
    go::make(shell, &folder, &from, binary.is_file(), "do without the tests of Kube-OVN itself", || {
        let _module = shell.push_dir(&module);
        go::build(shell, ".", "-s -w", &binary)
    })?;
    Ok(vec![binary])
}

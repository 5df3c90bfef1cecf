//! Kube-OVN's controller and its definitions of kinds, for the tests that ask Kube-OVN itself.
//!
//! Both are of the version that tests/go/kube-ovn/go.mod names.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use xshell::Shell;

use crate::{go, machine, root};

/// The module that names the version, and the one that it names.
const MODULE: &str = "tests/go/kube-ovn";
const KUBE_OVN: &str = "github.com/kubeovn/kube-ovn";

/// The controller asks for the name by which it was called which of Kube-OVN's programs it is.
const CONTROLLER: &str = "kube-ovn-controller";

const CRDS: &str = "charts/kube-ovn/templates/kube-ovn-crd.yaml";

/// Finds or makes them, tells the tests of those that are not in target/kube-ovn, and says where they are.
pub(crate) fn set_up(shell: &Shell) -> Result<Vec<PathBuf>> {
    let given_controller = machine::given(shell, "KUBE_OVN_CONTROLLER")?;
    if let Some(given) = &given_controller {
        ensure!(
            given.file_name().is_some_and(|name| name == CONTROLLER),
            "KUBE_OVN_CONTROLLER={} must be called {CONTROLLER}: by its name it knows which program it is",
            given.display()
        );
    }
    let given_crds = machine::given(shell, "KUBE_OVN_CRDS")?;
    let root = root().canonicalize()?;
    // Not CARGO_TARGET_DIR: the tests look here.
    let (module, folder) = (root.join(MODULE), root.join("target/kube-ovn"));
    let (controller, crds) = (folder.join(CONTROLLER), folder.join("crds.yaml"));
    if given_controller.is_none() || given_crds.is_none() {
        let go_mod = shell.read_file(module.join("go.mod"))?;
        let has_controller = given_controller.is_some() || controller.is_file();
        let has_crds = given_crds.is_some() || crds.is_file();
        let otherwise = "set KUBE_OVN_CONTROLLER to a kube-ovn-controller, and KUBE_OVN_CRDS to a file with its kinds";
        go::make(shell, &folder, &go_mod, has_controller && has_crds, otherwise, || {
            let _module = shell.push_dir(&module);
            let definitions = shell.read_file(go::sources(shell, KUBE_OVN)?.join(CRDS))?;
            ensure!(!definitions.contains("{{"), "{CRDS} has become a template, which the tests cannot read");
            shell.write_file(&crds, definitions)?;
            if given_controller.is_some() {
                return Ok(());
            }
            // So that it says of itself which version it is.
            let version = go::required(&go_mod, KUBE_OVN)?;
            let ldflags = format!("-s -w -X {KUBE_OVN}/versions.VERSION={version}");
            go::build(shell, &format!("{KUBE_OVN}/cmd/controller"), &ldflags, &controller)
        })?;
    }
    Ok(vec![given_controller.unwrap_or(controller), given_crds.unwrap_or(crds)])
}

//! `cargo xtask chart`: what of the chart is made from the program, and its tests with Helm 3, Helm 4 and a real API server.
//!
//! Both versions of Helm are built from the modules that tests/go/helm/go.mod names, as the control plane is, and definitions of
//! others' kinds are copied out of those of tests/go/crds/go.mod.

use std::env;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{assets, go, root};

/// The module that names the versions of Helm, and the one of the definitions.
const MODULE: &str = "tests/go/helm";
const CRDS_MODULE: &str = "tests/go/crds";

/// Definitions of kinds that the chart has objects of: modules, and files in them.
const CRDS: &[(&str, &str)] = &[
    ("github.com/cert-manager/cert-manager", "deploy/crds/cert-manager.io_certificates.yaml"),
    ("github.com/cert-manager/cert-manager", "deploy/crds/cert-manager.io_issuers.yaml"),
    (
        "github.com/prometheus-operator/prometheus-operator",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
];

/// The binaries, and the major versions of the module that they are built from.
const BINARIES: &[(&str, &str)] = &[("helm3", "v3"), ("helm4", "v4")];

/// Tests the chart, or writes what is made from the program.
pub(crate) fn run(shell: &Shell, write: bool) -> Result<()> {
    let tests = if write { "current::what_is_made_is_current" } else { "" };
    if write {
        shell.set_var("VPCGUARD_WRITE_CHART", "1");
    } else {
        shell.set_var("KUBEBUILDER_ASSETS", assets::find_or_build(shell)?);
        shell.set_var("VPCGUARD_HELM", find_or_build_helm(shell)?);
    }
    cmd!(shell, "cargo test --workspace --test chart --locked -- {tests}").run()?;
    Ok(())
}

/// The directory of both versions of Helm and of the definitions: the one of `VPCGUARD_HELM` if it has them, else target/helm.
pub(crate) fn find_or_build_helm(shell: &Shell) -> Result<PathBuf> {
    if let Some(given) = env::var_os("VPCGUARD_HELM").map(PathBuf::from).filter(|given| has_all(given)) {
        return Ok(given.canonicalize()?);
    }
    let root = root().canonicalize()?;
    // Not CARGO_TARGET_DIR: the tests look here.
    let (module, helm) = (root.join(MODULE), root.join("target/helm"));
    let go_mod = shell.read_file(module.join("go.mod"))?;
    let from = go_mod.clone() + &shell.read_file(root.join(CRDS_MODULE).join("go.mod"))?;
    let otherwise = "set VPCGUARD_HELM to a directory with helm3, helm4 and crds";
    go::make(shell, &helm, &from, has_all(&helm), otherwise, || {
        copy_crds(shell, &root.join(CRDS_MODULE), &helm.join("crds"))?;
        let _module = shell.push_dir(&module);
        BINARIES.iter().try_for_each(|(binary, major)| {
            let package = format!("helm.sh/helm/{major}/cmd/helm");
            go::build(shell, &package, &ldflags(&go_mod, major)?, &helm.join(binary))
        })
    })?;
    Ok(helm)
}

fn has_all(directory: &Path) -> bool {
    BINARIES.iter().all(|(binary, _)| directory.join(binary).is_file()) && directory.join("crds").is_dir()
}

/// Copies the definitions.
fn copy_crds(shell: &Shell, module: &Path, crds: &Path) -> Result<()> {
    let _module = shell.push_dir(module);
    for (module, file) in CRDS {
        let file = go::sources(shell, module)?.join(file);
        let name = file.file_name().context("a path without a file")?;
        shell.write_file(crds.join(name), shell.read_file(&file)?)?;
    }
    Ok(())
}

/// A binary built from a module knows neither its own version nor, in Helm 3, the one of Kubernetes.
fn ldflags(go_mod: &str, major: &str) -> Result<String> {
    let helm = format!("helm.sh/helm/{major}");
    let version = go::required(go_mod, &helm)?;
    let mut flags = format!("-s -w -X {helm}/internal/version.version={version}");
    if major == "v3" {
        let minor =
            go::required(go_mod, "k8s.io/client-go")?.split('.').nth(1).context("a version without a minor one")?;
        for package in ["pkg/lint/rules", "pkg/chartutil"] {
            write!(flags, " -X {helm}/{package}.k8sVersionMajor=1 -X {helm}/{package}.k8sVersionMinor={minor}")?;
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_those_of_the_requirements() {
        let go_mod = "tool helm.sh/helm/v3/cmd/helm\nrequire (\n\thelm.sh/helm/v3 v3.2.1 // indirect\n\tk8s.io/client-go v0.37.1\n)\n";
        let flags = ldflags(go_mod, "v3").unwrap();
        assert!(flags.contains("v3/internal/version.version=v3.2.1 "), "{flags}");
        assert!(
            flags.ends_with("chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37"),
            "{flags}"
        );
        assert!(ldflags(go_mod, "v4").is_err());
    }
}

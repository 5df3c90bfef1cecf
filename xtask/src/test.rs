//! `cargo xtask test` and `cargo xtask bench`.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{assets, chart, machine, npm, wasm};

pub(crate) fn run(shell: &Shell) -> Result<()> {
    // Tests run the policies and the npm package, so they are built first.
    wasm::run(shell, false)?;
    npm::run(shell)?;
    npm::install_tools(shell)?;
    set_up_control_plane(shell)?;
    set_up_helm(shell)?;
    // The tests of tests/ start the binary, so it is built first, and for all packages at once: features unite.
    cmd!(shell, "cargo build --workspace --all-targets --locked").run()?;
    cmd!(shell, "cargo test --workspace --locked").run()?;
    Ok(())
}

/// Tells the tests where the binaries of a control plane are. Who has no Go can still run all other tests; CI runs all.
fn set_up_control_plane(shell: &Shell) -> Result<()> {
    let found = assets::find_or_build(shell);
    if let Some(assets) = machine::optional(found, "control plane", "cluster tests are skipped")? {
        shell.set_var("KUBEBUILDER_ASSETS", assets);
    }
    Ok(())
}

/// Tells the tests where both versions of Helm are.
fn set_up_helm(shell: &Shell) -> Result<()> {
    let found = chart::find_or_build_helm(shell);
    if let Some(helm) = machine::optional(found, "Helm", "tests of the chart are skipped")? {
        shell.set_var("VPCGUARD_HELM", helm);
    }
    Ok(())
}

/// Prints what the Kubewarden policies cost. The policy server's engine is compiled for it, which takes some minutes.
pub(crate) fn bench_kubewarden(shell: &Shell) -> Result<()> {
    wasm::run(shell, false)?;
    cmd!(shell, "cargo bench --package vpcguard-host --locked").run()?;
    Ok(())
}

pub(crate) fn bench(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo bench --package vpcguard-policies --package vpcguard-check --locked").run()?;
    npm::bench(shell)
}

//! `cargo xtask bench-startup` and `cargo xtask record-reviews`: tests of a cluster that do something besides.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::assets;

pub(crate) fn bench_startup(shell: &Shell) -> Result<()> {
    shell.set_var("KUBEBUILDER_ASSETS", assets::find_or_build(shell)?);
    cmd!(
        shell,
        "cargo test --release --package vpcguard --test cluster --locked -- startup::startup --ignored --nocapture"
    )
    .run()?;
    Ok(())
}

pub(crate) fn record_reviews(shell: &Shell) -> Result<()> {
    shell.set_var("KUBEBUILDER_ASSETS", assets::find_or_build(shell)?);
    shell.set_var("VPCGUARD_RECORD_REVIEWS", "1");
    cmd!(shell, "cargo test --workspace --test cluster --locked -- recorded::").run()?;
    Ok(())
}

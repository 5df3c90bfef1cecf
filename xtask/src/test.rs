//! `cargo xtask test` and `cargo xtask bench`.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::wasm;

pub(crate) fn run(shell: &Shell) -> Result<()> {
    wasm::run(shell)?;
    // The tests of tests/ start the binary, so it is built first, and for all packages at once: features unite.
    cmd!(shell, "cargo build --workspace --all-targets --locked").run()?;
    cmd!(shell, "cargo test --workspace --locked").run()?;
    Ok(())
}

pub(crate) fn bench(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo bench --package vpcguard-policies --package vpcguard-check --locked").run()?;
    Ok(())
}

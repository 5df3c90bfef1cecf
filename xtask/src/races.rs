//! `cargo xtask races`, `rotation` and `bench-cluster`: what takes a real API server, and too long for every change.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::assets;

/// Those that go on for as many rounds as they are told.
const RACES: &[&str] = &["races::", "ledger::a_list_that_has_grown_is_never_too_late"];

/// Certificates that are replaced under load, as often as they are told.
const ROTATIONS: &[&str] = &["rotation::"];

/// Those that measure.
const BENCHES: &[&str] = &["throughput::what_a_burst_costs", "--ignored"];

pub(crate) fn run(shell: &Shell, rounds: usize) -> Result<()> {
    shell.set_var("VPCGUARD_ROUNDS", rounds.to_string());
    cluster_tests(shell, RACES)
}

pub(crate) fn rotation(shell: &Shell, rounds: usize) -> Result<()> {
    shell.set_var("VPCGUARD_ROUNDS", rounds.to_string());
    cluster_tests(shell, ROTATIONS)
}

pub(crate) fn bench(shell: &Shell) -> Result<()> {
    cluster_tests(shell, BENCHES)
}

/// Runs tests of a cluster one after the other, with all that they print.
fn cluster_tests(shell: &Shell, args: &[&str]) -> Result<()> {
    shell.set_var("KUBEBUILDER_ASSETS", assets::find_or_build(shell)?);
    cmd!(
        shell,
        "cargo test --release --package vpcguard --test cluster --locked
         -- {args...} --nocapture --test-threads=1"
    )
    .run()?;
    Ok(())
}

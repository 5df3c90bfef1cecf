//! `cargo xtask races`, `rotation` and `bench-cluster`: what takes a real API server, and too long for every change.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::assets;

/// Those that go on for as many rounds as they are told.
const RACES: &[&str] = &["races::", "ledger::a_list_that_has_grown_is_never_too_late"];

/// Of these, what the last release knows as well: prefixes and lanIps.
const SIDE_BY_SIDE: &[&str] = &[
    "races::races_between",
    "races::races_while_a_replica",
    "races_for_a_lan_ip",
    "--skip=in_the_shared_ledger_alone",
];

/// Certificates that are replaced under load, as often as they are told.
const ROTATIONS: &[&str] = &["rotation::"];

/// Those that measure.
const BENCHES: &[&str] = &["throughput::what_a_burst_costs", "--ignored"];

pub(crate) fn run(shell: &Shell, rounds: usize) -> Result<()> {
    shell.set_var("VPCGUARD_ROUNDS", rounds.to_string());
    cluster_tests(shell, RACES)
}

/// The same, where the second of three replicas is of another version: a commit, or `last` for the newest tag.
pub(crate) fn side_by_side(shell: &Shell, rounds: usize, version: &str) -> Result<()> {
    let tag = || cmd!(shell, "git describe --tags --abbrev=0").quiet().read();
    let version = match version {
        "last" => tag().context("there is no tag yet: name a commit, --with-release COMMIT")?,
        commit => commit.to_owned(),
    };
    let object = format!("{version}^{{commit}}");
    let commit = cmd!(shell, "git rev-parse --verify {object}").read()?;
    let tree = shell.current_dir().join("target/last-release");
    if !tree.exists() {
        cmd!(shell, "git worktree add --detach {tree} {commit}").run()?;
    }
    {
        let _there = shell.push_dir(&tree);
        cmd!(shell, "git checkout --quiet --detach {commit}").run()?;
        cmd!(shell, "cargo build --release --package vpcguard --bin vpcguard --locked").run()?;
    }
    shell.set_var("VPCGUARD_ROUNDS", rounds.to_string());
    shell.set_var("VPCGUARD_LAST_RELEASE", tree.join("target/release/vpcguard"));
    cluster_tests(shell, SIDE_BY_SIDE)
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

//! `cargo xtask test`, `cargo xtask quick` and `cargo xtask bench`.

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::parts::PARTS;
use crate::times::Times;
use crate::{chart, machine, npm, wasm};

/// Sets up what tests need, runs them all, and prints how long each step took.
pub(crate) fn run(shell: &Shell) -> Result<()> {
    let mut times = Times::default();
    let done = steps(shell, &mut times);
    eprint!("{times}");
    done
}

fn steps(shell: &Shell, times: &mut Times) -> Result<()> {
    // Tests run the policies and the npm package, so they are built first.
    times.step("wasm", || wasm::run(shell, false))?;
    times.step("npm", || npm::run(shell))?;
    times.step("npm tools", || npm::install_tools(shell))?;
    for part in PARTS {
        times.step(part.name, || part.set_up_or_skip(shell))?;
    }
    times.step("helm", || set_up_helm(shell))?;
    // The tests of tests/ start the binary, so it is built first, and for all packages at once: features unite.
    times.step("build", || cmd!(shell, "cargo test --workspace --locked --no-run").run())?;
    times.step("test", || cmd!(shell, "cargo test --workspace --locked").run())?;
    times.step("bounds", || count_bounds(shell))?;
    Ok(())
}

/// Runs what a rule can break beside itself: its own tests, the corpus, what is said of it, and what is made from it.
pub(crate) fn quick(shell: &Shell) -> Result<()> {
    const OF_THE_TABLE: &[&str] = &["corpus_library", "table", "asks", "reads", "fields", "floors", "spans"];
    let tests = OF_THE_TABLE.iter().flat_map(|test| ["--test", test]);
    cmd!(shell, "cargo test --quiet --package vpcguard-policies --lib --locked").run()?;
    cmd!(shell, "cargo test --quiet --workspace --locked {tests...}").run()?;
    // Of these the parts that start nothing. All packages at once, or each would be built with features of its own.
    let made = ["rules::", "links::", "current::", "docs::"];
    cmd!(shell, "cargo test --quiet --workspace --locked --test docs --test chart --bin xtask -- {made...}").run()?;
    Ok(())
}

/// Counts, in short, what a request may cost at most.
fn count_bounds(shell: &Shell) -> Result<()> {
    let found = find_or_install_valgrind(shell);
    if machine::optional(found, "Valgrind", "the bounds on work are not counted")?.is_some() {
        cmd!(shell, "cargo bench --package vpcguard-policies --bench bounds --locked -- --short").run()?;
    }
    Ok(())
}

/// Sees that instructions can be counted. CI gets what counts them.
fn find_or_install_valgrind(shell: &Shell) -> Result<()> {
    const REMEDY: &str = "install Debian's package valgrind";
    if machine::has(shell, "valgrind") {
        return Ok(());
    }
    ensure!(machine::is_ci(), REMEDY);
    machine::install(shell, &["valgrind"]).context(REMEDY)
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

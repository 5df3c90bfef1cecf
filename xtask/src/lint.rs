//! `cargo xtask lint`: format, lints, dependencies.

use anyhow::Result;
use xshell::{Shell, cmd};

/// Tools that are not part of the toolchain, with the version that is installed where there is none.
const CARGO_DENY: &str = "0.20.2";

pub(crate) fn run(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(shell, "cargo clippy --workspace --all-targets --locked -- --deny warnings").run()?;
    shell.set_var("RUSTDOCFLAGS", "--deny warnings");
    cmd!(shell, "cargo doc --workspace --no-deps --locked --document-private-items").run()?;
    install(shell, "cargo-deny", CARGO_DENY)?;
    cmd!(shell, "cargo deny --log-level error check bans licenses sources").run()?;
    Ok(())
}

/// Installs a cargo subcommand unless it is there.
pub(crate) fn install(shell: &Shell, tool: &str, version: &str) -> Result<()> {
    if cmd!(shell, "{tool} --version").quiet().ignore_stderr().read().is_err() {
        cmd!(shell, "cargo install {tool} --version {version} --locked").run()?;
    }
    Ok(())
}

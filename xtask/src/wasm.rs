//! The WebAssembly target, and what must build for it.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

const TARGET: &str = "wasm32-unknown-unknown";

/// The crates that run in a policy server, in Node and in a browser.
const PACKAGES: &[&str] = &["vpcguard-policies", "vpcguard-check"];

pub(crate) fn run(shell: &Shell) -> Result<()> {
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    if rustup_has_target(shell) {
        cmd!(shell, "cargo build {packages...} --target {TARGET} --locked").run()?;
        return Ok(());
    }
    install_debian_toolchain(shell)?;
    // Debian's compiler brings the sources of the standard library instead of a build of it.
    cmd!(shell, "cargo build {packages...} -Zbuild-std=std,panic_abort --target {TARGET} --locked")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
        .env("CARGO_TARGET_DIR", "target/debian")
        .run()?;
    Ok(())
}

/// Whether rustup has the target, or can get it.
fn rustup_has_target(shell: &Shell) -> bool {
    let installed = cmd!(shell, "rustup target list --installed").quiet().ignore_stderr().read().unwrap_or_default();
    installed.lines().any(|target| target == TARGET)
        || cmd!(shell, "rustup target add {TARGET}").quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

fn install_debian_toolchain(shell: &Shell) -> Result<()> {
    if cmd!(shell, "dpkg --status rustc-web rust-web-src lld").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(());
    }
    let install = || -> Result<(), xshell::Error> {
        cmd!(shell, "apt-get update --quiet").ignore_stdout().run()?;
        cmd!(shell, "apt-get install --quiet --yes rustc-web rust-web-src lld").ignore_stdout().run()
    };
    install().context(
        "the WebAssembly target is missing: run `rustup target add wasm32-unknown-unknown`, or install Debian's packages \
         rustc-web, rust-web-src and lld as root",
    )
}

//! The compiler for WebAssembly: rustup's, else Debian's.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use vpcguard_policies::Policy;
use xshell::{Cmd, Shell, cmd};

use crate::machine;

const TARGET: &str = "wasm32-unknown-unknown";

/// The profile of the policies, in Cargo.toml.
const PROFILE: &str = "wasm";

/// A compiler that has the target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Toolchain {
    /// rustup's, with a build of the standard library.
    Rustup,
    /// Debian's, which brings the sources of the standard library instead.
    Debian,
}

impl Toolchain {
    /// Finds or installs one.
    pub(crate) fn find(shell: &Shell) -> Result<Self> {
        if rustup_has_target(shell) {
            return Ok(Toolchain::Rustup);
        }
        install_debian_toolchain(shell)?;
        Ok(Toolchain::Debian)
    }

    /// Builds the policies of a checkout, and returns where they are.
    pub(super) fn build_policies(self, shell: &Shell, checkout: &Path, target: &Path) -> Result<PathBuf> {
        let packages: Vec<_> = Policy::ALL.iter().map(|policy| format!("vpcguard-policy-{policy}")).collect();
        let packages: Vec<_> = packages.iter().map(String::as_str).collect();
        self.build_for_release(shell, checkout, target, &packages)
    }

    /// Builds packages of a checkout as they are published, and returns where they are.
    pub(crate) fn build_for_release(
        self,
        shell: &Shell,
        checkout: &Path,
        target: &Path,
        packages: &[&str],
    ) -> Result<PathBuf> {
        let packages = packages.iter().flat_map(|package| ["--package", package]);
        let _checkout = shell.push_dir(checkout);
        let build = cmd!(
            shell,
            "cargo build {packages...} --profile {PROFILE} --target {TARGET} --target-dir {target} --locked"
        );
        self.compile(build).env("CARGO_ENCODED_RUSTFLAGS", flags(checkout, target)?).run()?;
        Ok(target.join(TARGET).join(PROFILE))
    }

    /// The version of the compiler.
    pub(super) fn version(self, shell: &Shell) -> Result<String> {
        let rustc = match self {
            Toolchain::Rustup => "rustc",
            Toolchain::Debian => "/usr/bin/rustc",
        };
        Ok(cmd!(shell, "{rustc} --version").quiet().read()?)
    }

    fn compile(self, build: Cmd<'_>) -> Cmd<'_> {
        match self {
            Toolchain::Rustup => build,
            Toolchain::Debian => build
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld"),
        }
    }
}

/// Chooses the smallest code of the hash, and names the sources without the folders in which they are: a panic tells its
/// place, and the place is in the module.
fn flags(checkout: &Path, target: &Path) -> Result<OsString> {
    let mut flags = OsString::from("--cfg=sha2_backend_soft=\"compact\"");
    let mut rename = |from: &Path, to: &str| {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(from);
        flags.push(format!("={to}"));
    };
    rename(checkout, "vpcguard");
    // The last that fits counts. Build scripts write sources there.
    rename(target, "target");
    for registry in registries()? {
        rename(&registry, "crates");
    }
    Ok(flags)
}

/// Where cargo unpacks crates: a folder a registry, called after its host.
fn registries() -> Result<Vec<PathBuf>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let sources = home.context("neither CARGO_HOME nor HOME is set")?.join("registry/src");
    if !sources.is_dir() {
        return Ok(Vec::new());
    }
    let folders = fs::read_dir(&sources).with_context(|| format!("reading {}", sources.display()))?;
    let mut folders: Vec<_> = folders.map(|folder| Ok(folder?.path())).collect::<Result<_>>()?;
    folders.sort_unstable();
    Ok(folders)
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
    machine::install(shell, &["rustc-web", "rust-web-src", "lld"]).context(
        "the WebAssembly target is missing: run `rustup target add wasm32-unknown-unknown`, or install Debian's packages \
         rustc-web, rust-web-src and lld as root",
    )
}

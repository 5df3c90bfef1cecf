//! `cargo xtask wasm`: what must build for WebAssembly, and the Kubewarden policies as they are published.
//!
//! A policy is compiled, optimised, checked and annotated; target/kubewarden then has the modules, their SHA-256 sums, and an
//! image of each that is ready for a registry. The same sources give the same bytes with the same tools, wherever they stand.

mod limits;
mod module;
mod oci;
mod optimise;
mod output;
mod reproduce;
mod toolchain;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Result;
use vpcguard_policies::Policy;
use xshell::Shell;

use crate::root;
use limits::Sizes;
use optimise::FOR_SPEED;
pub(crate) use optimise::{FOR_SIZE, Optimiser};
use output::Output;
pub(crate) use toolchain::Toolchain;

/// The crates that run in Node and in a browser, and in policies.
const PACKAGES: &[&str] = &["vpcguard-policies", "vpcguard-check", "vpcguard-js"];

/// Where the policies are put. Not in `CARGO_TARGET_DIR`: the tests look here.
const OUTPUT: &str = "target/kubewarden";

/// A policy that is ready to be published.
#[derive(Debug, PartialEq, Eq)]
struct Built {
    policy: Policy,
    module: Vec<u8>,
    sizes: Sizes,
}

pub(crate) fn run(shell: &Shell, check_reproducible: bool) -> Result<()> {
    let toolchain = Toolchain::find(shell)?;
    toolchain.build(shell, PACKAGES)?;
    let optimiser = Optimiser::install(shell)?;
    let root = root().canonicalize()?;
    let built = build(shell, toolchain, &optimiser, &root, &target_dir(&root))?;
    if check_reproducible {
        reproduce::check(shell, toolchain, &optimiser, &built)?;
    }
    let tools = [toolchain.version(shell)?, optimiser.version().to_owned()];
    Output::at(&root.join(OUTPUT)).write(&built, &tools)?;
    print!("{}", limits::table(&built));
    limits::check(&built)
}

/// Builds the policies of a checkout.
fn build(
    shell: &Shell,
    toolchain: Toolchain,
    optimiser: &Optimiser,
    checkout: &Path,
    target: &Path,
) -> Result<Vec<Built>> {
    let compiled = toolchain.build_policies(shell, checkout, target)?;
    let build = |policy: &Policy| {
        let compiled = module::read(&compiled.join(module::file_name(*policy)))?;
        let smaller = optimiser.optimise(shell, &compiled, FOR_SPEED, &target.join("optimised").join(policy.name()))?;
        module::check(*policy, &smaller)?;
        let module = module::annotate(*policy, &smaller)?;
        let sizes = Sizes::of(&compiled, &module)?;
        Ok(Built { policy: *policy, module, sizes })
    };
    Policy::ALL.iter().map(build).collect()
}

/// Where cargo builds what is published: apart from all else, which is built with other flags.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target)).join("policies")
}

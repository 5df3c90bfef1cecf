//! `cargo xtask wasm`: the Kubewarden policies as they are published.
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

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::{env, thread};

use anyhow::{Result, anyhow};
use vpcguard_policies::Policy;
use xshell::Shell;

use crate::root;
use limits::Sizes;
use optimise::FOR_SPEED;
pub(crate) use optimise::{FOR_SIZE, Optimiser};
use output::Output;
pub(crate) use toolchain::Toolchain;

/// Where the policies are put. Not in `CARGO_TARGET_DIR`: the tests look here.
const OUTPUT: &str = "target/kubewarden";

/// A policy that is ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Built {
    policy: Policy,
    module: Vec<u8>,
    sizes: Sizes,
}

pub(crate) fn run(shell: &Shell, check_reproducible: bool) -> Result<()> {
    let toolchain = Toolchain::find(shell)?;
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
    let finish = |shell: &Shell, policy: Policy| {
        let compiled = module::read(&compiled.join(module::file_name(policy)))?;
        let smaller = optimiser.optimise(shell, &compiled, FOR_SPEED, &target.join("optimised").join(policy.name()))?;
        module::check(policy, &smaller)?;
        let module = module::annotate(policy, &smaller)?;
        let sizes = Sizes::of(&compiled, &module)?;
        Ok(Built { policy, module, sizes })
    };
    // wasm-opt keeps one core busy, and is most of the time.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let shares = Policy::ALL.chunks(Policy::ALL.len().div_ceil(cores));
    thread::scope(|scope| {
        let begin = |share: &'static [Policy]| {
            let (shell, finish) = (shell.clone(), &finish);
            scope.spawn(move || share.iter().map(|policy| finish(&shell, *policy)).collect::<Result<Vec<_>>>())
        };
        let running: Vec<_> = shares.map(begin).collect();
        let ended = running.into_iter().map(|share| share.join().map_err(|_| anyhow!("a thread panicked"))?);
        Ok(ended.collect::<Result<Vec<_>>>()?.concat())
    })
}

/// Where cargo builds what is published: apart from all else, which is built with other flags.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target)).join("policies")
}

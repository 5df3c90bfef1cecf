//! `cargo xtask npm`: the npm package, in target/npm.
//!
//! The crate `vpcguard-js` is compiled like the policies, bound to JavaScript for Node and for browsers by the library of
//! wasm-bindgen, whose version Cargo.toml pins to that of the crate, optimised, measured and packed. The same sources give the
//! same bytes with the same tools.

mod bindings;
mod package;
mod tools;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use xshell::{Shell, cmd};

pub(crate) use tools::install as install_tools;

use crate::root;
use crate::wasm::{FOR_SIZE, Optimiser, Toolchain, target_dir};

/// Where the package is put. Not in `CARGO_TARGET_DIR`: the tests look here.
const OUTPUT: &str = "target/npm";

/// How many bytes the WebAssembly may have, and how many on its way to a browser: what all rules take, with clusters and
/// configurations, and a tenth more.
const MOST_BYTES: usize = 1_900_000;
const MOST_COMPRESSED: usize = 680_000;

pub(crate) fn run(shell: &Shell) -> Result<()> {
    let toolchain = Toolchain::find(shell)?;
    let optimiser = Optimiser::install(shell)?;
    let root = root().canonicalize()?;
    let target = target_dir(&root);
    let compiled = toolchain.build_for_release(shell, &root, &target, &["vpcguard-js"])?.join("vpcguard_js.wasm");
    let compiled = shell.read_binary_file(compiled)?;
    let bound = bindings::generate(&compiled)?;
    let wasm = optimiser.optimise(shell, &bound.wasm, FOR_SIZE, &target.join("optimised/npm"))?;
    let compressed = compressed(&wasm)?;
    println!("{:<24}{:>10}{:>10}{:>10}", "bytes", "compiled", "optimised", "gzip");
    println!("{:<24}{:>10}{:>10}{compressed:>10}", "npm package", compiled.len(), wasm.len());
    let folder = root.join(OUTPUT).join("package");
    package::write(&root, &folder, &bound, &wasm)?;
    pack(shell, &folder)?;
    ensure!(
        wasm.len() <= MOST_BYTES && compressed <= MOST_COMPRESSED,
        "too large: the WebAssembly of the npm package may have {MOST_BYTES} bytes, and {MOST_COMPRESSED} after gzip -9"
    );
    Ok(())
}

/// Prints what the first check costs in Node.
pub(crate) fn bench(shell: &Shell) -> Result<()> {
    run(shell)?;
    cmd!(shell, "node tests/npm/bench.js {OUTPUT}/package").quiet().run()?;
    Ok(())
}

/// Makes the file that `npm publish` would send.
fn pack(shell: &Shell, folder: &Path) -> Result<()> {
    let tarball = folder.with_file_name(format!("vpcguard-{}.tgz", env!("CARGO_PKG_VERSION")));
    let _folder = shell.push_dir(folder);
    // npm complains of settings of its user that it does not know.
    cmd!(shell, "npm pack --ignore-scripts --loglevel=error --pack-destination ..")
        .quiet()
        .ignore_stdout()
        .run()
        .context("npm pack failed: npm is needed, as it comes with Node 20 or later from https://nodejs.org")?;
    let bytes = shell.read_binary_file(&tarball)?.len();
    println!("{OUTPUT}/{}: {bytes} bytes", tarball.file_name().unwrap_or_default().display());
    Ok(())
}

fn compressed(bytes: &[u8]) -> Result<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?.len())
}

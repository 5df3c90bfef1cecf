//! wasm-opt, of npm's package `binaryen` in the version of xtask/npm/package-lock.json.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};
use xshell::{Shell, cmd};

use crate::root;

/// The package that names the version.
const NPM: &str = "xtask/npm";

/// What rustc uses of WebAssembly, and every engine of a policy server has. A stripped module does not say it itself.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What is done to a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passes(&'static [&'static str]);

/// For what a policy server runs for each request.
pub(crate) const FOR_SPEED: Passes = Passes(&["-O3", "--strip-debug", "--strip-producers", "--strip-target-features"]);

/// For what browsers load, compressed. Functions that are made of one generic function compress best side by side, before
/// each has its only caller's code around it.
pub(crate) const FOR_SIZE: Passes = Passes(&[
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
]);

/// An installed wasm-opt.
#[derive(Debug)]
pub(crate) struct Optimiser {
    program: PathBuf,
    version: String,
}

impl Optimiser {
    /// Installs it, unless it is there.
    pub(crate) fn install(shell: &Shell) -> Result<Self> {
        let npm = root().canonicalize()?.join(NPM);
        let wanted = locked_version(&shell.read_file(npm.join("package-lock.json"))?)?;
        let package = npm.join("node_modules/binaryen");
        let installed = || -> Result<String> { version(&shell.read_file(package.join("package.json"))?) };
        if installed().ok().as_ref() != Some(&wanted) {
            let _npm = shell.push_dir(&npm);
            cmd!(shell, "npm ci --ignore-scripts --no-audit --no-fund").quiet().ignore_stdout().run().context(
                "wasm-opt could not be installed: npm is needed, as it comes with Node 20 or later from https://nodejs.org",
            )?;
            if installed()? != wanted {
                bail!("npm has installed another version of binaryen than {NPM}/package-lock.json names, {wanted}");
            }
        }
        Ok(Self { program: package.join("bin/wasm-opt"), version: format!("binaryen {wanted}") })
    }

    /// Its name and version.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Optimises a module. What was made of the same module before is taken from the cache, a path without extension.
    pub(crate) fn optimise(
        &self,
        shell: &Shell,
        module: &[u8],
        Passes(passes): Passes,
        cache: &Path,
    ) -> Result<Vec<u8>> {
        let (input, output, stamp) =
            (cache.with_extension("in.wasm"), cache.with_extension("wasm"), cache.with_extension("sha256"));
        let key = self.key(module, passes);
        if shell.read_file(&stamp).is_ok_and(|stamp| stamp == key) && output.is_file() {
            return Ok(shell.read_binary_file(output)?);
        }
        // What is there is not of this key until the stamp says so.
        shell.remove_path(&stamp)?;
        shell.write_file(&input, module)?;
        let program = &self.program;
        cmd!(shell, "node {program} {input} {FEATURES...} {passes...} --output {output}")
            .quiet()
            .run()
            .context("wasm-opt failed: it needs Node 20 or later")?;
        shell.remove_path(&input)?;
        let optimised = shell.read_binary_file(&output)?;
        shell.write_file(&stamp, key)?;
        Ok(optimised)
    }

    /// Everything that the outcome depends on.
    fn key(&self, module: &[u8], passes: &[&str]) -> String {
        let tools = format!("{} {} {}\0", self.version, FEATURES.join(" "), passes.join(" "));
        hex(&Sha256::new().chain_update(tools).chain_update(module).finalize())
    }
}

/// Bytes as sums are written.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn locked_version(lock: &str) -> Result<String> {
    let lock: Value = serde_json::from_str(lock).context("xtask/npm/package-lock.json")?;
    let version = lock.pointer("/packages/node_modules~1binaryen/version").and_then(Value::as_str);
    version.map(ToOwned::to_owned).context("xtask/npm/package-lock.json names no version of binaryen")
}

fn version(package: &str) -> Result<String> {
    let package: Value = serde_json::from_str(package).context("node_modules/binaryen/package.json")?;
    let version = package.get("version").and_then(Value::as_str);
    version.map(ToOwned::to_owned).context("the installed binaryen names no version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let lock = std::fs::read_to_string(root().join(NPM).join("package-lock.json")).unwrap();
        let package = std::fs::read_to_string(root().join(NPM).join("package.json")).unwrap();
        assert!(package.contains(&format!("\"binaryen\": \"{}\"", locked_version(&lock).unwrap())));
        assert!(locked_version("{}").is_err());
    }

    #[test]
    fn another_module_version_or_aim_is_optimised_anew() {
        let of = |version: &str| Optimiser { program: PathBuf::new(), version: version.to_owned() };
        assert_eq!(of("1").key(b"a", FOR_SPEED.0), of("1").key(b"a", FOR_SPEED.0));
        assert_ne!(of("1").key(b"a", FOR_SPEED.0), of("1").key(b"b", FOR_SPEED.0));
        assert_ne!(of("1").key(b"a", FOR_SPEED.0), of("2").key(b"a", FOR_SPEED.0));
        assert_ne!(of("1").key(b"a", FOR_SPEED.0), of("1").key(b"a", FOR_SIZE.0));
    }
}

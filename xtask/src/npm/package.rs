//! The files of the package.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::bindings::Bound;

/// What is written by hand.
const SOURCES: &str = "wasm/js/package";

/// What stands there for the version.
const NO_VERSION: &str = "\"version\": \"0.0.0\"";

/// Writes them anew, with nothing left of an earlier build.
pub(super) fn write(root: &Path, folder: &Path, bound: &Bound, wasm: &[u8]) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let sources = root.join(SOURCES);
    copy(&sources, folder)?;
    let manifest = fs::read_to_string(sources.join("package.json"))?;
    ensure!(manifest.contains(NO_VERSION), "{SOURCES}/package.json must say {NO_VERSION}");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    put(folder, "package.json", manifest.replace(NO_VERSION, &version).as_bytes())?;
    put(folder, "LICENSE", &fs::read(root.join("LICENSE"))?)?;
    put(folder, "report.schema.json", &fs::read(root.join("wasm/check/report.schema.json"))?)?;
    put(folder, "node.cjs", bound.node.as_bytes())?;
    put(folder, "web.js", bound.web.as_bytes())?;
    put(folder, "vpcguard_bg.wasm", wasm)?;
    // The same types under the name that TypeScript looks for when CommonJS asks.
    put(folder, "types.d.cts", &fs::read(sources.join("types.d.ts"))?)
}

fn put(folder: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, content).with_context(|| format!("writing {}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copying {}", entry.path().display()))?;
        }
    }
    Ok(())
}

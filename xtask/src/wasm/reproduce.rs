//! Builds the policies once more, from a copy of the sources in another place, and compares the bytes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use super::optimise::Optimiser;
use super::toolchain::Toolchain;
use super::{Built, build};

/// Fails if a module differs from the one that is built of a copy.
pub(super) fn check(shell: &Shell, toolchain: Toolchain, optimiser: &Optimiser, built: &[Built]) -> Result<()> {
    let folder = shell.create_temp_dir()?;
    // A path of another length, too: lengths are in modules as well.
    let checkout = folder.path().join("another/checkout/of/the/same/sources");
    copy(shell, &checkout)?;
    let again = build(shell, toolchain, optimiser, &checkout, &folder.path().join("target"))?;
    let differing: Vec<_> = built
        .iter()
        .zip(&again)
        .filter(|(built, again)| built.module != again.module)
        .map(|(built, _)| built.policy.name())
        .collect();
    if !differing.is_empty() {
        bail!("not reproducible: {} come out differently in another folder", differing.join(", "));
    }
    println!("reproducible: a build in another folder gives the same bytes");
    Ok(())
}

/// Copies what is in the repository, and what would be added to it.
fn copy(shell: &Shell, to: &Path) -> Result<()> {
    let files = cmd!(shell, "git ls-files --cached --others --exclude-standard -z").quiet().read()?;
    for file in files.split_terminator('\0').filter(|file| Path::new(file).is_file()) {
        let target = to.join(file);
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        fs::copy(shell.current_dir().join(file), &target).with_context(|| format!("copying {file}"))?;
    }
    Ok(())
}

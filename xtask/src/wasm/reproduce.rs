//! Builds the policies once more, from a copy of the sources in another place, and compares the bytes.

use anyhow::{Result, bail};
use xshell::Shell;

use super::optimise::Optimiser;
use super::toolchain::Toolchain;
use super::{Built, build};
use crate::sources;

/// Fails if a module differs from the one that is built of a copy.
pub(super) fn check(shell: &Shell, toolchain: Toolchain, optimiser: &Optimiser, built: &[Built]) -> Result<()> {
    let folder = shell.create_temp_dir()?;
    let checkout = sources::copy(shell, folder.path())?;
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

//! The sources in another place, from which the same must come.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// Copies what is in the repository, and what would be added to it, to somewhere below a folder. The path is of another
/// length, too: lengths get into binaries as well.
pub(crate) fn copy(shell: &Shell, folder: &Path) -> Result<PathBuf> {
    let to = folder.join("another/checkout/of/the/same/sources");
    let files = cmd!(shell, "git ls-files --cached --others --exclude-standard -z").quiet().read()?;
    for file in files.split_terminator('\0').filter(|file| shell.current_dir().join(file).is_file()) {
        let target = to.join(file);
        fs::create_dir_all(target.parent().unwrap_or(&to))?;
        fs::copy(shell.current_dir().join(file), &target).with_context(|| format!("copying {file}"))?;
    }
    Ok(to)
}

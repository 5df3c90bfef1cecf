//! The machine: whether nobody watches it, what its user has already, and Debian's packages on it.

use std::env;
use std::path::{self, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

/// Whether this is CI, which does without nothing.
pub(crate) fn is_ci() -> bool {
    env::var("CI").is_ok_and(|ci| ci == "true")
}

/// What could be had. What could not is an error in CI; on a machine of one's own it is said what is skipped.
pub(crate) fn optional<T>(had: Result<T>, what: &str, skipped: &str) -> Result<Option<T>> {
    match had {
        Ok(had) => Ok(Some(had)),
        Err(error) if is_ci() => Err(error).with_context(|| format!("no {what}")),
        Err(error) => {
            eprintln!("{skipped}: {error:#}");
            Ok(None)
        }
    }
}

/// What the user names in a variable instead of what would be made. The tests do not run in the directory from which it may be
/// relative, so they are told anew.
pub(crate) fn given(shell: &Shell, variable: &str) -> Result<Option<PathBuf>> {
    let Some(given) = env::var_os(variable) else { return Ok(None) };
    // Not canonical: what a link is called may matter.
    let given = path::absolute(given).with_context(|| format!("{variable} names nothing"))?;
    ensure!(given.exists(), "{variable}={} is not there", given.display());
    shell.set_var(variable, &given);
    Ok(Some(given))
}

/// Installs packages of Debian. Who is not root must be allowed to become it unasked.
pub(crate) fn install(shell: &Shell, packages: &[&str]) -> Result<()> {
    let sudo: &[&str] = if is_root(shell)? { &[] } else { &["sudo", "--non-interactive"] };
    cmd!(shell, "env {sudo...} apt-get update --quiet").ignore_stdout().run()?;
    cmd!(shell, "env {sudo...} apt-get install --quiet --yes {packages...}").ignore_stdout().run()?;
    Ok(())
}

/// Whether this process may do everything.
pub(crate) fn is_root(shell: &Shell) -> Result<bool> {
    Ok(cmd!(shell, "id -u").quiet().read()? == "0")
}

/// Whether a program is there, and says its version.
pub(crate) fn has(shell: &Shell, program: &str) -> bool {
    cmd!(shell, "{program} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

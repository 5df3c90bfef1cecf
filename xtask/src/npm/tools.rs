//! What the tests of the npm package need: TypeScript and a driver for browsers, Chromium, pre-commit.

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::machine::{self, is_ci};

/// The version of pre-commit that tries the hook.
const PRE_COMMIT: &str = "pre-commit==4.7.0";

/// What installs one of them.
type Install = fn(&Shell) -> Result<()>;

/// Installs them. On a machine of one's own nothing is done to the system: the tests say what they miss. CI has all.
pub(crate) fn install(shell: &Shell) -> Result<()> {
    let steps: [(&str, Install); 3] = [("tests/npm", packages), ("pre-commit", pre_commit), ("Chromium", chromium)];
    for (what, install) in steps {
        machine::optional(install(shell), what, &format!("tests that need {what} are skipped"))?;
    }
    Ok(())
}

fn packages(shell: &Shell) -> Result<()> {
    let _folder = shell.push_dir("tests/npm");
    cmd!(shell, "npm ci --ignore-scripts --no-audit --no-fund").quiet().ignore_stdout().run()?;
    Ok(())
}

fn pre_commit(shell: &Shell) -> Result<()> {
    if machine::has(shell, "target/pre-commit/bin/pre-commit") {
        return Ok(());
    }
    cmd!(shell, "python3 -m venv target/pre-commit").quiet().run()?;
    cmd!(shell, "target/pre-commit/bin/pip install --quiet --disable-pip-version-check {PRE_COMMIT}").quiet().run()?;
    Ok(())
}

fn chromium(shell: &Shell) -> Result<()> {
    const REMEDY: &str = "install Debian's package chromium";
    if machine::has(shell, "chromium") {
        return Ok(());
    }
    ensure!(is_ci(), REMEDY);
    machine::install(shell, &["chromium"]).context(REMEDY)
}

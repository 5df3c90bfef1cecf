//! What the tests of the npm package need: TypeScript and a driver for browsers, Chromium, pre-commit.

use std::env;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

/// The version of pre-commit that tries the hook.
const PRE_COMMIT: &str = "pre-commit==4.7.0";

/// What installs one of them.
type Install = fn(&Shell) -> Result<()>;

/// Installs them. On a machine of one's own nothing is done to the system: the tests say what they miss. CI has all.
pub(crate) fn install(shell: &Shell) -> Result<()> {
    let steps: [(&str, Install); 3] = [("tests/npm", packages), ("pre-commit", pre_commit), ("Chromium", chromium)];
    for (what, install) in steps {
        match install(shell) {
            Ok(()) => {}
            Err(error) if is_ci() => return Err(error).with_context(|| format!("no {what}")),
            Err(error) => eprintln!("tests that need {what} are skipped: {error:#}"),
        }
    }
    Ok(())
}

fn packages(shell: &Shell) -> Result<()> {
    let _folder = shell.push_dir("tests/npm");
    cmd!(shell, "npm ci --ignore-scripts --no-audit --no-fund").quiet().ignore_stdout().run()?;
    Ok(())
}

fn pre_commit(shell: &Shell) -> Result<()> {
    let program = "target/pre-commit/bin/pre-commit";
    if cmd!(shell, "{program} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(());
    }
    cmd!(shell, "python3 -m venv target/pre-commit").quiet().run()?;
    cmd!(shell, "target/pre-commit/bin/pip install --quiet --disable-pip-version-check {PRE_COMMIT}").quiet().run()?;
    Ok(())
}

fn chromium(shell: &Shell) -> Result<()> {
    const REMEDY: &str = "install Debian's package chromium";
    if cmd!(shell, "chromium --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(());
    }
    if !is_ci() {
        bail!(REMEDY);
    }
    let install = || -> Result<(), xshell::Error> {
        cmd!(shell, "apt-get update --quiet").ignore_stdout().run()?;
        cmd!(shell, "apt-get install --quiet --yes --no-install-recommends chromium").ignore_stdout().run()
    };
    install().context(REMEDY)
}

fn is_ci() -> bool {
    env::var("CI").is_ok_and(|ci| ci == "true")
}

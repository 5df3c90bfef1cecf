//! Programs in Go that tests run, built from the modules that a go.mod of ours names, so that every machine tests with the
//! same versions, and go.sum vouches for their sources.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use xshell::{Shell, cmd};

/// A copy of what a folder was made from.
const STAMP: &str = "go.mod";

/// Makes a folder anew, unless it is `complete` and was made from the same. `otherwise` is what helps without Go.
pub(crate) fn make(
    shell: &Shell,
    folder: &Path,
    from: &str,
    complete: bool,
    otherwise: &str,
    fill: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = folder.join(STAMP);
    if complete && shell.read_file(&stamp).is_ok_and(|stamp| stamp == from) {
        return Ok(());
    }
    cmd!(shell, "go version").quiet().ignore_stdout().ignore_stderr().run().with_context(|| {
        format!(
            "Go is missing: install version 1.21 or later from https://go.dev/dl (it fetches the one that is needed), or {otherwise}"
        )
    })?;
    // Binaries of other versions must not be taken for these when the build fails halfway.
    shell.remove_path(folder)?;
    shell.create_dir(folder)?;
    fill()?;
    shell.write_file(&stamp, from)?;
    Ok(())
}

/// Builds a program of the module in the current folder.
pub(crate) fn build(shell: &Shell, package: &str, ldflags: &str, output: &Path) -> Result<()> {
    cmd!(shell, "go build -trimpath -ldflags {ldflags} -o {output} {package}").env("CGO_ENABLED", "0").run()?;
    Ok(())
}

/// The folder of another module's sources, at the version that the module in the current folder names. A module brings all of
/// its files, and go.sum vouches for them.
pub(crate) fn sources(shell: &Shell, module: &str) -> Result<PathBuf> {
    let downloaded: Value = serde_json::from_str(&cmd!(shell, "go mod download -json {module}").read()?)?;
    let folder = downloaded.get("Dir").and_then(Value::as_str).context("go mod download says no directory")?;
    Ok(folder.into())
}

/// The version of a module in a go.mod: a program that is built from a module does not know its own.
pub(crate) fn required<'a>(go_mod: &'a str, module: &str) -> Result<&'a str> {
    let mut lines = go_mod.lines().map(|line| line.trim().trim_start_matches("require "));
    let found = lines.find_map(|line| line.strip_prefix(module)?.strip_prefix(' '));
    let version = found.and_then(|rest| rest.split_whitespace().next());
    version.with_context(|| format!("go.mod requires no {module}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_requirement() {
        let go_mod = "tool k8s.io/kubernetes/cmd/kubectl\nrequire (\n\tk8s.io/kubernetes v1.2.3 // indirect\n)\n";
        assert_eq!(required(go_mod, "k8s.io/kubernetes").unwrap(), "v1.2.3");
        assert_eq!(required("require example.com/a v0.1.0", "example.com/a").unwrap(), "v0.1.0");
        assert!(required(go_mod, "k8s.io/kube").is_err());
    }

    #[test]
    fn a_folder_is_made_once_of_the_same() {
        let (shell, temporary) = (Shell::new().unwrap(), tempfile::tempdir().unwrap());
        let folder = temporary.path().join("made");
        let make = |from, complete| {
            let mut filled = false;
            super::make(&shell, &folder, from, complete, "", || {
                filled = true;
                Ok(())
            })
            .unwrap();
            filled
        };
        assert!(make("a", false));
        assert!(!make("a", true));
        assert!(make("b", true));
        assert!(make("b", false));
    }
}

//! Writes the policies: modules, sums, images.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Built, oci};

/// The folder that the policies are put into.
pub(super) struct Output(PathBuf);

impl Output {
    /// At this path, whether it is there or not.
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Writes what has changed; says in the sums which tools it was made with.
    pub(super) fn write(&self, built: &[Built], tools: &[String]) -> Result<()> {
        for Built { policy, module, .. } in built {
            self.put(&format!("{policy}.wasm"), module)?;
            let layout = format!("oci/{policy}");
            let files = oci::files(*policy, module)?;
            self.keep_only(&format!("{layout}/blobs/sha256"), |blob| {
                files.iter().any(|(path, _)| *path == format!("blobs/sha256/{blob}"))
            })?;
            for (path, content) in &files {
                self.put(&format!("{layout}/{path}"), content)?;
            }
        }
        self.put("SHA256SUMS", sums(built, tools).as_bytes())
    }

    /// Whoever reads the file meanwhile finds the old or the new one, never a half.
    fn put(&self, path: &str, content: &[u8]) -> Result<()> {
        let path = self.0.join(path);
        if fs::read(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        let new = path.with_added_extension("new");
        let put = || -> io::Result<()> {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&new, content)?;
            fs::rename(&new, &path)
        };
        put().with_context(|| format!("writing {}", path.display()))
    }

    /// Takes away the blobs of earlier builds.
    fn keep_only(&self, folder: &str, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let folder = self.0.join(folder);
        if !folder.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(&wanted) {
                fs::remove_file(entry.path()).with_context(|| format!("removing {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

/// As `sha256sum --check` reads it.
fn sums(built: &[Built], tools: &[String]) -> String {
    let tools = tools.iter().map(|tool| format!("# {tool}\n"));
    let sums = built.iter().map(|built| format!("{}  {}.wasm\n", oci::sha256(&built.module), built.policy));
    tools.chain(sums).collect()
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::Policy;
    use xshell::Shell;

    use super::*;
    use crate::wasm::limits::Sizes;

    fn built(module: &[u8]) -> [Built; 1] {
        let sizes = Sizes::of(module, module).unwrap();
        [Built { policy: Policy::VpcSyntax, module: module.to_vec(), sizes }]
    }

    #[test]
    fn a_later_build_leaves_nothing_of_the_earlier_one() {
        let folder = Shell::new().unwrap().create_temp_dir().unwrap();
        let output = Output::at(folder.path());
        let tools = ["rustc 1".to_owned(), "binaryen 2".to_owned()];
        output.write(&built(b"old"), &tools).unwrap();
        output.write(&built(b"new"), &tools).unwrap();
        assert_eq!(fs::read(folder.path().join("vpc-syntax.wasm")).unwrap(), b"new");
        let sums = fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap();
        assert_eq!(sums, format!("# rustc 1\n# binaryen 2\n{}  vpc-syntax.wasm\n", oci::sha256(b"new")));
        let blobs = fs::read_dir(folder.path().join("oci/vpc-syntax/blobs/sha256")).unwrap();
        assert_eq!(blobs.count(), 3);
    }
}

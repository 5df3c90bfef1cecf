//! examples/repository as a repository of its own: somewhere else, in git, with what pipelines leave behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The repository, in which everything is right.
#[derive(Debug)]
pub struct Repository(TempDir);

/// One wrong line of it.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    /// The file, from the root.
    pub file: &'static str,
    /// What stands there.
    pub right: &'static str,
    /// What somebody writes instead.
    pub wrong: &'static str,
    /// The line that is to be reported.
    pub line: usize,
    /// The rule that refuses it.
    pub rule: &'static str,
}

/// Mistakes, of which each is refused in its own line: in one cluster, in the other, and in what is for none of them.
pub const MISTAKES: &[Wrong] = &[
    Wrong {
        file: "envs/staging/shop.yaml",
        right: "  lanIp: 10.21.1.250",
        wrong: "  lanIp: 10.20.1.254",
        line: 35,
        rule: "lan-ip-in-subnet",
    },
    Wrong {
        file: "envs/prod/shop.yaml",
        right: "  cidrBlock: 10.20.1.0/24",
        wrong: "  cidrBlock: 10.20.1.0/33",
        line: 24,
        rule: "subnet-syntax",
    },
    Wrong {
        file: "base/network.yaml",
        right: "  namespaces: [lab]\n  cidrBlock",
        wrong: "  namespaces: [shop]\n  cidrBlock",
        line: 14,
        rule: "subnet-vpc-namespaces",
    },
];

impl Repository {
    /// A copy of it.
    ///
    /// # Errors
    ///
    /// What could not be copied, or why there is no git.
    pub fn copy() -> anyhow::Result<Self> {
        let repository = Self(tempfile::tempdir()?);
        let root = repository.path();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/repository"), root)?;
        repository.git(&["init", "--quiet"])?;
        repository.git(&["add", "."])?;
        repository.git(&["commit", "--quiet", "--message", "networks"])?;
        for ignored in ["node_modules/module/broken.yaml", "rendered/broken.yaml"] {
            let path = root.join(ignored);
            fs::create_dir_all(path.parent().unwrap_or(root))?;
            fs::write(path, "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: left-over}\nspec: {}\n")?;
        }
        Ok(repository)
    }

    /// The folder in which it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes a mistake in it.
    ///
    /// # Errors
    ///
    /// What could not be written, or that the mistake cannot be made there.
    pub fn spoil(&self, mistake: Wrong) -> anyhow::Result<()> {
        let path = self.path().join(mistake.file);
        let text = fs::read_to_string(&path)?;
        anyhow::ensure!(text.matches(mistake.right).count() == 1, "{}: no single {:?}", mistake.file, mistake.right);
        fs::write(path, text.replace(mistake.right, mistake.wrong))?;
        Ok(())
    }

    /// Runs git there, as somebody.
    ///
    /// # Errors
    ///
    /// What git says.
    pub fn git(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]).args(arguments);
        let Output { status, stderr, .. } = git.current_dir(self.path()).output()?;
        anyhow::ensure!(status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&stderr));
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

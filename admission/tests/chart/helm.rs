//! Helm 3 and Helm 4, as `cargo xtask chart` builds them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A binary of Helm, with nothing of the machine's own configuration.
pub(crate) struct Helm {
    pub(crate) binary: PathBuf,
    home: TempDir,
}

/// Both, or none where they were not built. In CI that is a failure.
pub(crate) fn helms() -> Vec<Helm> {
    ["helm3", "helm4"].into_iter().filter_map(Helm::find).collect()
}

impl Helm {
    /// `helm3` or `helm4`.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/helm");
        let binary = env::var_os("VPCGUARD_HELM").map_or_else(built, PathBuf::from).join(name);
        if binary.is_file() {
            return Some(Self { binary, home: TempDir::new().unwrap() });
        }
        let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!in_ci, "there is no {}: run `cargo xtask chart`", binary.display());
        eprintln!("skipped: there is no {}: run `cargo xtask chart`, which needs Go", binary.display());
        None
    }

    /// Runs it.
    pub(crate) fn run(&self, args: &[&str], kubeconfig: Option<&Path>) -> Output {
        let mut command = Command::new(&self.binary);
        command.args(args).env("HOME", self.home.path()).env_remove("KUBECONFIG");
        for (variable, _) in env::vars().filter(|(name, _)| name.starts_with("HELM_") || name.starts_with("XDG_")) {
            command.env_remove(variable);
        }
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        command.output().unwrap()
    }

    /// Runs it, and it succeeds.
    #[track_caller]
    pub(crate) fn succeeds(&self, args: &[&str], kubeconfig: Option<&Path>) -> String {
        let output = self.run(args, kubeconfig);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{} {args:?}\n{stdout}\n{stderr}", self.binary.display());
        stdout
    }
}

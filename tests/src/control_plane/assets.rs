//! The binaries.

use std::env;
use std::path::{Path, PathBuf};

/// etcd, kube-apiserver and kubectl.
#[derive(Clone, Debug)]
pub(super) struct Assets {
    pub(super) etcd: PathBuf,
    pub(super) kube_apiserver: PathBuf,
    pub(super) kubectl: PathBuf,
}

/// There is no etcd or no kube-apiserver to test with.
#[derive(Debug, thiserror::Error)]
#[error("{} has no etcd and kube-apiserver: run `cargo xtask assets`, or set KUBEBUILDER_ASSETS", .directory.display())]
pub struct Missing {
    /// Where they were looked for.
    pub directory: PathBuf,
}

impl Assets {
    /// Those of `KUBEBUILDER_ASSETS`, else those that `cargo xtask assets` built.
    pub(super) fn find() -> Result<Self, Missing> {
        let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/assets");
        Self::of(env::var_os("KUBEBUILDER_ASSETS").map_or_else(built, PathBuf::from))
    }

    fn of(directory: PathBuf) -> Result<Self, Missing> {
        let binary = |name| Some(directory.join(name)).filter(|path| path.is_file());
        match (binary("etcd"), binary("kube-apiserver")) {
            (Some(etcd), Some(kube_apiserver)) => {
                let kubectl = binary("kubectl").unwrap_or_else(|| "kubectl".into());
                Ok(Self { etcd, kube_apiserver, kubectl })
            }
            _ => Err(Missing { directory }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_what_to_run() {
        let missing = Assets::of("/nowhere".into()).unwrap_err().to_string();
        assert!(missing.starts_with("/nowhere has no etcd") && missing.contains("`cargo xtask assets`"), "{missing}");
    }
}

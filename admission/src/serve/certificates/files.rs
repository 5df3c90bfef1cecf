//! The certificate of two files, which somebody else renews.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use vpcguard_certs::{CurrentLeaf, Leaf};

use super::expiry::Life;
use super::{Clock, Metrics, Source, StartError, read};

/// A certificate and its key.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Files {
    pub(in crate::serve) certificate: PathBuf,
    pub(in crate::serve) key: PathBuf,
}

/// What is in the two files.
type Contents = [Vec<u8>; 2];

/// The two files, and what was in them.
pub(super) struct FromFiles {
    files: Files,
    read: Contents,
    leaf: Leaf,
    current: Arc<CurrentLeaf>,
}

impl FromFiles {
    pub(super) fn new(files: Files) -> Result<(Self, Arc<CurrentLeaf>), StartError> {
        let read = files.read()?;
        let leaf = files.leaf(&read)?;
        let current = CurrentLeaf::new(&leaf);
        Ok((Self { files, read, leaf, current: Arc::clone(&current) }, current))
    }
}

impl Source for FromFiles {
    fn look<'a>(&'a mut self, _: Clock<'a>, metrics: &'a Metrics) -> BoxFuture<'a, Option<Life>> {
        match self.files.changed(&self.read) {
            Ok(None) => {}
            Ok(Some((read, leaf))) => {
                (self.read, self.leaf) = (read, leaf);
                self.current.replace(&self.leaf);
                tracing::info!("the certificate has been read again");
            }
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
        metrics.set_not_after("leaf", self.leaf.not_after());
        let (renew_at, not_after) = (self.leaf.renew_at(), self.leaf.not_after());
        async move { Some(Life { what: "certificate of the webhook", renew_at, not_after }) }.boxed()
    }
}

impl Files {
    fn read(&self) -> Result<Contents, StartError> {
        Ok([read("--tls-cert", &self.certificate)?, read("--tls-key", &self.key)?])
    }

    fn leaf(&self, [certificate, key]: &Contents) -> Result<Leaf, StartError> {
        Leaf::from_pem(certificate, key).map_err(|source| {
            let files = format!("{}, {}", self.certificate.display(), self.key.display());
            StartError::TlsFiles { files, source }
        })
    }

    /// The leaf if it is another one now.
    fn changed(&self, known: &Contents) -> Result<Option<(Contents, Leaf)>, StartError> {
        let read = self.read()?;
        if read == *known {
            return Ok(None);
        }
        // Between two renames they may be of different pairs: then the next look finds them whole.
        let leaf = self.leaf(&read)?;
        Ok(Some((read, leaf)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_again_when_both_have_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let files = Files { certificate: path("tls.crt"), key: path("tls.key") };
        let pair = || {
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate =
                rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (first, second) = (pair(), pair());
        let write = |certificate: &str, key: &str| {
            std::fs::write(&files.certificate, certificate).unwrap();
            std::fs::write(&files.key, key).unwrap();
        };
        write(&first.0, &first.1);
        let known = files.read().unwrap();
        assert!(files.changed(&known).unwrap().is_none());
        write(&second.0, &first.1);
        assert!(files.changed(&known).unwrap_err().to_string().contains("tls.key"));
        write(&second.0, &second.1);
        assert!(files.changed(&known).unwrap().is_some());
        std::fs::remove_file(&files.key).unwrap();
        assert!(files.changed(&known).is_err());
    }
}

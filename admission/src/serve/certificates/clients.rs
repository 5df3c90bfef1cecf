//! Who may connect.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpcguard_certs::ClientCa;

use super::{StartError, read};

/// The CAs of clients, and the names that their certificates may have.
pub(super) struct Clients {
    file: PathBuf,
    names: Vec<String>,
    read: Vec<u8>,
    ca: Arc<ClientCa>,
}

impl Clients {
    pub(super) fn of(file: &Path, names: &[String]) -> Result<Self, StartError> {
        let read = read("--client-ca", file)?;
        let ca = ClientCa::new(&read, names).map_err(StartError::ClientCa)?;
        Ok(Self { file: file.to_owned(), names: names.to_vec(), read, ca })
    }

    /// Who decides.
    pub(super) fn ca(&self) -> Arc<ClientCa> {
        Arc::clone(&self.ca)
    }

    /// Reads the file again.
    pub(super) fn look(&mut self) {
        match read("--client-ca", &self.file) {
            Ok(bundle) if bundle == self.read => {}
            Ok(bundle) => match self.ca.replace(&bundle, &self.names) {
                Ok(()) => {
                    self.read = bundle;
                    tracing::info!("the CAs of clients have been read again");
                }
                Err(error) => tracing::error!(%error, "the CAs of clients stay as they were"),
            },
            Err(error) => tracing::error!(%error, "the CAs of clients stay as they were"),
        }
    }
}

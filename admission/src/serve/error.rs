//! Why nothing is served, or not any more.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use vpcguard_certs::{CertError, ClientCaError, LifetimesError};

use crate::cluster::ConnectError;
use crate::files::LoadError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("--standalone {path}: no such directory", path = .0.display())]
    NoDirectory(PathBuf),
    #[error("{0}")]
    Certificates(#[from] CertError),
    #[error("cannot listen on {address}: {source}; {remedy}")]
    Listen { address: SocketAddr, source: io::Error, remedy: String },
    #[error("cannot write the CA certificate to {path}: {source}", path = .path.display())]
    CaOut { path: PathBuf, source: io::Error },
    #[error("cannot write the ready lines to standard output: {0}")]
    ReadyLines(io::Error),
    #[error(transparent)]
    Cluster(#[from] ConnectError),
    #[error(transparent)]
    Lifetimes(LifetimesError),
    #[error("{files}: {source}")]
    TlsFiles { files: String, source: CertError },
    #[error("--client-ca: {0}")]
    ClientCa(ClientCaError),
    #[error("{option} {path}: {source}", path = .path.display())]
    TlsFile { option: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// After it had begun.
    #[error("vpcguard has a bug, and a part of it has stopped: the log has the panic")]
    Broken,
}

//! New connections to a replica, as the API server makes them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::world::PATIENCE;

/// What a connection came to.
#[derive(Debug)]
pub(super) enum Shown {
    /// A certificate that is trusted, and an answer.
    Trusted(Vec<u8>),
    /// A certificate that is not, or something that is not TLS.
    Refused(String),
    /// The connection broke, or nobody listens.
    Broken(String),
}

/// Connects as somebody who trusts this bundle and wants the Service, and asks something.
pub(super) fn connect(address: SocketAddr, bundle: &[u8]) -> Shown {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(bundle).flatten());
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("vpcguard.vpcguard-system.svc").unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    match ask(address, tls) {
        Ok(leaf) => Shown::Trusted(leaf),
        Err(error) if error.kind() == ErrorKind::InvalidData => Shown::Refused(error.to_string()),
        Err(error) => Shown::Broken(error.to_string()),
    }
}

fn ask(address: SocketAddr, tls: ClientConnection) -> std::io::Result<Vec<u8>> {
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(tls, tcp);
    write!(stream, "GET / HTTP/1.1\r\nHost: vpcguard\r\nConnection: close\r\n\r\n")?;
    let mut begin = [0; 8];
    stream.read_exact(&mut begin)?;
    let leaf = stream.conn.peer_certificates().and_then(|chain| chain.first());
    match leaf {
        Some(leaf) if begin == *b"HTTP/1.1" => Ok(leaf.to_vec()),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

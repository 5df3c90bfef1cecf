//! The TLS configuration of the webhook.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::error::CertError;
use crate::leaf::Leaf;

/// The leaf that new connections are shown. It can be replaced while the server runs.
#[derive(Debug)]
pub struct CurrentLeaf(ArcSwap<CertifiedKey>);

impl CurrentLeaf {
    /// Begins with this leaf.
    pub fn new(leaf: &Leaf) -> Arc<Self> {
        Arc::new(Self(ArcSwap::new(leaf.certified())))
    }

    /// From now on this one.
    pub fn replace(&self, leaf: &Leaf) {
        self.0.store(leaf.certified());
    }
}

impl ResolvesServerCert for CurrentLeaf {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// TLS 1.3 only, by aws-lc-rs, with HTTP/1.1: that is what the API server speaks to webhooks.
///
/// # Errors
///
/// A protocol version that the crypto provider does not have.
pub fn server_config(leaf: Arc<CurrentLeaf>) -> Result<Arc<ServerConfig>, CertError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(leaf);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

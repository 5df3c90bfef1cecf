//! The TLS configuration of the webhook.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use crate::client::ClientCa;
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

/// Who may connect, and how. By default: any client, by TLS 1.3.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Whether TLS 1.2 is spoken too.
    pub tls12: bool,
    /// Who may connect; anybody, if none.
    pub clients: Option<Arc<ClientCa>>,
}

/// TLS 1.3 only, by aws-lc-rs, with HTTP/1.1: that is what the API server speaks to webhooks.
///
/// # Errors
///
/// A protocol version that the crypto provider does not have.
pub fn server_config(leaf: Arc<CurrentLeaf>) -> Result<Arc<ServerConfig>, CertError> {
    server_config_with(leaf, ServerOptions::default())
}

/// As [`server_config`], with options.
///
/// # Errors
///
/// A protocol version that the crypto provider does not have.
pub fn server_config_with(leaf: Arc<CurrentLeaf>, options: ServerOptions) -> Result<Arc<ServerConfig>, CertError> {
    let versions: &[_] = if options.tls12 { &[&TLS13, &TLS12] } else { &[&TLS13] };
    let asks_clients = options.clients.is_some();
    let clients = match options.clients {
        Some(clients) => clients,
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(leaf);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if asks_clients {
        // A session that is resumed is not verified again, and would outlive the replacement of the CA or the names.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

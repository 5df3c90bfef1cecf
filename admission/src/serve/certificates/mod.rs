//! The certificate that the server shows, and where the next one comes from.

mod clients;
mod cluster;
mod expiry;
mod files;
mod self_signed;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use kube::Client;
use rustls::ServerConfig;
use tokio::time::sleep;
use vpcguard_certs::{CertError, ClientCa, CurrentLeaf, Lifetimes, ServerOptions, server_config_with};

use super::error::StartError;
use super::metrics::Metrics;
use crate::cluster::authority::{AuthorityError, Place};
use clients::Clients;
use expiry::{Expiry, Life};

pub(super) use files::Files;

/// How often files and Secrets are looked at. A watch on a file of a mounted Secret would miss its change: the directory
/// that it leads to is renamed.
const LOOK_AT_FILES: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Certificates {
    source: Box<dyn Source>,
    current: Arc<CurrentLeaf>,
    clients: Option<Clients>,
    expiry: Expiry,
}

/// The clock on the wall.
type Clock<'a> = &'a (dyn Fn() -> SystemTime + Sync);

/// Where certificates come from.
trait Source: Send + Sync {
    /// What clients are to trust, where that is its own to say.
    fn ca_pem(&self) -> Option<String> {
        None
    }

    /// How often it looks.
    fn interval(&self) -> Duration {
        LOOK_AT_FILES
    }

    /// Renews whatever is due, and says how long that lives which somebody has to renew.
    fn look<'a>(&'a mut self, clock: Clock<'a>, metrics: &'a Metrics) -> BoxFuture<'a, Option<Life>>;
}

impl Certificates {
    fn new(source: impl Source + 'static, current: Arc<CurrentLeaf>) -> Self {
        Self { source: Box::new(source), current, clients: None, expiry: Expiry::default() }
    }

    /// For a server that listens on this address, reached by it or as localhost.
    pub(super) fn self_signed(address: IpAddr, now: SystemTime) -> Result<Self, CertError> {
        let (source, current) = self_signed::SelfSigned::new(address, now)?;
        Ok(Self::new(source, current))
    }

    /// Those of two files.
    pub(super) fn files(files: Files) -> Result<Self, StartError> {
        let (source, current) = files::FromFiles::new(files)?;
        Ok(Self::new(source, current))
    }

    /// Those of a cluster, as soon as its API server answers; until then it is told why there are none.
    pub(super) async fn cluster(
        client: &Client,
        place: &Place,
        names: Vec<String>,
        lifetimes: Lifetimes,
        waits: impl Fn(&AuthorityError),
    ) -> Self {
        let (source, current) = cluster::OfCluster::begin(client, place, names, lifetimes, waits).await;
        Self::new(source, current)
    }

    /// Takes requests only from clients with a certificate of the CAs in this file, and of one of these names.
    pub(super) fn only_for(mut self, file: &Path, names: &[String]) -> Result<Self, StartError> {
        self.clients = Some(Clients::of(file, names)?);
        Ok(self)
    }

    /// Tells a cluster too when a certificate expires soon.
    pub(super) fn telling(mut self, client: Client, place: &Place) -> Self {
        self.expiry.tell(client, place);
        self
    }

    /// What clients are to trust, where that is our own to say.
    pub(super) fn ca_pem(&self) -> Option<String> {
        self.source.ca_pem()
    }

    /// Who decides about clients, where that is not everybody.
    pub(super) fn clients(&self) -> Option<Arc<ClientCa>> {
        self.clients.as_ref().map(Clients::ca)
    }

    /// The configuration that shows the leaf, also once it is renewed.
    pub(super) fn server_config(&self, options: ServerOptions) -> Result<Arc<ServerConfig>, CertError> {
        server_config_with(Arc::clone(&self.current), options)
    }

    /// Renews whatever is due, for ever, as this clock has it.
    pub(super) async fn keep_fresh(mut self, clock: impl Fn() -> SystemTime + Sync, metrics: &Metrics) {
        loop {
            self.look(&clock, metrics).await;
            let interval = self.source.interval();
            sleep(if self.clients.is_some() { interval.min(LOOK_AT_FILES) } else { interval }).await;
        }
    }

    async fn look(&mut self, clock: Clock<'_>, metrics: &Metrics) {
        if let Some(clients) = &mut self.clients {
            clients.look();
        }
        if let Some(life) = self.source.look(clock, metrics).await {
            self.expiry.look(life, clock()).await;
        }
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|source| StartError::TlsFile { option, path: path.to_owned(), source })
}

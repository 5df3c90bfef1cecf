//! From arguments to a server, and to its end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use vpcguard_certs::CertError;
use vpcguard_policies::Settings;

use super::certificates::Certificates;
use super::cluster::Cluster;
use super::listener::Listener;
use super::metrics::Metrics;
use super::readiness::Readiness;
use super::routes::Webhook;
use super::{Serve, Tls, probes, routes, signals};
use crate::files::{self, LoadError};

/// The longest that requests in flight can take to end; a client that stalls beyond it loses its answer.
const LAST_REQUESTS: Duration = Duration::from_secs(30);

/// Why nothing is served.
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
    #[error("cannot start: {0}")]
    Runtime(io::Error),
}

/// Serves until a signal ends it.
pub(super) fn start(args: &Serve) -> Result<(), StartError> {
    let settings = args.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
    if !args.standalone.is_dir() {
        return Err(StartError::NoDirectory(args.standalone.clone()));
    }
    let webhook = Webhook { cluster: Cluster::load(&args.standalone, settings)?, metrics: Metrics::new() };
    let certificates = match args.tls {
        Tls::SelfSigned => Certificates::self_signed(args.listen.ip(), SystemTime::now())?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    runtime.block_on(serve(args, Arc::new(webhook), certificates))
}

async fn serve(args: &Serve, webhook: Arc<Webhook>, certificates: Certificates) -> Result<(), StartError> {
    let admission = listen(args.listen, "--listen").await?;
    let metrics = listen(args.metrics_listen, "--metrics-listen").await?;
    let end = signals::end().map_err(StartError::Runtime)?;
    let tls = TlsAcceptor::from(certificates.server_config()?);
    if let Some(path) = &args.ca_out {
        write_ca(path, &certificates.ca_pem())?;
    }
    let ready = |admission: io::Result<SocketAddr>, metrics: io::Result<SocketAddr>| {
        let mut out = io::stdout().lock();
        writeln!(out, "listening on https://{}", admission?)?;
        writeln!(out, "metrics on http://{}", metrics?)?;
        out.flush()
    };

    let (stopping, stopped) = (CancellationToken::new(), CancellationToken::new());
    let readiness = Readiness { stopping: stopping.clone() };
    let probes = Listener::new(metrics, None, probes::router(readiness, Arc::clone(&webhook)));
    let admission = Listener::new(admission, Some(tls), routes::router(Arc::clone(&webhook)));
    ready(admission.address(), probes.address()).map_err(StartError::ReadyLines)?;

    certificates.measure(&webhook.metrics);
    let renewing = tokio::spawn(async move { certificates.keep_fresh(SystemTime::now, &webhook.metrics).await });
    // The probes outlive the requests, to say that this server is going.
    let probes = tokio::spawn(probes.serve(stopped.clone()));
    let admission = tokio::spawn(admission.serve(stopping.clone()));

    end.await;
    tracing::info!("stopping: requests in flight are answered, new ones are not taken");
    stopping.cancel();
    let _ = timeout(LAST_REQUESTS, admission).await;
    stopped.cancel();
    renewing.abort();
    let _ = timeout(Duration::from_secs(1), probes).await;
    Ok(())
}

async fn listen(address: SocketAddr, option: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| {
        let remedy = match source.kind() {
            io::ErrorKind::AddrInUse => format!("stop what listens there, or choose another address with {option}"),
            io::ErrorKind::PermissionDenied => format!("choose a port from 1024 up with {option}"),
            _ => format!("choose an address of this machine with {option}"),
        };
        StartError::Listen { address, source, remedy }
    })
}

fn write_ca(path: &Path, pem: &str) -> Result<(), StartError> {
    std::fs::write(path, pem).map_err(|source| StartError::CaOut { path: path.to_owned(), source })
}

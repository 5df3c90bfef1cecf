//! From arguments to a server, and to its end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use vpcguard_policies::Settings;

use super::certificates::{Certificates, Files};
use super::error::StartError;
use super::judge::Judge;
use super::listener::Listener;
use super::readiness::Readiness;
use super::routes::Webhook;
use super::standalone::Standalone;
use super::tls::Tls;
use super::{Serve, probes, reload, routes, signals};
use crate::cluster::connect;
use crate::files;

/// The longest that requests in flight can take to end; a client that stalls beyond it loses its answer.
const LAST_REQUESTS: Duration = Duration::from_secs(30);

/// How long a server on a cluster goes on after it is told to end: the API server hears a little late that it should
/// ask another replica.
const DRAINING: Duration = Duration::from_secs(15);

/// Serves until a signal ends it.
pub(super) fn start(args: &Serve) -> Result<(), StartError> {
    let settings = args.settings.as_deref().map_or_else(|| Ok(Settings::default()), files::settings)?;
    let standalone = args.standalone.as_deref().map(|dir| standalone(dir, settings.clone())).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    runtime.block_on(async {
        let hangups = signals::Hangups::new().map_err(StartError::Runtime)?;
        let (judge, watching) = match standalone {
            Some(cluster) => (Judge::Standalone(Box::new(cluster)), JoinSet::new()),
            None => Judge::live(args, settings).await?,
        };
        let certificates = certificates(args).await?;
        let webhook = Arc::new(Webhook::new(judge));
        tokio::select! {
            ended = serve(args, Arc::clone(&webhook), certificates) => ended,
            () = reload::on_hangup(args, &webhook, hangups, watching) => Ok(()),
        }
    })
}

fn standalone(dir: &Path, settings: Settings) -> Result<Standalone, StartError> {
    if !dir.is_dir() {
        return Err(StartError::NoDirectory(dir.to_owned()));
    }
    Ok(Standalone::load(dir, settings)?)
}

async fn certificates(args: &Serve) -> Result<Certificates, StartError> {
    let tls = &args.tls;
    let (lives, place, now) = (tls.lives()?, tls.place.place(), SystemTime::now());
    let certificates = match (tls.mode(args.standalone.is_some()), &tls.certificate, &tls.key) {
        (Tls::Files | Tls::CertManager, Some(certificate), Some(key)) => {
            Certificates::files(Files { certificate: certificate.clone(), key: key.clone() }, now)?
        }
        (Tls::Cluster, ..) => Certificates::cluster(&connect().await?, &place, tls.names(), lives).await,
        _ => Certificates::self_signed(args.addresses()[0].ip(), now)?,
    };
    let certificates = match args.standalone {
        Some(_) => certificates,
        None => certificates.telling(connect().await?, &place),
    };
    match &tls.client_ca {
        Some(file) => certificates.only_for(file, &tls.client_names),
        None => Ok(certificates),
    }
}

async fn serve(args: &Serve, webhook: Arc<Webhook>, certificates: Certificates) -> Result<(), StartError> {
    let [admission, metrics] = args.addresses();
    let admission = listen(admission, "--listen").await?;
    let metrics = listen(metrics, "--metrics-listen").await?;
    let end = signals::end().map_err(StartError::Runtime)?;
    let tls = TlsAcceptor::from(certificates.server_config(args.tls.options(certificates.clients()))?);
    if let (Some(path), Some(pem)) = (&args.ca_out, certificates.ca_pem()) {
        write_ca(path, &pem)?;
    }
    let ready = |admission: io::Result<SocketAddr>, metrics: io::Result<SocketAddr>| {
        let mut out = io::stdout().lock();
        writeln!(out, "listening on https://{}", admission?)?;
        writeln!(out, "metrics on http://{}", metrics?)?;
        out.flush()
    };

    let (closing, stopping, stopped) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
    let readiness = Readiness { stopping: closing.clone(), webhook: Arc::clone(&webhook) };
    let probes = Listener::new(metrics, None, probes::router(readiness));
    let admission = Listener::new(admission, Some(tls), routes::router(Arc::clone(&webhook)));
    ready(admission.address(), probes.address()).map_err(StartError::ReadyLines)?;

    let renewing = tokio::spawn(async move { certificates.keep_fresh(SystemTime::now, &webhook.metrics).await });
    // The probes outlive the requests, to say that this server is going.
    let probes = tokio::spawn(probes.serve(stopped.clone(), stopped.clone()));
    let admission = tokio::spawn(admission.serve(closing.clone(), stopping.clone()));

    end.await;
    closing.cancel();
    if args.standalone.is_none() {
        tracing::info!(seconds = DRAINING.as_secs(), "no longer ready: requests are answered for a while");
        sleep(DRAINING).await;
    }
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

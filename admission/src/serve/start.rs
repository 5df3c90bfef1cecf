//! From arguments to a server, and to its end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use vpcguard_policies::Settings;

use super::certificates::{Certificates, Files};
use super::error::StartError;
use super::listener::Listener;
use super::probes::Page;
use super::readiness::Readiness;
use super::reviewer::Reviewer;
use super::routes::Webhook;
use super::standalone::Standalone;
use super::tls::Tls;
use super::{Serve, probes, reload, routes, signals};
use crate::cluster::authority::AuthorityError;
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
        let mut end = pin!(signals::end().map_err(StartError::Runtime)?);
        let hangups = signals::Hangups::new().map_err(StartError::Runtime)?;
        let [admission, metrics] = args.addresses();
        let metrics = listen(metrics, "--metrics-listen").await?;
        let probes = match args.probes_listen {
            Some(address) => Some(listen(address, "--probes-listen").await?),
            None => None,
        };
        let (reviewer, watching) = match standalone {
            Some(cluster) => (Reviewer::Standalone(Box::new(cluster)), JoinSet::new()),
            None => Reviewer::cluster(args, settings, None).await?,
        };
        let webhook = Arc::new(Webhook::new(reviewer).map_err(StartError::Runtime)?);
        let readiness = Arc::new(Readiness::new(Arc::clone(&webhook)));
        let pages: &[_] = if probes.is_some() { &[Page::Metrics] } else { &[Page::Probes, Page::Metrics] };
        let metrics = Pages::start(metrics, pages, Arc::clone(&readiness))?;
        let probes = probes.map(|probes| Pages::start(probes, &[Page::Probes], Arc::clone(&readiness))).transpose()?;

        // With a CA in a cluster this takes until its API server answers. The probes say so meanwhile.
        let certificates = tokio::select! {
            certificates = certificates(args, &readiness) => certificates?,
            () = &mut end => return Ok(()),
        };
        let admission = listen(admission, "--listen").await?;
        let tls = TlsAcceptor::from(certificates.server_config(args.tls.options(certificates.clients()))?);
        if let (Some(path), Some(pem)) = (&args.ca_out, certificates.ca_pem()) {
            write_ca(path, &pem)?;
        }
        let admission = Listener::new(admission, Some(tls), routes::router(Arc::clone(&webhook)));
        let probes_address = probes.as_ref().map(|probes| probes.address);
        say_ready(admission.address(), metrics.address, probes_address).map_err(StartError::ReadyLines)?;
        readiness.listens();
        let (closing, stopping) = (readiness.stopping.clone(), CancellationToken::new());
        let admission = tokio::spawn(admission.serve(closing.clone(), stopping.clone()));
        let mut renewing = tokio::spawn({
            let webhook = Arc::clone(&webhook);
            async move { certificates.keep_fresh(SystemTime::now, &webhook.metrics).await }
        });

        let ended = tokio::select! {
            () = &mut end => Ok(()),
            // Neither ends by itself: a panic ended it, which the log has. What is left would show a certificate that
            // expires, or judge by a view that stands still; whoever starts it again makes that good.
            _ = &mut renewing => Err(StartError::Broken),
            () = reload::on_hangup(args, &webhook, hangups, watching) => Err(StartError::Broken),
        };
        closing.cancel();
        if args.standalone.is_none() {
            tracing::info!(seconds = DRAINING.as_secs(), "no longer ready: requests are answered for a while");
            sleep(DRAINING).await;
        }
        tracing::info!("stopping: requests in flight are answered, new ones are not taken");
        stopping.cancel();
        let _ = timeout(LAST_REQUESTS, admission).await;
        renewing.abort();
        for pages in probes.into_iter().chain([metrics]) {
            pages.stop().await;
        }
        ended
    })
}

/// What answers on the second port, or on a third. It comes before the requests, and outlives them, to say how this server stands.
struct Pages {
    address: SocketAddr,
    stopped: CancellationToken,
    task: JoinHandle<()>,
}

impl Pages {
    fn start(tcp: TcpListener, pages: &[Page], readiness: Arc<Readiness>) -> Result<Self, StartError> {
        let listener = Listener::new(tcp, None, probes::router(pages, readiness));
        let address = listener.address().map_err(StartError::Runtime)?;
        let stopped = CancellationToken::new();
        let task = tokio::spawn(listener.serve(stopped.clone(), stopped.clone()));
        tracing::info!(%address, ?pages, "answers");
        Ok(Self { address, stopped, task })
    }

    async fn stop(self) {
        self.stopped.cancel();
        let _ = timeout(Duration::from_secs(1), self.task).await;
    }
}

fn say_ready(admission: io::Result<SocketAddr>, metrics: SocketAddr, probes: Option<SocketAddr>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on https://{}", admission?)?;
    writeln!(out, "metrics on http://{metrics}")?;
    if let Some(probes) = probes {
        writeln!(out, "probes on http://{probes}")?;
    }
    out.flush()
}

fn standalone(dir: &Path, settings: Settings) -> Result<Standalone, StartError> {
    if !dir.is_dir() {
        return Err(StartError::NoDirectory(dir.to_owned()));
    }
    Ok(Standalone::load(dir, settings)?)
}

async fn certificates(args: &Serve, readiness: &Readiness) -> Result<Certificates, StartError> {
    let tls = &args.tls;
    let (lifetimes, place, now) = (tls.lifetimes()?, tls.place.place(), SystemTime::now());
    let certificates = match (tls.mode(args.standalone.is_some()), &tls.certificate, &tls.key) {
        (Tls::Files | Tls::CertManager, Some(certificate), Some(key)) => {
            Certificates::files(Files { certificate: certificate.clone(), key: key.clone() })?
        }
        (Tls::Cluster, ..) => {
            let waits = |error: &AuthorityError| readiness.waits_for(format!("a certificate: {error}"));
            Certificates::cluster(&connect().await?, &place, tls.names(), lifetimes, waits).await
        }
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

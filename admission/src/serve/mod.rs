//! `vpcguard serve`: the admission webhook.
//!
//! A request's way: [`listener`] (TCP, TLS, HTTP/1.1) → [`routes`] → [`body`], in its [`body_budget`] → [`review_pool`] →
//! [`webhook`] → [`reviewer`], which is a live cluster or, [`standalone`], a directory. What gets no verdict on its way is
//! answered by [`unjudged`]. Beside it [`probes`]
//! answers on a port of its own, [`certificates`] renews what TLS shows, [`reload`] reads the settings again, and [`start`]
//! puts it all together. [`bodies`] does without connections.

mod bodies;
mod body;
mod body_budget;
mod budget;
mod certificates;
mod change;
mod connections;
mod endpoint;
mod error;
mod failure;
mod in_flight;
mod listener;
mod logging;
mod metrics;
mod probes;
mod readiness;
mod reload;
mod review_pool;
mod reviewer;
mod routes;
mod signals;
mod standalone;
mod start;
mod tls;
mod unjudged;
mod values;
mod webhook;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cluster::ledgers::{LanIpLedgers, Mode};
use crate::console;
use error::StartError;
use tls::TlsArgs;

pub use bodies::Bodies;
pub(crate) use tls::PlaceArgs;
pub(crate) use values::MOST_VALUES;

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For machines, an object a line.
    Json,
}

/// Answer admission requests over TLS.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Serve without a cluster: judge requests against the manifests in this directory.
    #[arg(long, value_name = "DIR")]
    standalone: Option<PathBuf>,
    /// Where to listen for admission requests, over TLS; port 0 takes a free one [default: 0.0.0.0:8443, with --standalone
    /// 127.0.0.1:8443].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where to listen for health, readiness and metrics, in plain HTTP; port 0 takes a free one [default: 0.0.0.0:9443,
    /// with --standalone 127.0.0.1:9443].
    #[arg(long, value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,
    /// Where to listen for health and readiness apart from metrics, which --metrics-listen has alone then; port 0 takes a
    /// free one [default: with the metrics].
    #[arg(long, value_name = "ADDR")]
    probes_listen: Option<SocketAddr>,
    /// The settings, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Write the certificate of the CA here, in PEM, for clients to trust.
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsArgs,
    /// What happens to Subnets and NAT gateways whose addresses cannot be claimed.
    #[arg(long, value_enum, default_value_t = Mode::Required, conflicts_with = "standalone")]
    ledger: Mode,
    /// Where a lanIp is claimed: also in the ledger of its Subnet, which all versions know, or only in the one that versions share
    /// that know of EIPs, once no older replica is left.
    #[arg(long, value_enum, default_value_t = LanIpLedgers::Both, conflicts_with = "standalone")]
    lan_ip_ledgers: LanIpLedgers,
    /// How long addresses are kept for an admitted request of which nothing more is heard. It must exceed the API server's
    /// --request-timeout by 15 s.
    #[arg(long, value_name = "DURATION", default_value = "90s", value_parser = claim_hold, conflicts_with = "standalone")]
    claim_hold: Duration,
    /// How often everything that is stored is looked through for what should not have been.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = some_time, conflicts_with = "standalone")]
    sweep_every: Duration,
    /// How log lines look, on standard error; `RUST_LOG` says which ones.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// A time that is not nothing.
fn some_time(text: &str) -> Result<Duration, String> {
    let time = budget::go_duration(text).ok_or("is not a duration as in 90s or 10m")?;
    if time < Duration::from_secs(1) { Err("must be a second at least".to_owned()) } else { Ok(time) }
}

/// A hold that can exceed some --request-timeout by 15 s.
fn claim_hold(text: &str) -> Result<Duration, String> {
    let hold = budget::go_duration(text).ok_or("is not a duration as in 90s or 2m")?;
    if hold <= Duration::from_secs(15) {
        return Err("must exceed the API server's --request-timeout by 15 s".to_owned());
    }
    Ok(hold)
}

impl Serve {
    /// The addresses of both ports: of this machine only, where nobody else has business here.
    fn addresses(&self) -> [SocketAddr; 2] {
        let host = if self.standalone.is_some() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let on = |port| SocketAddr::from((host, port));
        [self.listen.unwrap_or(on(8443)), self.metrics_listen.unwrap_or(on(9443))]
    }

    /// Serves until a signal ends it.
    pub(crate) fn run(&self) -> ExitCode {
        logging::init(self.log_format);
        match start::start(self) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                console::error(&error.to_string());
                ExitCode::from(if matches!(error, StartError::Broken) { 1 } else { 2 })
            }
        }
    }
}

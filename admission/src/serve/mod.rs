//! `vpcguard serve`: the admission webhook.
//!
//! A request's way: [`listener`] (TCP, TLS, HTTP/1.1) → [`routes`] → [`body`] → [`webhook`] → [`cluster`], where decision
//! and claim are one step. Beside it [`probes`] answers on a port of its own, [`certificates`] renews what TLS shows, and
//! [`start`] puts it all together.

mod body;
mod budget;
mod certificates;
mod change;
mod cluster;
mod failure;
mod in_flight;
mod listener;
mod logging;
mod metrics;
mod probes;
mod readiness;
mod routes;
mod signals;
mod start;
mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::console;

/// Where the certificate of the webhook comes from.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tls {
    /// A CA of its own, made at each start.
    SelfSigned,
}

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
    standalone: PathBuf,
    /// Where to listen for admission requests, over TLS; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where to listen for health, readiness and metrics, in plain HTTP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9443")]
    metrics_listen: SocketAddr,
    /// The settings, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Write the certificate of the CA here, in PEM, for clients to trust.
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// Where the certificate comes from.
    #[arg(long, value_enum, default_value_t = Tls::SelfSigned)]
    tls: Tls,
    /// How log lines look, on standard error; `RUST_LOG` says which ones.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

impl Serve {
    /// Serves until a signal ends it.
    pub(crate) fn run(&self) -> ExitCode {
        logging::init(self.log_format);
        match start::start(self) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                console::complain(&error.to_string());
                ExitCode::from(2)
            }
        }
    }
}

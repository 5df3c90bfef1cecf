//! `vpcguard certs`: the CA of a cluster, and who trusts it.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use vpcguard_certs::{Authorities, CertError, describe, missing_from};

use crate::cluster::authority::configurations::{Configuration, Configurations, Sort};
use crate::cluster::authority::secret::Secrets;
use crate::cluster::authority::{AuthorityError, Place};
use crate::cluster::{ConnectError, connect};
use crate::console;
use crate::serve::PlaceArgs;
use crate::snapshot::block_on;

/// Look after the CA of a cluster.
#[derive(Debug, Args)]
pub(crate) struct Certs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the CA, how far its rotation is, and which webhooks trust it; exit with 1 if one does not, or is missing.
    Status(#[command(flatten)] PlaceArgs),
    /// Ask the replicas for a new CA.
    Rotate(#[command(flatten)] PlaceArgs),
}

#[derive(Debug, thiserror::Error)]
enum CertsError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Certificate(#[from] CertError),
    #[error("there is no Secret {0:?} in namespace {1:?}: vpcguard makes it when it serves with --tls cluster")]
    NoSecret(String, String),
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    #[error("cannot write to standard output: {0}")]
    Print(std::io::Error),
}

impl Certs {
    pub(crate) fn run(&self) -> ExitCode {
        let outcome = block_on(async {
            match &self.command {
                Command::Status(place) => status(&place.place()).await,
                Command::Rotate(place) => rotate(&place.place()).await,
            }
        });
        match outcome.map_err(CertsError::Runtime).and_then(|done| done) {
            Ok(code) => code,
            Err(error) => {
                console::error(&error.to_string());
                ExitCode::from(2)
            }
        }
    }
}

async fn status(place: &Place) -> Result<ExitCode, CertsError> {
    let client = connect().await?;
    let configurations = Configurations::new(&client, place).read().await?;
    let secret = Secrets::new(&client, place).read().await?;
    let secret = secret.ok_or_else(|| CertsError::NoSecret(place.secret.clone(), place.namespace.clone()))?;
    let (mut out, now) = (String::new(), SystemTime::now());
    let bundle = match Authorities::from_secret(&secret.data, now) {
        Ok(authorities) => {
            let _ = writeln!(out, "phase: {}{}", authorities.phase(), since(&authorities));
            authorities.bundle_pem()
        }
        Err(error) => {
            let _ = writeln!(out, "the Secret is of no use, and the replicas will begin anew: {error}");
            console::print(&out).map_err(CertsError::Print)?;
            return Ok(ExitCode::from(1));
        }
    };
    for (at, ca) in describe(&bundle)?.iter().enumerate() {
        let role = if at == 0 { "signs" } else { "trusted" };
        let left = ca.not_after.duration_since(now).unwrap_or_default();
        let _ = writeln!(
            out,
            "{role}: {}, serial {}, until {} ({})\n  sha256 {}",
            ca.subject,
            ca.serial_hex,
            time(ca.not_after),
            days(left),
            ca.sha256
        );
    }
    let mut all_trust = true;
    for sort in Sort::ALL {
        if configurations.iter().all(|configuration| configuration.sort != sort) {
            all_trust = false;
            let _ = writeln!(out, "{} {:?}: missing, so vpcguard is not asked", sort.kind(), place.configurations);
        }
    }
    for configuration in &configurations {
        for (webhook, held) in configuration.webhooks() {
            let missing = missing_from(held, &bundle).len();
            all_trust &= missing == 0;
            let trust =
                if missing == 0 { "trusts it".to_owned() } else { format!("lacks {missing} of its certificates") };
            let _ = writeln!(out, "{} {webhook}: {trust}", Configuration::kind(configuration));
        }
    }
    console::print(&out).map_err(CertsError::Print)?;
    Ok(if all_trust { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn rotate(place: &Place) -> Result<ExitCode, CertsError> {
    let client = connect().await?;
    let secrets = Secrets::new(&client, place);
    if secrets.read().await?.is_none() {
        return Err(CertsError::NoSecret(place.secret.clone(), place.namespace.clone()));
    }
    secrets.ask(&format!("{:.0}", Timestamp::now())).await?;
    let text = "asked: the replicas begin within seconds; vpcguard certs status says how far they are\n";
    console::print(text).map_err(CertsError::Print)?;
    Ok(ExitCode::SUCCESS)
}

fn since(authorities: &Authorities) -> String {
    authorities.since().map(|since| format!(" since {}", time(since))).unwrap_or_default()
}

fn time(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| "a time beyond reckoning".to_owned(), |time| format!("{time:.0}"))
}

fn days(left: Duration) -> String {
    match left.as_secs() / 86_400 {
        0 => format!("{} s left", left.as_secs()),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

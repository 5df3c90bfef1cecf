//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::audit::Audit;
use crate::certs::Certs;
use crate::check::Check;
use crate::explain::Explain;
use crate::manifests::Manifests;
use crate::rules::Rules;
use crate::serve::Serve;

/// Admission policies for Kube-OVN virtual networks.
#[derive(Debug, Parser)]
#[command(name = "vpcguard", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(Audit),
    Certs(Certs),
    Check(Check),
    Explain(Explain),
    Manifests(Manifests),
    Rules(Rules),
    Serve(Box<Serve>),
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Audit(audit) => audit.run(),
            Command::Certs(certs) => certs.run(),
            Command::Check(check) => check.run(),
            Command::Explain(explain) => explain.run(),
            Command::Manifests(manifests) => manifests.run(),
            Command::Rules(rules) => rules.run(),
            Command::Serve(serve) => serve.run(),
        }
    }
}

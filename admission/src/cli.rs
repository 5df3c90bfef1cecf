//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::audit::Audit;
use crate::capacity::Capacity;
use crate::certs::Certs;
use crate::check::Check;
use crate::convert::Convert;
use crate::explain::Explain;
use crate::manifests::Manifests;
use crate::rules::Rules;
use crate::serve::Serve;
use crate::shell::{Completions, ManPages};
use crate::test::Test;

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
    Capacity(Capacity),
    Certs(Certs),
    Check(Box<Check>),
    Completions(Completions),
    Convert(Convert),
    Explain(Explain),
    Manifests(Manifests),
    ManPages(ManPages),
    Rules(Rules),
    Serve(Box<Serve>),
    Test(Test),
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Audit(audit) => audit.run(),
            Command::Capacity(capacity) => capacity.run(),
            Command::Certs(certs) => certs.run(),
            Command::Check(check) => check.run(),
            Command::Completions(completions) => completions.run(),
            Command::Convert(convert) => convert.run(),
            Command::Explain(explain) => explain.run(),
            Command::Manifests(manifests) => manifests.run(),
            Command::ManPages(pages) => pages.run(),
            Command::Rules(rules) => rules.run(),
            Command::Serve(serve) => serve.run(),
            Command::Test(test) => test.run(),
        }
    }
}

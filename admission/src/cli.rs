//! The command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::check::Check;
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
    Check(Check),
    Rules(Rules),
    Serve(Serve),
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Check(check) => check.run(),
            Command::Rules(rules) => rules.run(),
            Command::Serve(serve) => serve.run(),
        }
    }
}

/// Writes to standard output. A reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes complaints to standard error, a line each; where nobody reads them, nobody is to blame.
pub(crate) fn complain(text: &str) {
    let mut out = io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(out, "error: {line}");
    }
}

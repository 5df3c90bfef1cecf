//! vpcguard: admission policies for Kube-OVN virtual networks.
//!
//! The program `vpcguard` is [`run`].

mod check;
mod cli;
mod cluster;
mod console;
mod files;
pub mod ledger;
mod manifests;
mod rules;
mod serve;

use std::process::ExitCode;

use clap::Parser;

/// Does what the command line says.
pub fn run() -> ExitCode {
    cli::Cli::parse().run()
}

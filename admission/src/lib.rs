//! vpcguard: admission policies for Kube-OVN virtual networks.
//!
//! The program `vpcguard` is [`run`].

mod audit;
mod capacity;
mod certs;
mod check;
mod cli;
mod cluster;
mod config;
mod console;
mod convert;
mod explain;
mod files;
pub mod ledger;
mod live;
mod manifests;
mod progress;
mod report;
mod rules;
mod serve;
mod shell;
mod snapshot;
mod test;
mod yaml;

use std::process::ExitCode;

use clap::Parser;

pub use serve::Bodies;

/// Does what the command line says.
pub fn run() -> ExitCode {
    cli::Cli::parse().run()
}

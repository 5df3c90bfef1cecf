//! vpcguard: admission policies for Kube-OVN virtual networks.

mod check;
mod cli;
mod console;
mod files;
mod rules;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Cli::parse().run()
}

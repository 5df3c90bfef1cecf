//! vpcguard as its users run it: the binary, its files, its sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod abuse;
mod capacity;
mod cases;
mod certificates;
mod check_config;
mod check_habits;
mod check_outputs;
mod colours;
mod convert;
mod corpus_check;
mod corpus_webhook;
mod examples;
mod explain;
mod guide;
#[cfg(target_os = "linux")]
mod memory;
mod probes;
mod recorded;
mod reload;
mod repository;
mod running;
mod serve;
mod serving;
mod shells;
mod unjudged;

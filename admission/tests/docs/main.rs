//! Every page of the manual: its commands are run, its examples read, its links followed.
//!
//! What a fenced block is, its info string says: see [`block::Use`], and CONTRIBUTING.md for who writes a page.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod block;
mod cluster;
mod commands;
mod examples;
mod help;
mod links;
mod names;
mod page;
mod rules;
mod run;
mod scratch;
mod server;
mod tools;

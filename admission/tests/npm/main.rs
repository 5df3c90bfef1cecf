//! The npm package as its users run it: in Node, in a browser, in CI.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod action;
mod command;
mod corpus;
mod gitlab;
mod krew;
mod package;
mod pre_commit;
mod repository;
mod types;
mod walk;

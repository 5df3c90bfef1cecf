//! The npm package as its users run it: in Node, in a browser, in CI.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod command;
mod corpus;
mod package;
mod types;

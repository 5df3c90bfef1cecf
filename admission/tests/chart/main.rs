//! The chart: made from the program, rendered by Helm 3 and 4, checked and used by a real API server.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod current;
mod entries;
mod helm;
mod install;
mod manifests;
mod orders;
mod readme;
mod rendered;
mod schema;
mod strict;
mod templates;
mod world;

//! vpcguard in front of a real API server, as a user meets it through kubectl.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod admission;
mod audit;
mod beginning;
mod client;
mod drain;
mod isolation;
mod kube_ovn;
mod ledger;
mod peers;
mod priority;
mod races;
mod recorded;
mod refusals;
mod reload;
mod repair;
mod retry;
mod rotation;
mod startup;
mod stranger;
mod throughput;
mod unjudged;
mod view;
mod world;

//! vpcguard in front of a real API server, as a user meets it through kubectl.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod admission;
mod audit;
mod away;
mod beginning;
mod client;
mod common_ledger;
mod conditions;
mod deletions;
mod drain;
mod hostile;
mod ips;
mod isolation;
mod kube_ovn;
mod ledger;
mod moments;
mod peers;
mod priority;
mod races;
mod reads;
mod recorded;
mod refusals;
mod registration;
mod reload;
mod repair;
mod retry;
mod rotation;
mod startup;
mod stranger;
mod sub_resources;
mod throughput;
mod unjudged;
mod view;
mod world;

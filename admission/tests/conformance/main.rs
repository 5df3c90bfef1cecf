//! What vpcguard says, held against Kube-OVN itself: the released controller with a real API server and a real OVN.
//!
//! [`claims`]: what a rule denies must fail, be ignored or harm somebody, and what it admits must work. [`attachment`]: no Pod that
//! is admitted gets into a VPC that is closed to its namespace. [`syntax`]: what a rule on the form of a field refuses is nothing
//! that Kube-OVN handles well. [`deletions`]: what is deleted while something stands on it does not go. [`matches`]: which texts are matches of OVN, and which packets they take. Disagreements that are known stand in tests/conformance/known.yaml.
//!
//! `cargo xtask conformance` runs all of it; CI runs a choice.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod attachment;
mod claims;
mod deletions;
mod known;
mod matches;
mod report;
mod scale;
mod syntax;
mod trespass;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One world at a time: three at once would wait for each other's processors, and take rest for the end.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Fingerprints of findings in a form that services take: a short text, no two alike in a report.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::LocatedFinding;
use crate::fingerprint::Fingerprint;

/// How many bytes of a hash are kept.
const KEPT: usize = 16;

/// The digests given in one report.
#[derive(Default)]
pub(super) struct Digests {
    given: BTreeMap<String, usize>,
}

impl Digests {
    /// That of a finding, which does not depend on where its line has gone.
    pub(super) fn of(&mut self, located: &LocatedFinding) -> String {
        self.of_key(Fingerprint::of(located).key())
    }

    /// That of anything else.
    pub(super) fn of_any(&mut self, what: &Value) -> String {
        // As JSON, so that no two lists of texts run into the same one.
        self.of_key(what.to_string())
    }

    fn of_key(&mut self, what: String) -> String {
        let count = self.given.entry(what.clone()).or_default();
        *count += 1;
        let hash = if *count == 1 { Sha256::digest(what) } else { Sha256::digest(format!("{what} {count}")) };
        let mut digest = String::with_capacity(2 * KEPT);
        for byte in hash.iter().take(KEPT) {
            // Writing to a String does not fail.
            let _ = write!(digest, "{byte:02x}");
        }
        digest
    }
}

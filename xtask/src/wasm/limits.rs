//! How large a policy is, and how large it may be.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Built;

/// How many bytes a module may have: a policy server compiles each of them when it starts.
const MOST_BYTES: usize = 535_000;

/// How many it may have on its way through a registry.
const MOST_COMPRESSED: usize = 234_000;

/// How many bytes a policy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    compiled: usize,
    finished: usize,
    compressed: usize,
}

impl Sizes {
    /// Those of a module as the compiler made it, and as it is published.
    pub(super) fn of(compiled: &[u8], finished: &[u8]) -> Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(finished)?;
        Ok(Self { compiled: compiled.len(), finished: finished.len(), compressed: gzip.finish()?.len() })
    }

    fn are_too_large(self) -> bool {
        self.finished > MOST_BYTES || self.compressed > MOST_COMPRESSED
    }
}

/// A line a policy.
pub(super) fn table(built: &[Built]) -> String {
    let mut out = format!("{:<24}{:>10}{:>10}{:>10}\n", "bytes", "compiled", "optimised", "gzip");
    for Built { policy, sizes: Sizes { compiled, finished, compressed }, .. } in built {
        // A text grows without fail.
        let _ = writeln!(out, "{:<24}{compiled:>10}{finished:>10}{compressed:>10}", policy.name());
    }
    out
}

/// Refuses what is too large.
pub(super) fn check(built: &[Built]) -> Result<()> {
    let large: Vec<_> =
        built.iter().filter(|built| built.sizes.are_too_large()).map(|built| built.policy.name()).collect();
    if !large.is_empty() {
        bail!(
            "too large: {}; a policy may have {MOST_BYTES} bytes, and {MOST_COMPRESSED} after gzip -9",
            large.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::Policy;

    use super::*;

    fn built(finished: usize, compressed: usize) -> [Built; 1] {
        let sizes = Sizes { compiled: 9, finished, compressed };
        [Built { policy: Policy::SubnetOverlap, module: Vec::new(), sizes }]
    }

    #[test]
    fn what_is_too_large_is_named() {
        check(&built(MOST_BYTES, MOST_COMPRESSED)).unwrap();
        assert!(check(&built(MOST_BYTES + 1, 1)).unwrap_err().to_string().contains("too large: subnet-overlap;"));
        assert!(check(&built(1, MOST_COMPRESSED + 1)).is_err());
    }

    #[test]
    fn columns_stand_under_each_other() {
        let table = table(&built(MOST_BYTES, MOST_COMPRESSED));
        let ends: Vec<_> = table.lines().map(str::len).collect();
        assert_eq!(ends, [54, 54]);
        let zeros = vec![0; 10_000];
        assert!(Sizes::of(&[], &zeros).unwrap().compressed < 100);
    }
}

//! How much is asked, by what `cargo xtask conformance` was told.

use std::env;
use std::process::Command;

use sha2::{Digest, Sha256};

/// How much is asked.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// Whether all is asked; else a choice.
    pub(crate) full: bool,
    /// How many cases a generator makes; none for its own number.
    pub(crate) cases: Option<usize>,
    /// What a generator starts from, and by which a choice is made.
    pub(crate) seed: u64,
    /// The one rule that is asked about.
    pub(crate) only: Option<String>,
}

impl Scale {
    /// What the environment says. The seed is that of the tree of the last commit, so that each commit asks something else, and
    /// the same commit the same.
    pub(crate) fn of_environment() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name: &str| {
            text(name).map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")))
        };
        Self {
            full: text("VPCGUARD_CONFORMANCE").is_some_and(|scale| scale == "full"),
            cases: number("VPCGUARD_CASES").map(|cases: u64| usize::try_from(cases).unwrap()),
            seed: number("VPCGUARD_SEED").unwrap_or_else(seed_of_tree),
            only: text("VPCGUARD_ONLY"),
        }
    }

    /// Whether only a part is asked, as somebody wished.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.cases.is_some() || self.only.is_some()
    }

    /// Whether what is seen is all there is to see, so that it may stand in the docs.
    pub(crate) fn is_whole(&self) -> bool {
        self.full && !self.is_narrowed()
    }

    /// A number of a name that changes with the seed.
    pub(crate) fn rank(&self, name: &str) -> u64 {
        first_number(&Sha256::digest(format!("{} {name}", self.seed)))
    }
}

fn seed_of_tree() -> u64 {
    let output =
        Command::new("git").args(["rev-parse", "HEAD^{tree}"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    // Without a repository, as from an archive, any choice is as good.
    let tree = output.map(|output| output.stdout).unwrap_or_default();
    first_number(&Sha256::digest(tree)) % 1_000_000
}

fn first_number(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

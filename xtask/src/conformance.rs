//! `cargo xtask conformance`: what the rules say of Kube-OVN, held against Kube-OVN itself.

use anyhow::Result;
use clap::{Args, ValueEnum};
use xshell::{Shell, cmd};

use crate::parts::PARTS;

/// How much is asked.
#[derive(Args, Clone, Debug)]
pub(crate) struct Scope {
    /// How many cases are made up.
    #[arg(long)]
    cases: Option<usize>,
    /// Make up the same cases as the run that printed this number.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the cases of this rule.
    #[arg(long, value_name = "RULE")]
    only: Option<String>,
    /// Only this part.
    #[arg(long)]
    part: Option<Part>,
    /// Only the match language: so many texts, and as many pairs of a match and a packet.
    #[arg(long = "match", value_name = "N", conflicts_with_all = ["cases", "only", "part"])]
    matches: Option<usize>,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Claims,
    Attachment,
    Syntax,
    Matches,
}

impl Part {
    /// What the names of its tests begin with.
    fn filter(self) -> &'static str {
        match self {
            Self::Claims => "claims::",
            Self::Attachment => "attachment::",
            Self::Syntax => "syntax::",
            Self::Matches => "matches::",
        }
    }
}

pub(crate) fn run(shell: &Shell, scope: &Scope) -> Result<()> {
    let part = scope.part.or(scope.matches.map(|_| Part::Matches));
    // Matches are asked of OVN alone.
    let needed = |name: &str| !matches!(part, Some(Part::Matches)) || name == "ovn";
    for part in PARTS.iter().filter(|part| needed(part.name)) {
        part.set_up(shell)?;
    }
    shell.set_var("VPCGUARD_CONFORMANCE", "full");
    let asked = [
        ("VPCGUARD_CASES", scope.cases.map(|cases| cases.to_string())),
        ("VPCGUARD_SEED", scope.seed.map(|seed| seed.to_string())),
        ("VPCGUARD_ONLY", scope.only.clone()),
        ("VPCGUARD_MATCHES", scope.matches.map(|count| count.to_string())),
    ];
    for (name, value) in asked {
        if let Some(value) = value {
            shell.set_var(name, value);
        }
    }
    let filter = part.map(Part::filter);
    cmd!(
        shell,
        "cargo test --workspace --test conformance --locked
         -- {filter...} --nocapture --test-threads=1"
    )
    .run()?;
    Ok(())
}

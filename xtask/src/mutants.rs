//! `cargo xtask mutants`: changes the rules one line at a time, and lists the changes that no test notices.
//!
//! Those that remain are listed in docs/mutants.md, each with the reason why no test can notice it.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::lint::install;

const CARGO_MUTANTS: &str = "27.1.0";

pub(crate) fn run(shell: &Shell, files: &[String]) -> Result<()> {
    install(shell, "cargo-mutants", CARGO_MUTANTS)?;
    let all = ["policies/src/rules/**/*.rs".to_owned()];
    let files = if files.is_empty() { all.as_slice() } else { files };
    let files = files.iter().flat_map(|file| ["--file", file.as_str()]);
    // The rules are judged by their own tests and by the corpus through the library; no server is started.
    cmd!(
        shell,
        "cargo mutants --package vpcguard-policies {files...} --test-package vpcguard-policies
         --test-package vpcguard-tests --baseline skip --timeout 60 --jobs 2
         -- --lib --test corpus_library"
    )
    .run()?;
    Ok(())
}

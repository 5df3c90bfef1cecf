//! `cargo xtask assets`: the programs that tests run against: a control plane, and Kube-OVN with its OVN.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::Shell;

use crate::{assets, kube_ovn, kubelet, machine, ovn};

/// One of them, which is set up without the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// What is not done without it.
    skipped: &'static str,
    /// Finds or makes it, tells the tests where it is if that is not where they look, and returns it.
    set_up: fn(&Shell) -> Result<Vec<PathBuf>>,
}

/// All of them.
pub(crate) const PARTS: [Part; 4] = [
    Part { name: "control plane", skipped: "cluster tests are skipped", set_up: assets::set_up },
    Part { name: "kube-ovn", skipped: "tests of Kube-OVN itself are skipped", set_up: kube_ovn::set_up },
    Part { name: "kubelet", skipped: "tests of Kube-OVN itself are skipped", set_up: kubelet::set_up },
    Part { name: "ovn", skipped: "tests of Kube-OVN itself are skipped", set_up: ovn::set_up },
];

impl Part {
    /// Sets it up. Who lacks what it needs can still run all other tests; CI runs all.
    pub(crate) fn set_up_or_skip(&self, shell: &Shell) -> Result<Vec<PathBuf>> {
        Ok(machine::optional((self.set_up)(shell), self.name, self.skipped)?.unwrap_or_default())
    }

    /// Sets it up for what cannot do without.
    pub(crate) fn set_up(&self, shell: &Shell) -> Result<()> {
        (self.set_up)(shell).with_context(|| format!("no {}", self.name))?;
        Ok(())
    }
}

/// Sets them all up, and prints where they are.
pub(crate) fn run(shell: &Shell) -> Result<()> {
    for part in PARTS {
        for path in part.set_up_or_skip(shell)? {
            println!("{}", path.display());
        }
    }
    Ok(())
}

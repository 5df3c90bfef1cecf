//! A kubelet that serves commands, says yes to each, and writes down which they were.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::parts::Parts;
use crate::process::Process;

const START: Duration = Duration::from_secs(30);

/// The stand-in, which ends when this is dropped.
pub(super) struct Kubelet {
    _process: Process,
    address: SocketAddr,
    log: PathBuf,
}

impl Kubelet {
    pub(super) fn start(parts: &Parts, directory: &Path) -> Result<Self> {
        let log = directory.join("commands.jsonl");
        let mut command = Command::new(&parts.kubelet);
        command.arg("--listen=127.0.0.1:0").arg(format!("--log={}", log.display()));
        let mut process = Process::start("kubelet", &mut command, directory)?;
        let stdout = directory.join("kubelet.stdout");
        let address = process.wait_for("its address", START, || {
            let said = std::fs::read_to_string(&stdout).ok()?;
            said.trim().strip_prefix("listening on ")?.parse().ok()
        })?;
        Ok(Self { _process: process, address, log })
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The commands that were run since a mark: `NAMESPACE/POD WORDS`, without the shell around the script.
    pub(super) fn commands(&self, mark: usize) -> Result<Vec<String>> {
        let lines = self.lines();
        lines.get(mark..).unwrap_or_default().iter().map(|line| command_of(line)).collect()
    }

    /// How many were run.
    pub(super) fn mark(&self) -> usize {
        self.lines().len()
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.log).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

fn command_of(line: &str) -> Result<String> {
    let entry: Value = serde_json::from_str(line).with_context(|| format!("the kubelet logged {line}"))?;
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let words: Vec<&str> =
        entry.get("command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let command = words.join(" ");
    let command = command.strip_prefix("/bin/bash -c bash /kube-ovn/nat-gateway.sh ").unwrap_or(&command);
    Ok(format!("{}/{} {command}", text("namespace"), text("pod")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_its_words() {
        let line = r#"{"pod":"g-0","namespace":"kube-system","container":"c","command":["/bin/bash","-c","bash /kube-ovn/nat-gateway.sh eip-add 192.0.2.20/24"]}"#;
        assert_eq!(command_of(line).unwrap(), "kube-system/g-0 eip-add 192.0.2.20/24");
        assert!(command_of("{").is_err());
    }
}

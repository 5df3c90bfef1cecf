//! The process of kube-ovn-controller, and what it says is wrong.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};

use super::ovn::{NODE, Ovn};
use super::parts::Parts;
use crate::control_plane::{ControlPlane, User};
use crate::ports::free_address;
use crate::process::Process;

/// The range of Services, also the API server's.
pub(super) const SERVICES: &str = "10.96.0.0/16";

/// Where the controller makes an empty file, whatever its flags say.
const LOGS: &str = "/var/log/kube-ovn";

/// A running kube-ovn-controller, or one that has ended.
pub(super) struct Controller {
    process: Process,
    log: File,
    // The end of the log, where a line is not yet whole.
    rest: String,
    errors: Vec<String>,
    panic: Option<String>,
}

impl Controller {
    pub(super) fn start(parts: &Parts, plane: &ControlPlane, ovn: &Ovn, directory: &Path) -> Result<Self> {
        let kubeconfig = plane.kubeconfig(User::KubeOvn);
        let metrics: SocketAddr = free_address()?;
        fs::create_dir_all(LOGS).with_context(|| {
            format!("the controller ends unless it can write to {LOGS}: make it, and make it yours")
        })?;
        let mut command = Command::new(&parts.controller);
        command
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .arg(format!("--ovn-nb-addr={}", ovn.northbound_address()))
            .arg(format!("--ovn-sb-addr={}", ovn.southbound_address()))
            .arg(format!("--pprof-port={}", metrics.port()))
            .arg(format!("--service-cluster-ip-range={SERVICES}"))
            .arg(format!("--log_dir={}", directory.display()))
            .args(["--enable-metrics=true", "--default-gateway-check=false", "--gc-interval=0"])
            .args(["--inspect-interval=3600", "--logtostderr=true", "--enable-lb=true", "--enable-np=true"])
            .args(["--cust-crd-retry-max-delay=2", "--image=any"])
            // The server of metrics reads it.
            .env("KUBECONFIG", kubeconfig)
            .env("POD_NAME", "c0")
            .env("POD_NAMESPACE", "kube-system")
            .env("POD_IP", "127.0.0.1")
            .env("POD_IPS", "127.0.0.1")
            // Without it, it listens on all addresses.
            .env("ENABLE_BIND_LOCAL_IP", "true")
            .env("KUBE_NODE_NAME", NODE)
            .env("KUBERNETES_SERVICE_HOST", "10.96.0.1")
            .env("KUBERNETES_SERVICE_PORT", "443")
            .env("OVN_RUNDIR", directory)
            .env("OVS_RUNDIR", directory)
            .env("GOMAXPROCS", "2");
        let process = Process::start("kube-ovn-controller", &mut command, directory)?;
        let mut log = File::open(directory.join("kube-ovn-controller.stderr"))?;
        // What an earlier process has said is its own.
        log.seek(SeekFrom::End(0))?;
        Ok(Self { process, log, rest: String::new(), errors: Vec::new(), panic: None })
    }

    /// How it ended, if it did: 2 after a panic, 1 after a fatal error.
    pub(super) fn exited(&mut self) -> Result<Option<ExitStatus>> {
        self.process.exited()
    }

    /// Waits until something is there; see [`Process::wait_for`].
    pub(super) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Reads what it has logged since the last time.
    pub(super) fn listen(&mut self) -> Result<()> {
        let mut said = Vec::new();
        self.log.read_to_end(&mut said)?;
        self.rest.push_str(&String::from_utf8_lossy(&said));
        let whole = self.rest.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.rest.split_off(whole);
        for line in std::mem::replace(&mut self.rest, rest).lines() {
            self.errors.extend(error_line(line));
            if self.panic.is_none() && line.starts_with("panic: ") {
                self.panic = Some(line.to_owned());
            }
        }
        Ok(())
    }

    /// How many errors it has logged.
    pub(super) fn mark(&self) -> usize {
        self.errors.len()
    }

    /// The errors since a mark, each once.
    pub(super) fn errors(&self, mark: usize) -> BTreeSet<String> {
        self.errors.get(mark..).unwrap_or_default().iter().cloned().collect()
    }

    /// What it said when it panicked.
    pub(super) fn panic(&self) -> Option<String> {
        self.panic.clone()
    }
}

/// `E1128 10:00:00.000000   12345 file.go:12] message`, of which the message is kept; other lines are none.
fn error_line(line: &str) -> Option<String> {
    if !line.starts_with(['E', 'F']) || !line.get(1..5)?.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (_, message) = line.split_once("] ")?;
    // The queue repeats what the handler has said.
    let repeated = message.starts_with("\"Unhandled Error\"") || message.contains("requeuing");
    (!repeated).then(|| without_ids(message))
}

/// A message without UUIDs and hexadecimal addresses.
fn without_ids(message: &str) -> String {
    let is_id = |word: &str| {
        let uuid = word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4;
        (uuid || word.starts_with("0xc0"))
            && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-' || byte == b'x')
    };
    let mut kept = String::with_capacity(message.len());
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character| is_part(character) != is_part(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        kept.push_str(if is_id(word) { "ID" } else { word });
        rest = after;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_its_message() {
        let line = "E1128 10:00:00.000000   12345 subnet.go:12] subnet a conflicts with 0d64fbd4-2a5c-4b8e-9d0c-5e7f7d0c7c11, see 0xc000123";
        assert_eq!(error_line(line).unwrap(), "subnet a conflicts with ID, see ID");
        assert_eq!(error_line("I1128 10:00:00.000000   12345 subnet.go:12] fine"), None);
        assert_eq!(error_line("Everything"), None);
        assert_eq!(error_line("E1128 1 a.go:1] \"Unhandled Error\" err=\"…\""), None);
    }
}

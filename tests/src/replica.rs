//! A replica of vpcguard, as a process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::ports::free_address;
use crate::process::Process;

const START: Duration = Duration::from_mins(1);

/// More than a replica takes that goes on serving while its Service forgets it.
const STOP: Duration = Duration::from_mins(1);

/// A process of vpcguard, which ends when this is dropped.
#[derive(Debug)]
pub struct Replica {
    binary: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    address: SocketAddr,
    metrics: SocketAddr,
    process: Process,
    directory: TempDir,
}

impl Replica {
    /// Starts a binary with these arguments, to which `--listen` and `--metrics-listen` with ports of its own are added,
    /// and waits until it says that it listens.
    ///
    /// # Errors
    ///
    /// If it does not; the message has the end of its log.
    pub fn start(binary: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<Self> {
        let directory = TempDir::new()?;
        let (address, metrics) = (free_address()?, free_address()?);
        let mut args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        args.extend([format!("--listen={address}"), format!("--metrics-listen={metrics}")]);
        let env = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let process = spawn(binary, &args, &env, &directory)?;
        let mut replica = Self { binary: binary.to_owned(), args, env, address, metrics, process, directory };
        replica.wait_until_listening()?;
        Ok(replica)
    }

    /// Where it answers the API server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers probes.
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// What it has logged, in all its starts.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// The process, for what is not offered here.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it as a crash would.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Ends it as the kubelet would, and waits.
    ///
    /// # Errors
    ///
    /// If it does not end in time.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.process.terminate(STOP)
    }

    /// Starts it again on the same ports, after a crash if it still runs.
    ///
    /// # Errors
    ///
    /// If it does not come back.
    pub fn restart(&mut self) -> Result<()> {
        self.begin_again()?;
        self.wait_until_listening()
    }

    /// The same, for what is to be seen before it listens.
    ///
    /// # Errors
    ///
    /// If there is no process.
    pub fn begin_again(&mut self) -> Result<()> {
        self.kill()?;
        self.process = spawn(&self.binary, &self.args, &self.env, &self.directory)?;
        Ok(())
    }

    /// Waits until it says that it listens.
    ///
    /// # Errors
    ///
    /// If it does not; the message has the end of its log.
    pub fn wait_until_listening(&mut self) -> Result<()> {
        let ready = format!("listening on https://{}\nmetrics on http://{}\n", self.address, self.metrics);
        let stdout = self.directory.path().join("vpcguard.stdout");
        let both = || std::fs::read_to_string(&stdout).ok().filter(|lines| lines.starts_with(&ready));
        self.process.wait_for("its two ready lines", START, both).map(|_| ())
    }
}

fn spawn(binary: &Path, args: &[String], env: &BTreeMap<String, String>, directory: &TempDir) -> Result<Process> {
    Process::start("vpcguard", Command::new(binary).args(args).envs(env), directory.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says that it listens, and waits.
    const SCRIPT: &str =
        "echo listening on https://${1#*=}; echo metrics on http://${2#*=}; echo $WORD >&2; exec sleep 1000";

    #[test]
    fn comes_back_with_the_same_ports() {
        let mut replica = Replica::start(Path::new("sh"), &["-c", SCRIPT, "sh"], &[("WORD", "hello")]).unwrap();
        let (address, first) = (replica.address(), replica.process().id());
        replica.kill().unwrap();
        replica.restart().unwrap();
        assert_eq!(replica.address(), address);
        assert_ne!(replica.process().id(), first);
        assert!(!replica.terminate().unwrap().success());
        assert_eq!(replica.log(), "hello\nhello\n");
    }

    #[test]
    fn says_why_it_did_not_start() {
        let error = Replica::start(Path::new("sh"), &["-c", "echo no settings >&2; exit 2", "sh"], &[]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("exit status: 2") && error.contains("no settings"), "{error}");
    }
}

//! A private OVN: both databases and ovn-northd, on unix sockets in a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::ovsdb::Rpc;
use super::parts::OvnPrograms;
use crate::process::Process;

const READY: Duration = Duration::from_secs(30);

/// The chassis of the one node there is; gateways are put on it.
pub(super) const CHASSIS: &str = "0d64fbd4-2a5c-4b8e-9d0c-5e7f7d0c7c11";

/// The name of that node.
pub(super) const NODE: &str = "n1";

/// A running OVN.
pub(super) struct Ovn {
    // In the order in which they end.
    _northd: Process,
    _northbound: Process,
    southbound: Process,
    programs: OvnPrograms,
    directory: PathBuf,
    traces: usize,
}

impl Ovn {
    pub(super) fn start(programs: &OvnPrograms, directory: &Path) -> Result<Self> {
        let mut northbound = database(programs, directory, "nb")?;
        let mut southbound = database(programs, directory, "sb")?;
        let socket = |name: &str| directory.join(name);
        northbound.wait_for("its socket", READY, || Rpc::connect(&socket("nb.sock")).ok())?;
        southbound.wait_for("its socket", READY, || Rpc::connect(&socket("sb.sock")).ok())?;
        let unix = |name: &str| format!("unix:{}", socket(name).display());
        let mut command = command(programs, directory, "ovn-northd")?;
        command
            .arg(format!("--ovnnb-db={}", unix("nb.sock")))
            .arg(format!("--ovnsb-db={}", unix("sb.sock")))
            .arg(format!("--unixctl={}", socket("nd.ctl").display()))
            .arg(format!("--log-file={}", socket("northd.log").display()))
            .arg("-vconsole:off");
        let northd = Process::start("ovn-northd", &mut command, directory)?;
        let ovn = Self {
            _northd: northd,
            _northbound: northbound,
            southbound,
            programs: programs.clone(),
            directory: directory.to_owned(),
            traces: 0,
        };
        ovn.nbctl(&["init"])?;
        ovn.sbctl(&["init"])?;
        ovn.sbctl(&["chassis-add", CHASSIS, "geneve", "127.0.0.1"])?;
        ovn.sbctl(&["set", "Chassis", CHASSIS, &format!("hostname={NODE}")])?;
        // Repeated warnings would vanish.
        ovn.northd_control("vlog/disable-rate-limit")?;
        Ok(ovn)
    }

    pub(super) fn northbound_address(&self) -> String {
        format!("unix:{}", self.directory.join("nb.sock").display())
    }

    pub(super) fn southbound_address(&self) -> String {
        format!("unix:{}", self.directory.join("sb.sock").display())
    }

    /// A connection to the northbound database.
    pub(super) fn northbound(&self) -> Result<Rpc> {
        Rpc::connect(&self.directory.join("nb.sock"))
    }

    /// Waits until ovn-northd has translated the northbound database.
    pub(super) fn sync(&self) -> Result<()> {
        self.nbctl(&["--wait=sb", "--timeout=120", "sync"]).map(drop)
    }

    /// What ovn-northd leaves out of the network as it stands: its warnings of a translation from scratch. The running log is
    /// full of faults that a later row has cured.
    pub(super) fn dropped(&self) -> Result<Vec<String>> {
        let log = self.directory.join("northd.log");
        let read = || std::fs::read_to_string(&log).unwrap_or_default();
        let before = read().len();
        self.northd_control("inc-engine/recompute")?;
        self.sync()?;
        let log = read();
        let said = log.get(before..).unwrap_or_default().lines();
        let warning = |line: &str| line.split_once("|WARN|").map(|(_, text)| text.to_owned());
        let mut warnings: Vec<_> = said.filter_map(warning).collect();
        warnings.sort();
        warnings.dedup();
        Ok(warnings)
    }

    /// The matches that do not parse: (match, reason). ovn-trace reads all logical flows once, and logs those; the database
    /// waits until the limit on repeated lines is off.
    pub(super) fn unparsed(&mut self) -> Result<Vec<(String, String)>> {
        self.traces += 1;
        let control = self.directory.join(format!("t{}.ctl", self.traces));
        let log = self.directory.join(format!("trace{}.log", self.traces));
        let mut command = command(&self.programs, &self.directory, "ovn-trace")?;
        command
            .arg(format!("--db={}", self.southbound_address()))
            .arg("--detach")
            .arg("--no-leader-only")
            .arg(format!("--unixctl={}", control.display()))
            .arg(format!("--log-file={}", log.display()))
            .args(["-vconsole:off", "-vsyslog:off", "-vfile:warn"]);
        let database = Pid::from_raw(i32::try_from(self.southbound.id())?);
        kill(database, Signal::SIGSTOP)?;
        let started = Process::start("ovn-trace", &mut command, &self.directory).and_then(|mut trace| {
            // It detaches only once it has read the database, so this process is still the first one.
            let mut rpc = trace.wait_for("its control socket", READY, || Rpc::connect(&control).ok())?;
            rpc.call("vlog/disable-rate-limit", &json!([]))?;
            Ok((trace, rpc))
        });
        kill(database, Signal::SIGCONT)?;
        let (mut trace, mut rpc) = started?;
        while trace.exited()?.is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        rpc.call("exit", &json!([]))?;
        Ok(said.lines().filter_map(unparsed_match).collect())
    }

    /// What a packet does: the text of ovn-trace.
    pub(super) fn trace(&self, switch: &str, flow: &str) -> Result<String> {
        let mut command = command(&self.programs, &self.directory, "ovn-trace")?;
        command.arg(format!("--db={}", self.southbound_address())).args([
            "--minimal",
            "--no-leader-only",
            switch,
            flow,
        ]);
        run(&mut command)
    }

    /// Runs ovn-nbctl.
    pub(super) fn nbctl(&self, args: &[&str]) -> Result<String> {
        let mut command = command(&self.programs, &self.directory, "ovn-nbctl")?;
        run(command.arg(format!("--db={}", self.northbound_address())).args(args))
    }

    fn sbctl(&self, args: &[&str]) -> Result<String> {
        let mut command = command(&self.programs, &self.directory, "ovn-sbctl")?;
        run(command.arg(format!("--db={}", self.southbound_address())).args(args))
    }

    fn northd_control(&self, method: &str) -> Result<()> {
        // The socket is there before it answers.
        let socket = self.directory.join("nd.ctl");
        let mut tried = 0;
        loop {
            match Rpc::connect(&socket).and_then(|mut rpc| rpc.call(method, &json!([]))) {
                Ok(_) => return Ok(()),
                Err(error) if tried > 500 => return Err(error),
                Err(_) => tried += 1,
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// `…|ovntrace|WARN|MATCH: parsing expression failed (REASON)`, of one line.
fn unparsed_match(line: &str) -> Option<(String, String)> {
    let (_, text) = line.split_once("|WARN|")?;
    let (expression, reason) = text.split_once(": parsing expression failed")?;
    Some((expression.to_owned(), reason.trim_start_matches(" (").trim_end_matches(')').to_owned()))
}

fn database(programs: &OvnPrograms, directory: &Path, name: &str) -> Result<Process> {
    let file = |ending: &str| directory.join(format!("{name}.{ending}")).display().to_string();
    let schema = programs.schema(&format!("ovn-{name}.ovsschema"));
    run(command(programs, directory, "ovsdb-tool")?.arg("create").arg(file("db")).arg(schema))?;
    let mut command = command(programs, directory, "ovsdb-server")?;
    command
        .arg(file("db"))
        .arg(format!("--remote=punix:{}", file("sock")))
        .arg(format!("--unixctl={}", file("ctl")))
        .arg("-vconsole:off");
    Process::start(&format!("ovsdb-{name}"), &mut command, directory)
}

/// A program with nothing of the machine's own OVN.
fn command(programs: &OvnPrograms, directory: &Path, program: &str) -> Result<Command> {
    let mut command = programs.command(program)?;
    for variable in ["OVN_RUNDIR", "OVS_RUNDIR", "OVN_LOGDIR", "OVS_LOGDIR"] {
        command.env(variable, directory);
    }
    Ok(command)
}

fn run(command: &mut Command) -> Result<String> {
    let program = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{program} does not start"))?;
    let arguments: Vec<_> = command.get_args().map(|argument| argument.display().to_string()).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {errors}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_that_does_not_parse_has_its_reason() {
        let line =
            "2026-11-28T00:00:00Z|00007|ovntrace|WARN|ip4.dst = 1: parsing expression failed (Syntax error at `=')";
        assert_eq!(unparsed_match(line), Some(("ip4.dst = 1".to_owned(), "Syntax error at `='".to_owned())));
        assert_eq!(unparsed_match("2026|1|ovntrace|WARN|something else"), None);
    }
}

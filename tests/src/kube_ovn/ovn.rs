//! A private OVN: both databases and ovn-northd, on unix sockets in a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::ovsdb::Rpc;
use super::parts::OvnPrograms;
use super::trace::{Started, Trace};
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
        let northbound = started_database(programs, directory, "nb")?;
        let southbound = started_database(programs, directory, "sb")?;
        let socket = |name: &str| directory.join(name);
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

    /// The matches that do not parse: (match, reason).
    pub(super) fn unparsed(&mut self) -> Result<Vec<(String, String)>> {
        self.traces += 1;
        let command = command(&self.programs, &self.directory, "ovn-trace")?;
        let (address, name) = (self.southbound_address(), format!("trace{}", self.traces));
        match Trace::start(command, &self.southbound, &address, &self.directory, &name)? {
            Started::Ready(_, unparsed) => Ok(unparsed),
            Started::Ended(status, said) => bail!("ovn-trace ends ({status}): {said}"),
        }
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

/// The server of a database that is empty and answers.
pub(super) fn started_database(programs: &OvnPrograms, directory: &Path, name: &str) -> Result<Process> {
    let mut server = database(programs, directory, name)?;
    let socket = directory.join(format!("{name}.sock"));
    server.wait_for("its socket", READY, || Rpc::connect(&socket).ok())?;
    Ok(server)
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
pub(super) fn command(programs: &OvnPrograms, directory: &Path, program: &str) -> Result<Command> {
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

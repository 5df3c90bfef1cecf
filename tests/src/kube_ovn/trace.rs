//! ovn-trace as a server: it reads all logical flows once, logs those whose match does not parse, and then says what a packet does.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::ovsdb::Rpc;
use crate::process::Process;

const READY: Duration = Duration::from_secs(30);

/// How a message of its log goes on behind the match.
const FAILED: &str = ": parsing expression failed";

/// One that runs in the background.
pub(super) struct Trace {
    rpc: Rpc,
}

/// What starting it comes to.
pub(super) enum Started {
    /// It has read all flows: which matches do not parse, and why.
    Ready(Trace, Vec<(String, String)>),
    /// It ended while it read them.
    Ended(ExitStatus, String),
}

impl Trace {
    /// Starts it on a southbound database, whose server waits until the limit on repeated lines is off.
    pub(super) fn start(
        mut command: Command,
        database: &Process,
        address: &str,
        directory: &Path,
        name: &str,
    ) -> Result<Started> {
        let file = |ending: &str| directory.join(format!("{name}.{ending}"));
        command
            .arg(format!("--db={address}"))
            .args(["--detach", "--no-leader-only", "-vconsole:off", "-vsyslog:off", "-vfile:warn"])
            .arg(format!("--unixctl={}", file("ctl").display()))
            .arg(format!("--log-file={}", file("log").display()));
        let server = Pid::from_raw(i32::try_from(database.id())?);
        kill(server, Signal::SIGSTOP)?;
        let started = Process::start(name, &mut command, directory).and_then(|mut process| {
            // It detaches only once it has read the database, so this process is still the first one.
            let mut rpc = process.wait_for("its control socket", READY, || Rpc::connect(&file("ctl")).ok())?;
            rpc.call("vlog/disable-rate-limit", &json!([]))?;
            Ok((process, rpc))
        });
        kill(server, Signal::SIGCONT)?;
        let (mut process, rpc) = started?;
        let status = loop {
            match process.exited()? {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        if !status.success() {
            return Ok(Started::Ended(status, process.stderr()));
        }
        let log = fs::read(file("log")).unwrap_or_default();
        Ok(Started::Ready(Self { rpc }, unparsed(&String::from_utf8_lossy(&log))))
    }

    /// What a packet does that comes into a switch.
    pub(super) fn packet(&mut self, switch: &str, microflow: &str) -> Result<String> {
        let said = self.rpc.call("trace", &json!([switch, microflow]))?;
        said.as_str().map(str::to_owned).context("ovn-trace answers with something else than a text")
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // One that is gone already needs no end.
        let _: Result<Value> = self.rpc.call("exit", &json!([]));
    }
}

/// The matches of a log that do not parse, and why.
fn unparsed(log: &str) -> Vec<(String, String)> {
    let mut messages: Vec<String> = Vec::new();
    for line in log.split_inclusive('\n') {
        match (message(line), messages.last_mut()) {
            (Some(begun), _) => messages.push(begun.to_owned()),
            // A match may have several lines.
            (None, Some(last)) => last.push_str(line),
            (None, None) => {}
        }
    }
    messages.iter().filter_map(|message| unparsed_match(message.strip_suffix('\n').unwrap_or(message))).collect()
}

/// The message of a line that begins as one of the log: `2026-11-28T00:00:00.000Z|00007|ovntrace|WARN|…`.
fn message(line: &str) -> Option<&str> {
    let mut parts = line.splitn(5, '|');
    let (time, number, _, _) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_time = time.len() >= 20 && time.ends_with('Z') && time.starts_with("20");
    (is_time && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| parts.next())?
}

/// `MATCH: parsing expression failed (REASON)`.
fn unparsed_match(message: &str) -> Option<(String, String)> {
    let (expression, reason) = message.rsplit_once(FAILED)?;
    let reason = reason.strip_prefix(" (").and_then(|reason| reason.strip_suffix(')')).unwrap_or(reason);
    Some((expression.to_owned(), reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_that_does_not_parse_has_its_reason() {
        let log = "\
2026-11-28T00:00:00Z|00007|ovntrace|WARN|ip4.dst = 1: parsing expression failed (Syntax error at `=')
2026-11-28T00:00:00.123Z|8|ovntrace|WARN|something else
2026-11-28T00:00:00.123Z|00009|ovntrace|WARN|ip4 |
| ip6
: parsing expression failed (\"||\")
2026-11-28T00:00:00Z|00010|ovntrace|WARN|^a: parsing expression failed
";
        let said = [("ip4.dst = 1", "Syntax error at `='"), ("ip4 |\n| ip6\n", "\"||\""), ("^a", "")];
        let said = said.map(|(text, reason)| (text.to_owned(), reason.to_owned()));
        assert_eq!(unparsed(log), said);
    }
}

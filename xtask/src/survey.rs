//! `cargo xtask survey`: what `vpcguard check .` says in repositories that are there already, and what it takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::root;

/// How often its memory and its time are looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A tick of /proc/PID/stat, which is the same on all of Linux.
const TICK: Duration = Duration::from_millis(10);

/// How many of the things that could not be read are listed of a repository.
const MOST_LISTED: usize = 10;

#[derive(Args)]
pub(crate) struct Survey {
    /// Another program than the release build, which is made first.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The repositories: folders, in which nothing is written.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
}

/// What one check said, and what it took.
struct Said {
    name: String,
    status: ExitStatus,
    report: Value,
    time: Duration,
    /// None where the system does not tell, as the next.
    processor_time: Option<Duration>,
    /// In KiB.
    memory: Option<u64>,
}

pub(crate) fn run(shell: &Shell, asked: &Survey) -> Result<()> {
    let program = match &asked.program {
        Some(program) => program.canonicalize().with_context(|| format!("{}", program.display()))?,
        None => {
            cmd!(shell, "cargo build --release --package vpcguard --locked").run()?;
            root().join("target/release/vpcguard").canonicalize()?
        }
    };
    let said = asked.folders.iter().map(|folder| check(shell, &program, folder)).collect::<Result<Vec<_>>>()?;
    print!("{}\n{}\n{}", summary(&said), by_rule(&said), unread(&said));
    Ok(())
}

fn check(shell: &Shell, program: &Path, folder: &Path) -> Result<Said> {
    let scratch = shell.create_temp_dir()?;
    let report = scratch.path().join("report.json");
    let mut check = Command::new(program);
    check.args(["check", "--format", "json", "--allow-empty", "."]).current_dir(folder);
    let started = Instant::now();
    let mut child = check.stdout(File::create(&report)?).stderr(Stdio::null()).spawn()?;
    let (mut memory, mut processor_time) = (None, None);
    let status = loop {
        memory = peak(child.id()).or(memory);
        processor_time = spent(child.id()).or(processor_time);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(LOOK);
    };
    let time = started.elapsed();
    let report = serde_json::from_slice(&fs::read(report)?)
        .with_context(|| format!("{}: {status}, and no report", folder.display()))?;
    ensure!(status.code().is_some(), "{}: {status}", folder.display());
    Ok(Said { name: name(folder), status, report, time, processor_time, memory })
}

/// The folder, and the commit where there is one.
fn name(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let git = Command::new("git").args(["rev-parse", "--short=9", "HEAD"]).current_dir(&folder).output();
    let commit = git.ok().filter(|git| git.status.success() && folder.join(".git").exists());
    commit.map_or(name.clone(), |git| format!("{name} {}", String::from_utf8_lossy(&git.stdout).trim()))
}

/// The most memory that a process has had so far, in KiB.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The processor time that a process has spent so far.
fn spent(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().ok());
    Some(TICK * ticks.sum::<Option<u32>>()?)
}

impl Said {
    fn list(&self, key: &str) -> &[Value] {
        self.report.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn count(&self, key: &str) -> u64 {
        self.report.get("summary").and_then(|summary| summary.get(key)?.as_u64()).unwrap_or_default()
    }

    /// How often a rule denies, and how often it warns.
    fn findings(&self, rule: &str) -> (usize, usize) {
        let of_rule = self.list("findings").iter().filter(|finding| text(finding, "rule") == rule);
        let (denials, warnings): (Vec<_>, Vec<_>) = of_rule.partition(|finding| text(finding, "action") == "deny");
        (denials.len(), warnings.len())
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A row a repository.
fn summary(said: &[Said]) -> String {
    let mut table = "| repository | files | objects | could not be read | denied | warned | exit code | time \
                     | processor time | memory |\n|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for one in said {
        let [files, objects, denied, warned] = ["files", "objects", "denied", "warned"].map(|key| one.count(key));
        let memory = one.memory.map_or_else(|| "?".to_owned(), |memory| format!("{} MiB", memory.div_ceil(1024)));
        let (unread, code) = (one.list("errors").len(), one.status.code().unwrap_or_default());
        let (name, time) = (&one.name, one.time.as_secs_f64());
        let spent = one.processor_time.map_or_else(|| "?".to_owned(), |spent| format!("{:.2} s", spent.as_secs_f64()));
        let _ = writeln!(
            table,
            "| {name} | {files} | {objects} | {unread} | {denied} | {warned} | {code} | {time:.2} s | {spent} | {memory} |"
        );
    }
    table
}

/// A row a rule that found something, a column a repository: denials and warnings.
fn by_rule(said: &[Said]) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in said.iter().flat_map(|one| one.list("findings")) {
        *rules.entry(text(finding, "rule")).or_default() += 1;
    }
    let mut table = "| rule |".to_owned();
    for one in said {
        let _ = write!(table, " {} |", one.name);
    }
    let _ = writeln!(table, "\n|---|{}", "---|".repeat(said.len()));
    for rule in rules.keys() {
        let _ = write!(table, "| `{rule}` |");
        for one in said {
            let cell = match one.findings(rule) {
                (0, 0) => String::new(),
                (denials, 0) => format!("{denials} denied"),
                (0, warnings) => format!("{warnings} warned"),
                (denials, warnings) => format!("{denials} denied, {warnings} warned"),
            };
            let _ = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table
}

/// The first of what could not be read.
fn unread(said: &[Said]) -> String {
    let mut lines = String::new();
    for one in said {
        let errors = one.list("errors");
        for error in errors.iter().take(MOST_LISTED) {
            let line = error.get("line").and_then(Value::as_u64).unwrap_or_default();
            let _ = writeln!(lines, "{}: {}:{line}: {}", one.name, text(error, "file"), text(error, "message"));
        }
        if errors.len() > MOST_LISTED {
            let _ = writeln!(lines, "{}: and {} more", one.name, errors.len() - MOST_LISTED);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use serde_json::json;

    use super::*;

    fn said(name: &str, report: Value) -> Said {
        let (status, time) = (ExitStatus::from_raw(1 << 8), Duration::from_millis(1250));
        Said { name: name.to_owned(), status, report, time, processor_time: None, memory: Some(2049) }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_process_takes_is_seen() {
        let this = std::process::id();
        assert!(peak(this).unwrap() > 100 && spent(this).is_some());
        assert_eq!((peak(u32::MAX), spent(u32::MAX)), (None, None));
    }

    #[test]
    fn the_tables_count_what_the_reports_say() {
        let (denied, warned) = (json!({"rule": "a", "action": "deny"}), json!({"rule": "b", "action": "warn"}));
        let summary_of = json!({"files": 3, "objects": 2, "denied": 1, "warned": 0});
        let errors = json!([{"file": "x.yaml", "line": 7, "message": "no"}]);
        let reports = [
            said("one", json!({"findings": [denied, denied, warned], "errors": errors, "summary": summary_of})),
            said("two", json!({"findings": [], "errors": [], "summary": {}})),
        ];
        let table = summary(&reports);
        let cells = |line: &str| line.matches('|').count();
        assert!(table.lines().all(|line| cells(line) == 11), "{table}");
        let rows: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| one | 3 | 2 | 1 | 1 | 0 | 1 | 1.25 s | ? | 3 MiB |",
                "| two | 0 | 0 | 0 | 0 | 0 | 1 | 1.25 s | ? | 3 MiB |"
            ]
        );
        let rows: Vec<_> = by_rule(&reports).lines().skip(2).map(str::to_owned).collect();
        assert_eq!(rows, ["| `a` | 2 denied |  |", "| `b` | 1 warned |  |"]);
        assert_eq!(unread(&reports), "one: x.yaml:7: no\n");
    }
}

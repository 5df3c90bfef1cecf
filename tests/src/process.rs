//! A child process that ends with the test: when it is dropped, and also when the test process is killed.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often something is looked at that is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// How much of a log is worth printing.
const TAIL: usize = 30;

/// A running process, or one that has ended.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    // None once the child has ended and its number may be another process's.
    guard: Option<Child>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts a process. Its output goes to `<name>.stdout` (of this start) and `<name>.stderr` (of all starts) in a
    /// directory: a pipe that nobody reads would block it.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(name: &str, command: &mut Command, logs: &Path) -> Result<Self> {
        let stdout = logs.join(format!("{name}.stdout"));
        let stderr = logs.join(format!("{name}.stderr"));
        let errors = OpenOptions::new().create(true).append(true).open(&stderr)?;
        command.stdin(Stdio::null()).stdout(File::create(&stdout)?).stderr(errors);
        let mut child =
            command.spawn().with_context(|| format!("{} does not start", command.get_program().display()))?;
        match guard(child.id()) {
            Ok(guard) => Ok(Self { name: name.to_owned(), child, guard: Some(guard), stdout, stderr }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// Waits until something is there. It fails when the process ends before, or when the time is over, and then shows the
    /// end of the log.
    ///
    /// # Errors
    ///
    /// If it does not come.
    pub fn wait_for<T>(&mut self, what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exited()? {
                bail!("{} ended ({status}) before {what}:\n{}", self.name, self.log_tail());
            }
            if let Some(found) = look() {
                return Ok(found);
            }
            if start.elapsed() > limit {
                bail!("{}: {what} did not come in {limit:?}:\n{}", self.name, self.log_tail());
            }
            sleep(PAUSE);
        }
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.dismiss_guard();
        }
        Ok(status)
    }

    /// Ends it at once, as a crash would: SIGKILL.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.dismiss_guard();
        // Of a process that has ended already this is not an error.
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, with SIGTERM, and waits.
    ///
    /// # Errors
    ///
    /// If it does not end in time.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        if self.exited()?.is_none() {
            kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        }
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                bail!("{} did not end within {limit:?} of SIGTERM:\n{}", self.name, self.log_tail());
            }
            sleep(PAUSE);
        }
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output since this start.
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it has written to standard error, in all its starts.
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    fn log_tail(&self) -> String {
        let log = self.stderr();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n")
    }

    fn dismiss_guard(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            // A guard that is gone already needs no end.
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What fails here cannot be fixed here.
        let _ = self.kill();
    }
}

/// A shell that waits for the end of its input, which comes when this process ends in whatever way, and kills the child.
///
/// The kernel's own means, `PR_SET_PDEATHSIG`, needs unsafe code, and fires when the thread ends that started the
/// child: the first test of several that share it.
fn guard(child: u32) -> Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", "read -r _; kill -9 \"$0\"", &child.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("sh does not start")
}

fn read(file: &Path) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

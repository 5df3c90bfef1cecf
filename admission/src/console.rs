//! What is said on standard output and standard error.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use vpcguard_check::printable;

/// Whether standard output is a terminal that is to show colours; `NO_COLOR` and `CLICOLOR_FORCE` count.
pub(crate) fn is_coloured() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Writes to standard output. A reader that has seen enough is not an error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes complaints to standard error, a line each; where nobody reads them, nobody is to blame.
pub(crate) fn error(text: &str) {
    complain("error", text);
}

/// The same of what is no complaint.
pub(crate) fn note(text: &str) {
    complain("note", text);
}

fn complain(level: &str, text: &str) {
    let mut out = io::stderr().lock();
    for line in text.lines() {
        // Names and keys are whatever a file says.
        let _ = writeln!(out, "{level}: {}", printable(line));
    }
}

//! What shells and `man` know of the program: `vpcguard completions` and `vpcguard man-pages`.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::console;

/// Print what a shell completes command lines with.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the manual pages, one for each command, into a directory.
#[derive(Debug, Args)]
pub(crate) struct ManPages {
    /// The directory; it is made if it is not there.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Completions {
    pub(crate) fn run(&self) -> ExitCode {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "vpcguard", &mut script);
        ended(console::print(&String::from_utf8_lossy(&script)))
    }
}

impl ManPages {
    pub(crate) fn run(&self) -> ExitCode {
        let written = fs::create_dir_all(&self.directory)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &self.directory));
        let written = written.map_err(|error| io::Error::other(format!("{}: {error}", self.directory.display())));
        ended(written)
    }
}

fn ended(done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::error(&error.to_string());
            ExitCode::from(2)
        }
    }
}

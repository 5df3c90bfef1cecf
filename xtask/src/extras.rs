//! `cargo xtask extras`: what lies beside the program in the archive of a release: completions and manual pages.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use xshell::{Shell, cmd};

/// The shells, and what each calls the file of a program's completions.
const SHELLS: &[(&str, &str)] = &[
    ("bash", "vpcguard.bash"),
    ("elvish", "vpcguard.elv"),
    ("fish", "vpcguard.fish"),
    ("powershell", "_vpcguard.ps1"),
    ("zsh", "_vpcguard"),
];

#[derive(Args)]
pub(crate) struct Extras {
    /// The program.
    program: PathBuf,
    /// The directory into which `completions` and `man` are put.
    directory: PathBuf,
}

impl Extras {
    pub(crate) fn write(&self, shell: &Shell) -> Result<()> {
        let Self { program, directory } = self;
        let (completions, man) = (directory.join("completions"), directory.join("man"));
        for left in [&completions, &man] {
            shell.remove_path(left)?;
        }
        for (name, file) in SHELLS {
            let script = cmd!(shell, "{program} completions {name}").quiet().read()?;
            ensure!(!script.is_empty(), "there are no completions for {name}");
            shell.write_file(completions.join(file), script + "\n")?;
        }
        cmd!(shell, "{program} man-pages {man}").quiet().run()?;
        let pages = shell.read_dir(&man)?.len();
        ensure!(pages > 1, "there are no manual pages in {}", man.display());
        println!("{}: completions of {} shells, {pages} manual pages", directory.display(), SHELLS.len());
        Ok(())
    }
}

//! Where reports have colours.

use std::path::Path;
use std::process::Command;

/// `NO_COLOR` has the last word, and a pipe is not a terminal.
#[test]
fn colours_are_for_terminals() {
    let check = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vpcguard"));
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        let check = command.args(["check", "../examples/guide"]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
        let output = check.envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!check(&[]));
    assert!(check(&[("CLICOLOR_FORCE", "1")]));
    assert!(!check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

//! What shells and `man` are given.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn vpcguard(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vpcguard")).args(args).output().unwrap()
}

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = String::from_utf8(vpcguard(&["--help"]).stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().map_while(|line| line.split_whitespace().next());
    commands.filter(|command| *command != "help").map(str::to_owned).collect()
}

#[test]
fn every_shell_completes_every_command_and_the_rules() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = vpcguard(&["completions", shell]);
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let script = String::from_utf8(output.stdout).unwrap();
        // Of values nobody but these knows.
        let values: &[&str] = if ["elvish", "powershell"].contains(&shell) {
            &["--select"]
        } else {
            &["sarif", "subnet-cidr-overlap", "inject-vpc-lb"]
        };
        for word in commands().iter().map(String::as_str).chain(values.iter().copied()) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(vpcguard(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn bash_reads_its_completions() {
    let script = vpcguard(&["completions", "bash"]).stdout;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(&script).unwrap();
    let output = bash.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("a/man");
    let output = vpcguard(&["man-pages", directory.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let page = |name: &str| fs::read_to_string(directory.join(format!("{name}.1"))).unwrap();
    assert!(page("vpcguard").contains(".TH"));
    for command in commands() {
        let page = page(&format!("vpcguard-{command}"));
        assert!(page.starts_with(".ie") && page.contains(&command.replace('-', "\\-")), "{page}");
    }
    assert!(page("vpcguard-check").contains("Exit codes"));
    for command in ["match", "namespace", "pod", "subnet"] {
        assert!(page(&format!("vpcguard-explain-{command}")).contains(".SH"), "{command}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    let output = vpcguard(&["man-pages", folder.path().join("file").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn the_page_of_a_rule_is_that_of_the_manual() {
    let page = String::from_utf8(vpcguard(&["rules", "subnet-cidr-overlap"]).stdout).unwrap();
    let manual = include_str!("../../../docs/rules.md");
    assert!(page.starts_with("## subnet-cidr-overlap\n") && manual.contains(&page), "{page}");
    let output = vpcguard(&["rules", "subnet-cidr-overlp"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stderr, b"error: unknown rule \"subnet-cidr-overlp\": did you mean \"subnet-cidr-overlap\"?\n");
}

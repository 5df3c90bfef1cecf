//! What the README and the manual show is what happens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::serving::Server;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands that a page shows with their output.
fn shown_in(page: &str) -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join(page)).unwrap();
    let blocks = page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown = blocks.map(|block| {
        let (command, output) = block.split_once('\n').unwrap();
        (command.strip_prefix("$ ").unwrap().to_owned(), output.to_owned())
    });
    shown.collect()
}

fn shown() -> Vec<(String, String)> {
    shown_in("README.md")
}

#[test]
fn the_check_prints_what_is_shown() {
    let pages = [shown(), shown_in("docs/check.md")];
    assert!(pages.iter().all(|page| page.iter().any(|(command, _)| command.starts_with("vpcguard "))));
    let checks = pages.into_iter().flatten().filter(|(command, _)| command.starts_with("vpcguard "));
    for (command, wanted) in checks {
        let args = command.split(' ').skip(1);
        let output = Command::new(env!("CARGO_BIN_EXE_vpcguard")).args(args).current_dir(root()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted, "{command}");
    }
}

/// `NO_COLOR` has the last word, and a pipe is no terminal.
#[test]
fn colours_are_for_terminals() {
    let check = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vpcguard"));
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        let check = command.args(["check", "examples/guide"]).current_dir(root());
        let output = check.envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!check(&[]));
    assert!(check(&[("CLICOLOR_FORCE", "1")]));
    assert!(!check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[tokio::test]
async fn the_webhook_says_what_is_shown() {
    let shown = shown();
    let (command, wanted) = shown.iter().find(|(command, _)| command.starts_with("curl ")).unwrap();
    let request = command.split(' ').find_map(|word| word.strip_prefix('@')).unwrap();
    let server = Server::start_on(&root().join("examples/two-tenants"));
    let reply = server.post("/validate", fs::read(root().join(request)).unwrap()).await;
    let message: &Value = &reply.response()["status"]["message"];
    assert_eq!(message.as_str().unwrap(), wanted.trim_end());
}

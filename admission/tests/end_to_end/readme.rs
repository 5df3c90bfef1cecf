//! What the README shows is what happens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::serving::Server;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands that the README shows with their output.
fn shown() -> Vec<(String, String)> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let shown = blocks.map(|block| {
        let (command, output) = block.split_once('\n').unwrap();
        (command.strip_prefix("$ ").unwrap().to_owned(), output.to_owned())
    });
    shown.collect()
}

#[test]
fn the_check_prints_what_is_shown() {
    let checks: Vec<_> = shown().into_iter().filter(|(command, _)| command.starts_with("vpcguard ")).collect();
    assert!(!checks.is_empty());
    for (command, wanted) in checks {
        let args = command.split(' ').skip(1);
        let output = Command::new(env!("CARGO_BIN_EXE_vpcguard")).args(args).current_dir(root()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted, "{command}");
    }
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

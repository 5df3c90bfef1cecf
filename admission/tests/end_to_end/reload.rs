//! SIGHUP: the settings of a running server change, or it says why they do not.

use std::fs;

use serde_json::{Value, json};

use crate::running::{Peer, Running, ask, files};
use crate::serving::{create, subnet};

const CHANGED: &str = "SIGHUP: the settings are those of the file now";
const UNCHANGED: &str = "SIGHUP: the settings stay as they were";

/// Without consequences, so that it can be asked again and again.
fn overlapping() -> Value {
    let mut review = create(&subnet("b", "10.1.1.0/24"));
    review["request"]["dryRun"] = json!(true);
    review
}

#[tokio::test]
async fn the_next_answer_follows_the_changed_settings() {
    let files = files();
    fs::write(files.path().join("settings.yaml"), "{}").unwrap();
    let mut server = Running::start(files, &["--settings", "settings.yaml", "--ca-out", "ca.pem"]);
    // A connection that exists is judged by what is valid now, too.
    let mut kept = Peer::trusting(&server.files().join("ca.pem")).connect(server.address).await.unwrap();
    assert_eq!(ask(&mut kept, &overlapping()).await.unwrap()["allowed"], false);

    server.write("settings.yaml", "rules:\n  subnet-cidr-overlap: warn\n");
    assert_eq!(ask(&mut kept, &overlapping()).await.unwrap()["allowed"], false);
    server.hang_up();
    server.logged(CHANGED).await;
    let warned = ask(&mut kept, &overlapping()).await.unwrap();
    assert_eq!(warned["allowed"], true);
    assert!(warned["warnings"][0].as_str().unwrap().contains(r#"Subnet "a""#), "{warned}");

    server.write("settings.yaml", "rules:\n  subnet-cidr-overlap: deny\n");
    server.hang_up();
    server.logged(CHANGED).await;
    assert_eq!(ask(&mut kept, &overlapping()).await.unwrap()["allowed"], false);
}

#[tokio::test]
async fn settings_that_cannot_be_used_change_nothing_and_the_log_says_why() {
    let files = files();
    let warn = "rules:\n  subnet-cidr-overlap: warn\n";
    fs::write(files.path().join("settings.yaml"), warn).unwrap();
    let mut server = Running::start(files, &["--settings", "settings.yaml", "--ca-out", "ca.pem"]);
    let mut kept = Peer::trusting(&server.files().join("ca.pem")).connect(server.address).await.unwrap();
    for (settings, reason) in [
        ("rules:\n  subnet-cidr-overlp: deny\n", r#"did you mean "subnet-cidr-overlap"?"#),
        ("rules: [\n", "settings.yaml:"),
        ("kubeOvn:\n  defaultVpc: another\n", "kubeOvn cannot change while the manifests are in memory: start anew"),
    ] {
        server.write("settings.yaml", settings);
        server.hang_up();
        let said = server.logged(UNCHANGED).await;
        assert!(said.contains(reason), "{settings}: {said}");
        assert_eq!(ask(&mut kept, &overlapping()).await.unwrap()["allowed"], true);
    }
    fs::remove_file(server.files().join("settings.yaml")).unwrap();
    server.hang_up();
    let said = server.logged(UNCHANGED).await;
    assert!(said.contains("settings.yaml"), "{said}");
    assert_eq!(ask(&mut kept, &overlapping()).await.unwrap()["allowed"], true);

    // What went wrong before does not keep good settings out.
    server.write("settings.yaml", "{}");
    server.hang_up();
    server.logged(CHANGED).await;
    assert_eq!(ask(&mut kept, &overlapping()).await.unwrap()["allowed"], false);
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_read_again() {
    let mut server = Running::start(files(), &["--ca-out", "ca.pem"]);
    server.hang_up();
    let said = server.logged(UNCHANGED).await;
    assert_eq!(said, "there is no file to read them from: start with --settings FILE");
    let mut stream = Peer::trusting(&server.files().join("ca.pem")).connect(server.address).await.unwrap();
    assert_eq!(ask(&mut stream, &overlapping()).await.unwrap()["allowed"], false);
}

//! The corpus through the package, in Node and in a browser: the library's verdicts and the native report, to the byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use vpcguard_policies::{
    ClusterView, Inventory, Operation, Request, Settings, Verdict, ViewError, answer, mutate, review,
};
use vpcguard_tests::Case;

use crate::package::{folder, found, script, success, tools};

/// What the package is given of a case.
fn given(case: &Case) -> Value {
    let state: Vec<_> = case.state.iter().map(Value::to_string).collect();
    json!({
        "name": case.name,
        "review": asked(&case.request).to_string(),
        "state": state.join("\n"),
        "settings": case.settings.to_string(),
        "object": case.request.subject().to_string(),
    })
}

/// A request as the API server sends it.
fn asked(request: &Request) -> Value {
    let subject = request.subject();
    let api_version = subject["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Nobody asks about an object at rest.
    let operation = if request.operation == Operation::AtRest { "CREATE" } else { request.operation.name() };
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": request.uid,
            "kind": {"group": group, "version": version, "kind": subject["kind"]},
            "operation": operation,
            "namespace": request.namespace,
            "userInfo": {"username": request.user},
            "object": request.object,
            "oldObject": request.old_object,
        },
    })
}

/// What is wanted of the package for a case.
fn wanted(case: &Case, folder: &Path) -> Value {
    let request = Request::from_review(asked(&case.request).to_string().as_bytes()).unwrap();
    let (cluster, settings) = (case.cluster(), case.parsed_settings());
    let [reviewed, mutated] =
        [said(review, &request, &cluster, &settings), said(mutate, &request, &cluster, &settings)];
    let (report, code) = native_report(case, folder);
    json!({"name": case.name, "review": reviewed, "mutate": mutated, "report": report, "exitCode": code})
}

type Judge = fn(&Request, &dyn ClusterView, &Settings) -> Result<Verdict, ViewError>;

fn said(judge: Judge, request: &Request, cluster: &Inventory, settings: &Settings) -> Value {
    let verdict = judge(request, cluster, settings).unwrap();
    let patch = verdict.mutated_object.as_ref().map(|mutated| {
        BASE64_STANDARD.encode(serde_json::to_vec(&json_patch::diff(&request.object, mutated)).unwrap())
    });
    json!({"verdict": verdict.to_json(), "answer": answer(request, &verdict, settings, patch).to_json()})
}

/// The report of the native program, but for who produced it.
fn native_report(case: &Case, folder: &Path) -> (String, i32) {
    let given = given(case);
    for (name, key) in [("state.json", "state"), ("settings.json", "settings"), ("object.json", "object")] {
        fs::write(folder.join(name), given[key].as_str().unwrap()).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_vpcguard"))
        .args(["check", "--format", "json", "--state", "state.json", "--settings", "settings.json", "object.json"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
    let report = String::from_utf8(output.stdout).unwrap();
    let (native, package) = (r#""name": "vpcguard","#, r#""name": "vpcguard-js","#);
    assert!(report.contains(native), "{report}");
    (report.replacen(native, package, 1), output.status.code().unwrap())
}

/// All cases through a script: it reads them from a file, and writes what the package says to another.
fn compare(name: &str, package: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let cases = Case::all();
    let (asked, told) = (folder.path().join("cases.json"), folder.path().join("said.json"));
    fs::write(&asked, cases.iter().map(given).collect::<Value>().to_string()).unwrap();
    success(script(name).args([package, &asked, &told]));
    let said: Vec<Value> = serde_json::from_slice(&fs::read(told).unwrap()).unwrap();
    assert_eq!(said.len(), cases.len());
    assert!(cases.len() > 1000, "{}", cases.len());
    let wanted = cases.iter().map(|case| wanted(case, folder.path()));
    let different: Vec<_> = wanted.zip(&said).filter(|(wanted, said)| wanted != *said).collect();
    if let Some((wanted, said)) = different.first() {
        panic!("{} of {} cases differ, the first:\nwanted {wanted:#}\nsaid {said:#}", different.len(), cases.len());
    }
}

#[test]
fn node_says_what_the_library_and_the_program_say() {
    let Some(package) = folder() else { return };
    compare("node.js", &package);
}

#[test]
fn a_browser_says_what_the_library_and_the_program_say() {
    let (Some(package), Some(_)) = (folder(), tools()) else { return };
    if found(
        Command::new("chromium").arg("--version").output().is_ok(),
        "chromium is missing: install Debian's package",
    ) {
        compare("chromium.js", &package);
    }
}

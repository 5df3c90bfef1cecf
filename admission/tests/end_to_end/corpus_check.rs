//! The corpus through `vpcguard check`: the report has the library's verdict, to the byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vpcguard_policies::Operation;
use vpcguard_tests::Case;

/// What a report says of a finding that a verdict does not.
const ADDED: &[&str] = &["object", "file", "document", "line", "column", "endLine", "endColumn"];

/// What a report says of a related object that a verdict does not.
const ADDED_TO_RELATED: &[&str] = &["file", "document", "line", "column"];

fn report(case: &Case, folder: &Path) -> Value {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let state: Vec<_> = case.state.iter().map(Value::to_string).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_vpcguard"))
        .args(["check", "--format", "json", "--state"])
        .arg(write("state.json", &state.join("\n")))
        .arg("--settings")
        .arg(write("settings.json", &case.settings.to_string()))
        .arg(write("object.json", &case.request.object.to_string()))
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let refused = report["summary"]["denied"].as_u64().unwrap() > 0;
    assert_eq!(output.status.code(), Some(i32::from(refused)), "{}", case.name);
    report
}

/// The findings of a report with this action, as a verdict has them.
fn findings(report: &Value, action: &str) -> String {
    let mut findings = report["findings"].as_array().unwrap().clone();
    findings.retain(|finding| finding["action"] == action);
    for finding in &mut findings {
        let finding = finding.as_object_mut().unwrap();
        assert!(["line", "column", "endLine", "endColumn"].iter().all(|key| finding[*key].is_u64()), "{finding:?}");
        finding.retain(|key, _| !ADDED.contains(&key.as_str()));
        for related in finding.get_mut("related").and_then(Value::as_array_mut).into_iter().flatten() {
            related.as_object_mut().unwrap().retain(|key, _| !ADDED_TO_RELATED.contains(&key.as_str()));
        }
    }
    Value::from(findings).to_string()
}

#[test]
fn every_report_has_the_verdict_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for case in Case::all() {
        // Files have no users, are not at rest, and do not go.
        if !case.request.user.is_empty() || matches!(case.request.operation, Operation::AtRest | Operation::Delete) {
            continue;
        }
        // Whatever belongs to the object is there already.
        let case = case.settled();
        let report = report(&case, folder.path());
        let verdict: Value = serde_json::from_str(&case.verdict().to_json()).unwrap();
        assert_eq!(findings(&report, "deny"), verdict["findings"].to_string(), "{}", case.name);
        assert_eq!(findings(&report, "warn"), verdict["warnings"].to_string(), "{}", case.name);
        let mutated = report["mutations"].as_array().unwrap().len();
        let injected = verdict["injected"].as_array().map_or(0, Vec::len);
        let allowed = verdict["allowed"] == true;
        assert_eq!(mutated, if allowed { injected } else { 0 }, "{}", case.name);
        tried += 1;
    }
    assert!(tried > 400, "{tried}");
}

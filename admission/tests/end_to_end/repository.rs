//! `vpcguard check .` in examples/repository: right as it is, and wrong at the right line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use vpcguard_tests::repository::{MISTAKES, Repository};

fn check(at: &Path, arguments: &[&str]) -> Output {
    let mut check = Command::new(env!("CARGO_BIN_EXE_vpcguard"));
    check.arg("check").args(arguments).arg(".").current_dir(at).output().unwrap()
}

fn report(at: &Path) -> (Value, Option<i32>) {
    let output = check(at, &["--format", "json"]);
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

#[test]
fn a_repository_with_two_clusters_a_chart_and_workflows_is_right() {
    let repository = Repository::copy().unwrap();
    let (report, code) = report(repository.path());
    assert_eq!((&report["findings"], code), (&Value::Array(Vec::new()), Some(0)), "{report:#}");
    // The objects of both clusters, and those of the base: no patch, no template, nothing that git ignores.
    assert_eq!(report["summary"]["objects"], 25, "{report:#}");
    let human = check(repository.path(), &["--fail-on", "warning"]);
    let text = String::from_utf8(human.stdout).unwrap();
    assert_eq!(human.status.code(), Some(0), "{text}");
    for said in ["charts/tenant", "not Kubernetes objects", "prod", "staging"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn one_wrong_line_is_reported_where_it_stands() {
    for mistake in MISTAKES {
        let repository = Repository::copy().unwrap();
        repository.spoil(*mistake).unwrap();
        let (report, code) = report(repository.path());
        assert_eq!(code, Some(1), "{report:#}");
        let findings = report["findings"].as_array().unwrap();
        let denied: Vec<_> = findings.iter().filter(|finding| finding["action"] == "deny").collect();
        let file = |finding: &Value| finding["file"].as_str().unwrap().trim_start_matches("./").to_owned();
        assert!(denied.iter().all(|finding| file(finding) == mistake.file), "{report:#}");
        assert!(
            denied.iter().any(|finding| finding["rule"] == mistake.rule && finding["line"] == mistake.line),
            "{report:#}"
        );
    }
}

#[test]
fn without_its_configuration_both_clusters_are_one() {
    let repository = Repository::copy().unwrap();
    fs::remove_file(repository.path().join(".vpcguard.yaml")).unwrap();
    let (report, code) = report(repository.path());
    assert_eq!(code, Some(1), "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["object"]["name"] == "shop"), "{report:#}");
}

#[test]
fn its_parts_of_ci_name_this_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/repository");
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    for file in [".github/workflows/ci.yaml", ".gitlab-ci.yml", ".pre-commit-config.yaml"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(&version), "{file}");
    }
}

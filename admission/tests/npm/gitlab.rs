//! ci/gitlab.yml, as GitLab's runner runs it: the lines of its script by bash, with the package in place of the registry's.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::action::yaml;
use crate::package::{root, tarball};

/// The job's script, to be run in a folder.
pub(crate) fn script(package: &Path, cache: &Path, folder: &Path) -> Command {
    let job = &yaml("ci/gitlab.yml")["vpcguard"];
    let lines: Vec<_> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(format!("set -eo pipefail\n{}", lines.join("\n"))).current_dir(folder);
    for (name, value) in job["variables"].as_object().unwrap() {
        bash.env(name, value.as_str().unwrap());
    }
    bash.env("VPCGUARD_PACKAGE", package).env("npm_config_cache", cache);
    bash
}

#[test]
fn the_job_fails_and_leaves_a_report() {
    let Some(tarball) = tarball() else { return };
    let job = &yaml("ci/gitlab.yml")["vpcguard"];
    let temporary = tempfile::tempdir().unwrap();
    let mut bash = script(&tarball, &temporary.path().join("cache"), temporary.path());
    let examples = root().join("examples");
    bash.env("VPCGUARD_PATHS", examples.join("broken/subnet-overlap.yaml"));
    bash.env("VPCGUARD_ARGUMENTS", format!("--state {}", examples.join("two-tenants").display()));
    let output = bash.output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{log}{}", String::from_utf8_lossy(&output.stderr));
    assert!(log.starts_with("error[subnet-cidr-overlap]"), "{log}");
    let report = job["artifacts"]["reports"]["codequality"].as_str().unwrap();
    let report: Value = serde_json::from_slice(&fs::read(temporary.path().join(report)).unwrap()).unwrap();
    assert_eq!(report[0]["check_name"], "subnet-cidr-overlap");
}

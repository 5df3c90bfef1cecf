//! action.yml, as a runner of GitHub runs it: its one step by bash, with the package in place of the registry's.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vpcguard_check::{Source, parse_value};

use crate::package::{root, tarball};

/// YAML that this repository has.
pub(crate) fn yaml(path: &str) -> Value {
    parse_value(&Source { name: path.to_owned(), bytes: fs::read(root().join(path)).unwrap() }).unwrap()
}

/// What the step writes, its exit code, and its outputs.
fn run(inputs: &[(&str, &str)], temporary: &Path) -> (String, i32, String) {
    let action = yaml("action.yml");
    let input = |expression: &str| -> String {
        let name = expression.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}")).unwrap();
        let default = action["inputs"][name]["default"].as_str().unwrap();
        inputs.iter().find(|(key, _)| *key == name).map_or(default, |(_, value)| value).to_owned()
    };
    assert_eq!(action.to_string().matches("npx --yes").count(), 1, "it is run once");
    let [step] = action["runs"]["steps"].as_array().unwrap().as_slice() else { panic!("one step") };
    assert_eq!((&action["runs"]["using"], &step["shell"]), (&"composite".into(), &"bash".into()));
    let outputs = temporary.join("outputs");
    fs::write(&outputs, "").unwrap();
    let script = temporary.join("step.sh");
    fs::write(&script, step["run"].as_str().unwrap()).unwrap();
    // As the runner calls `shell: bash`.
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script);
    for (name, value) in step["env"].as_object().unwrap() {
        bash.env(name, input(value.as_str().unwrap()));
    }
    bash.env("GITHUB_OUTPUT", &outputs).env("npm_config_cache", temporary.join("cache"));
    let output = bash.current_dir(root().join(input(step["working-directory"].as_str().unwrap()))).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    (stdout, output.status.code().unwrap(), fs::read_to_string(outputs).unwrap())
}

#[test]
fn the_action_annotates_and_writes_sarif() {
    let Some(tarball) = tarball() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let sarif = temporary.path().join("a.sarif");
    let inputs = [
        ("package", tarball.to_str().unwrap()),
        ("paths", "broken/subnet-overlap.yaml\nbroken/subnet-without-*.yaml\n"),
        ("state", "two-tenants\n"),
        ("sarif-file", sarif.to_str().unwrap()),
        ("working-directory", "examples"),
    ];
    let (log, code, outputs) = run(&inputs, temporary.path());
    assert_eq!((code, outputs.as_str()), (1, "exit-code=1\n"), "{log}");
    assert!(log.lines().any(|line| line.starts_with("::error ") && line.contains("subnet-cidr-overlap")), "{log}");
    let sarif: Value = serde_json::from_slice(&fs::read(sarif).unwrap()).unwrap();
    assert!(
        sarif["runs"][0]["results"].as_array().unwrap().iter().any(|found| found["ruleId"] == "subnet-cidr-overlap")
    );
}

#[test]
fn the_action_takes_no_input_for_code() {
    let Some(tarball) = tarball() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let paths = "$(touch made) `touch made`; touch made\n--fix";
    let (log, code, outputs) = run(&[("package", tarball.to_str().unwrap()), ("paths", paths)], temporary.path());
    assert_eq!((code, outputs.as_str()), (2, "exit-code=2\n"), "{log}");
    assert!(!root().join("made").exists());
}

#[test]
fn every_part_names_this_version() {
    let package = format!("vpcguard@{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(yaml("action.yml")["inputs"]["package"]["default"], package.as_str());
    assert_eq!(yaml("ci/gitlab.yml")["vpcguard"]["variables"]["VPCGUARD_PACKAGE"], package.as_str());
    assert!(yaml(".pre-commit-hooks.yaml")[0]["entry"].as_str().unwrap().contains(&package));
    let docs = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    assert_eq!(docs.matches("vpcguard@").count(), docs.matches(&package).count() + docs.matches("vpcguard@v").count());
    for text in [docs, fs::read_to_string(root().join("ci/gitlab.yml")).unwrap()] {
        let version = format!("v{}", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&format!("vpcguard/{version}/ci/gitlab.yml")));
    }
}

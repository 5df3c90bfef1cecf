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

/// The pull request's base, as an expression.
const BASE: &str = "${{ github.event.pull_request.base.sha }}";

/// What the step writes, its exit code, and its outputs.
fn run(inputs: &[(&str, &str)], temporary: &Path) -> (String, i32, String) {
    run_in(&root(), "", inputs, temporary)
}

/// The same in another repository, of whose commits one is the base of a pull request; of none where that is empty.
fn run_in(repository: &Path, base: &str, inputs: &[(&str, &str)], temporary: &Path) -> (String, i32, String) {
    let action = yaml("action.yml");
    let input = |expression: &str| -> String {
        if expression == BASE {
            return base.to_owned();
        }
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
    let mut shell = Command::new("bash");
    shell.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script);
    for (name, value) in step["env"].as_object().unwrap() {
        shell.env(name, input(value.as_str().unwrap()));
    }
    shell.env("GITHUB_OUTPUT", &outputs).env("npm_config_cache", temporary.join("cache")).env("RUNNER_TEMP", temporary);
    let output =
        shell.current_dir(repository.join(input(step["working-directory"].as_str().unwrap()))).output().unwrap();
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

/// A folder of a git repository, in which things are committed.
struct Repository<'a>(&'a Path);

impl Repository<'_> {
    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]).args(arguments);
        let output = git.current_dir(self.0).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The commit with these files.
    fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "m"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

const SUBNET: &str = "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {name: a}\nspec: {cidrBlock: 10.0.0.0/33}\n";

#[test]
fn the_configuration_is_that_of_the_base() {
    let Some(tarball) = tarball() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let [upstream, clone] = ["upstream", "clone"].map(|name| temporary.path().join(name));
    fs::create_dir(&upstream).unwrap();
    let repository = Repository(&upstream);
    repository.git(&["init", "--quiet", "--initial-branch", "main"]);
    let nothing = repository.commit(&[("envs/prod/a.yaml", SUBNET)]);
    // The settings that it names are those of the base too, and its globs are about what is checked out.
    let text = "settings: rules.yml\nclusters: {prod: [envs/prod]}\n";
    let base = repository.commit(&[(".vpcguard.yaml", text), ("rules.yml", "rules: {subnet-syntax: warn}\n")]);
    repository.git(&["checkout", "--quiet", "-b", "change"]);
    let off = [(".vpcguard.yaml", "settings: rules.yml\n"), ("rules.yml", "rules: {subnet-syntax: 'off'}\n")];
    repository.commit(&[&off[..], &[("envs/.vpcguard.yaml", "settings: {rules: {subnet-syntax: 'off'}}\n")]].concat());
    let result = |at: &Path, base: &str, config: &str, folder: &str| {
        let inputs = [("package", tarball.to_str().unwrap()), ("config", config), ("working-directory", folder)];
        let (log, code, _) = run_in(at, base, &inputs, temporary.path());
        let word = ["error", "warning"]
            .into_iter()
            .find(|word| log.contains(&format!("::{word} ")) && log.contains("subnet-syntax"));
        (code, word.unwrap_or("nothing"), log)
    };
    let short = |result: (i32, &'static str, String)| (result.0, result.1);
    for folder in [".", "envs"] {
        let (code, word, log) = result(&upstream, &base, "base", folder);
        assert_eq!((code, word), (0, "warning"), "{log}");
        assert!(log.contains("cluster: prod"), "{log}");
        assert_eq!(short(result(&upstream, &base, "head", folder)), (0, "nothing"));
        assert_eq!(short(result(&upstream, &base, "none", folder)), (1, "error"));
        // The base has none yet.
        assert_eq!(short(result(&upstream, &nothing, "base", folder)), (1, "error"));
        // No pull request.
        assert_eq!(short(result(&upstream, "", "base", folder)), (0, "nothing"));
    }
    assert_eq!(short(result(&upstream, &base, "main", ".")), (2, "nothing"));
    // As checkout leaves it: without the base, which is there to be had.
    let from = format!("file://{}", upstream.display());
    repository.git(&["clone", "--quiet", "--depth=1", "--branch=change", &from, clone.to_str().unwrap()]);
    assert_eq!(short(result(&clone, &base, "base", ".")), (0, "warning"));
    let (code, word, log) = result(&clone, &"0".repeat(40), "base", ".");
    assert_eq!((code, word), (1, "error"), "{log}");
    assert!(log.contains("::notice title=vpcguard::the branch that this goes to cannot be read"), "{log}");
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
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

#[test]
fn the_action_annotates_the_line_of_a_repository() {
    let Some(tarball) = tarball() else { return };
    let temporary = tempfile::tempdir().unwrap();
    for (repository, mistake) in crate::repository::all() {
        let inputs = [("package", tarball.to_str().unwrap())];
        let (log, code, outputs) = run_in(repository.path(), "", &inputs, temporary.path());
        let wanted = i32::from(mistake.is_some());
        assert_eq!((code, outputs), (wanted, format!("exit-code={wanted}\n")), "{mistake:?}: {log}");
        let Some(mistake) = mistake else { continue };
        let words = [mistake.file, &format!("line={},", mistake.line), mistake.rule];
        let is_it = |said: &&str| said.starts_with("::error ") && words.iter().all(|word| said.contains(word));
        assert!(log.lines().any(|said| is_it(&said)), "{mistake:?}: {log}");
    }
}

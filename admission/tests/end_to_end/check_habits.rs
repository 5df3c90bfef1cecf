//! `vpcguard check` in a repository: baselines, comments, fixing, comparing, patterns; its files and its exit codes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with these files, in which `vpcguard check` is run.
pub(crate) struct Repository(TempDir);

impl Repository {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            repository.write(name, text);
        }
        repository
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Makes a work tree of git of it.
    pub(crate) fn init(&self) {
        let git = Command::new("git").args(["init", "--quiet"]).current_dir(self.0.path()).status().unwrap();
        assert!(git.success());
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The exit code, standard output and standard error.
    pub(crate) fn check(&self, args: &[&str]) -> (i32, String, String) {
        self.check_with(args, "")
    }

    /// The same, started in a folder of it.
    pub(crate) fn check_in(&self, folder: &str, args: &[&str]) -> (i32, String, String) {
        Self::run(&self.path(folder), args, "")
    }

    fn check_with(&self, args: &[&str], input: &str) -> (i32, String, String) {
        Self::run(self.0.path(), args, input)
    }

    fn run(folder: &Path, args: &[&str], input: &str) -> (i32, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vpcguard"))
            .arg("check")
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}

pub(crate) fn subnet(name: &str, fields: &str) -> String {
    format!("apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\nspec: {{{fields}}}\n")
}

/// One denial.
pub(super) const BAD: &str = "cidrBlock: 10.0.0.0/24, vips: [x]";

/// One warning, which --fix fixes.
pub(super) const ODD: &str = "cidrBlock: '10.1.0.5/24', vpc: ovn-cluster";

#[test]
fn a_baseline_is_written_once_and_then_only_new_findings_fail() {
    let repository = Repository::new(&[("m/a.yaml", &subnet("a", BAD))]);
    let (code, out, err) = repository.check(&["--write-baseline", "b.json", "m"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("1 object in 1 file: 0 denied, 0 warned\nnote: 1 finding is in the baseline\n"), "{out}");
    let baseline: Value = serde_json::from_str(&repository.read("b.json")).unwrap();
    assert_eq!((&baseline["version"], &baseline["findings"][0]["count"]), (&Value::from(1), &Value::from(1)));

    repository.write("m/a.yaml", &format!("# moved\n{}", subnet("a", BAD)));
    assert_eq!(repository.check(&["--baseline", "b.json", "m"]).0, 0);
    repository.write("m/b.yaml", &subnet("b", BAD));
    let (code, out, _) = repository.check(&["--baseline", "b.json", "--format", "json", "m"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (1, 1));
    assert_eq!(report["findings"][0]["object"]["name"], "b");

    repository.write("m/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/24"));
    fs::remove_file(repository.path("m/b.yaml")).unwrap();
    let (code, out, _) = repository.check(&["--baseline", "b.json", "m"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("note: b.json lists what no longer occurs: subnet-syntax at spec.vips[] of Subnet \"a\"\n"),
        "{out}"
    );
}

#[test]
fn a_bad_baseline_is_an_error() {
    let repository =
        Repository::new(&[("a.yaml", &subnet("a", BAD)), ("b.json", "{\"version\": 7}"), ("c.json", "[\n}")]);
    let (code, out, err) = repository.check(&["--baseline", "b.json", "a.yaml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: b.json:1:1: this baseline has version 7, and this vpcguard reads version 1\n");
    let (code, _, err) = repository.check(&["--baseline", "c.json", "a.yaml"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: c.json:2:1: not a baseline"), "{err}");
    let (code, _, err) = repository.check(&["--baseline", "missing.json", "a.yaml"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: missing.json: "), "{err}");
    assert_eq!(repository.check(&["--baseline", "b.json", "--write-baseline", "c.json", "a.yaml"]).0, 2);
}

#[test]
fn no_baseline_is_written_where_something_could_not_be_read() {
    let repository = Repository::new(&[("a.yaml", &subnet("a", BAD)), ("b.yaml", "a: [")]);
    for paths in [["a.yaml", "b.yaml"], ["a.yaml", "missing.yaml"]] {
        let (code, _, err) = repository.check(&["--write-baseline", "b.json", paths[0], paths[1]]);
        assert_eq!(code, 2);
        assert!(err.contains("error: no baseline is written, because not everything could be read\n"), "{err}");
        assert!(!repository.path("b.json").exists());
    }
}

#[test]
fn a_comment_excuses_a_finding_and_says_why() {
    let text = |comment: &str| {
        format!(
            "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: a}}\nspec:\n  cidrBlock: 10.0.0.0/24\n  mtu: x {comment}\n"
        )
    };
    let repository = Repository::new(&[("a.yaml", &text("# vpcguard: allow field-type until the next release"))]);
    let (code, out, err) = repository.check(&["--fail-on", "warning", "a.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("warning[field-type]: spec.mtu: "), "{out}");
    for (comment, wanted) in [
        ("# vpcguard: allow field-type", "the reason is missing"),
        ("# vpcguard: allow field-tipe x", "unknown rule \"field-tipe\": did you mean \"field-type\"?"),
        ("# vpcguard: allow pod-vpc-namespace x", "keeps tenants apart, so no comment excuses"),
    ] {
        repository.write("a.yaml", &text(comment));
        let (code, out, _) = repository.check(&["a.yaml"]);
        assert_eq!(code, 2);
        assert!(out.contains("--> a.yaml:6:10") && out.contains(wanted), "{out}");
    }
}

#[test]
fn what_is_safe_is_mended_in_place_and_the_rest_is_reported() {
    let odd = format!("\u{feff}{}", subnet("b", ODD).replace('\n', "\r\n"));
    let repository = Repository::new(&[("m/a.yaml", &subnet("a", BAD)), ("m/b.yaml", &odd)]);
    let (code, out, err) = repository.check(&["--fix", "--fail-on", "warning", "m"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.contains("note: m/b.yaml:4:19: spec.cidrBlock: '10.1.0.5/24' is fixed to '10.1.0.0/24'\n"), "{out}");
    assert!(out.starts_with("error[subnet-syntax]") && !out.contains("warning["), "{out}");
    assert_eq!(repository.read("m/b.yaml"), odd.replace("10.1.0.5", "10.1.0.0"));
    assert_eq!(repository.read("m/a.yaml"), subnet("a", BAD));
    assert_eq!(fs::read_dir(repository.path("m")).unwrap().count(), 2);
    // Nothing is left to fix.
    let before = fs::metadata(repository.path("m/b.yaml")).unwrap().modified().unwrap();
    assert!(!repository.check(&["--fix", "m"]).1.contains("fixed"));
    assert_eq!(fs::metadata(repository.path("m/b.yaml")).unwrap().modified().unwrap(), before);
}

#[test]
fn standard_input_is_checked_but_not_mended() {
    let repository = Repository::new(&[]);
    assert_eq!(repository.check_with(&["-"], &subnet("a", BAD)).0, 1);
    let (code, out, err) = repository.check_with(&["--fix", "-"], &subnet("a", ODD));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: --fix cannot fix standard input (-); name the file\n");
    let (code, _, err) = repository.check(&["--baseline", "-", "-"]);
    assert_eq!((code, err.as_str()), (2, "error: standard input (-) can be read only once\n"));
}

#[test]
fn only_what_a_change_makes_worse_fails() {
    let repository = Repository::new(&[("old/a.yaml", &subnet("a", BAD)), ("new/z.yaml", &subnet("a", BAD))]);
    let (code, out, _) = repository.check(&["--compare-to", "old", "new"]);
    assert_eq!(code, 0);
    assert!(out.ends_with("note: 1 finding is not listed, for it was before the change already\n"), "{out}");
    repository.write("new/b.yaml", &subnet("b", BAD));
    let (code, out, _) = repository.check(&["--compare-to", "old", "new"]);
    assert_eq!(code, 1);
    assert!(out.contains("new/b.yaml:4:") && !out.contains("new/z.yaml:4:"), "{out}");
    let (code, _, err) = repository.check(&["--compare-to", "none", "new"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: none: "), "{err}");
}

#[test]
fn patterns_are_expanded_where_no_shell_does_it() {
    let repository = Repository::new(&[
        ("m/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/24")),
        ("m/n/b.yaml", &subnet("b", "cidrBlock: 10.1.0.0/24")),
        ("m/n/c.txt", "a: ["),
    ]);
    let (code, out, _) = repository.check(&["m/**/*.yaml"]);
    assert_eq!(code, 0);
    assert!(out.ends_with("2 objects in 2 files: 0 denied, 0 warned\n"), "{out}");
    let (code, _, err) = repository.check(&["m/*.yml", "m/a.yaml"]);
    assert_eq!((code, err.as_str()), (2, "error: m/*.yml: no file matches\n"));
}

#[test]
fn a_repository_is_read_without_what_is_not_its_own() {
    let repository = Repository::new(&[
        ("m/a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/24")),
        ("build/b.yaml", &subnet("b", BAD)),
        (".github/c.yaml", &subnet("c", BAD)),
        ("node_modules/d/d.yaml", &subnet("d", BAD)),
        ("chart/Chart.yaml", "name: chart\n"),
        ("chart/templates/e.yaml", "apiVersion: {{ .Values.version }}\n"),
        (".gitignore", "build/\n"),
    ]);
    let git = |arguments: &[&str]| {
        let git = Command::new("git").args(arguments).current_dir(repository.0.path()).status().unwrap();
        assert!(git.success(), "{arguments:?}");
    };
    // There is no repository yet, and so nothing that it ignores.
    assert_eq!(repository.check(&["."]).0, 1);
    git(&["init", "--quiet"]);
    let (code, out, err) = repository.check(&["."]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("1 object in 2 files: 0 denied, 0 warned\n"), "{out}");
    assert!(
        out.contains(
            "note: ./chart/templates is a Helm chart's and was left out: render it (helm template ./chart | vpcguard check -)\n"
        ),
        "{out}"
    );
    // What is named or tracked is always read.
    for paths in [&["build"][..], &[".github/c.yaml"], &["node_modules"], &["--no-ignore", "build", "m"]] {
        assert_eq!(repository.check(paths).0, 1, "{paths:?}");
    }
    assert_eq!(repository.check(&["--no-ignore", "."]).0, 2);
    git(&["add", "--force", ".github"]);
    let (code, out, _) = repository.check(&["."]);
    assert!(code == 1 && out.contains(".github/c.yaml:4:"), "{out}");
    assert_eq!(repository.check(&["--exclude", ".github", "."]).0, 0);
    let (code, out, _) = repository.check(&["--state", "build", "--exclude", "m", "."]);
    assert!(code == 1 && out.contains("1 object in 2 files"), "{out}");
    let (code, out, err) = repository.check(&["--exclude", "[m", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "error: --exclude: '[m' is not a pattern as in .gitignore: unclosed character class; missing ']'\n"
    );
}

#[cfg(unix)]
#[test]
fn what_never_ends_is_refused_and_what_the_shell_pipes_is_read() {
    let repository = Repository::new(&[("a.yaml", &subnet("a", "cidrBlock: 10.0.0.0/24"))]);
    assert!(Command::new("mkfifo").arg(repository.path("fifo.yaml")).status().unwrap().success());
    assert_eq!(repository.check(&["."]).0, 0);
    for (path, wanted) in [
        ("fifo.yaml", "error: fifo.yaml: it is a FIFO, and not a file: give it as standard input (-)\n"),
        ("/dev/zero", "error: /dev/zero: it has more than 256 MiB, and no more is read of a file\n"),
    ] {
        let (code, _, err) = repository.check(&[path]);
        assert_eq!((code, err.as_str()), (2, wanted));
    }
    let script = format!("{} check --settings <(echo '{{}}') <(cat a.yaml)", env!("CARGO_BIN_EXE_vpcguard"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(repository.0.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(repository.check_with(&["/dev/stdin"], &subnet("a", BAD)).0, 1);
}

#[test]
fn many_files_are_read_without_a_word_where_nobody_watches() {
    let repository = Repository::new(&[]);
    for number in 0..120 {
        repository.write(
            &format!("m/{number}.yaml"),
            &subnet(&format!("s{number}"), &format!("cidrBlock: 10.{number}.0.0/24")),
        );
    }
    let (code, out, err) = repository.check(&["m"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("120 objects in 120 files: 0 denied"), "{out}");
}

#[test]
fn every_format_is_written_and_an_unknown_one_is_not() {
    let repository = Repository::new(&[("a.yaml", &subnet("a", BAD))]);
    for format in ["human", "json", "sarif", "junit", "github", "gitlab"] {
        let (code, out, err) = repository.check(&["--format", format, "a.yaml"]);
        assert_eq!((code, err.as_str()), (1, ""), "{format}");
        assert!(out.contains("vips"), "{format}: {out}");
    }
    let (code, _, err) = repository.check(&["--format", "sarfi", "a.yaml"]);
    assert_eq!(code, 2);
    assert!(err.contains("sarif") && err.contains("human, json"), "{err}");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let repository = Repository::new(&[("a.yaml", &subnet("a", BAD))]);
    let (code, _, err) = repository.check(&["--write-baseline", "none/b.json", "a.yaml"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: none/b.json: "), "{err}");
    assert!(!repository.path("none").exists());
}

#[test]
fn what_a_change_deletes_fails_it() {
    let vpc = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: ovn-cluster}\nspec: {}\n";
    let good = subnet("a", "cidrBlock: 10.0.0.0/24");
    let repository = Repository::new(&[("old/a.yaml", &good), ("old/vpc.yaml", vpc), ("new/a.yaml", &good)]);
    for args in [["--compare-to", "old", "new"], ["--deleted", "old", "new"]] {
        let (code, out, _) = repository.check(&args);
        assert_eq!(code, 1, "{out}");
        assert!(
            out.contains("old/vpc.yaml:3:") && out.ends_with("1 object in 1 file, 1 deletion: 1 denied, 0 warned\n"),
            "{out}"
        );
    }
    let (code, _, err) = repository.check(&["--deleted", "none", "new"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: none: "), "{err}");
    repository.write("new/elsewhere.yaml", vpc);
    assert_eq!(repository.check(&["--compare-to", "old", "new"]).0, 0);
}

#[test]
fn a_vpc_goes_with_its_subnets_and_not_before_them() {
    let vpc = "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: blue}\nspec: {}\n";
    let network = subnet("apps", "vpc: blue, cidrBlock: 10.0.0.0/24");
    let other = subnet("other", "cidrBlock: 10.1.0.0/24");
    let repository =
        Repository::new(&[("old/subnet.yaml", &network), ("old/vpc.yaml", vpc), ("new/subnet.yaml", &network)]);
    let (code, out, _) = repository.check(&["--compare-to", "old", "new"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("error[vpc-in-use]") && out.contains("old/vpc.yaml:3:"), "{out}");
    assert!(out.contains("Subnet apps is in it") && out.contains("Delete Subnet first"), "{out}");
    repository.write("new/subnet.yaml", &other);
    let (code, out, _) = repository.check(&["--compare-to", "old", "new"]);
    assert!(code == 0 && out.contains(", 2 deletions: 0 denied, 0 warned\n"), "{out}");
}

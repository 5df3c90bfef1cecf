//! `vpcguard test`: cases of one's own.

use std::path::Path;
use std::process::{Command, Output};

use crate::check_habits::{Repository, subnet};

fn test(at: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_vpcguard")).arg("test").args(args).current_dir(at).output().unwrap();
    let Output { status, stdout, stderr } = output;
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Two Subnets that overlap, and a case that wants this of the later.
fn repository(wanted: &str) -> Repository {
    let case = format!("name: two\nmanifests: [../m]\nresults:\n  - {{kind: Subnet, name: b, result: {wanted}}}\n");
    Repository::new(&[
        ("m/a.yaml", &subnet("a", "cidrBlock: 10.0.4.0/24")),
        ("m/b.yaml", &subnet("b", "cidrBlock: 10.0.0.0/16")),
        ("t/vpcguard-test.yaml", &case),
        ("t/node_modules/vpcguard-test.yaml", "x"),
        ("t/.cache/vpcguard-test.yaml", "x"),
    ])
}

#[test]
fn cases_that_are_as_wanted_pass() {
    let repository = repository("deny, rule: subnet-cidr-overlap");
    let at = repository.path(".");
    let passed = "passed  ./t/vpcguard-test.yaml: two\n1 case, 1 result: 1 passed, 0 failed\n".to_owned();
    assert_eq!(test(&at, &[]), (0, passed.clone(), String::new()));
    assert_eq!(test(&at, &["t"]).1, passed.replace("./", ""));
    assert_eq!(test(&at, &["-q", "t/vpcguard-test.yaml"]), (0, String::new(), String::new()));
}

#[test]
fn a_case_that_is_not_as_wanted_fails_and_says_what_was_found() {
    let repository = repository("pass");
    let (code, out, err) = test(&repository.path("."), &["t"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let wanted = "failed  t/vpcguard-test.yaml: two\n  Subnet \"b\": pass, but it is denied\n    --> t/vpcguard-test.yaml:4:5\n    error[subnet-cidr-overlap]: spec.cidrBlock: ";
    assert!(out.starts_with(wanted) && out.ends_with("\n1 case, 1 result: 0 passed, 1 failed\n"), "{out}");
    let (code, out, _) = test(&repository.path("."), &["--format", "junit", "t"]);
    assert_eq!(code, 1);
    assert!(out.contains("<failure message=\"it is denied\"") && out.contains("line=\"4\""), "{out}");
}

#[test]
fn a_slip_in_a_case_hides_no_other_of_its_file() {
    let repository = repository("deny");
    let case = repository.read("t/vpcguard-test.yaml");
    let slip = case.replace("name: two", "name: odd\nstat: []");
    let failing = case.replace("name: two", "name: three").replace("deny", "pass");
    repository.write("t/vpcguard-test.yaml", &format!("{case}---\n{slip}---\na: [\n---\n{failing}"));
    let (code, out, err) = test(&repository.path("."), &["t"]);
    let lines: Vec<_> = out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(
        lines,
        [
            "passed  t/vpcguard-test.yaml: two",
            "not read  t/vpcguard-test.yaml: odd",
            "failed  t/vpcguard-test.yaml: three",
            "3 cases, 2 results: 1 passed, 1 failed, 1 not read",
        ]
    );
    assert_eq!(code, 2);
    assert!(err.contains(":7:1: stat: unknown key \"stat\"") && err.contains(":12:4: this bracket"), "{err}");
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let repository = repository("pass");
    repository.write(
        "u/vpcguard-test.yaml",
        "manifests: [none.yaml]\nstat: []\nresults: [{kind: Vpc, name: v, result: pass}]\n",
    );
    let (code, out, err) = test(&repository.path("."), &["t", "u"]);
    assert_eq!(code, 2);
    assert!(out.starts_with("failed  t/"), "{out}");
    assert_eq!(err, "error: u/vpcguard-test.yaml:2:1: stat: unknown key \"stat\": did you mean \"state\"?\n");
    repository.write("u/vpcguard-test.yaml", "manifests: [none.yaml]\nresults: [{kind: Vpc, name: v, result: pass}]\n");
    let (code, out, err) = test(&repository.path("."), &["u"]);
    assert_eq!(
        (code, out.as_str()),
        (2, "not read  u/vpcguard-test.yaml\n1 case, 0 results: 0 passed, 0 failed, 1 not read\n")
    );
    assert!(err.starts_with("error: u/none.yaml: "), "{err}");
    let (code, _, err) = test(&repository.path("."), &["m"]);
    assert_eq!((code, err.as_str()), (2, "error: m: there is no vpcguard-test.yaml in it\n"));
}

#[test]
fn the_cases_of_the_examples_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (code, out, err) = test(&root, &["examples/tests"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.lines().count() >= 4, "{out}");
}

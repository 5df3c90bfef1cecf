use std::collections::BTreeSet;

use serde_json::{Value, json};
use vpcguard_check::{Format, Report};

use super::{FILES, RENDERED, each, live, repeated, report};

#[test]
fn what_was_rendered_is_an_issue_of_its_template() {
    let issues = issues(&report(&[("<stdin>", RENDERED)]));
    assert_eq!(each(&issues, "/location"), [&json!({"path": "net/templates/b.yaml", "lines": {"begin": 1}})]);
    let description = issues[0]["description"].as_str().unwrap();
    assert!(description.ends_with(" in VPC \"v\" (<stdin>:12:27)"), "{description}");
}

fn issues(report: &Report) -> Value {
    serde_json::from_str(&report.render(Format::Gitlab, false)).unwrap()
}

#[test]
fn findings_and_errors_are_issues() {
    let mut written = issues(&report(FILES));
    for issue in written.as_array_mut().unwrap() {
        let fingerprint = issue.as_object_mut().unwrap().remove("fingerprint").unwrap();
        assert_eq!(fingerprint.as_str().unwrap().len(), 32);
    }
    let issue = |name: &str, severity: &str, path: &str, line: usize, description: &str| json!({"check_name": name, "severity": severity, "location": {"path": path, "lines": {"begin": line}}, "description": description});
    let wanted = json!([
        issue(
            "subnet-cidr-overlap",
            "critical",
            "net/a.yaml",
            13,
            "Subnet \"b\": spec.cidrBlock: Invalid value: \"10.0.0.0/16\": overlaps Subnet \"a\" (10.0.4.0/24) in VPC \"v\""
        ),
        issue(
            "missing-reference",
            "minor",
            "net/b.yaml",
            1,
            "IPPool \"p\": spec.subnet: \"gone\": there is no Subnet of this name"
        ),
        issue(
            "unreadable",
            "blocker",
            "net/c.yaml",
            1,
            "not a Kubernetes object: it needs apiVersion, metadata.name (a string)"
        ),
    ]);
    assert_eq!(written, wanted);
    assert_eq!(report(&[]).render(Format::Gitlab, false), "[]\n");
}

#[test]
fn what_is_in_no_file_has_a_path_all_the_same() {
    let issues = issues(&live());
    assert_eq!(each(&issues, "/location/path"), ["kubeovn.io/v1/Subnet/a", "kubeovn.io/v1/Subnet/b"]);
    assert_eq!(each(&issues, "/location/lines/begin"), [1, 1]);
}

#[test]
fn no_two_fingerprints_are_alike_and_none_depends_on_a_line() {
    let fingerprints = |before| {
        let issues = issues(&repeated(before));
        each(&issues, "/fingerprint").into_iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = fingerprints("");
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(first, fingerprints("# moved\n\n"));
}

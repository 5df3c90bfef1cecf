use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use vpcguard_check::Format;

use super::{FILES, RENDERED, live, report};

#[test]
fn what_was_rendered_is_tested_in_the_suite_of_its_template() {
    let text = report(&[("<stdin>", RENDERED)]).render(Format::Junit, false);
    let read = read(&text);
    let suites: Vec<_> = read.test_suites.iter().map(|suite| (suite.name.as_str(), suite.failures)).collect();
    assert_eq!(suites, [("net/templates/a.yaml", 0), ("net/templates/b.yaml", 1), ("net/templates/vpc.yaml", 0)]);
    let case = r#"<testcase name="Subnet &quot;b&quot;" classname="net/templates/b.yaml" file="net/templates/b.yaml">"#;
    assert!(text.contains(case), "{text}");
    assert!(
        text.contains("\n  --&gt; &lt;stdin&gt;:12:27\n") && text.contains("= source: net/templates/b.yaml"),
        "{text}"
    );
}

const WANTED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="vpcguard" tests="5" failures="1" errors="1" skipped="0">
  <testsuite name="./net/a.yaml" tests="3" failures="1" errors="0" skipped="0">
    <testcase name="Vpc &quot;v&quot;" classname="./net/a.yaml" file="net/a.yaml"/>
    <testcase name="Subnet &quot;a&quot;" classname="./net/a.yaml" file="net/a.yaml"/>
    <testcase name="Subnet &quot;b&quot;" classname="./net/a.yaml" file="net/a.yaml" line="13">
      <failure message="spec.cidrBlock: Invalid value: &quot;10.0.0.0/16&quot;: overlaps Subnet &quot;a&quot; (10.0.4.0/24) in VPC &quot;v&quot;" type="subnet-cidr-overlap">error[subnet-cidr-overlap]: spec.cidrBlock: Invalid value: &quot;10.0.0.0/16&quot;: overlaps Subnet &quot;a&quot; (10.0.4.0/24) in VPC &quot;v&quot;
  --&gt; ./net/a.yaml:13:27
  = help: 10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC &quot;v&quot;.
  = related: Subnet &quot;a&quot; spec.cidrBlock (./net/a.yaml:8:27)</failure>
    </testcase>
  </testsuite>
  <testsuite name="net/b.yaml" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="IPPool &quot;p&quot;" classname="net/b.yaml" file="net/b.yaml" line="1">
      <system-out>warning[missing-reference]: spec.subnet: &quot;gone&quot;: there is no Subnet of this name
  --&gt; net/b.yaml:1:79
  = help: Create the Subnet first, or correct the name.</system-out>
    </testcase>
  </testsuite>
  <testsuite name="net/c.yaml" tests="1" failures="0" errors="1" skipped="0">
    <testcase name="document 1" classname="net/c.yaml" file="net/c.yaml" line="1">
      <error message="not a Kubernetes object: it needs apiVersion, metadata.name (a string)" type="unreadable">net/c.yaml:1:1: not a Kubernetes object: it needs apiVersion, metadata.name (a string)</error>
    </testcase>
  </testsuite>
</testsuites>
"#;

pub(super) fn read(text: &str) -> Report {
    Report::deserialize_from_str(text).unwrap()
}

fn tests(report: &Report) -> Vec<&TestCase> {
    report.test_suites.iter().flat_map(|suite| &suite.test_cases).collect()
}

#[test]
fn a_test_is_an_object_and_fails_if_it_is_refused() {
    let text = report(FILES).render(Format::Junit, false);
    assert_eq!(text, WANTED);
    let read = read(&text);
    assert_eq!((read.tests, read.failures, read.errors), (5, 1, 1));
    let kinds: Vec<_> = tests(&read)
        .into_iter()
        .map(|test| match test.status {
            TestCaseStatus::NonSuccess { kind, .. } => Some(kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [None, None, Some(NonSuccessKind::Failure), None, Some(NonSuccessKind::Error)]);
}

#[test]
fn objects_of_one_name_are_told_apart() {
    let subnet = "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}, spec: {cidrBlock: 10.0.0.0/33}}";
    let other = "{apiVersion: example.org/v1, kind: Other, metadata: {generateName: o-, namespace: ns}}";
    let text = format!("{subnet}\n---\n{subnet}\n---\n{other}\n---\n{other}\n---\na: [");
    let read = read(&report(&[("<stdin>", &text)]).render(Format::Junit, false));
    let names: Vec<_> = tests(&read).into_iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["Subnet \"a\"", "Subnet \"a\" (2)", "Other \"ns/o-*\"", "Other \"ns/o-*\" (2)", "document 5"]);
    assert_eq!((read.failures, read.errors), (2, 1));
    assert!(tests(&read).iter().all(|test| test.extra.is_empty()));
}

#[test]
fn objects_of_a_cluster_are_tests_of_it() {
    let read = read(&live().render(Format::Junit, false));
    assert_eq!((read.test_suites.len(), read.tests, read.failures), (1, 3, 2));
    assert_eq!(read.test_suites[0].name.as_str(), "cluster");
    assert!(tests(&read).iter().all(|test| test.extra.is_empty()));
    let nothing = report(&[]).render(Format::Junit, false);
    assert_eq!(self::read(&nothing).tests, 0);
}

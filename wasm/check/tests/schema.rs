//! Reports are what `report.schema.json` says, and it says something.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use vpcguard_check::{Folder, LiveCluster, Report, Source, check};
use vpcguard_policies::Settings;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn validator() -> Validator {
    let schema = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("report.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// The report on the files of a folder, and on one more.
fn report(folder: &str, more: &str) -> Value {
    let mut paths: Vec<_> = fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| Source { name: path.display().to_string(), bytes: fs::read(path).unwrap() };
    let mut sources: Vec<_> = paths.iter().map(read).collect();
    sources.push(Source { name: "more.yaml".to_owned(), bytes: more.as_bytes().to_vec() });
    let report = check(&Folder::parse(&sources), &[], &Settings::default()).unwrap();
    serde_json::from_str(&report.to_json()).unwrap()
}

/// An injection, a spared denial, and what cannot be read.
const MORE: &str = "\
# Source: chart/templates/vpc.yaml
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: {name: lb, labels: {vpcguard.io/vpc-lb: 'on'}}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: spared, annotations: {vpcguard.io/allow: subnet-syntax}}
spec: {cidrBlock: 10.200.0.0/33}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: twice}
spec: {cidrBlock: 10.201.0.0/24}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: twice}
spec: {cidrBlock: 10.201.0.0/33}
---
a: [
";

#[test]
fn real_reports_are_valid() {
    let validator = validator();
    let mut earlier = 0;
    let (mut findings, mut mutations, mut unjudged, mut errors) = (0, 0, 0, 0);
    for folder in ["examples/broken", "examples/guide", "examples/two-tenants", "wasm/check/tests/spans/manifests"] {
        let report = report(folder, MORE);
        let faults: Vec<_> = validator.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{folder}: {faults:#?}");
        let count = |key: &str| report[key].as_array().unwrap().len();
        findings += count("findings");
        earlier += report["findings"].as_array().unwrap().iter().filter(|found| found["earlier"].is_object()).count();
        mutations += count("mutations");
        unjudged += count("notEvaluated");
        errors += count("errors");
        assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["line"].is_u64()), "{folder}");
    }
    assert!(findings > 40 && earlier > 3 && mutations > 0 && unjudged > 0 && errors > 0);
}

#[test]
fn the_report_on_a_live_cluster_names_it() {
    let mut cluster = LiveCluster {
        server: "https://one.example:6443".to_owned(),
        context: Some("prod".to_owned()),
        settings: "Pod vpcguard-system/vpcguard-0".to_owned(),
        note: None,
    };
    let written = |cluster: &LiveCluster| -> Value {
        let report = Report::of_cluster(cluster.clone(), &Settings::default());
        serde_json::from_str(&report.to_json()).unwrap()
    };
    let (validator, report) = (validator(), written(&cluster));
    assert!(validator.is_valid(&report));
    let wanted = json!({
        "server": "https://one.example:6443", "context": "prod", "settings": "Pod vpcguard-system/vpcguard-0",
    });
    assert_eq!(report["liveCluster"], wanted);
    (cluster.context, cluster.note) = (None, Some("why".to_owned()));
    let report = written(&cluster);
    assert!(validator.is_valid(&report));
    assert_eq!(report["liveCluster"].as_object().unwrap().len(), 3);
    let mut broken = report;
    broken["liveCluster"].as_object_mut().unwrap().remove("server");
    assert!(!validator.is_valid(&broken));
}

#[test]
fn what_is_no_report_is_not_valid() {
    let validator = validator();
    let report = report("examples/guide", MORE);
    let without = |path: &str, key: &str| {
        let mut report = report.clone();
        report.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        report
    };
    let with = |path: &str, key: &str, value: Value| {
        let mut report = report.clone();
        report.pointer_mut(path).unwrap()[key] = value;
        report
    };
    assert!(validator.is_valid(&report));
    assert!(validator.is_valid(&with("/findings/0", "cluster", json!("prod"))));
    for broken in [
        without("", "summary"),
        without("/findings/0", "rule"),
        without("/findings/0", "endColumn"),
        without("/findings/0", "document"),
        without("/findings/0/related/0", "column"),
        without("/errors/0", "line"),
        with("", "version", json!(2)),
        with("/findings/0", "line", Value::Null),
        with("/findings/0", "column", json!(0)),
        with("/findings/0", "cluster", json!("")),
        with("/findings/0", "earlier", json!({"line": 1, "column": 1})),
        with("/findings/0", "action", json!("allow")),
    ] {
        assert!(!validator.is_valid(&broken), "{broken:#}");
    }
}

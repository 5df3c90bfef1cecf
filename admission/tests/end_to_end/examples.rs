//! The folders under examples/: two-tenants is clean, and every file of broken has its one fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::serving::{Server, create};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn check(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vpcguard")).arg("check").args(args).current_dir(root()).output().unwrap()
}

/// Each broken file, with the rule that refuses it.
const BROKEN: &[(&str, &str)] = &[
    ("deployment-in-foreign-ip-pool", "pod-vpc-namespace"),
    ("nat-gateway-lan-ip-is-router", "lan-ip-in-subnet"),
    ("nat-gateway-lan-ip-outside", "lan-ip-in-subnet"),
    ("pod-in-foreign-subnet", "pod-vpc-namespace"),
    ("pod-with-foreign-network", "pod-vpc-namespace"),
    ("subnet-cidr-is-a-list", "field-type"),
    ("subnet-cidr-with-blank", "subnet-syntax"),
    ("subnet-cidr-without-length", "subnet-syntax"),
    ("subnet-exclude-range-reversed", "subnet-syntax"),
    ("subnet-foreign-namespace", "subnet-vpc-namespaces"),
    ("subnet-gateway-outside", "subnet-syntax"),
    ("subnet-overlap", "subnet-cidr-overlap"),
    ("subnet-selects-foreign-namespace", "subnet-vpc-namespaces"),
    ("subnet-without-cidr", "subnet-syntax"),
    ("vpc-default-route-to-nobody", "static-route-lan-ip"),
    ("vpc-next-hop-is-the-router", "static-route-next-hop"),
    ("vpc-next-hop-outside", "static-route-next-hop"),
];

/// What follows from the fault of a file, and is a warning of another rule.
fn consequences(file: &str) -> &'static [&'static str] {
    match file {
        // No route leads to an address that the gateway cannot have, nor from a route that leads to nobody.
        "nat-gateway-lan-ip-is-router" | "nat-gateway-lan-ip-outside" | "vpc-default-route-to-nobody" => {
            &["gateway-default-route"]
        }
        _ => &[],
    }
}

#[test]
fn two_tenants_have_no_finding_at_all() {
    let output = check(&["--format", "json", "--fail-on", "warning", "examples/two-tenants"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(output.status.code(), Some(0));
    assert!(report["summary"]["objects"].as_u64().unwrap() > 20);
    let injected: Vec<_> = report["mutations"].as_array().unwrap().iter().map(|m| &m["rule"]).collect();
    assert_eq!(injected, ["inject-logical-switch"]);
}

#[test]
fn every_broken_file_is_listed() {
    let files = fs::read_dir(root().join("examples/broken")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path().file_stem().unwrap().to_owned()).collect();
    files.sort();
    assert_eq!(files, BROKEN.iter().map(|(file, _)| *file).collect::<Vec<_>>());
}

#[test]
fn check_refuses_every_broken_file_for_its_one_fault() {
    for (file, rule) in BROKEN {
        let path = format!("examples/broken/{file}.yaml");
        let output = check(&["--format", "json", "--state", "examples/two-tenants", &path]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = |action: &str| {
            let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["action"] == action);
            findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("deny"), [*rule], "{file}");
        assert_eq!(found("warn"), consequences(file), "{file}");
        assert_eq!(output.status.code(), Some(1), "{file}");
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert!(text.starts_with("# "), "{file} does not say what Kube-OVN would have done");
    }
}

#[tokio::test]
async fn the_webhook_refuses_every_broken_file_for_its_one_fault() {
    let load = |path: &Path| {
        vpcguard_check::parse(&vpcguard_check::Source {
            name: path.display().to_string(),
            bytes: fs::read(path).unwrap(),
        })
    };
    let mut files: Vec<_> =
        fs::read_dir(root().join("examples/two-tenants")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let state: Vec<_> = files.iter().flat_map(|file| load(file).documents).map(|document| document.object).collect();
    let server = Server::start_with(&state, &Value::Object(serde_json::Map::new()));
    for (file, rule) in BROKEN {
        let object = load(&root().join(format!("examples/broken/{file}.yaml"))).documents.remove(0).object;
        let mut review = create(&object);
        let stored = state.iter().find(|stored| {
            stored["kind"] == object["kind"] && stored["metadata"]["name"] == object["metadata"]["name"]
        });
        if let Some(stored) = stored {
            review["request"]["operation"] = "UPDATE".into();
            review["request"]["oldObject"] = stored.clone();
        }
        let response = server.validate(&review).await;
        assert_eq!(response["allowed"], false, "{file}");
        let causes = response["status"]["details"]["causes"].as_array().unwrap();
        assert_eq!(causes.len(), 1, "{file}: {causes:?}");
        assert!(causes[0]["message"].as_str().unwrap().ends_with(&format!(" [vpcguard {rule}]")), "{file}: {causes:?}");
        let warnings = response["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(warnings, consequences(file).len(), "{file}");
    }
}

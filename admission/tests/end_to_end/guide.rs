//! The manifests of Kube-OVN's VPC guide: what is wrong in them is refused, what is right is not, and fixed they are clean.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The exit code of `vpcguard check`, and its report.
fn check(args: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpcguard"));
    let output = command.args(["check", "--format", "json"]).args(args).current_dir(root()).output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// The findings of a report: the action, the rule, the object's name and the file's.
fn findings(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |finding: &Value| {
        let file = text(&finding["file"]);
        let file = Path::new(&file).file_stem().unwrap().to_str().unwrap().to_owned();
        let (action, rule, name) = (&finding["action"], &finding["rule"], &finding["object"]["name"]);
        format!("{} {} {} {file}", text(action), text(rule), text(name))
    };
    report["findings"].as_array().unwrap().iter().map(line).collect()
}

/// The text at which a finding points.
fn underlined(finding: &Value) -> String {
    let number = |key: &str| usize::try_from(finding[key].as_u64().unwrap()).unwrap();
    assert_eq!(finding["line"], finding["endLine"]);
    let text = fs::read_to_string(root().join(finding["file"].as_str().unwrap())).unwrap();
    let line = text.lines().nth(number("line") - 1).unwrap();
    line.chars().take(number("endColumn") - 1).skip(number("column") - 1).collect()
}

/// A folder with some files of the guide, to be changed.
struct Folder(TempDir);

impl Folder {
    fn of(files: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for file in files {
            folder.write(file, &fs::read_to_string(root().join(format!("examples/guide/{file}.yaml"))).unwrap());
        }
        folder
    }

    /// The VPCs, their Subnets and the NAT gateway, which stands in net1, without the errors of the guide.
    fn with_gateway(more: &[&str]) -> Self {
        let folder = Self::of(&["01-vpcs", "02-subnets", "06-nat-gateway-config", "07-nat-gateway"]);
        folder.replace("06-nat-gateway-config", "enable-vpc-nat-gw: true", "enable-vpc-nat-gw: 'true'");
        folder.replace("07-nat-gateway", "subnet: sn", "subnet: net1");
        let images = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ovn-vpc-nat-config", "namespace": "kube-system"},
            "data": {"image": "kubeovn/vpc-nat-gateway:v1.9.0"},
        });
        folder.write("06-nat-images", &images.to_string());
        for file in more {
            folder.write(file, &fs::read_to_string(root().join(format!("examples/guide/{file}.yaml"))).unwrap());
            folder.replace(file, "\nspec:\n", "\nspec:\n  namespaces: [ns1]\n");
        }
        folder
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(format!("{file}.yaml"))
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
        self.write(file, &text.replace(from, to));
    }

    fn check(&self) -> Value {
        check(&[self.0.path().to_str().unwrap()]).1
    }

    fn findings(&self) -> Vec<String> {
        findings(&self.check())
    }
}

/// What is not here is right: two Subnets with one CIDR in two VPCs, next hops that are not a lanIp and of no default route.
const FINDINGS: &[&str] = &[
    "deny pod-vpc-namespace vpc1-pod 03-pods",
    "deny vpc-namespaces-in-use test-vpc-1 04-static-routes",
    "deny vpc-namespaces-in-use test-vpc-1 05-policy-routes",
    "warn policy-route-priority test-vpc-1 05-policy-routes",
    "warn gateway-config ovn-vpc-nat-gw-config 06-nat-gateway-config",
    "warn missing-reference ngw 07-nat-gateway",
    "warn gateway-config ngw 07-nat-gateway",
    "warn gateway-default-route ngw 07-nat-gateway",
    "deny vpc-namespaces-in-use test-vpc-1 08-default-route",
];

#[test]
fn each_error_of_the_guide_is_found_and_nothing_else() {
    let (code, report) = check(&["examples/guide"]);
    assert_eq!(findings(&report), FINDINGS);
    assert_eq!(report["errors"], json!([]));
    assert_eq!(code, Some(1));
}

#[test]
fn the_findings_point_at_the_errors() {
    let (_, report) = check(&["examples/guide"]);
    let first = |rule: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["rule"] == rule).unwrap()
    };
    let pod = first("pod-vpc-namespace");
    assert_eq!(pod["object"]["namespace"], "default");
    assert_eq!(pod["field"], "metadata.annotations[ovn.kubernetes.io/logical_switch]");
    let vpc = first("vpc-namespaces-in-use");
    assert_eq!(vpc["field"], "spec.namespaces");
    assert_eq!(vpc["related"][0]["object"]["name"], "net1");
    assert_eq!(first("missing-reference")["field"], "spec.subnet");
    assert_eq!(first("gateway-config")["field"], "data[enable-vpc-nat-gw]");
    for (rule, text) in [
        ("pod-vpc-namespace", "net1"),
        ("vpc-namespaces-in-use", "spec"),
        ("missing-reference", "sn"),
        ("gateway-config", "true"),
    ] {
        assert_eq!(underlined(first(rule)), text, "{rule}");
    }
}

#[test]
fn a_gateway_in_a_subnet_that_does_not_exist_is_refused_where_references_are_strict() {
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(&settings, "strictReferences: true").unwrap();
    let (_, report) = check(&["--settings", settings.path().to_str().unwrap(), "examples/guide"]);
    let strict: Vec<_> = FINDINGS.iter().map(|line| line.replace("warn missing-ref", "deny missing-ref")).collect();
    assert_eq!(findings(&report), strict);
}

#[test]
fn a_lan_ip_of_net1_and_the_default_route_to_it_are_accepted() {
    let folder = Folder::with_gateway(&["08-default-route"]);
    // In the order of the guide the gateway comes before its route, which a later file brings.
    assert_eq!(folder.findings(), [""; 0]);
    let folder = Folder::with_gateway(&["04-static-routes"]);
    assert_eq!(folder.findings(), [""; 0]);
}

#[test]
fn next_hops_of_other_routes_need_not_be_the_lan_ip() {
    let folder = Folder::with_gateway(&["04-static-routes", "05-policy-routes", "08-default-route"]);
    // The policy routes come without the default route, as `kubectl apply` takes them, and the last file with it.
    assert_eq!(folder.findings(), ["warn policy-route-priority test-vpc-1 05-policy-routes"]);
}

#[test]
fn a_lan_ip_outside_net1_or_of_its_router_is_refused() {
    for (lan_ip, fault) in [("10.0.2.254", "not in Subnet"), ("10.0.1.1", "is the gateway of Subnet")] {
        let folder = Folder::with_gateway(&[]);
        folder.replace("07-nat-gateway", "lanIp: 10.0.1.254", &format!("lanIp: {lan_ip}"));
        let report = folder.check();
        let expected = ["deny lan-ip-in-subnet ngw 07-nat-gateway", "warn gateway-default-route ngw 07-nat-gateway"];
        assert_eq!(findings(&report), expected, "{lan_ip}");
        let message = report["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains(fault), "{message}");
    }
}

#[test]
fn a_default_route_past_the_gateway_is_refused() {
    let folder = Folder::with_gateway(&["08-default-route"]);
    folder.replace("08-default-route", "nextHopIP: 10.0.1.254", "nextHopIP: 10.0.1.253");
    let expected = [
        "warn gateway-default-route ngw 07-nat-gateway",
        "deny static-route-lan-ip test-vpc-1 08-default-route",
        "warn gateway-default-route test-vpc-1 08-default-route",
    ];
    assert_eq!(folder.findings(), expected);
}

/// What is injected into a Pod of a namespace.
fn injected(namespace: &str, spec: &Value) -> Value {
    let folder = Folder::of(&["01-vpcs", "02-subnets"]);
    let metadata = json!({"name": "p", "namespace": namespace});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    folder.write("03-pods", &pod.to_string());
    let report = folder.check();
    assert_eq!(findings(&report), [""; 0]);
    report["mutations"].clone()
}

#[test]
fn a_pod_of_ns1_gets_net1() {
    let mutations = injected("ns1", &json!({}));
    assert_eq!(mutations.as_array().unwrap().len(), 1, "{mutations}");
    assert_eq!(mutations[0]["rule"], "inject-logical-switch");
    assert_eq!(mutations[0]["object"]["name"], "p");
    let patch = mutations[0]["patch"].to_string();
    assert!(patch.contains("logical_switch") && patch.contains("\"net1\""), "{patch}");
}

#[test]
fn a_pod_of_its_nodes_network_or_of_another_namespace_gets_nothing() {
    assert_eq!(injected("ns1", &json!({"hostNetwork": true})), json!([]));
    assert_eq!(injected("default", &json!({})), json!([]));
}

#[test]
fn the_mended_guide_has_no_finding_at_all() {
    let (code, report) = check(&["--fail-on", "warning", "examples/guide-fixed"]);
    assert_eq!(findings(&report), [""; 0]);
    assert_eq!(report["errors"], json!([]));
    assert_eq!(code, Some(0));
}

#[test]
fn the_mended_guide_has_every_object_of_the_guide() {
    let objects = |folder: &str| {
        let files = fs::read_dir(root().join(folder)).unwrap();
        let documents = files.flat_map(|file| {
            let path = file.unwrap().path();
            let source = vpcguard_check::Source { name: path.display().to_string(), bytes: fs::read(path).unwrap() };
            vpcguard_check::parse(&source).documents
        });
        let mut names: Vec<_> = documents
            .map(|document| format!("{} {}", document.object["kind"], document.object["metadata"]["name"]))
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let fixed = objects("examples/guide-fixed");
    for object in objects("examples/guide") {
        assert!(fixed.contains(&object), "{object}");
    }
}

#[test]
fn each_file_of_the_guide_names_its_section() {
    for file in fs::read_dir(root().join("examples/guide")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(text.starts_with("# Kube-OVN's VPC guide (v1.9), "), "{text}");
    }
}

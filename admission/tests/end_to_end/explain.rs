//! `vpcguard explain` without a cluster, and what is said where there is none.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// The exit code, standard output and standard error of `vpcguard`, given some standard input, where there is no cluster.
pub(crate) fn vpcguard(args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vpcguard"))
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("KUBECONFIG", "/nonexistent")
        .env("HOME", "/nonexistent")
        .env_remove("KUBERNETES_SERVICE_HOST")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Where it ends without reading, nobody takes this.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn explain(args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    vpcguard(&[&["explain", "pod", "--state", "examples/two-tenants"], args].concat(), stdin)
}

fn pod(namespace: &str, name: &str, annotations: Value) -> String {
    let metadata = json!({"namespace": namespace, "name": name, "annotations": annotations});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}).to_string()
}

#[test]
fn a_pod_of_a_manifest_is_explained() {
    let (code, out, err) = explain(&["-"], &pod("green", "web", json!({})));
    let wanted = r#"Pod "green/web"
  Subnet:   green-apps (10.0.1.0/24,fd00:10:0:1::/64), VPC green
  because:  Subnet "green-apps" lists namespace "green" (Kube-OVN: spec.namespaces)
  network:  eth0, provider ovn
  address:  any that is free
  injected: metadata.annotations[ovn.kubernetes.io/logical_switch]="green-apps": Subnet "green-apps" is the only one for namespace "green": it lists the namespace; the Pod then names its Subnet itself
  verdict:  admitted
"#;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), wanted, ""));
}

#[test]
fn a_refused_pod_is_explained_all_the_same() {
    let (code, out, _) = explain(&["examples/broken/pod-in-foreign-subnet.yaml"], "");
    assert_eq!(code, Some(0));
    assert!(out.contains("  Subnet:   blue-db ("), "{out}");
    assert!(out.contains("  verdict:  refused\n    error: "), "{out}");
}

#[test]
fn a_pod_of_the_state_exists_and_gets_nothing_injected() {
    let state = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(state.path(), pod("green", "web", json!({}))).unwrap();
    let (code, out, _) = explain(&["--state", state.path().to_str().unwrap(), "green/web"], "");
    assert_eq!(code, Some(0));
    assert!(out.contains("  Subnet:   green-apps (") && !out.contains("injected"), "{out}");
}

#[test]
fn programs_get_json() {
    let (_, out, _) = explain(&["--format", "json", "-"], &pod("green", "web", json!({})));
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["version"], 1);
    assert_eq!(out["explanations"][0]["primary"]["subnets"][0]["name"], "green-apps");
}

#[test]
fn a_directory_of_pods_is_explained_whole() {
    let (code, out, err) = explain(&["examples/two-tenants/"], "");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let names: Vec<_> = out.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    assert!(names.contains(&"Deployment \"green/web\"") && names.contains(&"Pod \"blue/debug\""), "{names:?}");
    let (code, _, err) = explain(&["examples/two-tenants"], "");
    let wanted = "error: there is no Pod examples/two-tenants in the files of --state";
    assert!(code == Some(2) && err.starts_with(wanted), "{err}");
    assert!(err.ends_with("; for the directory of this name write examples/two-tenants/\n"), "{err}");
}

#[test]
fn a_pod_with_networks_of_multus_is_explained_whole() {
    let network = "tests/networks/multus-same-network-twice.yaml";
    let (code, out, err) = vpcguard(&["explain", "pod", "--state", network, network], "");
    let wanted = r#"Pod "switchyard/switch"
  Subnet:   ovn-default, VPC ovn-cluster
  because:  nothing is bound to namespace "switchyard", so it gets the default Subnet
  network:  eth0, provider ovn
  address:  any that is free
  attached: "switchyard/rails" as track1, provider rails.switchyard.ovn.track1
    Subnet:  switchyard-rails (10.157.0.0/24,fd00:157::/64), VPC ovn-cluster
    because: its provider is "rails.switchyard.ovn"
    address: 10.157.0.71: the annotation rails.switchyard.kubernetes.io/ip_address.track1 asks for it
  attached: "switchyard/rails" as track2, provider rails.switchyard.ovn.track2
    Subnet:  switchyard-rails (10.157.0.0/24,fd00:157::/64), VPC ovn-cluster
    because: its provider is "rails.switchyard.ovn"
    address: 10.157.0.72: the annotation rails.switchyard.kubernetes.io/ip_address.track2 asks for it
  ignored:  rails.switchyard.ovn.track1.kubernetes.io/ip_family="ipv4": Kube-OVN v1.16 does not read it, later releases do
  ignored:  rails.switchyard.ovn.track2.kubernetes.io/ip_family="ipv4": Kube-OVN v1.16 does not read it, later releases do
  verdict:  admitted
"#;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), wanted, ""));
}

/// Nobody whose network is right is told that it is not.
#[test]
fn no_network_that_works_is_said_to_be_blocked() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/networks");
    let mut explained = 0;
    for entry in std::fs::read_dir(networks).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let path = path.to_str().unwrap();
        let (code, out, err) = vpcguard(&["explain", "pod", "--format", "json", "--state", path, path], "");
        if err.contains("holds no Pod") {
            continue;
        }
        assert_eq!((code, err.as_str()), (Some(0), ""), "{path}");
        let report: Value = serde_json::from_str(&out).unwrap();
        for explanation in report["explanations"].as_array().unwrap() {
            explained += 1;
            assert_eq!(explanation["blocked"], json!([]), "{path}: {explanation}");
            assert_eq!(explanation["missing"], json!([]), "{path}: {explanation}");
            let ignored = explanation["ignored"].as_array().unwrap();
            let is_later = |one: &Value| one["key"].as_str().unwrap().ends_with("/ip_family");
            assert!(ignored.iter().all(is_later), "{path}: {ignored:?}");
        }
    }
    assert!(explained > 30, "{explained}");
}

#[test]
fn a_namespace_is_explained() {
    let tenants = ["--state", "examples/two-tenants"];
    let (code, out, err) = vpcguard(&[&["explain", "namespace"], &tenants[..], &["green"]].concat(), "");
    let wanted = r#"Namespace "green"
  Subnet:   green-apps (10.0.1.0/24,fd00:10:0:1::/64), VPC green
  because:  Subnet "green-apps" lists namespace "green" (Kube-OVN: spec.namespaces)
  address:  any that is free
  may use:  VPC green (green-apps, green-db): it lists the namespace (spec.namespaces)
  may use:  VPC ovn-cluster (ovn-default): it is the default VPC, which is open to all namespaces
  network:  NetworkAttachmentDefinition "green/storage": green-db (10.0.2.0/24,fd00:10:0:2::/64), VPC green (provider storage.green.ovn)
"#;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), wanted, ""));
    let (_, out, _) = vpcguard(&[&["explain", "namespace", "--format", "json"], &tenants[..], &["green"]].concat(), "");
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&out["version"], &out["explanations"][0]["vpcs"][0]["name"]), (&json!(1), &json!("green")));
}

#[test]
fn a_subnet_is_explained() {
    let tenants = ["--state", "examples/two-tenants"];
    let (code, out, err) =
        vpcguard(&[&["explain", "subnet"], &tenants[..], &["ovn-vpc-external-network"]].concat(), "");
    let wanted = r#"Subnet "ovn-vpc-external-network"
  VPC:      none
  network:  addresses for a network of another plug-in, provider ovn-vpc-external-network.kube-system
  prefix:   192.168.100.0/24, gateway 192.168.100.1: 254 addresses, 10 excluded, 1 taken, 243 free
  free:     192.168.100.11..192.168.100.19, 192.168.100.21..192.168.100.254
  open to:  all: it has no VPC: whoever may use the network of the other plug-in has addresses of it
  network:  NetworkAttachmentDefinition "kube-system/ovn-vpc-external-network"
  stands:   VpcNatGateway "blue-gw": NAT gateway of VPC "blue", outside
  stands:   IptablesEIP "blue-eip" 192.168.100.20: EIP of NAT gateway "blue-gw"
"#;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), wanted, ""));
    // Numbers of IPv6 are larger than most parsers keep.
    let args = [&["explain", "subnet", "--limit", "1", "--format", "json"], &tenants[..], &["green-db"]].concat();
    let (_, out, _) = vpcguard(&args, "");
    assert!(out.contains("\"free\": 18446744073709551613,"), "{out}");
    let out: Value = serde_json::from_str(&out).unwrap();
    let prefix = &out["explanations"][0]["prefixes"][0];
    assert_eq!((&prefix["free"], &prefix["ranges"]), (&json!(253), &json!(["10.0.2.2..10.0.2.254"])));
    assert_eq!(out["explanations"][0]["pods"][0]["object"]["name"], "web");
}

#[test]
fn a_namespace_or_a_subnet_that_is_not_there_is_an_error_that_says_which_is_meant() {
    let tenants = ["--state", "examples/two-tenants"];
    for (args, said) in [
        (&["namespace", "gren"][..], "there is no Namespace \"gren\" in the files of --state: did you mean \"green\"?"),
        (&["subnet", "gren-db"], "there is no Subnet \"gren-db\" in the files of --state: did you mean \"green-db\"?"),
        (&["subnet", "nothing"], "; known are blue-apps, blue-db, green-apps, "),
        (&["subnet", "README.md"], "\"README.md\" cannot be the name of a Subnet; name files by --state"),
        (&["subnet", "a b"], "\"a b\" cannot be the name of a Subnet; it has lower case letters"),
        (
            &["subnet", "--context", "c", "blue-db"],
            "--context says which cluster to ask, and with --state none is asked",
        ),
        (&["subnet", "--limit", "0", "blue-db"], "must be at least 1"),
        (&["namespace", "--state", "-", "--settings", "-", "a"], "standard input (-) can be read only once"),
        (&["pod", "blue/debgu"], "there is no Pod blue/debgu in the files of --state: did you mean \"blue/debug\"?"),
    ] {
        let (code, out, err) = vpcguard(&[&["explain", args[0]], &tenants[..], &args[1..]].concat(), "");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(said), "{err}");
    }
    let empty = tempfile::tempdir().unwrap();
    let (code, _, err) = vpcguard(&["explain", "subnet", "--state", empty.path().to_str().unwrap(), "a"], "");
    assert_eq!(code, Some(2), "{err}");
    let (code, _, err) = vpcguard(&["explain", "subnet", "a"], "");
    assert_eq!(code, Some(2));
    let wanted = "with --state PATH objects are taken from files, and none is asked\n";
    assert!(err.starts_with("error: no cluster to talk to: ") && err.ends_with(wanted), "{err}");
}

#[test]
fn what_cannot_be_explained_is_an_error_that_says_why() {
    for (args, stdin, said) in [
        (["web"], "", "\"web\" is neither a file nor the NAMESPACE/NAME of a Pod"),
        (["a/b/c"], "", "neither a file nor"),
        (["green/gone"], "", "there is no Pod green/gone in the files of --state"),
        (["-"], "{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "holds no Pod"),
        (["-"], "kind: [", "<stdin>:"),
    ] {
        let (code, out, err) = explain(&args, stdin);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(said), "{err}");
    }
}

#[test]
fn a_match_is_explained() {
    let text = "ip4.src == 10.0.0.0/8 && tcp.dst == {80, 443}";
    let (code, out, err) = vpcguard(&["explain", "match", text], "");
    let wanted = format!("match {text}\n  means:    IPv4 packets from 10.0.0.0/8 to TCP port 80 or 443\n");
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), wanted.as_str(), ""));
    let from_stdin = vpcguard(&["explain", "match", "-"], &format!("{text}\n"));
    assert_eq!(from_stdin, (code, out, err));
}

#[test]
fn a_match_that_is_none_is_explained_all_the_same() {
    let (code, out, _) = vpcguard(&["explain", "match", "--format", "json", "!ip4"], "");
    let out: Value = serde_json::from_str(&out).unwrap();
    let explanation = &out["explanations"][0];
    assert_eq!((code, &out["version"], &explanation["valid"]), (Some(0), &json!(1), &json!(false)));
    assert_eq!((&explanation["match"], &explanation["faults"][0]["part"]), (&json!("!ip4"), &json!("ip4")));
    let (code, out, err) = vpcguard(&["explain", "match"], "");
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
}

#[test]
fn where_there_is_no_cluster_nothing_is_made_up() {
    let manifest = "examples/broken/subnet-overlap.yaml";
    for args in [vec!["audit"], vec!["explain", "pod", "a/b"], vec!["check", "--cluster", manifest]] {
        let (code, out, err) = vpcguard(&args, "");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.starts_with("error: no cluster to talk to: "), "{err}");
    }
}

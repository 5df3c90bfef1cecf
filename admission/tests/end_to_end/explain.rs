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

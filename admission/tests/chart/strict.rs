//! What a real API server says of everything that the chart renders, by a dry run that takes no unknown field.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::{ControlPlane, Output, User, control_plane_or_skip};

use super::helm::Helm;
use super::rendered::{render, value_files};

fn dry_run(plane: &ControlPlane, objects: &[Value]) -> Output {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let args = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
    plane.kubectl(User::Admin, &args, Some(&list)).unwrap()
}

/// A Pod as the Deployment makes it, for the API server to judge by the standard `restricted`.
fn pod(objects: &[Value]) -> Value {
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let spec = &deployment["spec"]["template"]["spec"];
    let metadata = json!({"name": "vpcguard", "namespace": "vpcguard-system"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

#[test]
fn an_api_server_takes_all_that_is_rendered() {
    let Some(helm) = Helm::find("helm4") else { return };
    let Some(mut plane) = control_plane_or_skip() else { return };
    // Those of cert-manager and Prometheus Operator.
    plane.apply_crds(&helm.binary.with_file_name("crds")).unwrap();
    for namespace in ["vpcguard-system", "kube-ovn"] {
        plane.kubectl(User::Admin, &["create", "namespace", namespace], None).unwrap().success().unwrap();
    }
    let restricted = ["label", "namespace", "vpcguard-system", "pod-security.kubernetes.io/enforce=restricted"];
    plane.kubectl(User::Admin, &restricted, None).unwrap().success().unwrap();
    for values in value_files() {
        let mut objects = render(&helm, "vpcguard-system", &["--values", values.to_str().unwrap()]);
        let mut pod = pod(&objects);
        let is_on_node = pod["spec"]["hostNetwork"] == true;
        if is_on_node {
            // Which that standard cannot allow.
            pod["metadata"]["namespace"] = json!("kube-ovn");
        }
        objects.push(pod);
        let output = dry_run(&plane, &objects);
        let is_warned = output.stderr.contains("host namespaces (hostNetwork=true)");
        let says_more = output.stderr.contains("capabilities") || output.stderr.contains("runAsNonRoot");
        assert!(output.status.success() && is_warned == is_on_node && !says_more, "{}: {output:?}", values.display());
        assert!(is_on_node || output.stderr.is_empty(), "{output:?}");
        assert_eq!(output.stdout.lines().count(), objects.len(), "{output:?}");
    }

    // It would say so.
    let mut objects = render(&helm, "vpcguard-system", &[]);
    let deployment = objects.iter_mut().find(|object| object["kind"] == "Deployment").unwrap();
    deployment["spec"]["template"]["spec"]["hostNetwrk"] = json!(true);
    let output = dry_run(&plane, &objects);
    assert!(!output.status.success() && output.stderr.contains("hostNetwrk"), "{output:?}");
}

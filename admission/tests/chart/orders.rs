//! A tenant's own release, in which Helm writes Services, Pods and workloads before anything of Kube-OVN.

use std::process::Output;

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::world::{World, until};

const NETWORK: &str = r"
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: {name: blue}
spec: {namespaces: [blue]}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: blue-apps}
spec: {vpc: blue, protocol: IPv4, cidrBlock: 10.0.1.0/24, gateway: 10.0.1.1, namespaces: [blue]}
";

const WORKLOAD: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {ovn.kubernetes.io/logical_switch: blue-apps}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

const BARE: &str = r"
apiVersion: v1
kind: Pod
metadata: {name: bare, annotations: {ovn.kubernetes.io/logical_switch: blue-apps}}
spec: {containers: [{name: c, image: i}]}
";

fn a_tenants_release_comes_up(helm: &str) {
    let Some(mut world) = World::start(helm) else { return };
    world.release(&["install", "--create-namespace"], &json!({}));
    let replicas = world.start_replicas();
    world.lead_to(replicas);
    world.until_asked();

    // Workloads pass in one run, and their controllers try again until there is a network.
    let run = |documents: &[&str]| {
        let chart = world.chart("blue", &documents.join("---"));
        let chart = chart.to_str().unwrap();
        world.try_helm(&["upgrade", "--install", "blue", chart, "--namespace", "blue", "--create-namespace"])
    };
    succeeds(&run(&[NETWORK, WORKLOAD]));
    let deployment = world.get_in("blue", &["deployment", "web"]);
    let template = &deployment["spec"]["template"];
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    pod["metadata"]["name"] = json!("web-1");
    until("a Pod of the Deployment is made", || {
        let pods = "/api/v1/namespaces/blue/pods";
        world.plane.request(User::Admin, "POST", pods, &pod.to_string()).unwrap().status == 201
    });
    world.try_helm(&["uninstall", "blue", "--namespace", "blue"]);
    until("the Subnet is gone", || world.get_in("blue", &["subnet", "blue-apps"]) == Value::Null);

    // A bare Pod that names a Subnet of its own release needs a second run, and is told so.
    let first = run(&[NETWORK, WORKLOAD, BARE]);
    let said = String::from_utf8_lossy(&first.stderr);
    assert!(!first.status.success() && said.contains("[vpcguard pod-network-unresolvable]"), "{first:?}");
    let second = run(&[NETWORK, WORKLOAD, BARE]);
    succeeds(&second);
    assert!(!world.get_in("blue", &["pod", "bare"]).is_null());
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_tenants_release_comes_up_with_helm_3() {
    a_tenants_release_comes_up("helm3");
}

#[test]
fn a_tenants_release_comes_up_with_helm_4() {
    a_tenants_release_comes_up("helm4");
}

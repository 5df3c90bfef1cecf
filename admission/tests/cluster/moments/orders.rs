//! A folder applied again and again ends with everything there, whatever comes first in it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use vpcguard_check::{Source, parse};
use vpcguard_tests::control_plane::User;

use super::super::world::World;
use super::{admin, finalizes, status};

/// As many as objects may wait for each other, one behind the other: a namespace, a VPC, a Subnet, a gateway, a Pod.
const MOST_ROUNDS: usize = 5;

/// Kinds in the order in which Helm and Argo CD write them; those that are not here come after, by their names.
const KNOWN: &[&str] = &["Namespace", "ConfigMap", "Service", "Pod", "Deployment", "StatefulSet", "CronJob"];

/// Kube-OVN may take away what it has made.
const RIGHTS: &str = r"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: kube-ovn}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: ovn, namespace: kube-system}]
";

/// How much whoever applies two-tenants as it is written is told of what comes later.
const MOST_WARNINGS: usize = 4;

#[test]
fn two_tenants_come_in_any_order() {
    let Some(said) = comes_in_any_order("two-tenants") else { return };
    let warnings: Vec<_> = said.lines().filter(|line| line.contains("[vpcguard ")).collect();
    assert!(warnings.len() <= MOST_WARNINGS, "{warnings:#?}");
}

#[test]
fn the_guide_comes_in_any_order() {
    comes_in_any_order("guide-fixed");
}

/// What is said to whoever applies an example as it is written; nothing without a cluster.
fn comes_in_any_order(example: &str) -> Option<String> {
    let as_written = objects(example);
    let world = World::start()?;
    world.accepts(User::Admin, RIGHTS);
    let mut said = Vec::new();
    let mut reversed = as_written.clone();
    reversed.reverse();
    let mut by_kind = as_written.clone();
    by_kind.sort_by_key(place);
    for (order, objects) in [("as written", as_written), ("reversed", reversed), ("by kind", by_kind)] {
        let rounds = rounds(&world, &objects);
        println!("{example}, {order}: {} rounds", rounds.len());
        said.push(rounds.concat());
        let stored = stored(&world, &objects);
        assert_eq!(stored.len(), objects.len(), "{order}: {stored:?}");
        clear(&world, &objects);
    }
    said.into_iter().next()
}

/// Where in its order Helm has an object.
fn place(object: &Value) -> (usize, String) {
    let kind = object["kind"].as_str().unwrap();
    (KNOWN.iter().position(|known| *known == kind).unwrap_or(KNOWN.len()), kind.to_owned())
}

/// What is said each time that all of it is applied, until nothing is refused any more.
fn rounds(world: &World, objects: &[Value]) -> Vec<String> {
    let list = list(objects);
    let mut said = Vec::new();
    for _ in 1..=MOST_ROUNDS {
        // Some fields are those of an older Kube-OVN than the definitions.
        let output = world.plane.kubectl(User::Admin, &["apply", "--validate=false", "-f", "-"], Some(&list)).unwrap();
        said.push(output.stderr);
        if output.status.success() {
            return said;
        }
    }
    panic!("after {MOST_ROUNDS} rounds: {said:?}");
}

fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

/// Everything that is stored of it, by kind and name.
fn stored(world: &World, objects: &[Value]) -> Vec<String> {
    let args = ["get", "--ignore-not-found", "--output=name", "-f", "-"];
    let stored = world.plane.kubectl(User::Admin, &args, Some(&list(objects))).unwrap().success().unwrap();
    stored.lines().map(str::to_owned).collect()
}

/// Takes all of it away, as Kube-OVN may.
fn clear(world: &World, objects: &[Value]) {
    let args = ["delete", "--ignore-not-found", "--wait=false", "-f", "-"];
    world.plane.kubectl(User::KubeOvn, &args, Some(&list(objects))).unwrap().success().unwrap();
    for object in objects {
        let name = object["metadata"]["name"].as_str().unwrap();
        if object["kind"] == "Namespace" {
            finalizes(world, name);
        }
    }
    // Pods of a namespace that stays go at once, as they were on no node.
    let of_default = admin(world).passes("GET", &super::pods("default"), &Value::Null);
    assert_eq!(of_default["items"], json!([]));
    assert_eq!(status(world, "/apis/kubeovn.io/v1/subnets/ovn-default"), 404);
}

/// All documents of an example, in the order of its files.
fn objects(example: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(example);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let documents = |file: &std::path::PathBuf| {
        let parsed = parse(&Source { name: file.display().to_string(), bytes: fs::read(file).unwrap() });
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        parsed.documents.into_iter().map(|document| document.object)
    };
    files.iter().flat_map(documents).collect()
}

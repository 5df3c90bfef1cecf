//! vpcguard is away, and its webhooks are there with the defaults.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::super::client::{subnet, vpc};
use super::super::world::World;
use super::{DAEMONS, RIGHTS, SLICES, Who, admin, comes_up, finalizes, is_success, pod, pods, status};

const KUBE_OVN: &str = "/apis/kubeovn.io/v1";
const SLICES_OF_BLUE: &str = "/apis/discovery.k8s.io/v1/namespaces/blue/endpointslices";

/// What holds objects until somebody takes it away.
const FINALIZER: &str = "example.com/keep";

#[test]
fn a_cluster_lives_on() {
    let Some(mut world) = World::start() else { return };
    world.accepts(User::Admin, RIGHTS);
    let held = held_by_a_finalizer(&world);
    admin(&world).passes("POST", &pods("blue"), &pod("blue", "stored"));
    world.replicas[0].kill().unwrap();

    no_tenant_gets_in(&world);
    pods_that_the_cluster_needs_start(&world);
    comes_up(&world, "blue", "stored");
    the_service_of_the_api_server_comes_back(&world);
    slices_are_written(&world);
    for path in &held {
        admin(&world).passes("PATCH", path, &json!({"metadata": {"finalizers": null}}));
    }
    for path in &held[1..] {
        assert_eq!(status(&world, path), 404, "{path}");
    }
    finalizes(&world, "going");
    // Whoever asks for something new of Kube-OVN is told why not.
    let refused = admin(&world).sends("POST", &format!("{KUBE_OVN}/vpcs"), &vpc("new"));
    assert!(refused.status == 500 && refused.body.contains("failed calling webhook"), "{}", refused.body);
}

/// Objects that are being deleted, and wait for their finalizer. The first is a Namespace.
fn held_by_a_finalizer(world: &World) -> Vec<String> {
    let admin = admin(world);
    let object = |kind: &str, spec: Value| json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": "going"}, "spec": spec});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "going"}});
    let gateway =
        json!({"replicas": 1, "externalSubnet": "external", "policies": [{"snat": true, "subnets": ["going"]}]});
    let all = [
        ("/api/v1/namespaces".to_owned(), namespace),
        (format!("{KUBE_OVN}/subnets"), subnet("going", "ovn-cluster", "10.7.0.0/24")),
        (format!("{KUBE_OVN}/vips"), object("Vip", json!({"subnet": "going"}))),
        (format!("{KUBE_OVN}/namespaces/blue/vpc-egress-gateways"), object("VpcEgressGateway", gateway)),
    ];
    let held = all.into_iter().map(|(collection, mut object)| {
        object["metadata"]["finalizers"] = json!([FINALIZER]);
        admin.passes("POST", &collection, &object);
        let path = format!("{collection}/going");
        admin.passes("DELETE", &path, &Value::Null);
        assert_eq!(status(world, &path), 200, "{path} waits");
        path
    });
    held.collect()
}

fn no_tenant_gets_in(world: &World) {
    let answer = world.create(User::Tenant, &pods("blue"), &pod("blue", "new"));
    assert!(answer.status == 500 && answer.body.contains("failed calling webhook"), "{}", answer.body);
    assert_eq!(status(world, &format!("{}/new", pods("blue"))), 404);
}

fn pods_that_the_cluster_needs_start(world: &World) {
    for namespace in ["kube-system", "vpcguard-system"] {
        Who(world, DAEMONS, &[]).passes("POST", &pods(namespace), &pod(namespace, "needed"));
        comes_up(world, namespace, "needed");
        // By hand, as in an emergency.
        admin(world).passes("POST", &pods(namespace), &pod(namespace, "by-hand"));
    }
}

/// It has controllers of its own, which look every few seconds.
fn the_service_of_the_api_server_comes_back(world: &World) {
    let path = "/api/v1/namespaces/default/services/kubernetes";
    let uid = |world: &World| {
        let answer = world.plane.request(User::Admin, "GET", path, "").unwrap();
        let stored: Value = serde_json::from_str(&answer.body).unwrap();
        is_success(&answer).then(|| stored["metadata"]["uid"].clone())
    };
    let before = uid(world);
    admin(world).passes("DELETE", path, &Value::Null);
    world.until("the Service kubernetes is made anew", |world| uid(world).is_some_and(|uid| Some(uid) != before));
}

/// All that the controller writes: with Pods, without, and without ports.
fn slices_are_written(world: &World) {
    let controller = Who(world, SLICES, &[]);
    let target = json!({"kind": "Pod", "name": "stored", "namespace": "blue"});
    let endpoint = json!({"addresses": ["10.0.1.9"], "conditions": {"ready": true}, "targetRef": target});
    for (name, endpoints, ports) in [
        ("full", json!([endpoint]), json!([{"name": "http", "port": 80, "protocol": "TCP"}])),
        ("empty", json!([]), json!([])),
        ("null", Value::Null, Value::Null),
    ] {
        let slice = |endpoints: &Value| {
            json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "web"}},
                "endpoints": endpoints, "ports": ports,
            })
        };
        controller.passes("POST", SLICES_OF_BLUE, &slice(&endpoints));
        let path = format!("{SLICES_OF_BLUE}/{name}");
        for endpoints in [json!([]), json!([endpoint]), Value::Null] {
            let mut changed = slice(&endpoints);
            changed["metadata"] = controller.passes("GET", &path, &Value::Null)["metadata"].clone();
            controller.passes("PUT", &path, &changed);
        }
        controller.passes("DELETE", &path, &Value::Null);
    }
}

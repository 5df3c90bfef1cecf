//! All Pods of all namespaces are gone, vpcguard among them.

use serde_json::{Value, json};

use super::super::world::{World, wait_until_ready};
use super::{DAEMONS, REPLICAS, RIGHTS, Who, admin, comes_up, is_success, pod, pods};

/// A Pod of each namespace, and who makes it again.
const PODS: &[(&str, &str, &str)] =
    &[("kube-system", "kube-ovn-cni", DAEMONS), ("vpcguard-system", "vpcguard", REPLICAS), ("blue", "app", REPLICAS)];

#[test]
fn a_cluster_comes_up_again() {
    let Some(mut world) = World::builder().by_service().start() else { return };
    world.accepts(vpcguard_tests::control_plane::User::Admin, RIGHTS);
    for (namespace, name, who) in PODS {
        Who(&world, who, &[]).passes("POST", &pods(namespace), &pod(namespace, name));
    }

    world.replicas[0].kill().unwrap();
    for (namespace, name, _) in PODS {
        admin(&world).passes("DELETE", &pods(namespace), &json!({"gracePeriodSeconds": 0}));
        assert_eq!(super::status(&world, &format!("{}/{name}", pods(namespace))), 404);
    }

    // What vpcguard needs to run comes up without it, itself too, and a tenant waits.
    let (tenants, needed): (Vec<_>, Vec<_>) = PODS.iter().partition(|(namespace, ..)| *namespace == "blue");
    for (namespace, name, who) in needed {
        Who(&world, who, &[]).passes("POST", &pods(namespace), &pod(namespace, name));
        comes_up(&world, namespace, name);
    }
    let again = |world: &World| {
        let made = |(namespace, name, who): &(&'static str, &'static str, &'static str)| {
            Who(world, who, &[]).sends("POST", &pods(namespace), &pod(namespace, name))
        };
        tenants.iter().map(made).collect::<Vec<_>>()
    };
    for answer in again(&world) {
        assert!(answer.status == 500 && answer.body.contains("failed calling webhook"), "{}", answer.body);
    }

    // Its Pod runs: the rest follows, as controllers try again.
    world.replicas[0].restart().unwrap();
    wait_until_ready(&world.replicas[0]).unwrap();
    world.until("a tenant's Pod is made", |world| {
        again(world).iter().all(|answer| is_success(answer) || answer.status == 409)
    });
    comes_up(&world, "blue", "app");
    let stored = admin(&world).passes("GET", &pods("blue"), &Value::Null);
    assert_eq!(stored["items"].as_array().map(Vec::len), Some(1));
}

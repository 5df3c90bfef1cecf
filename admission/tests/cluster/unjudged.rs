//! What gets no verdict is not stored where a rule guards, though the API server would store it if it got no answer.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::vpc;
use super::world::{MINE_AND_THEIRS, World};

const THEIRS: &str = "/api/v1/namespaces/theirs/pods";
const MINE: &str = "/api/v1/namespaces/mine/pods";

const SUBNET: &str = "
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: s}
spec: {vpc: v, protocol: IPv4, cidrBlock: 10.0.0.0/16, gateway: 10.0.0.1, namespaces: [mine]}
";

/// A Pod in the VPC of the namespace `mine`.
fn pod(name: &str, field: &str, value: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "annotations": {"ovn.kubernetes.io/logical_switch": "s"}},
        "spec": {"containers": [{"name": "c", "image": "i", field: value}]},
    })
}

#[test]
fn nothing_passes_for_want_of_a_verdict() {
    let Some(mut world) = World::start() else { return };
    world.accepts(User::Admin, MINE_AND_THEIRS);
    world.accepts(User::Admin, SUBNET);
    too_many_values(&world);
    escaped(&world);
    not_synced(&mut world);
}

/// In protobuf they are few enough bytes to be stored.
fn too_many_values(world: &World) {
    let with_variables = |number: usize| pod("many", "env", vec![json!({"name": "A"}); number].into());
    let refused = world.create(User::Admin, THEIRS, &with_variables(150_000));
    let status: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status, &status["code"]), (413, &json!(413)), "{status}");
    assert!(status["message"].as_str().unwrap().contains("more than 500000 values"), "{status}");
    assert_eq!(world.plane.request(User::Admin, "GET", &format!("{THEIRS}/many"), "").unwrap().status, 404);
    let honest = world.create(User::Admin, MINE, &with_variables(20_000));
    assert_eq!(honest.status, 201, "{}", honest.body);
}

/// The API server writes each of these characters as six bytes.
fn escaped(world: &World) {
    let script = pod("script", "args", json!(["<".repeat(1_400_000)]));
    let refused = world.create(User::Admin, THEIRS, &script);
    assert!(refused.status == 403 && refused.body.contains("[vpcguard pod-vpc-namespace]"), "{}", refused.body);
    let honest = world.create(User::Admin, MINE, &script);
    assert_eq!(honest.status, 201);
    let mut stored: Value = serde_json::from_str(&honest.body).unwrap();
    stored["metadata"]["labels"] = json!({"a": "b"});
    let updated = world.plane.request(User::Admin, "PUT", &format!("{MINE}/script"), &stored.to_string()).unwrap();
    assert_eq!(updated.status, 200);
}

/// By a replica that may read nothing.
fn not_synced(world: &mut World) {
    world.add_replica(User::Tenant).unwrap();
    // Connections stay with the replica that they were made to.
    world.replicas[0].kill().unwrap();
    world.balancer.set_backends(&[world.replicas[1].address()]);
    let early = |world: &World| world.create(User::Admin, THEIRS, &pod("early", "args", json!([])));
    // The API server may have a connection yet to the one that is gone.
    world.until("another replica is asked", |world| early(world).status != 500);
    let refused = early(world);
    assert!(refused.status == 503 && refused.body.contains("has not read the cluster yet"), "{}", refused.body);
    assert_eq!(world.create(User::Admin, "/apis/kubeovn.io/v1/vpcs", &vpc("w")).status, 503);
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ovn-vpc-nat-config"}});
    let admitted = world.create(User::Admin, "/api/v1/namespaces/kube-system/configmaps", &config);
    assert_eq!(admitted.status, 201, "{}", admitted.body);
    let metrics = world.page(1, "/metrics");
    for (path, kind, answer) in [
        ("mutate", "Pod", "refused"),
        ("mutate", "Vpc", "admitted"),
        ("validate", "Vpc", "refused"),
        ("validate", "ConfigMap", "admitted"),
    ] {
        let line = format!(
            "vpcguard_unjudged_requests_total{{path={path:?},kind={kind:?},operation=\"CREATE\",cause=\"not_synced\",\
             answer={answer:?}}} "
        );
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
}

//! The view of the cluster heals by itself, and nothing is refused because it is a moment old.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{subnet, vpc};
use super::world::World;

const NAMESPACES: &str = "/api/v1/namespaces";
const SUBNETS: &str = "/apis/kubeovn.io/v1/subnets";
const VPCS: &str = "/apis/kubeovn.io/v1/vpcs";

fn named(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})
}

fn pod(name: &str, annotation: &str, value: &str) -> Value {
    let mut pod = named("v1", "Pod", name);
    pod["metadata"]["annotations"] = json!({annotation: value});
    pod["spec"] = json!({"containers": [{"name": "c", "image": "i"}]});
    pod
}

/// A VPC that takes in one namespace.
fn vpc_for(name: &str, namespace: &str) -> Value {
    let mut bound = vpc(name);
    bound["spec"]["namespaces"] = json!([namespace]);
    bound
}

#[track_caller]
fn stores(world: &World, collection: &str, object: &Value) -> Value {
    let answer = world.create(User::Admin, collection, object);
    assert_eq!(answer.status, 201, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

fn objects(world: &World, kind: &str) -> f64 {
    world.metric(0, &format!("vpcguard_inventory_objects{{kind={kind:?}}}"))
}

fn is(metric: f64, wanted: u32) -> bool {
    (metric - f64::from(wanted)).abs() < f64::EPSILON
}

#[test]
fn a_view_heals_by_itself() {
    let definitions = ["ippools.kubeovn.io", "network-attachment-definitions.k8s.cni.cncf.io"];
    let builder = definitions.into_iter().fold(World::builder(), super::world::Builder::without);
    let Some(mut world) = builder.start() else { return };
    for namespace in ["mine", "theirs"] {
        stores(&world, NAMESPACES, &named("v1", "Namespace", namespace));
    }
    stores(&world, VPCS, &vpc_for("v", "mine"));
    stores(&world, SUBNETS, &subnet("s", "v", "10.0.0.0/24"));

    a_kind_comes_later(&mut world);
    the_api_server_is_away(&mut world);
    a_version_expires(&mut world);
    a_replica_without_rights(&mut world);
}

fn a_kind_comes_later(world: &mut World) {
    let absent = |world: &World, kind: &str| world.metric(0, &format!("vpcguard_kind_absent{{kind={kind:?}}}"));
    let note = "note: the cluster has no IPPool; it is asked for again and again\n";
    assert!(world.page(0, "/readyz?verbose").contains(note));
    assert!(is(absent(world, "IPPool"), 1) && is(absent(world, "NetworkAttachmentDefinition"), 1));
    assert!(is(absent(world, "Subnet"), 0));

    let definition = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/crds/ippools.yaml");
    world.plane.apply_crds(&definition).unwrap();
    let mut pool = named("kubeovn.io/v1", "IPPool", "p");
    pool["spec"] = json!({"subnet": "s", "ips": ["10.0.0.10..10.0.0.20"]});
    stores(world, "/apis/kubeovn.io/v1/ippools", &pool);
    world.until("the kind and the pool are seen", |world| {
        is(absent(world, "IPPool"), 0) && is(objects(world, "IPPool"), 1)
    });
    assert!(!world.page(0, "/readyz?verbose").contains("IPPool"));
    assert!(is(absent(world, "NetworkAttachmentDefinition"), 1));

    let annotation = "ovn.kubernetes.io/ip_pool";
    let refused = world.create(User::Admin, "/api/v1/namespaces/theirs/pods", &pod("foreign", annotation, "p"));
    assert!(refused.status == 403 && refused.body.contains("[vpcguard pod-vpc-namespace]"), "{}", refused.body);
    stores(world, "/api/v1/namespaces/mine/pods", &pod("own", annotation, "p"));

    let crd = ["delete", "crd", "ippools.kubeovn.io"];
    world.plane.kubectl(User::Admin, &crd, None).unwrap().success().unwrap();
    world.until("the kind is gone, and the pool with it", |world| {
        is(absent(world, "IPPool"), 1) && is(objects(world, "IPPool"), 0)
    });
}

fn the_api_server_is_away(world: &mut World) {
    let age = |world: &World| world.metric(0, "vpcguard_view_age_seconds{kind=\"Subnet\"}");
    assert!(is(age(world), 0));
    world.plane.kill_api_server().unwrap();
    world.until("the view grows old", |world| age(world) > 1.0);
    assert_eq!(world.answer(0, "/readyz").0, 200);
    let page = world.page(0, "/readyz?verbose");
    let note = page.lines().find_map(|line| line.strip_prefix("note: nothing heard of Subnet for "));
    let seconds = note.and_then(|note| note.strip_suffix(" s: the view of it is that old"));
    assert!(seconds.is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0)), "{page}");
    assert!(page.contains("[+]synced ok\n"), "{page}");

    world.plane.start_api_server().unwrap();
    world.until("the view is young", |world| is(age(world), 0));
    stores(world, SUBNETS, &subnet("after", "v", "10.0.1.0/24"));
    world.until("a change made after is seen", |world| is(objects(world, "Subnet"), 2));
    world.until("all else is young too", |world| !world.page(0, "/readyz?verbose").contains("nothing heard"));
}

/// The replica sleeps while Subnets come and go, and while the API server forgets that they did.
fn a_version_expires(world: &mut World) {
    let admin =
        ["create", "clusterrolebinding", "kube-ovn", "--clusterrole=cluster-admin", "--serviceaccount=kube-system:ovn"];
    world.plane.kubectl(User::Admin, &admin, None).unwrap().success().unwrap();
    let replica = Pid::from_raw(world.replicas[0].process().id().try_into().unwrap());
    let version = list_version(world);
    kill(replica, Signal::SIGSTOP).unwrap();
    // Else it would find the news in what its connections have received meanwhile.
    world.plane.restart_api_server().unwrap();
    // Nobody asks a webhook about what Kube-OVN creates and deletes.
    for at in 0..5 {
        let created =
            world.create(User::KubeOvn, SUBNETS, &subnet(&format!("new-{at}"), "v", &format!("10.1.{at}.0/24")));
        assert_eq!(created.status, 201, "{}", created.body);
    }
    let deleted = world.plane.request(User::KubeOvn, "DELETE", &format!("{SUBNETS}/after"), "").unwrap();
    assert_eq!(deleted.status, 200, "{}", deleted.body);
    world.plane.restart_api_server().unwrap();
    // Its watch cache begins at the present.
    let watch = format!("{SUBNETS}?watch=true&timeoutSeconds=1&resourceVersion={version}");
    world.until("the version is too old", |world| {
        let answer = world.plane.request(User::Admin, "GET", &watch, "").unwrap();
        answer.body.contains("\"code\":410")
    });
    kill(replica, Signal::SIGCONT).unwrap();
    world.until("the new Subnets are seen, and the deleted one is not", |world| is(objects(world, "Subnet"), 6));
    let again = subnet("again", "v", "10.0.1.0/24");
    world.until("the addresses of the deleted one are free", |world| {
        world.create(User::Admin, SUBNETS, &again).status == 201
    });
    let overlapping = world.create(User::Admin, SUBNETS, &subnet("overlapping", "v", "10.1.4.0/24"));
    assert!(overlapping.body.contains("overlaps Subnet \\\"new-4\\\""), "{}", overlapping.body);
}

fn list_version(world: &World) -> String {
    let list = world.plane.request(User::Admin, "GET", SUBNETS, "").unwrap();
    let list: Value = serde_json::from_str(&list.body).unwrap();
    list["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

fn a_replica_without_rights(world: &mut World) {
    world.add_replica(User::Tenant).unwrap();
    let why = "Subnet (subnets.kubeovn.io is forbidden: User \"tenant\" cannot list resource \"subnets\" in API group \
               \"kubeovn.io\" at the cluster scope)";
    let of_vpcs = "[-]synced failed: waiting for Vpc (";
    // The watches learn of it one after the other.
    world.until("it knows why it waits", |world| {
        let page = world.page(1, "/readyz?verbose");
        ["Node (nodes is forbidden", why, of_vpcs].iter().all(|text| page.contains(text))
    });
    let (status, page) = world.answer(1, "/readyz?verbose");
    assert_eq!((status, world.answer(1, "/readyz").0), (503, 503), "{page}");
    assert!(page.ends_with("readyz check failed\n"), "{page}");

    // Connections stay with the replica that they were made to.
    world.replicas[0].kill().unwrap();
    world.balancer.set_backends(&[world.replicas[1].address()]);
    let refused = world.create(User::Admin, VPCS, &vpc("w"));
    let status: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status, &status["reason"]), (503, &json!("ServiceUnavailable")), "{status}");
    let message = status["message"].as_str().unwrap();
    assert!(message.contains("vpcguard is starting and has not read the cluster yet: waiting for Vpc ("), "{message}");

    for args in [
        ["create", "clusterrolebinding", "tenant", "--clusterrole=vpcguard", "--user=tenant"].as_slice(),
        &["create", "rolebinding", "tenant", "--role=vpcguard", "--user=tenant", "--namespace=kube-system"],
    ] {
        world.plane.kubectl(User::Admin, args, None).unwrap().success().unwrap();
    }
    world.until("it is ready", |world| world.answer(1, "/readyz").0 == 200);
    stores(world, VPCS, &vpc("w"));
    stores(world, SUBNETS, &subnet("in-w", "w", "10.0.0.0/24"));
}

#[test]
fn what_was_created_a_moment_before_is_not_missed() {
    let rounds = std::env::var("VPCGUARD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(50);
    let settings = json!({"strictReferences": true});
    let Some(world) = World::builder().replicas(3).settings(settings).start() else { return };
    for round in 0..rounds {
        let (vpc, switch, namespace) = (format!("v-{round}"), format!("s-{round}"), format!("ns-{round}"));
        stores(&world, VPCS, &vpc_for(&vpc, &namespace));
        let mut bound = subnet(&switch, &vpc, &format!("10.0.{}.0/24", round % 256));
        bound["spec"]["namespaces"] = json!([namespace]);
        stores(&world, SUBNETS, &bound);
        stores(&world, NAMESPACES, &named("v1", "Namespace", &namespace));
        let pod = pod("pod", "ovn.kubernetes.io/logical_switch", &switch);
        stores(&world, &format!("{NAMESPACES}/{namespace}/pods"), &pod);
    }
    println!("{rounds} rounds, 0 denials");
}

#[test]
fn those_that_wait_for_a_subnet_are_named_when_it_is_made() {
    let settings = json!({"rules": {"pod-network-unresolvable": "warn"}});
    let Some(world) = World::builder().settings(settings).start() else { return };
    for namespace in ["mine", "theirs"] {
        stores(&world, NAMESPACES, &named("v1", "Namespace", namespace));
        let waits = pod("waits", "ovn.kubernetes.io/logical_switch", "later");
        stores(&world, &format!("{NAMESPACES}/{namespace}/pods"), &waits);
    }
    stores(&world, VPCS, &vpc_for("v", "mine"));
    let made = world.apply(User::Admin, &subnet("later", "v", "10.0.0.0/24").to_string());
    assert!(made.status.success(), "{made:?}");
    let wanted = "metadata.name: Pod theirs/waits waits for it and may not have it";
    assert!(made.stderr.contains(wanted), "{made:?}");
    world.accepts(User::Admin, &subnet("other", "v", "10.0.1.0/24").to_string());
}

//! What goes while something stands on it: refused by what is read at that moment, and never for vpcguard's own sake.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::{Output, Response, User};

use super::kube_ovn::RIGHTS;
use super::world::World;

const NETWORK: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: kubeovn.io/v1, kind: Vpc, metadata: {name: v}, spec: {namespaces: [shop]}}
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: s}
spec: {vpc: v, protocol: IPv4, cidrBlock: 10.0.0.0/24, gateway: 10.0.0.1}
";

const SUBNET: &str = "/apis/kubeovn.io/v1/subnets/s";
const PODS: &str = "/api/v1/namespaces/shop/pods";

fn delete(world: &World, what: &[&str]) -> Output {
    let args = [&["delete", "--wait=false"], what].concat();
    world.plane.kubectl(User::Admin, &args, None).unwrap()
}

/// As Kube-OVN, of whom nobody is asked.
#[track_caller]
fn make(world: &World, method: &str, path: &str, body: &Value) -> Response {
    let answer = world.plane.request(User::KubeOvn, method, path, &body.to_string()).unwrap();
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    answer
}

fn begin(world: &World) {
    world.accepts(User::Admin, RIGHTS);
    assert!(world.apply(User::Admin, NETWORK).status.success());
    world.until("the Subnet is seen", |world| world.metric(0, "vpcguard_inventory_objects{kind=\"Subnet\"}") > 0.5);
}

#[track_caller]
fn is_refused(answer: &Output, rule: &str, who: &str) {
    let said = &answer.stderr;
    assert!(!answer.status.success() && said.contains(&format!("[vpcguard {rule}]")) && said.contains(who), "{said}");
}

#[test]
fn a_vpc_waits_for_its_subnets_and_a_subnet_for_its_pods() {
    let Some(world) = World::start() else { return };
    begin(&world);
    is_refused(&delete(&world, &["vpcs", "v"]), "vpc-in-use", "Subnet s is in it");

    let annotations = json!({"ovn.kubernetes.io/logical_switch": "s", "ovn.kubernetes.io/allocated": "true"});
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    make(&world, "POST", PODS, &pod);
    make(&world, "PATCH", &format!("{SUBNET}/status"), &json!({"status": {"v4usingIPs": 2}}));
    is_refused(&delete(&world, &["subnets", "s"]), "subnet-in-use", "Pod shop/web has an address of it");

    make(&world, "DELETE", &format!("{PODS}/web"), &json!({"gracePeriodSeconds": 0}));
    let ip = json!({
        "apiVersion": "kubeovn.io/v1", "kind": "IP", "metadata": {"name": "db.shop"},
        "spec": {"podName": "db", "namespace": "shop", "subnet": "s", "v4IpAddress": "10.0.0.5"},
    });
    make(&world, "POST", "/apis/kubeovn.io/v1/ips", &ip);
    is_refused(&delete(&world, &["subnets", "s"]), "subnet-in-use", "IP db.shop has an address of it");

    // What the status counts, and nobody is found for, is told and no more.
    make(&world, "DELETE", "/apis/kubeovn.io/v1/ips/db.shop", &json!({}));
    let gone = delete(&world, &["subnets", "s"]);
    assert!(gone.status.success() && gone.stderr.contains("2 addresses of it are in use"), "{gone:?}");
    // The view may not have heard of it, but it is read before anything is refused.
    let gone = delete(&world, &["vpcs", "v"]);
    assert!(gone.status.success(), "{gone:?}");
}

#[test]
fn an_annotation_of_the_stored_object_spares_it_and_exempt_users_are_not_asked_about() {
    let Some(world) = World::start() else { return };
    begin(&world);
    let allowed = json!({"metadata": {"annotations": {"vpcguard.io/allow": "vpc-in-use"}}});
    make(&world, "PATCH", "/apis/kubeovn.io/v1/vpcs/v", &allowed);
    let gone = delete(&world, &["vpcs", "v"]);
    assert!(gone.status.success() && gone.stderr.contains("Subnet s is in it"), "{gone:?}");

    make(
        &world,
        "POST",
        "/apis/kubeovn.io/v1/vpcs",
        &json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "v"}, "spec": {}}),
    );
    is_refused(&delete(&world, &["vpcs", "v"]), "vpc-in-use", "Subnet s");
    make(&world, "DELETE", "/apis/kubeovn.io/v1/vpcs/v", &json!({}));
}

#[test]
fn a_vpc_that_goes_already_and_one_whose_subnets_go_pass() {
    let Some(world) = World::start() else { return };
    begin(&world);
    let held = json!({"metadata": {"finalizers": ["kubeovn.io/kube-ovn-controller"]}});
    make(&world, "PATCH", SUBNET, &held);
    make(&world, "PATCH", "/apis/kubeovn.io/v1/vpcs/v", &held);
    assert!(delete(&world, &["subnets", "s"]).status.success());
    let going = delete(&world, &["vpcs", "v"]);
    assert!(going.status.success() && !going.stderr.contains("vpcguard"), "{going:?}");
    assert!(delete(&world, &["vpcs", "v"]).status.success());
}

#[test]
fn while_vpcguard_is_away_everything_goes() {
    let Some(mut world) = World::start() else { return };
    begin(&world);
    world.replicas[0].kill().unwrap();
    let gone = delete(&world, &["vpcs", "v"]);
    assert!(gone.status.success(), "{gone:?}");
}

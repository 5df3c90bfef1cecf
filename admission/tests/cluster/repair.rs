//! What got past the webhook is found and reported, and nothing is touched.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{Clients, subnet, vpc};
use super::world::World;

#[test]
fn what_got_past_the_webhook_is_reported() {
    let Some(world) = World::builder().replicas(2).serve("--sweep-every=1s").start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    let index = |space: &Value| {
        let indexes = clients.list("addressindices");
        indexes.into_iter().find(|index| index["spec"]["space"] == *space)
    };
    let create = |plural: &str, object: Value| {
        let answer = clients.at_once([clients.create(plural, object)]).remove(0);
        assert!(answer.is_accepted(), "{answer:?}");
        answer.body
    };
    let mut closed = vpc("v");
    closed["spec"]["namespaces"] = json!(["ns1"]);
    create("vpcs", closed);
    create("subnets", subnet("a", "v", "10.0.0.0/24"));
    let space = json!({"vpc": "v"});
    world.until("the index has the Subnet", |_| {
        index(&space).is_some_and(|index| index["spec"]["subnets"] == json!(["a 10.0.0.0/24"]))
    });
    let condition = || index(&space).map(|index| index["status"]["conditions"][0].clone()).unwrap_or_default();
    world.until("the Subnets are said to be disjoint", |_| condition()["status"] == "True");

    let configurations = ["delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", "vpcguard"];
    world.plane.kubectl(User::Admin, &configurations, None).unwrap().success().unwrap();
    let mut stored = None;
    world.until("the webhook is not asked any more", |_| {
        let answer = clients.at_once([clients.create("subnets", subnet("b", "v", "10.0.0.0/16"))]).remove(0);
        stored = answer.is_accepted().then_some(answer.body);
        stored.is_some()
    });
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: stranger, annotations: {ovn.kubernetes.io/logical_switch: a}}\n\
               spec: {containers: [{name: c, image: i}]}\n";
    world.accepts(User::Admin, pod);

    world.until("the overlap is reported", |_| condition()["status"] == "False");
    assert_eq!(condition()["message"], "Subnets overlap: \"a\" and \"b\"");
    for replica in 0..2 {
        world.until("it is counted", |world| world.metric(replica, "vpcguard_stored_overlaps") > 0.0);
        let foreign = "vpcguard_stored_violations{rule=\"pod-vpc-namespace\",kind=\"Pod\"}";
        world.until("the stranger is counted", |world| world.metric(replica, foreign) > 0.0);
    }
    let events = || {
        let args = ["get", "events.events.k8s.io", "-A", "-o", "json"];
        let list = world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
        let list: Value = serde_json::from_str(&list).unwrap();
        let of_ours = |event: &&Value| event["reportingController"] == "vpcguard.io/vpcguard";
        let events = list["items"].as_array().unwrap().iter().filter(of_ours);
        events.map(|event| (event["reason"].clone(), event["regarding"]["name"].clone())).collect::<Vec<_>>()
    };
    for wanted in [(json!("SubnetsOverlap"), json!("a")), (json!("RuleViolated"), json!("stranger"))] {
        world.until("there is one event for both replicas", |_| {
            events().iter().filter(|event| **event == wanted).count() == 1
        });
    }
    let untouched = world.get("subnet", "b");
    assert_eq!(untouched["metadata"]["resourceVersion"], stored.unwrap()["metadata"]["resourceVersion"]);

    for name in ["a", "b"] {
        assert!(clients.at_once([clients.delete("subnets", name)]).remove(0).is_accepted());
    }
    world.until("nothing overlaps any more", |world| world.metric(0, "vpcguard_stored_overlaps") < 1.0);
    world.until("the index is gone", |_| index(&space).is_none());
}

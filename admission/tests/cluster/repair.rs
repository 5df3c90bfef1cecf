//! What got past the webhook is found and reported, and nothing is touched.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{Clients, subnet, vpc};
use super::world::World;

#[test]
fn an_index_of_each_subnet_says_who_has_its_addresses() {
    let Some(world) = World::builder().replicas(2).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    let create = |plural: &str, object: Value| {
        let answer = clients.at_once([clients.create(plural, object)]).remove(0);
        assert!(answer.is_accepted(), "{answer:?}");
    };
    create("vpcs", vpc("v"));
    create("subnets", subnet("s", "v", "10.0.0.0/24"));
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    create("vips", object("Vip", "w", json!({"subnet": "s", "v4ip": "10.0.0.5"})));
    create(
        "iptables-eips",
        object("IptablesEIP", "e", json!({"natGwDp": "g", "externalSubnet": "s", "v4ip": "10.0.0.6"})),
    );
    create("vpc-nat-gateways", object("VpcNatGateway", "g", json!({"vpc": "v", "subnet": "s", "lanIp": "10.0.0.7"})));
    let addresses = || {
        let indexes = clients.list("addressindices");
        let of_subnet = |index: &&Value| index["spec"]["space"] == json!({"subnet": "s"});
        indexes.iter().find(of_subnet).map(|index| index["spec"]["addresses"].clone())
    };
    let wanted = json!(["10.0.0.5 Vip/w", "10.0.0.6 IptablesEIP/e", "10.0.0.7 VpcNatGateway/g"]);
    world.until("the index has them", |_| addresses() == Some(wanted.clone()));
    assert!(clients.at_once([clients.delete("vips", "w")]).remove(0).is_accepted());
    let wanted = json!(["10.0.0.6 IptablesEIP/e", "10.0.0.7 VpcNatGateway/g"]);
    world.until("one is gone", |_| addresses() == Some(wanted.clone()));
    for (plural, name) in [("iptables-eips", "e"), ("vpc-nat-gateways", "g")] {
        assert!(clients.at_once([clients.delete(plural, name)]).remove(0).is_accepted());
    }
    world.until("the index is gone", |_| addresses().is_none());
}

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
    for stranger in [
        json!({"kind": "Pod", "spec": {"containers": [{"name": "c", "image": "i"}]}}),
        json!({"kind": "Service", "spec": {"ports": [{"port": 80}]}}),
        json!({"kind": "Namespace"}),
    ] {
        let mut stranger = stranger;
        stranger["apiVersion"] = json!("v1");
        stranger["metadata"] = json!({"name": "stranger", "annotations": {"ovn.kubernetes.io/logical_switch": "a"}});
        world.accepts(User::Admin, &stranger.to_string());
    }

    world.until("the overlap is reported", |_| condition()["status"] == "False");
    assert_eq!(condition()["message"], "Subnets overlap: \"a\" and \"b\"");
    for replica in 0..2 {
        world.until("it is counted", |world| world.metric(replica, "vpcguard_stored_overlaps") > 0.0);
        for (rule, kind) in
            [("pod-vpc-namespace", "Pod"), ("service-vpc-binding", "Service"), ("namespace-vpc-binding", "Namespace")]
        {
            let foreign = format!("vpcguard_stored_violations{{rule=\"{rule}\",kind=\"{kind}\"}}");
            world.until("the stranger is counted", |world| world.metric(replica, &foreign) > 0.0);
        }
    }
    let events = || {
        let args = ["get", "events.events.k8s.io", "-A", "-o", "json"];
        let list = world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
        let list: Value = serde_json::from_str(&list).unwrap();
        let of_ours = |event: &&Value| event["reportingController"] == "vpcguard.io/vpcguard";
        let events = list["items"].as_array().unwrap().iter().filter(of_ours);
        let what = |event: &Value| {
            format!("{} {} {}", event["reason"], event["regarding"]["kind"], event["regarding"]["name"])
        };
        events.map(what).collect::<Vec<_>>()
    };
    for wanted in [
        r#""SubnetsOverlap" "Subnet" "a""#,
        r#""RuleViolated" "Pod" "stranger""#,
        r#""RuleViolated" "Service" "stranger""#,
        r#""RuleViolated" "Namespace" "stranger""#,
    ] {
        world.until("there is one event for both replicas", |_| {
            events().iter().filter(|event| *event == wanted).count() == 1
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

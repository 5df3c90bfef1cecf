//! What a deletion leaves while something stands on the object: what the rules on deletions say, asked of Kube-OVN itself.

use serde_json::{Value, json};
use vpcguard_tests::kube_ovn::{Id, World};

use crate::alone;

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

#[track_caller]
fn make(world: &mut World, objects: &[Value]) {
    for object in objects {
        let answer = world.apply(object).unwrap();
        assert!(answer.is_success(), "{}", answer.message());
    }
    world.settle().unwrap();
}

#[track_caller]
fn delete(world: &mut World, id: &Id) {
    let answer = world.delete(id).unwrap();
    assert!(answer.is_success(), "{}", answer.message());
    world.settle().unwrap();
}

/// Whether an object is on its way out, and does not go.
fn hangs(world: &World, id: &Id) -> bool {
    world.stored(id).is_some_and(|stored| stored["metadata"]["deletionTimestamp"].is_string())
}

#[test]
fn kube_ovn_keeps_what_is_in_use_until_it_is_not() {
    let _alone = alone();
    let Some(mut world) = World::start_or_skip() else { return };
    a_vpc_hangs_until_its_subnets_are_gone(&mut world);
    a_subnet_hangs_until_its_pods_are_gone(&mut world);
    an_eip_hangs_until_its_rules_are_gone_if_it_has_a_finalizer(&mut world);
    a_router_goes_under_its_rules(&mut world);
}

fn a_vpc_hangs_until_its_subnets_are_gone(world: &mut World) {
    let (vpc, subnet) = (Id::cluster("Vpc", "blue"), Id::cluster("Subnet", "blue-apps"));
    let spec = json!({"vpc": "blue", "cidrBlock": "10.81.0.0/24", "gateway": "10.81.0.1"});
    make(world, &[object("Vpc", "blue", &json!({})), object("Subnet", "blue-apps", &spec)]);
    delete(world, &vpc);
    assert!(hangs(world, &vpc) && !hangs(world, &subnet));
    // What hangs cannot be called back.
    world.change_to(&vpc, &json!({"metadata": {"deletionTimestamp": null}})).unwrap();
    assert!(hangs(world, &vpc));
    delete(world, &subnet);
    assert_eq!((world.stored(&subnet), world.stored(&vpc)), (None, None));
    assert!(!world.northbound().unwrap().has_router("blue"));
}

fn a_subnet_hangs_until_its_pods_are_gone(world: &mut World) {
    let (subnet, pod) =
        (Id::cluster("Subnet", "red-apps"), Id { kind: "Pod".into(), namespace: "default".into(), name: "web".into() });
    let annotations = json!({"ovn.kubernetes.io/logical_switch": "red-apps"});
    let web = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "default", "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let spec = json!({"vpc": "red", "cidrBlock": "10.82.0.0/24", "gateway": "10.82.0.1"});
    make(world, &[object("Vpc", "red", &json!({})), object("Subnet", "red-apps", &spec)]);
    make(world, &[web]);
    assert_eq!(world.northbound().unwrap().switch_of("web.default"), Some("red-apps"));
    delete(world, &subnet);
    assert!(hangs(world, &subnet));
    delete(world, &pod);
    assert_eq!(world.stored(&subnet), None);
}

/// An EIP by OVN, and a rule that has it. Where its address is not told, Kube-OVN writes one into its spec.
fn eip_and_rule(world: &mut World, vpc: &str, name: &str, address: Option<&str>) -> [Id; 2] {
    let mut eip = object("OvnEip", name, &json!({"externalSubnet": "external", "type": "nat"}));
    if let Some(address) = address {
        eip["spec"]["v4Ip"] = json!(address);
    }
    make(world, &[eip]);
    make(world, &[object("OvnFip", name, &json!({"ovnEip": name, "vpc": vpc, "v4Ip": "10.83.0.40"}))]);
    let ids = [Id::cluster("OvnEip", name), Id::cluster("OvnFip", name)];
    assert_eq!(world.stored(&ids[1]).unwrap()["status"]["ready"], true, "{name}");
    ids
}

fn an_eip_hangs_until_its_rules_are_gone_if_it_has_a_finalizer(world: &mut World) {
    let network = |name: &str, block: &str, gateway: &str| {
        object("Subnet", name, &json!({"vpc": "ovn-cluster", "cidrBlock": block, "gateway": gateway}))
    };
    make(world, &[network("external", "172.30.0.0/24", "172.30.0.1"), network("inside", "10.83.0.0/24", "10.83.0.1")]);
    let [eip, rule] = eip_and_rule(world, "ovn-cluster", "given", None);
    delete(world, &eip);
    assert!(hangs(world, &eip) && !hangs(world, &rule));
    delete(world, &rule);
    assert_eq!((world.stored(&rule), world.stored(&eip)), (None, None));

    let [eip, rule] = eip_and_rule(world, "ovn-cluster", "asked", Some("172.30.0.40"));
    delete(world, &eip);
    assert!(world.stored(&eip).is_none() && world.stored(&rule).is_some_and(|rule| rule["status"]["ready"] == true));
}

/// Nothing waits for a rule by OVN: its object stays, and the router is gone.
fn a_router_goes_under_its_rules(world: &mut World) {
    make(world, &[object("Vpc", "lone", &json!({}))]);
    let [_, rule] = eip_and_rule(world, "lone", "lone", Some("172.30.0.41"));
    assert!(world.northbound().unwrap().has_router("lone"));
    let vpc = Id::cluster("Vpc", "lone");
    delete(world, &vpc);
    assert!(world.stored(&vpc).is_none() && !world.northbound().unwrap().has_router("lone"));
    assert!(world.stored(&rule).is_some() && !hangs(world, &rule));
}

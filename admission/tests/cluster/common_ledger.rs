//! Address spaces of VPCs and Subnets that are not there: they have no ledger, and their addresses are claimed all the same.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{Answer, Clients, subnet, vpc};
use super::ledger::{HOLD, claims, one, refuse_later};
use super::world::World;

/// Those of an address space or of those that are not there, and not the ones that many share.
fn names(clients: &Clients) -> Vec<String> {
    let mut ledgers = clients.list("addressledgers");
    ledgers.retain(|ledger| ledger["spec"]["format"] == 1);
    ledgers.iter().map(|ledger| ledger["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The ledgers of these spaces.
fn ledgers_of(clients: &Clients, space: &Value) -> Vec<Value> {
    let mut ledgers = clients.list("addressledgers");
    ledgers.retain(|ledger| ledger["spec"]["format"] == 1 && ledger["spec"]["space"] == *space);
    ledgers
}

fn gateway(name: &str, vpc: &str, subnet: &str, lan_ip: &str) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": name},
           "spec": {"vpc": vpc, "subnet": subnet, "lanIp": lan_ip}})
}

fn in_vlan(mut subnet: Value, vlan: &str) -> Value {
    subnet["spec"]["vlan"] = json!(vlan);
    subnet
}

/// Creates so many at once. Before anything was seen stored, an API server is granted a few at a time.
fn all_accepted<F: Future<Output = Answer> + Send + 'static>(
    world: &World,
    clients: &Clients,
    count: usize,
    create: &dyn Fn(usize) -> F,
) {
    let answers = clients.at_once((0..count).map(create).collect::<Vec<_>>());
    for (at, answer) in answers.into_iter().enumerate() {
        if answer.code == 429 {
            world.until("it is accepted when it is tried again", |_| one(clients, create(at)).is_accepted());
        } else {
            assert!(answer.is_accepted(), "{answer:?}");
        }
    }
}

#[test]
fn what_is_not_there_gets_no_ledger_and_is_claimed_all_the_same() {
    let Some(world) = World::builder().replicas(3).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    // Made-up names are many, and leave nothing behind.
    let made_up =
        |at: usize| clients.create("subnets", subnet(&format!("s-{at}"), &format!("made-up-{at}"), "10.0.0.0/24"));
    all_accepted(&world, &clients, 20, &made_up);
    let made_up = |at: usize| {
        let gateway = gateway(&format!("g-{at}"), "v", &format!("made-up-{at}"), "10.0.0.5");
        clients.create("vpc-nat-gateways", gateway)
    };
    all_accepted(&world, &clients, 5, &made_up);
    // The VPC is there, but not the VLAN, before somebody is in it.
    assert!(one(&clients, clients.create("vpcs", vpc("v"))).is_accepted());
    let mut number = 0;
    let mut in_made_up_vlan = |vlan: &str| {
        number += 1;
        one(&clients, clients.create("subnets", in_vlan(subnet(&format!("v-{number}"), "v", "10.9.0.0/24"), vlan)))
    };
    for vlan in ["made-up-1", "made-up-2"] {
        let answer = in_made_up_vlan(vlan);
        assert!(answer.is_accepted(), "{answer:?}");
    }
    assert_eq!(names(&clients), ["common.subnets", "common.vpc-nat-gateways"]);
    world.until("it is refused for the one that is stored", |_| {
        let answer = in_made_up_vlan("made-up-1");
        assert!(!answer.is_accepted(), "{answer:?}");
        answer.message().contains("[vpcguard subnet-cidr-overlap]")
    });

    // Of many that want the same, one gets it.
    for round in 0..10 {
        let vpc = format!("nowhere-{}", round % 3);
        let cidr = format!("10.{round}.0.0/16");
        let creates = (0..8).map(|at| clients.create("subnets", subnet(&format!("r-{round}-{at}"), &vpc, &cidr)));
        let answers = clients.at_once(creates.collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|answer| answer.is_accepted()).count(), 1, "{answers:#?}");
        let lan_ip = format!("10.0.0.{}", 100 + round);
        let creates = (0..8)
            .map(|at| clients.create("vpc-nat-gateways", gateway(&format!("r-{round}-{at}"), "v", "nowhere", &lan_ip)));
        let answers = clients.at_once(creates.collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|answer| answer.is_accepted()).count(), 1, "{answers:#?}");
    }
    assert_eq!(names(&clients), ["common.subnets", "common.vpc-nat-gateways"]);
    world.until("all claims are released", |_| claims(&clients).is_empty());

    // A dry run writes nothing, wherever it looks.
    assert!(one(&clients, clients.create("vpcs", vpc("w"))).is_accepted());
    for vpc in ["w", "nowhere-9"] {
        let manifest = subnet("dry", vpc, "10.0.0.0/24").to_string();
        let args = ["create", "--dry-run=server", "-f", "-"];
        world.plane.kubectl(User::Admin, &args, Some(&manifest)).unwrap().success().unwrap();
    }
    assert_eq!(names(&clients).len(), 2);
}

/// A Subnet is claimed while its VPC is not there, and is not stored yet when the VPC comes.
#[test]
fn a_claim_in_the_common_ledger_counts_in_the_vpc_that_comes() {
    let Some(world) = World::builder().replicas(2).serve(HOLD).api_server("--request-timeout=5s").start() else {
        return;
    };
    let clients = Clients::new(&world, User::Admin).unwrap();
    refuse_later(&world, &clients, "nowhere");
    let claimed = || ledgers_of(&clients, &json!({})).remove(0)["spec"]["claims"].clone();
    world.until("it has claimed its addresses", |_| claimed() != json!([]));
    assert_eq!(claimed()[0]["space"], json!({"vpc": "nowhere"}));

    assert!(one(&clients, clients.create("vpcs", vpc("nowhere"))).is_accepted());
    let create = |name: &str, cidr: &str| one(&clients, clients.create("subnets", subnet(name, "nowhere", cidr)));
    let free = create("free", "10.0.31.0/24");
    assert!(free.is_accepted(), "{free:?}");
    let waiting = create("other", "10.0.30.0/24");
    assert_eq!(waiting.code, 429, "{waiting:?}");
    assert!(waiting.message().contains("Subnet \"refused\" was admitted a moment ago"), "{waiting:?}");
    let own = || ledgers_of(&clients, &json!({"vpc": "nowhere"})).remove(0);
    assert_eq!(own()["spec"]["alone"], Value::Null, "the common ledger counts");
    world.until("the hold is over", |_| create("other", "10.0.30.0/24").is_accepted());
    assert_eq!(own()["spec"]["alone"], true, "the common ledger need not be read any more");
    let overlapping = create("more", "10.0.0.0/16");
    assert!(overlapping.message().contains("[vpcguard subnet-cidr-overlap]"), "{overlapping:?}");
}

#[test]
fn the_ledger_of_what_is_gone_is_removed_and_made_anew() {
    let Some(world) = World::builder().replicas(2).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    let create = |plural: &str, object| one(&clients, clients.create(plural, object));
    for name in ["gone", "stays"] {
        assert!(create("vpcs", vpc(name)).is_accepted());
        let cidrs = ["10.0.0.0/24", "10.0.1.0/24"];
        for cidr in cidrs {
            assert!(create("subnets", subnet(&format!("{name}-{}", &cidr[5..6]), name, cidr)).is_accepted());
        }
        for at in 0..2 {
            let gateway = gateway(&format!("{name}-{at}"), name, &format!("{name}-0"), &format!("10.0.0.{}", 10 + at));
            assert!(create("vpc-nat-gateways", gateway).is_accepted());
        }
        // The first one in a VLAN is claimed in common, and the next ones as well until that is seen.
        let mut at = 0;
        world.until("the VLAN has a ledger", |_| {
            at += 1;
            let next = in_vlan(subnet(&format!("{name}-vlan-{at}"), name, &format!("10.2.{at}.0/24")), "x");
            assert!(create("subnets", next).is_accepted());
            !ledgers_of(&clients, &json!({"vpc": name, "vlan": "x"})).is_empty()
        });
    }
    let of = |name: &str| {
        let vpc = ledgers_of(&clients, &json!({"vpc": name}));
        let vlan = ledgers_of(&clients, &json!({"vpc": name, "vlan": "x"}));
        let subnet = ledgers_of(&clients, &json!({"subnet": format!("{name}-0")}));
        [vpc, vlan, subnet].concat()
    };
    assert_eq!((of("gone").len(), of("stays").len()), (3, 3));
    let floor = |ledger: &Value| ledger["spec"]["floor"].as_str().unwrap().parse::<u64>().unwrap();
    world.until("all claims are released", |_| claims(&clients).is_empty());
    let floors: Vec<_> = of("gone").iter().map(floor).collect();

    // One Subnet stays in it: whoever comes next has to see that, on whichever ledger he claims.
    for stored in clients.list("subnets") {
        let name = stored["metadata"]["name"].as_str().unwrap();
        if name.starts_with("gone-") && name != "gone-1" {
            assert!(one(&clients, clients.delete("subnets", name)).is_accepted());
        }
    }
    assert!(one(&clients, clients.delete("vpcs", "gone")).is_accepted());
    world.until("its ledgers are removed", |_| of("gone").is_empty());
    assert_eq!(of("stays").len(), 3);
    let common: Vec<_> = ledgers_of(&clients, &json!({})).iter().map(floor).collect();
    let highest = |of_what: &[u64]| of_what.iter().copied().max().unwrap();
    assert_eq!(common.len(), 2);
    assert!(common[0] >= highest(&floors[..2]) && common[1] >= floors[2], "{common:?} {floors:?}");

    let overlapping = subnet("late", "gone", "10.0.0.0/16");
    assert!(create("subnets", overlapping.clone()).message().contains("overlaps Subnet \"gone-1\""));
    assert!(create("subnets", subnet("in-time", "gone", "10.0.7.0/24")).is_accepted());
    assert!(of("gone").is_empty());
    assert!(create("vpcs", vpc("gone")).is_accepted());
    assert!(create("subnets", overlapping).message().contains("[vpcguard subnet-cidr-overlap]"));
    assert!(create("subnets", subnet("again", "gone", "10.0.8.0/24")).is_accepted());
    assert_eq!(of("gone").len(), 1);
}

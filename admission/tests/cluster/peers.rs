//! Who may ask: somebody else on the webhook's port holds up nobody, and gets no answer where certificates are asked for.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;
use vpcguard_tests::pki::{Leaf, Pki};

use super::client::{Clients, subnet, vpc};
use super::stranger::{Server, Stranger, forged};
use super::world::World;

/// As many as a ledger has room for.
const FORGED: usize = 512;

/// What an unproven peer may hold, and all of them.
const OF_A_PEER: usize = 8;
const OF_ALL: usize = 64;

/// A neighbour of the API server, which is 127.0.0.1.
fn neighbour(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, number).into()
}

/// Sends claims on parts of 10.0.0.0/15 in the VPC to a replica, and tells what was said to each.
fn forge(world: &World, clients: &Clients, replica: usize, from: u8, numbers: std::ops::Range<usize>) -> Vec<Value> {
    forge_in("v", world, clients, replica, from, numbers)
}

fn forge_in(
    vpc: &'static str,
    world: &World,
    clients: &Clients,
    replica: usize,
    from: u8,
    numbers: std::ops::Range<usize>,
) -> Vec<Value> {
    let address = world.replicas[replica].address();
    let to = Server { address, name: address.ip().to_string(), ca_pem: world.pki.ca_pem() };
    clients.runtime.block_on(async {
        let all = numbers.map(|number| {
            let to = to.clone();
            tokio::spawn(async move {
                let mut stranger = Stranger::connect(neighbour(from), &to, None).await.unwrap();
                let cidr = format!("10.{}.{}.0/24", number / 256, number % 256);
                stranger.validate(&forged(number, &subnet(&format!("f-{number}"), vpc, &cidr))).await.unwrap()
            })
        });
        let mut answers = Vec::new();
        for answer in all.collect::<Vec<_>>() {
            answers.push(answer.await.unwrap());
        }
        answers
    })
}

/// Creates an object by one request: no client tries again here.
fn accepts(clients: &Clients, plural: &str, object: Value) {
    let answer = clients.at_once([clients.create(plural, object)]).remove(0);
    assert!(answer.is_accepted(), "{answer:?}");
}

fn allowed(answers: &[Value]) -> usize {
    answers.iter().filter(|answer| answer["allowed"] == true).count()
}

fn ledgers(clients: &Clients) -> Vec<Value> {
    clients.list("addressledgers").into_iter().map(|mut ledger| ledger["spec"].take()).collect()
}

/// A VPC in which the API server has stored something, and is known for it.
pub(super) fn begin(world: &World, clients: &Clients) {
    accepts(clients, "vpcs", vpc("v"));
    accepts(clients, "subnets", subnet("first", "v", "172.16.0.0/24"));
    world.until("the API server is proven", |_| {
        ledgers(clients).iter().any(|spec| spec["peers"] == json!(["127.0.0.1"]))
    });
}

#[test]
fn whoever_forges_claims_holds_up_nobody() {
    let Some(mut world) = World::builder().replicas(2).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    begin(&world, &clients);

    let answers = forge(&world, &clients, 0, 2, 0..FORGED);
    assert_eq!(allowed(&answers), OF_A_PEER);
    let refused: Vec<_> = answers.iter().filter(|answer| answer["allowed"] == false).collect();
    assert!(refused.iter().all(|answer| answer["status"]["code"] == 429), "{refused:?}");
    // A slow API server may have been the reason for a few, whose places others got.
    let says_why = |answer: &&&Value| answer["status"]["message"].to_string().contains("too many claims of 127.0.0.2");
    let too_many = refused.iter().filter(says_why).count();
    assert!(too_many > FORGED / 2, "{refused:?}");
    // Wherever they are, and whichever replica is asked.
    for (name, cidr) in [("a", "10.0.0.0/16"), ("b", "10.1.0.0/17"), ("c", "10.1.128.0/17")] {
        accepts(&clients, "subnets", subnet(name, "v", cidr));
    }
    let refused = r#"vpcguard_unproven_claims_total{peer="127.0.0.2",result="refused"}"#;
    let (refused, page) = (format!("{refused} {too_many}\n"), world.page(0, "/metrics"));
    assert!(page.contains(&refused) && !page.contains(r#"peer="127.0.0.1""#), "{page}");
    let in_flight = format!("vpcguard_unproven_claims_in_flight{{peer=\"127.0.0.2\"}} {OF_A_PEER}\n");
    assert!(page.contains(&in_flight), "{page}");
    let log = world.replicas[0].log();
    assert!(log.contains("none of it was ever seen stored") && log.contains("127.0.0.2"), "{log}");

    // Nor do many together, and a replica that has just begun knows whom it may believe.
    let taken: usize = (3..12)
        .map(|from| {
            let first = FORGED + usize::from(from) * OF_A_PEER;
            allowed(&forge(&world, &clients, 0, from, first..first + OF_A_PEER))
        })
        .sum();
    assert!(taken <= OF_ALL, "{taken}");
    let in_flight: usize = ledgers(&clients).iter().map(|spec| spec["claims"].as_array().map_or(0, Vec::len)).sum();
    assert!(in_flight <= OF_ALL, "{in_flight}");
    world.balancer.set_backends(&[world.replicas[1].address()]);
    world.replicas[0].kill().unwrap();
    world.replicas[1].restart().unwrap();
    super::world::wait_until_ready(&world.replicas[1]).unwrap();
    accepts(&clients, "subnets", subnet("d", "v", "10.2.0.0/15"));
}

/// The ledger of a VPC; without one, that of all Subnets whose VPC is not there.
fn ledger_of(clients: &Clients, vpc: Option<&str>) -> Option<Value> {
    let is_it = |spec: &Value| match vpc {
        Some(vpc) => spec["space"] == json!({ "vpc": vpc }),
        None => spec["common"] == "Subnet",
    };
    ledgers(clients).into_iter().find(is_it)
}

#[test]
fn forged_claims_of_a_vpc_that_is_not_there_hold_up_nobody_either() {
    let Some(world) = World::builder().replicas(2).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    begin(&world, &clients);
    assert_eq!(allowed(&forge_in("w", &world, &clients, 0, 2, 0..OF_A_PEER)), OF_A_PEER);
    let common = ledger_of(&clients, None).unwrap();
    assert_eq!(common["claims"].as_array().map(Vec::len), Some(OF_A_PEER));
    // Nor has it more of them elsewhere.
    assert_eq!(allowed(&forge(&world, &clients, 0, 2, 100..104)), 0);
    accepts(&clients, "subnets", subnet("a", "w", "10.0.0.0/22"));
    accepts(&clients, "vpcs", vpc("w"));
    accepts(&clients, "subnets", subnet("b", "w", "10.0.4.0/23"));
    let own = ledger_of(&clients, Some("w")).unwrap();
    assert!(own["alone"].is_null(), "the forged claims are still in flight: {own}");
    // Nor does it help another one to read there what somebody is about to create.
    let read = forge_in("w", &world, &clients, 0, 3, 7..9);
    assert_eq!(read[0]["status"]["code"], 429, "{read:?}");
    assert_eq!(read[1]["allowed"], true, "{read:?}");
}

#[test]
fn who_is_proven_stays_so_when_the_ledger_is_gone() {
    let Some(world) = World::builder().start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    begin(&world, &clients);
    assert!(ledger_of(&clients, None).is_none());
    let answer = clients.at_once([clients.delete("vpcs", "v")]).remove(0);
    assert!(answer.is_accepted(), "{answer:?}");
    world.until("the ledger is removed", |_| ledger_of(&clients, Some("v")).is_none());
    assert_eq!(ledger_of(&clients, None).unwrap()["peers"], json!(["127.0.0.1"]));
}

#[test]
fn what_is_claimed_and_never_stored_names_its_peer() {
    let Some(world) = World::builder().serve("--claim-hold=20s").start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    begin(&world, &clients);
    let answers = forge(&world, &clients, 0, 2, 0..1);
    assert_eq!(answers[0]["allowed"], true, "{answers:?}");
    // Nor does it help to read in a ledger what somebody else is about to create.
    let answers = forge(&world, &clients, 0, 3, 0..1);
    assert_eq!(answers[0]["status"]["code"], 429, "{answers:?}");
    let lost = r#"vpcguard_unproven_claims_total{peer="127.0.0.2",result="lost"}"#;
    world.until("the claim is lost", |world| world.metric(0, lost) > 0.0);
    assert!(world.replicas[0].log().contains("its claim was never stored"), "{}", world.replicas[0].log());
    world.until("no claims are left", |_| ledgers(&clients).iter().all(|spec| spec["claims"] == json!([])));
}

#[test]
fn with_client_certificates_nobody_else_is_answered() {
    const NAME: &str = "kube-apiserver-kubelet-client";
    let Some(world) = World::builder().by_service().client_certificate(NAME).start() else { return };
    // It began only because the API server was answered.
    let clients = Clients::new(&world, User::Admin).unwrap();
    accepts(&clients, "vpcs", vpc("v"));
    accepts(&clients, "subnets", subnet("a", "v", "10.0.0.0/24"));
    let refused = world.refusal(User::Admin, &subnet("b", "v", "10.0.0.0/16").to_string());
    assert!(refused.contains("[vpcguard subnet-cidr-overlap]"), "{refused}");

    let secret = ["get", "secret", "vpcguard-ca", "--namespace=vpcguard-system", "--output=jsonpath={.data.ca\\.crt}"];
    let ca_pem = world.plane.kubectl(User::Admin, &secret, None).unwrap().success().unwrap();
    let ca_pem = BASE64_STANDARD.decode(ca_pem).unwrap();
    let to = Server {
        address: world.replicas[0].address(),
        name: "vpcguard.vpcguard-system.svc".to_owned(),
        ca_pem: String::from_utf8(ca_pem).unwrap(),
    };
    let (api_server, kubelet) = (world.pki.client(NAME).unwrap(), world.pki.client("system:node:a").unwrap());
    let pki = Pki::new().unwrap();
    let elsewhere = pki.client(NAME).unwrap();
    let review = forged(1, &subnet("f", "v", "10.1.0.0/24"));
    let ask = |own: Option<&Leaf>| {
        clients.runtime.block_on(async { Stranger::connect(neighbour(2), &to, own).await?.validate(&review).await })
    };
    for (own, reason) in [
        (None, "the client sent no certificate, and must"),
        (Some(&kubelet), "none of these names may call"),
        // Its CA is called as the right one is.
        (Some(&elsewhere), "the client's certificate: BadSignature"),
    ] {
        assert!(ask(own).is_err(), "{reason}");
        world.until(reason, |world| world.replicas[0].log().contains(reason));
    }
    // Whom the certificate vouches for need not be proven.
    assert_eq!(ask(Some(&api_server)).unwrap()["allowed"], true);
    assert!(!world.page(0, "/metrics").contains("vpcguard_unproven_claims_in_flight{"));
    assert!(ledgers(&clients).iter().all(|spec| spec["peers"].is_null()));
}

//! The address ledger: what it keeps, when it lets go, and what it never writes.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{Answer, Clients, subnet, vpc};
use super::races::storage;
use super::world::World;

/// The API server of these tests gives up on a request after 5 s.
pub(super) const HOLD: &str = "--claim-hold=20s";

fn world() -> Option<World> {
    World::builder().serve(HOLD).api_server("--request-timeout=5s").start()
}

pub(super) fn one(clients: &Clients, answer: impl Future<Output = Answer> + Send + 'static) -> Answer {
    clients.at_once([answer]).remove(0)
}

pub(super) fn claims(clients: &Clients) -> Vec<Value> {
    storage::claims(clients).into_iter().map(|(_, claim)| claim).collect()
}

#[test]
fn a_claim_lives_until_its_object_is_stored() {
    let Some(world) = world() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    assert!(one(&clients, clients.create("vpcs", vpc("v"))).is_accepted());
    let created = one(&clients, clients.create("subnets", subnet("a", "v", "10.0.0.0/24")));
    assert!(created.is_accepted(), "{created:?}");
    // It is released long before its hold, which only uid and generation in the validating call make possible.
    world.until("the claim is released", |_| claims(&clients).is_empty());
    let ledger = clients.list("addressledgers").remove(0);
    assert_eq!(ledger["spec"]["space"], json!({"vpc": "v"}));
    let version = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    assert!(version(&ledger["spec"]["floor"]) >= version(&created.body["metadata"]["resourceVersion"]));
    // So is that of an update, which comes with the generation to be.
    let moved = json!({"spec": {"cidrBlock": "10.0.9.0/24", "gateway": "10.0.9.1"}});
    assert!(one(&clients, clients.merge("subnets", "a", &moved)).is_accepted());
    world.until("the claim is released", |_| claims(&clients).is_empty());
    assert!(one(&clients, clients.create("subnets", subnet("b", "v", "10.0.0.0/24"))).is_accepted());

    // What is deleted is free as soon as that is seen.
    assert!(one(&clients, clients.delete("subnets", "b")).is_accepted());
    world.until("the addresses are free", |_| {
        one(&clients, clients.create("subnets", subnet("c", "v", "10.0.0.0/16")))
            .message()
            .contains("overlaps Subnet \"a\"")
    });
    world.until("the addresses are free", |_| {
        one(&clients, clients.create("subnets", subnet("c", "v", "10.0.0.0/24"))).is_accepted()
    });

    unclaimed_updates_and_dry_runs(&world, &clients);
    what_is_there_is_not_claimed_again(&world, &clients);
    a_request_that_is_refused_later(&world, &clients);
}

/// Who creates what is there, again and again, holds nothing.
fn what_is_there_is_not_claimed_again(world: &World, clients: &Clients) {
    let create = |name: &str, cidr: &str| one(clients, clients.create("subnets", subnet(name, "v", cidr)));
    assert!(create("twice", "10.0.40.0/24").is_accepted());
    world.until("its claim is released", |_| claims(clients).is_empty());
    for cidr in ["10.0.40.0/24", "10.0.41.0/24"] {
        let again = create("twice", cidr);
        assert_eq!((again.code, &again.body["reason"]), (409, &json!("AlreadyExists")), "{again:?}");
        assert!(again.message().contains("Subnet \"twice\" already exists"), "{again:?}");
        assert_eq!(claims(clients), [Value::Null; 0]);
    }
    assert!(create("another", "10.0.41.0/24").is_accepted());
    assert!(one(clients, clients.delete("subnets", "twice")).is_accepted());
    world.until("the addresses are free", |_| create("third", "10.0.40.0/24").is_accepted());
    world.until("all claims are released", |_| claims(clients).is_empty());
}

fn unclaimed_updates_and_dry_runs(world: &World, clients: &Clients) {
    world.until("all claims are released", |_| claims(clients).is_empty());
    let versions = || {
        let ledgers = clients.list("addressledgers");
        ledgers.iter().map(|ledger| ledger["metadata"]["resourceVersion"].clone()).collect::<Vec<_>>()
    };
    let before = versions();
    for patch in [
        json!({"metadata": {"labels": {"a": "b"}}}),
        json!({"spec": {"cidrBlock": "10.0.9.7/24"}}),
        json!({"spec": {"private": true}}),
    ] {
        assert!(one(clients, clients.merge("subnets", "a", &patch)).is_accepted());
    }
    let dry = |name: &str, cidr: &str| {
        let manifest = subnet(name, "v", cidr).to_string();
        let args = ["create", "--dry-run=server", "-f", "-"];
        world.plane.kubectl(User::Admin, &args, Some(&manifest)).unwrap()
    };
    assert!(dry("d", "10.0.20.0/24").status.success());
    assert!(dry("e", "10.0.20.0/24").status.success());
    assert!(dry("d", "10.0.0.0/16").stderr.contains("[vpcguard subnet-cidr-overlap]"));
    assert_eq!(versions(), before, "somebody wrote");
}

/// Has another webhook say no to a Subnet `refused` in a VPC, after this one has said yes.
pub(super) fn refuse_later(world: &World, clients: &Clients, vpc: &str) {
    let refusing = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "nobody"},
        "webhooks": [{
            "name": "nobody.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "objectSelector": {"matchLabels": {"refused": "later"}},
            "rules": [{"apiGroups": ["kubeovn.io"], "apiVersions": ["v1"], "resources": ["subnets"], "operations": ["*"]}],
        }],
    });
    world.accepts(User::Admin, &refusing.to_string());
    let mut labelled = subnet("refused", vpc, "10.0.30.0/24");
    labelled["metadata"]["labels"] = json!({"refused": "later"});
    world.until("it is refused by the other one", |_| {
        one(clients, clients.create("subnets", labelled.clone())).message().contains("nobody.example.com")
    });
}

fn a_request_that_is_refused_later(world: &World, clients: &Clients) {
    refuse_later(world, clients, "v");
    world.until("it has claimed its addresses", |_| !claims(clients).is_empty());
    let claim = claims(clients).remove(0);
    assert_eq!((&claim["subnet"], &claim["cidrs"]), (&json!("refused"), &json!(["10.0.30.0/24"])));
    assert_eq!(claim["generation"], 1);
    assert_eq!(claim["objectUid"].as_str().unwrap().len(), 36);
    // Meanwhile nobody else gets them, and is told to come again.
    let other = || one(clients, clients.create("subnets", subnet("other", "v", "10.0.30.0/24")));
    let waiting = other();
    assert_eq!(waiting.code, 429, "{waiting:?}");
    assert_eq!(waiting.body["details"]["retryAfterSeconds"], 1);
    assert_eq!(
        waiting.message(),
        "admission webhook \"addresses.vpcguard.io\" denied the request: Subnet \"refused\" was admitted a moment ago with \
         addresses that overlap, and is not stored yet: try again [vpcguard]"
    );
    world.until("the hold is over", |_| other().is_accepted());
}

/// As long as an older replica may be there: it knows the ledger of the Subnet alone.
#[test]
fn lan_ips_are_claimed_from_their_subnet_and_where_many_share() {
    let Some(world) = world() else { return };
    let ledgers = claim_lan_ips(&world);
    assert!(ledgers.iter().any(|ledger| ledger["spec"]["space"] == json!({"subnet": "s"})), "{ledgers:#?}");
    assert!(ledgers.iter().any(|ledger| ledger["spec"]["common"] == "addresses-04"), "{ledgers:#?}");
}

#[test]
fn lan_ips_are_claimed_where_many_share_alone_once_that_is_said() {
    let Some(world) = World::builder().replicas(2).serve(HOLD).serve("--lan-ip-ledgers=shared").start() else { return };
    let ledgers = claim_lan_ips(&world);
    let names: Vec<_> = ledgers.iter().map(|ledger| ledger["spec"]["common"].as_str().unwrap_or_default()).collect();
    assert!(names.contains(&"addresses-04"), "{names:?}");
    assert!(!ledgers.iter().any(|ledger| ledger["spec"]["space"] == json!({"subnet": "s"})), "{ledgers:#?}");
    assert!(!names.contains(&"VpcNatGateway"), "{names:?}");
}

/// Of eight gateways at once that want one lanIp one gets it, ten times. The ledgers that there are then.
fn claim_lan_ips(world: &World) -> Vec<Value> {
    let clients = Clients::new(world, User::Admin).unwrap();
    assert!(one(&clients, clients.create("vpcs", vpc("v"))).is_accepted());
    assert!(one(&clients, clients.create("subnets", subnet("s", "v", "10.0.0.0/24"))).is_accepted());
    let gateway = |name: &str, lan_ip: &str| {
        json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": name},
               "spec": {"vpc": "v", "subnet": "s", "lanIp": lan_ip}})
    };
    for round in 0..10 {
        let lan_ip = format!("10.0.0.{}", 100 + round);
        let creates = (0..8).map(|at| clients.create("vpc-nat-gateways", gateway(&format!("g-{round}-{at}"), &lan_ip)));
        let answers = clients.at_once(creates.collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|answer| answer.is_accepted()).count(), 1, "{answers:#?}");
    }
    assert_eq!(clients.list("vpc-nat-gateways").len(), 10);
    clients.list("addressledgers")
}

/// A name in OVN is claimed where another Vpc could make it too. Of the others, with hyphens or not, none costs a write.
#[test]
fn names_in_ovn_cost_a_write_only_where_somebody_else_could_make_them() {
    let Some(world) = World::start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    let accepts = |plural: &str, object: Value| {
        let answer = one(&clients, clients.create(plural, object));
        assert!(answer.is_accepted(), "{answer:?}");
    };
    let ledgers_of_names = || {
        let mut ledgers = clients.list("addressledgers");
        ledgers.retain(|ledger| ledger["spec"]["common"].as_str().is_some_and(|name| name.starts_with("ovn-names-")));
        ledgers
    };
    let writes = || {
        world.until("the claims are released", |_| claims(&clients).is_empty());
        // Each write of a ledger changes it.
        let generation = |ledger: &Value| ledger["metadata"]["generation"].as_i64().unwrap();
        clients.list("addressledgers").iter().map(generation).sum::<i64>()
    };
    for name in ["prod", "shop", "eu"] {
        accepts("vpcs", vpc(name));
    }
    // The first of each VPC makes its ledger.
    accepts("subnets", subnet("first", "prod", "10.0.0.0/24"));
    let before = writes();
    accepts("subnets", subnet("web", "prod", "10.0.1.0/24"));
    let plain = writes() - before;
    // One that claims, and one that lets go.
    assert_eq!(plain, 2);
    let before = writes();
    accepts("subnets", subnet("eu-web", "prod", "10.0.2.0/24"));
    assert_eq!(writes() - before, plain, "a hyphen costs nothing");
    assert_eq!(ledgers_of_names(), [Value::Null; 0]);

    accepts("vpcs", vpc("prod-eu"));
    let before = writes();
    accepts("subnets", subnet("eu-db", "prod", "10.0.3.0/24"));
    assert_eq!(writes() - before, 2 * plain, "it claims its name too");
    let ledger = ledgers_of_names().remove(0);
    assert_eq!((&ledger["spec"]["format"], &ledger["spec"]["space"]), (&json!(2), &json!({})));
    let floor = ledger["spec"]["floor"].as_str().unwrap();
    assert!(["Vpc=", "Subnet=", "SecurityGroup="].iter().all(|kind| floor.contains(kind)), "{floor}");
    let refused = one(&clients, clients.create("subnets", subnet("db", "prod-eu", "10.0.0.0/24")));
    assert!(refused.message().contains("[vpcguard ovn-name-conflict]"), "{refused:?}");
    // Groups whose names have neither have no other that could be theirs.
    let group = |name: &str| json!({"apiVersion": "kubeovn.io/v1", "kind": "SecurityGroup", "metadata": {"name": name}, "spec": {}});
    let before = writes();
    accepts("security-groups", group("web"));
    assert_eq!(writes(), before, "nothing to claim");
    let all = ["sg-web", "sg.web", "sg-web", "sg.web"].map(|name| clients.create("security-groups", group(name)));
    let answers = clients.at_once(all);
    assert_eq!(answers.iter().filter(|answer| answer.is_accepted()).count(), 1, "{answers:#?}");
}

#[test]
fn without_a_ledger_subnets_wait_and_nothing_else_does() {
    let Some(world) = world() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    assert!(one(&clients, clients.create("vpcs", vpc("v"))).is_accepted());
    assert!(one(&clients, clients.create("subnets", subnet("a", "v", "10.0.0.0/24"))).is_accepted());
    let create = || one(&clients, clients.create("subnets", subnet("b", "v", "10.0.1.0/24")));

    // A newer vpcguard was here.
    let name = clients.list("addressledgers")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(one(&clients, clients.merge("addressledgers", &name, &json!({"spec": {"format": 2}}))).is_accepted());
    world.until("the newer format is seen", |_| create().code == 503);
    let refused = create();
    assert!(refused.message().ends_with("finish the upgrade of vpcguard [vpcguard]"), "{refused:?}");
    assert!(one(&clients, clients.merge("addressledgers", &name, &json!({"spec": {"format": 1}}))).is_accepted());
    world.until("it is gone", |_| create().is_accepted());

    // The definition is gone.
    let crd = ["delete", "crd", "addressledgers.vpcguard.io"];
    world.plane.kubectl(User::Admin, &crd, None).unwrap().success().unwrap();
    let create = || one(&clients, clients.create("subnets", subnet("c", "v", "10.0.2.0/24")));
    world.until("there is no ledger", |_| create().code == 503);
    let refused = create();
    assert!(refused.message().contains("cannot get addressledgers.vpcguard.io"), "{refused:?}");
    assert!(
        refused.message().ends_with("apply its definition: vpcguard manifests prints it [vpcguard]"),
        "{refused:?}"
    );
    assert!(world.page(0, "/readyz?verbose").contains("note: no addresses can be claimed: cannot get"));
    assert!(world.metric(0, "vpcguard_ledger_claims_total{result=\"unavailable\"}") > 0.0);
    assert!(one(&clients, clients.create("vpcs", vpc("w"))).is_accepted());
    let refused = one(&clients, clients.create("subnets", subnet("d", "v", "10.0.0.0/16")));
    assert!(refused.message().contains("[vpcguard subnet-cidr-overlap]"), "{refused:?}");
}

/// The same with `--ledger=best-effort`: what cannot be claimed is admitted, and both its user and the metrics are told.
#[test]
fn best_effort_admits_what_cannot_be_claimed() {
    let Some(world) = World::builder().serve("--ledger=best-effort").start() else { return };
    let crd = ["delete", "crd", "addressledgers.vpcguard.io"];
    world.plane.kubectl(User::Admin, &crd, None).unwrap().success().unwrap();
    world.accepts(User::Admin, &vpc("v").to_string());
    let apply = |name: &str, cidr: &str| world.apply(User::Admin, &subnet(name, "v", cidr).to_string());
    let admitted = apply("a", "10.0.0.0/24");
    assert!(admitted.status.success(), "{admitted:?}");
    assert!(admitted.stderr.starts_with("Warning: ") && admitted.stderr.contains("cannot get"), "{admitted:?}");
    assert!(world.metric(0, "vpcguard_ledger_claims_total{result=\"unclaimed\"}") > 0.0);
    // What is seen stored is in the way all the same.
    let refused = apply("b", "10.0.0.0/16");
    assert!(!refused.status.success() && refused.stderr.contains("[vpcguard subnet-cidr-overlap]"), "{refused:?}");
}

#[test]
fn a_list_that_has_grown_is_never_too_late() {
    let rounds = std::env::var("VPCGUARD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(40);
    let Some(world) = World::builder().replicas(3).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    let mut list = vec!["first".to_owned()];
    let mut bound = vpc("v");
    bound["spec"]["namespaces"] = json!(list);
    assert!(one(&clients, clients.create("vpcs", bound)).is_accepted());
    for round in 0..rounds {
        list.push(format!("ns-{round}"));
        let extended = one(&clients, clients.merge("vpcs", "v", &json!({"spec": {"namespaces": list}})));
        assert!(extended.is_accepted(), "{extended:?}");
        let mut needing = subnet(&format!("s-{round}"), "v", &format!("10.{}.{}.0/24", round / 256, round % 256));
        needing["spec"]["namespaces"] = json!([format!("ns-{round}")]);
        let answer = one(&clients, clients.create("subnets", needing));
        assert!(answer.is_accepted(), "round {round}: {answer:?}");
        sleep(Duration::from_millis(1));
    }
    println!("{rounds} rounds, 0 denials");
}

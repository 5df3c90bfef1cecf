//! The seats of API Priority and Fairness: a write of a Subnet keeps its own while it waits for a write of vpcguard's.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{Clients, shared, subnet, vpc};
use super::retry::{Outcome, Write};
use super::world::World;

/// Many more at once than there are seats.
const SUBNETS: usize = 150;

/// Who creates them: a controller, as those of Argo CD and Flux are. vpcguard is a `ServiceAccount` too, and without seats
/// of its own it would sit among them.
const CONTROLLER: &str = "system:serviceaccount:delivery:controller";

fn world() -> Option<World> {
    let world =
        World::builder().api_server("--max-requests-inflight=20").api_server("--max-mutating-requests-inflight=10");
    let world = world.start()?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "controller"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": CONTROLLER}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    });
    world.accepts(User::Admin, &binding.to_string());
    world.accepts(User::Admin, &vpc("v").to_string());
    Some(world)
}

/// The controller's. The administrator's own requests need no seats, but what he does in another's name does.
fn controller(world: &World) -> Arc<Clients> {
    let mut clients = Clients::new(world, User::Admin).unwrap();
    let mut kubeconfig = Kubeconfig::read_from(world.plane.kubeconfig(User::Admin)).unwrap();
    for user in &mut kubeconfig.auth_infos {
        let admin = user.auth_info.get_or_insert_default();
        admin.impersonate = Some(CONTROLLER.to_owned());
        admin.impersonate_groups = Some(vec!["system:serviceaccounts".to_owned(), "system:authenticated".to_owned()]);
    }
    clients.client = clients.runtime.block_on(async {
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        config.proxy_url = None;
        config.default_retry = false;
        Client::try_from(config).unwrap()
    });
    shared(clients)
}

/// Creates them all at once.
fn create(clients: &Arc<Clients>, patience: Duration) -> Vec<Outcome> {
    let creates = (0..SUBNETS).map(|at| {
        let object = subnet(&format!("s-{at}"), "v", &format!("10.0.{at}.0/24"));
        Write::Create { plural: "subnets", object }.patiently(Arc::clone(clients), patience)
    });
    clients.at_once(creates.collect::<Vec<_>>())
}

/// Whether vpcguard could not write, and not the API server had too much to do.
fn is_of_a_write_that_starved(outcome: &Outcome) -> bool {
    outcome.answer.code == 429 && outcome.answer.message().contains("the addresses could not be claimed")
}

#[test]
fn subnets_that_fill_all_seats_leave_vpcguard_its_own() {
    let Some(world) = world() else { return };
    // Its requests go where they should.
    let uid = |kind: &str| world.get(kind, "vpcguard")["metadata"]["uid"].as_str().unwrap().to_owned();
    let ledgers = "/apis/vpcguard.io/v1alpha1/addressledgers";
    let answer = world.plane.request(User::Vpcguard, "GET", ledgers, "").unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("X-Kubernetes-PF-FlowSchema-UID"), Some(uid("flowschema").as_str()));
    let level = uid("prioritylevelconfiguration");
    assert_eq!(answer.header("X-Kubernetes-PF-PriorityLevel-UID"), Some(level.as_str()));

    let outcomes = create(&controller(&world), Duration::from_mins(2));
    for outcome in &outcomes {
        assert!(outcome.is_accepted(), "{outcome:?}");
    }
    for never in ["vpcguard_ledger_writes_total{result=\"unknown\"}", "vpcguard_ledger_claims_total{result=\"busy\"}"] {
        assert!(world.metric(0, never) < 1.0, "{}", world.page(0, "/metrics"));
    }
    let again = outcomes.iter().map(|outcome| outcome.codes.len() - 1).sum::<usize>();
    println!("{SUBNETS} Subnets created at once; the API server had {again} come again");
}

/// What the seats are for, and the proof that the test before this one can fail.
#[test]
fn without_seats_of_its_own_vpcguard_starves() {
    let Some(world) = world() else { return };
    for object in ["flowschema/vpcguard", "prioritylevelconfiguration/vpcguard"] {
        world.plane.kubectl(User::Admin, &["delete", object], None).unwrap().success().unwrap();
    }
    let answer = || {
        let path = "/apis/vpcguard.io/v1alpha1/addressledgers";
        world.plane.request(User::Vpcguard, "GET", path, "").unwrap()
    };
    let ordinary: Value = world.get("flowschema", "service-accounts");
    world.until("vpcguard is one of many", |_| {
        answer().header("X-Kubernetes-PF-FlowSchema-UID") == ordinary["metadata"]["uid"].as_str()
    });
    let outcomes = create(&controller(&world), Duration::ZERO);
    let starved = outcomes.iter().filter(|outcome| is_of_a_write_that_starved(outcome)).count();
    let accepted = outcomes.iter().filter(|outcome| outcome.is_accepted()).count();
    println!("{SUBNETS} Subnets created at once: {accepted} accepted, {starved} sent away by vpcguard");
    assert!(starved > 0, "{outcomes:#?}");
}

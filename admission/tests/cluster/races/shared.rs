//! Many objects of several kinds at once that all want one address of a Subnet, one port of an EIP, one `lanIp`, or one name in OVN.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::{Figures, PATIENCE, REPLICAS, faults, rounds, wait_until_released};
use crate::client::{Clients, shared, subnet, vpc};
use crate::retry::Write;
use crate::world::{Builder, World};

/// The Subnet that all addresses are of.
const EXTERNAL: &str = "external";

/// Writes that all want the same, each with its kind's plural and its name.
struct Round(Vec<(&'static str, String, Value)>);

#[test]
fn races_for_an_address() {
    undisturbed(World::builder(), address);
}

#[test]
fn races_for_an_address_while_a_replica_is_killed() {
    with_kills(address);
}

#[test]
fn races_for_a_port() {
    undisturbed(World::builder(), port);
}

#[test]
fn races_for_a_port_while_a_replica_is_killed() {
    with_kills(port);
}

#[test]
fn races_for_a_lan_ip() {
    undisturbed(World::builder(), lan_ip);
}

#[test]
fn races_for_a_lan_ip_while_a_replica_is_killed() {
    with_kills(lan_ip);
}

/// Kube-OVN's own account is not judged, and claims nothing: what it stores gets in the way of claims that stand already, as
/// what an older version admits does. Those are taken back at once, and not when their hold is over.
#[test]
fn races_for_a_lan_ip_with_one_who_claims_nothing() {
    let Some(world) = World::builder().replicas(REPLICAS).start() else { return };
    world.accepts(User::Admin, KUBE_OVN_MAY_ALL);
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let exempt = Clients::new(&world, User::KubeOvn).unwrap();
    prepare(&clients);
    for round in 0..rounds() {
        let Round(wants) = lan_ip(round);
        let mut writes = Vec::new();
        for (at, (plural, _, object)) in wants.into_iter().enumerate() {
            let (client, later) = if at == 0 { (&exempt, round % 10) } else { (&*clients, 0) };
            let write = client.create(plural, object);
            // While claims of the others are on their way in, now a little sooner and now a little later.
            let later = Duration::from_millis(5 * later as u64);
            writes.push(async move {
                tokio::time::sleep(later).await;
                write.await
            });
        }
        let answers = clients.at_once(writes);
        assert!(answers[0].is_accepted(), "{answers:#?}");
        let accepted = answers[1..].iter().filter(|answer| answer.is_accepted()).count();
        assert!(accepted <= 1, "{answers:#?}");
    }
    wait_until_released(&clients);
}

const KUBE_OVN_MAY_ALL: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: kube-ovn}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: ovn, namespace: kube-system}]
";

/// Once no older replica is left: in one ledger.
#[test]
fn races_for_a_lan_ip_in_the_shared_ledger_alone() {
    undisturbed(World::builder().serve("--lan-ip-ledgers=shared"), lan_ip);
}

#[test]
fn races_for_a_joined_name() {
    undisturbed(World::builder(), joined_name);
}

#[test]
fn races_for_a_joined_name_while_a_replica_is_killed() {
    with_kills(joined_name);
}

/// VPCs after each of which a Subnet can be called so that both make one name.
const VPCS: [&str; 8] =
    ["a", "a-b", "a-b-c", "a-b-c-d", "a-b-c-d-e", "a-b-c-d-e-f", "a-b-c-d-e-f-g", "a-b-c-d-e-f-g-h"];

/// Subnets of eight VPCs whose router ports have one name.
fn joined_name(round: usize) -> Round {
    let all = format!("a-b-c-d-e-f-g-h-w{round}");
    let subnet = |vpc: &str| {
        let name = all[vpc.len() + 1..].to_owned();
        let object = subnet(&name, vpc, &format!("10.{}.{}.0/24", round / 250, round % 250));
        ("subnets", name, object)
    };
    Round(VPCS.into_iter().map(subnet).collect())
}

/// Eight gateways that want one `lanIp`.
fn lan_ip(round: usize) -> Round {
    let gateway = |at: usize| {
        let name = format!("g-{round}-{at}");
        let spec = json!({"vpc": "v", "subnet": EXTERNAL, "lanIp": address_of(round)});
        let object =
            json!({"apiVersion": "kubeovn.io/v1", "kind": "VpcNatGateway", "metadata": {"name": name}, "spec": spec});
        ("vpc-nat-gateways", name, object)
    };
    Round((0..8).map(gateway).collect())
}

/// An address for each round.
fn address_of(round: usize) -> String {
    format!("10.{}.{}.{}", round / 10_000, round / 100 % 100 + 1, round % 100 + 10)
}

/// Seven that want one port and protocol, and a floating IP that wants all of them.
fn port(round: usize) -> Round {
    let rule = |at: usize| {
        let (name, eip) = (format!("p-{round}-{at}"), format!("eip-{round}"));
        let (kind, plural, spec) = match at {
            0 => ("IptablesFIPRule", "iptables-fip-rules", json!({"eip": eip, "internalIp": "10.0.0.5"})),
            _ => {
                let protocol = if at.is_multiple_of(2) { "tcp" } else { "TCP" };
                let to = json!({
                    "eip": eip, "externalPort": "80", "internalIp": "10.0.0.5", "internalPort": "80", "protocol": protocol,
                });
                ("IptablesDnatRule", "iptables-dnat-rules", to)
            }
        };
        let object = json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
        (plural, name, object)
    };
    Round((0..8).map(rule).collect())
}

/// Of two kinds, four each.
fn address(round: usize) -> Round {
    let address = address_of(round);
    let eip = |at: usize| {
        let name = format!("e-{round}-{at}");
        let (kind, plural, spec) = match at % 2 {
            0 => {
                ("IptablesEIP", "iptables-eips", json!({"natGwDp": "gw", "externalSubnet": EXTERNAL, "v4ip": address}))
            }
            _ => ("OvnEip", "ovn-eips", json!({"externalSubnet": EXTERNAL, "v4Ip": address})),
        };
        let object = json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
        (plural, name, object)
    };
    Round((0..8).map(eip).collect())
}

/// Nobody tries again: somebody has to win all the same.
fn undisturbed(builder: Builder, plan: fn(usize) -> Round) {
    let Some(world) = builder.replicas(REPLICAS).start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let rounds = rounds();
    println!("undisturbed: {}", race(&clients, plan, Duration::ZERO, |round| round < rounds));
    wait_until_released(&clients);
}

fn with_kills(plan: fn(usize) -> Round) {
    let Some(mut world) = faults::world().replicas(REPLICAS).start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let rounds = rounds();
    let (figures, kills) = faults::while_killing(&mut world.replicas, |kills| {
        race(&clients, plan, PATIENCE, |round| round < rounds || kills.load(Ordering::Relaxed) < 2 * REPLICAS)
    });
    println!("{kills} kills: {figures}");
    wait_until_released(&clients);
}

/// Runs rounds while there are to be more, and checks after each that one of them has it.
fn race(
    clients: &Arc<Clients>,
    plan: fn(usize) -> Round,
    patience: Duration,
    mut more: impl FnMut(usize) -> bool,
) -> Figures {
    prepare(clients);
    let begun = Instant::now();
    let mut figures = Figures::default();
    while more(figures.rounds) {
        let Round(wants) = plan(figures.rounds);
        let write =
            |(plural, _, object): &(&'static str, String, Value)| Write::Create { plural, object: object.clone() };
        let writes = wants.iter().map(|want| write(want).patiently(Arc::clone(clients), patience));
        let outcomes = clients.at_once(writes.collect::<Vec<_>>());
        // What the API server has stored, without anything of vpcguard's.
        let is_there =
            |plural: &str, name: &str| clients.list(plural).iter().any(|object| object["metadata"]["name"] == name);
        let mut stored = Vec::new();
        for ((plural, name, _), outcome) in wants.iter().zip(&outcomes) {
            let is_stored = is_there(plural, name);
            assert_eq!(outcome.is_accepted(), is_stored, "{plural} {name}: {outcome:#?}");
            let is_final = outcome.is_accepted() || matches!(outcome.answer.code, 403 | 422);
            assert!(is_final || (patience.is_zero() && outcome.answer.code == 429), "{plural} {name}: {outcome:#?}");
            stored.extend(is_stored.then_some(name));
        }
        assert_eq!(stored.len(), 1, "{stored:?} have it: {outcomes:#?}");
        figures.add(&outcomes);
    }
    figures.took = begun.elapsed();
    figures
}

/// Makes what all rounds need.
fn prepare(clients: &Arc<Clients>) {
    let vpcs = VPCS.into_iter().chain(["v"]).map(|name| ("vpcs", vpc(name)));
    for (plural, object) in vpcs.chain([("subnets", subnet(EXTERNAL, "v", "10.0.0.0/8"))]) {
        let write = Write::Create { plural, object };
        let outcome = clients.at_once([write.patiently(Arc::clone(clients), PATIENCE)]).remove(0);
        assert!(outcome.is_accepted(), "{outcome:?}");
    }
}

//! How long a replica takes to see a large cluster, and what memory that takes: `cargo xtask bench-startup`.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vpcguard_tests::control_plane::User;

use super::client::{Clients, subnet, vpc};
use super::world::World;

/// How many objects are created at the same time.
const AT_ONCE: usize = 32;

/// For as long the replica is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(10);

#[test]
#[ignore = "a bench: cargo xtask bench-startup"]
fn startup() {
    let size = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse::<usize>().unwrap());
    let vpcs = size("VPCGUARD_VPCS", 1_000);
    let subnets = size("VPCGUARD_SUBNETS", 10_000);
    let namespaces = size("VPCGUARD_NAMESPACES", 20_000);
    let Some(mut world) = World::start() else { return };
    measure(&mut world, "empty");
    // Nobody reviews what is only there to be many.
    for kind in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
        world.plane.kubectl(User::Admin, &["delete", kind, "vpcguard"], None).unwrap().success().unwrap();
    }
    world.replicas[0].kill().unwrap();
    let begun = Instant::now();
    let namespace = |at: usize| format!("team-{at}");
    fill(
        &world,
        "/api/v1/namespaces",
        namespaces,
        move |at| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(at), "labels": {"team": at.to_string()}}}),
    );
    // Each namespace is in one VPC's list, and each Subnet lists two.
    let each = namespaces / vpcs.max(1);
    fill(&world, "/apis/kubeovn.io/v1/vpcs", vpcs, move |at| {
        let mut vpc = vpc(&format!("vpc-{at}"));
        vpc["spec"]["namespaces"] = (at * each..(at + 1) * each).map(namespace).collect();
        vpc
    });
    fill(&world, "/apis/kubeovn.io/v1/subnets", subnets, move |at| {
        let cidr = format!("10.{}.{}.0/24", at / 256 % 256, at % 256);
        let mut subnet = subnet(&format!("subnet-{at}"), &format!("vpc-{}", at % vpcs.max(1)), &cidr);
        subnet["spec"]["namespaces"] = json!([namespace(at * 2), namespace(at * 2 + 1)]);
        subnet["metadata"]["finalizers"] = json!(["kubeovn.io/kube-ovn-controller"]);
        subnet
    });
    println!(
        "{subnets} Subnets, {vpcs} Vpcs, {namespaces} Namespaces created in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    for _ in 0..3 {
        measure(&mut world, "full");
        let counted = world.metric(0, "vpcguard_inventory_objects{kind=\"Subnet\"}");
        assert!((counted - f64::from(u32::try_from(subnets).unwrap())).abs() < f64::EPSILON, "{counted}");
    }
}

/// Starts the replica again, and prints what that takes.
fn measure(world: &mut World, what: &str) {
    let begun = Instant::now();
    world.replicas[0].restart().unwrap();
    let listening = begun.elapsed();
    world.until("the replica is ready", |world| world.answer(0, "/readyz").0 == 200);
    let ready = begun.elapsed();
    let id = world.replicas[0].process().id();
    let (at_once, cpu) = (memory(id, "VmRSS"), cpu_seconds(id));
    std::thread::sleep(IDLE);
    println!(
        "{what}: listening after {:.2} s, ready after {:.2} s with {cpu:.2} s of CPU; resident {at_once} MiB when ready, {} MiB \
         {} s later, {} MiB at most",
        listening.as_secs_f64(),
        ready.as_secs_f64(),
        memory(id, "VmRSS"),
        IDLE.as_secs(),
        memory(id, "VmHWM"),
    );
}

fn memory(process: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// User and system time; Linux counts it in hundredths of a second.
fn cpu_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name of the program may hold whitespace, and ends with the last bracket.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u32 = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
    f64::from(ticks) / 100.0
}

/// Creates many objects, some at a time.
fn fill(world: &World, collection: &'static str, count: usize, object: impl Fn(usize) -> Value) {
    let clients = Clients::new(world, User::Admin).unwrap();
    let objects: Vec<_> = (0..count).map(|at| object(at).to_string().into_bytes()).collect();
    clients.runtime.block_on(async {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut all = JoinSet::new();
        for body in objects {
            let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
            let client = clients.client.clone();
            all.spawn(async move {
                let request =
                    http::Request::post(collection).header("content-type", "application/json").body(body).unwrap();
                client.request::<Value>(request).await.unwrap();
                drop(turn);
            });
        }
        all.join_all().await;
    });
}

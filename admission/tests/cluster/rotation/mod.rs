//! A CA that vpcguard keeps in the cluster, and its rotation while requests flow.
//!
//! `cargo xtask rotation` runs several rotations in a row. What a clock that jumps does to certificates is tested where
//! the clock is injected, in `vpcguard-certs`.

mod handshake;
mod heals;
mod load;
mod secret;
pub(crate) mod service;
mod status;

use std::net::SocketAddr;
use std::process::Output;
use std::thread;
use std::time::Duration;

use vpcguard_tests::control_plane::User;
use vpcguard_tests::pki::Pki;
use vpcguard_tests::replica::Replica;

use super::client::{Clients, shared};
use super::world::{Builder, World, wait_until_ready};
use handshake::Shown;
use load::{Load, Plan};
use secret::{Secret, phases};

const REPLICAS: usize = 3;

/// For how long vpcguard waits until API servers know a bundle.
const SETTLE: Duration = Duration::from_secs(2);

/// A world whose replicas keep a CA with short-lived leaves.
fn world() -> Builder {
    world_of_leaves("6s")
}

fn world_of_leaves(life: &str) -> Builder {
    let settle = format!("--settle={}s", SETTLE.as_secs());
    World::builder().replicas(REPLICAS).by_service().serve(&format!("--leaf-life={life}")).serve(&settle)
}

fn rounds() -> usize {
    std::env::var("VPCGUARD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// `vpcguard certs` as an administrator.
fn certs(world: &World, command: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = world.vpcguard(User::Admin, &["certs", command]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status.code(), text(&stdout), text(&stderr))
}

#[track_caller]
fn ask_for_rotation(world: &World) {
    let (code, out, errors) = certs(world, "rotate");
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{out}");
}

fn addresses(replicas: &[Replica]) -> Vec<SocketAddr> {
    replicas.iter().map(Replica::address).collect()
}

/// The Secret as soon as its CA is the only one.
#[track_caller]
fn stable(world: &World, clients: &Clients) -> Secret {
    world.until("the CA is stable", |_| secret::read(clients).is_some_and(|secret| secret.phase == "stable"));
    secret::read(clients).unwrap()
}

/// There was one rotation: from the CA of `before` to another, and by way of no third.
#[track_caller]
fn check_one_rotation(before: &Secret, seen: &[Secret]) {
    assert_eq!(phases(seen), ["stable", "prepared", "published", "switched", "stable"]);
    let last = seen.last().unwrap();
    assert_ne!(before.ca, last.ca);
    for secret in seen {
        assert!([&before.ca, &last.ca].contains(&&secret.ca), "a third CA: {seen:#?}");
        assert!(secret.next.is_empty() || secret.next == last.ca, "another next CA: {seen:#?}");
    }
}

#[test]
fn a_full_rotation_under_load() {
    let Some(world) = world().start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let plan = Plan { kills: false, propagation: SETTLE };
    let load = Load::start(&clients, &addresses(&world.replicas), plan);
    let rounds = rounds();
    for _ in 0..rounds {
        let before = stable(&world, &clients);
        ask_for_rotation(&world);
        let seen = secret::follow(&clients, &before, |secret| secret.phase == "stable" && secret.ca != before.ca);
        check_one_rotation(&before, &seen);
    }
    let figures = load.stop();
    println!("{rounds} rotations of {REPLICAS} replicas: {figures}");
    figures.check();
    // A rotation takes longer than a leaf lives.
    assert!(figures.leaves.len() >= 2 * REPLICAS, "{figures}");
    let (code, out, _) = certs(&world, "status");
    assert_eq!(code, Some(0), "{out}");
    // What trusts everything proves nothing.
    let foreign = Pki::new().unwrap().ca_pem();
    let refused = handshake::connect(world.replicas[0].address(), foreign.as_bytes());
    assert!(matches!(refused, Shown::Refused(_)), "{refused:?}");
}

#[test]
fn killed_replicas_and_racing_rotations() {
    let Some(mut world) = world().start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let plan = Plan { kills: true, propagation: SETTLE };
    let load = Load::start(&clients, &addresses(&world.replicas), plan);
    let (rounds, mut kills) = (rounds(), Vec::new());
    for round in 0..rounds {
        let before = stable(&world, &clients);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| ask_for_rotation(&world));
            }
        });
        let mut last = before.phase.clone();
        let seen = secret::follow(&clients, &before, |secret| {
            if secret.phase != last && secret.phase != "stable" {
                // Each replica dies in each phase, in as many rounds as there are replicas.
                let victim = (round + kills.len()) % REPLICAS;
                kill(&mut world, victim);
                kills.push(secret.phase.clone());
            }
            last.clone_from(&secret.phase);
            secret.phase == "stable" && secret.ca != before.ca
        });
        check_one_rotation(&before, &seen);
        assert_eq!(stable(&world, &clients).ca, seen.last().unwrap().ca);
    }
    let figures = load.stop();
    println!("{rounds} rotations, asked for twice, with {} kills: {figures}", kills.len());
    figures.check();
    assert_eq!(kills.len(), 3 * rounds);
    let (code, out, _) = certs(&world, "status");
    assert_eq!(code, Some(0), "{out}");
}

/// Kills a replica in the midst of what it does, and starts it again.
fn kill(world: &mut World, victim: usize) {
    let all = addresses(&world.replicas);
    world.replicas[victim].kill().unwrap();
    // A Service leaves out who is not ready.
    let others: Vec<_> = all.iter().copied().filter(|address| *address != all[victim]).collect();
    world.balancer.set_backends(&others);
    world.replicas[victim].restart().unwrap();
    wait_until_ready(&world.replicas[victim]).unwrap();
    world.balancer.set_backends(&all);
}

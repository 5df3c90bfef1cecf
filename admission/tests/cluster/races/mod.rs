//! Many Subnets of one VPC at once, all wanting the same addresses, through replicas that know nothing of each other.
//!
//! `cargo xtask races` runs as many rounds as are worth a claim; the few of an ordinary run are there to notice what breaks.

mod faults;
mod plan;
mod shared;
pub(super) mod storage;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use vpcguard_tests::control_plane::User;

use super::client::{Clients, shared};
use super::retry::Outcome;
use super::world::World;
use plan::Round;

const REPLICAS: usize = 3;

/// How long a client goes on where something breaks: longer than addresses stay claimed for nobody, which is 20 s there.
const PATIENCE: Duration = Duration::from_mins(1);

fn rounds() -> usize {
    std::env::var("VPCGUARD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(15)
}

#[test]
fn races_between_replicas() {
    let Some(world) = World::builder().replicas(REPLICAS).start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let rounds = rounds();
    // Nobody tries again: somebody has to win all the same.
    println!("undisturbed: {}", race(&clients, Duration::ZERO, |round| round < rounds));
    wait_until_released(&clients);
}

#[test]
fn races_while_a_replica_is_killed() {
    let Some(mut world) = faults::world().replicas(REPLICAS).start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let rounds = rounds();
    let (figures, kills) = faults::while_killing(&mut world.replicas, |kills| {
        // However few rounds there are, each replica dies twice.
        race(&clients, PATIENCE, |round| round < rounds || kills.load(Ordering::Relaxed) < 2 * REPLICAS)
    });
    println!("{kills} kills: {figures}");
    wait_until_released(&clients);
}

#[test]
fn races_while_the_api_server_restarts() {
    let Some(mut world) = faults::world().replicas(REPLICAS).start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let rounds = rounds();
    // Twice in a short run, and again and again in a long one.
    let each = (rounds / 3).clamp(1, 50);
    let mut count = 0;
    let figures = thread::scope(|scope| {
        let (restart, restarts) = channel();
        let plane = &mut world.plane;
        scope.spawn(move || faults::restart_api_server(plane, &restarts));
        race(&clients, PATIENCE, |round| {
            if round > 0 && round < rounds && round.is_multiple_of(each) {
                count += 1;
                restart.send(()).unwrap();
            }
            round < rounds
        })
    });
    println!("{count} restarts of the API server: {figures}");
    wait_until_released(&clients);
}

/// The VPC is not there half of the time, and its ledger is removed and made anew.
#[test]
fn races_while_their_vpc_comes_and_goes() {
    let Some(world) = World::builder().replicas(REPLICAS).start() else { return };
    let clients = shared(Clients::new(&world, User::Admin).unwrap());
    let (rounds, at) = (rounds(), AtomicUsize::new(0));
    let removals = || {
        let logs = world.replicas.iter().map(vpcguard_tests::replica::Replica::log);
        logs.map(|log| log.matches("removed the ledger of what is gone").count()).sum::<usize>()
    };
    let figures = thread::scope(|scope| {
        let (_alive, stop) = channel();
        let mut waiting = Some(stop);
        race(&clients, PATIENCE, |round| {
            // That of the round before is there: each begins with a VPC that is.
            at.store(round.saturating_sub(1), Ordering::Relaxed);
            if let Some(stop) = waiting.take_if(|_| round > 0) {
                let (clients, at) = (&clients, &at);
                let name = move || plan::vpc_of(at.load(Ordering::Relaxed));
                scope.spawn(move || faults::have_vpc_come_and_go(clients, name, &stop));
            }
            round < rounds || removals() == 0
        })
    });
    println!("{} removals of ledgers: {figures}", removals());
    wait_until_released(&clients);
}

/// Runs rounds while there are to be more, and checks after each what is stored.
fn race(clients: &Arc<Clients>, patience: Duration, mut more: impl FnMut(usize) -> bool) -> Figures {
    let begun = Instant::now();
    let mut figures = Figures::default();
    while more(figures.rounds) {
        for write in plan::prerequisites(figures.rounds) {
            let outcome = clients.at_once([write.patiently(Arc::clone(clients), PATIENCE)]).remove(0);
            assert!(outcome.is_accepted(), "{outcome:?}");
        }
        let round = Round::new(figures.rounds);
        let writes = round.wants.iter().map(|want| want.write.clone().patiently(Arc::clone(clients), patience));
        let outcomes = clients.at_once(writes.collect::<Vec<_>>());
        check(clients, &round, &outcomes, patience);
        figures.add(&outcomes);
    }
    let overlaps = storage::overlaps(storage::read(clients));
    assert!(overlaps.is_empty(), "stored: {overlaps:#?}");
    figures.took = begun.elapsed();
    figures
}

/// No addresses stay claimed for nobody, as soon as nothing breaks any more: a replica that has just begun does not know
/// for how long a claim has been there.
fn wait_until_released(clients: &Clients) {
    let begun = Instant::now();
    loop {
        let left = storage::claims(clients);
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{} claims are left: {left:#?}", left.len());
        thread::sleep(Duration::from_millis(100));
    }
}

fn check(clients: &Clients, round: &Round, outcomes: &[Outcome], patience: Duration) {
    let in_range: Vec<_> = storage::read(clients).into_iter().filter(|stored| stored.is_in(round)).collect();
    let overlaps = storage::overlaps(in_range.clone());
    assert!(overlaps.is_empty(), "{round:#?}\n{outcomes:#?}\nstored: {overlaps:#?}");
    for (want, outcome) in round.wants.iter().zip(outcomes) {
        let is_stored = in_range.iter().any(|stored| stored.is_what(want));
        assert_eq!(outcome.is_accepted(), is_stored, "{want:#?}\n{outcome:#?}\n{in_range:#?}");
        // Who has time to try again is told in the end whether the addresses are free.
        let is_final = outcome.is_accepted() || outcome.answer.code == 422;
        assert!(is_final || (patience.is_zero() && outcome.answer.code == 429), "{want:#?}\n{outcome:#?}");
    }
    assert!(!in_range.is_empty(), "nobody won: {round:#?}\n{outcomes:#?}");
}

/// What happened.
#[derive(Debug, Default)]
struct Figures {
    rounds: usize,
    writes: usize,
    requests: usize,
    accepted: usize,
    refused: usize,
    busy: usize,
    broken: usize,
    took: Duration,
}

impl Figures {
    fn add(&mut self, outcomes: &[Outcome]) {
        let codes = || outcomes.iter().flat_map(|outcome| &outcome.codes);
        self.rounds += 1;
        self.writes += outcomes.len();
        self.requests += codes().count();
        self.accepted += outcomes.iter().filter(|outcome| outcome.is_accepted()).count();
        self.refused += codes().filter(|code| matches!(code, 403 | 422)).count();
        self.busy += codes().filter(|code| **code == 429).count();
        self.broken += codes().filter(|code| matches!(code, 0 | 404 | 500..)).count();
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, writes, requests, accepted, refused, busy, broken, took } = self;
        write!(
            f,
            "{rounds} rounds, 0 overlaps; {writes} writes in {requests} requests: {accepted} accepted, {refused} refused \
             (403 or 422), {busy} sent away (429), {broken} without a verdict (lost, 404 or 5xx); {:.1} s",
            took.as_secs_f64()
        )
    }
}

//! Rotations in a cluster of replicas that are interleaved, held up and killed anywhere: at every moment, every API
//! server trusts every leaf that is served. And each rule that this rests on is needed: without it, it fails.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod model;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use model::{Cluster, Event, Policy, REPLICAS};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use vpcguard_certs::{Lifetimes, Phase};

const SECOND: Duration = Duration::from_secs(1);
/// Until just before a leaf expires.
const ALMOST: Duration = Duration::from_secs(999);

fn lifetimes() -> Lifetimes {
    Lifetimes {
        ca: Duration::from_hours(24_000),
        leaf: Duration::from_secs(1000),
        propagation: Duration::from_secs(100),
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let Lifetimes { leaf, propagation, .. } = lifetimes();
    let replica = 0..REPLICAS;
    let times = vec![SECOND, propagation / 2, propagation, leaf / 4, leaf / 2, ALMOST];
    let event = prop_oneof![
        8 => replica.clone().prop_map(Event::Act),
        12 => replica.clone().prop_map(Event::Run),
        1 => replica.clone().prop_map(Event::Kill),
        2 => replica.prop_map(Event::Ask),
        5 => prop::sample::select(times).prop_map(Event::Pass),
    ];
    vec(event, 1..120)
}

/// Walks through many rotations, always the same ones. How often each phase was entered, or the shortest way to a
/// failure.
fn explore(policy: Policy, walks: u32) -> Result<BTreeMap<&'static str, usize>, (String, Vec<Event>)> {
    let config = Config { cases: walks, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let entered = RefCell::new(BTreeMap::new());
    let walk = |events: Vec<Event>| {
        let mut cluster = Cluster::new(policy, lifetimes());
        for event in events {
            cluster.handle(event).map_err(TestCaseError::fail)?;
        }
        for (phase, times) in cluster.entered {
            *entered.borrow_mut().entry(phase).or_default() += times;
        }
        Ok(())
    };
    match runner.run(&events(), walk) {
        Ok(()) => Ok(entered.into_inner()),
        Err(TestError::Fail(reason, events)) => Err((reason.to_string(), events)),
        Err(TestError::Abort(reason)) => Err((reason.to_string(), Vec::new())),
    }
}

#[test]
fn no_handshake_fails_wherever_replicas_are_held_up_or_killed() {
    let entered = explore(Policy::RIGHT, 400).unwrap();
    for phase in Phase::ALL {
        // That the walks see whole rotations, and so could find what they look for.
        assert!(entered.get(phase.as_str()).is_some_and(|times| *times >= 50), "{entered:?}");
    }
}

#[test]
fn each_rule_is_needed() {
    let right = Policy::RIGHT;
    let wrong = [
        ("publishes", Policy { publishes: false, ..right }),
        ("settles", Policy { settles: false, ..right }),
        ("outwaits", Policy { outwaits: false, ..right }),
        ("counts_from_read", Policy { counts_from_read: false, ..right }),
        ("guards_bundles", Policy { guards_bundles: false, ..right }),
        ("compares", Policy { compares: false, ..right }),
    ];
    for (rule, policy) in wrong {
        let (reason, events) = explore(policy, 20_000).expect_err(rule);
        assert!(reason.contains("does not trust"), "{rule}: {reason}");
        println!("without {rule}: {reason}, by {events:?}");
    }
}

/// A round of all replicas each minute: what happens when nothing goes wrong.
fn rounds(cluster: &mut Cluster, until: impl Fn(&Cluster) -> bool) -> usize {
    for round in 0..1000 {
        for replica in 0..REPLICAS {
            cluster.handle(Event::Run(replica)).unwrap();
        }
        assert_eq!(cluster.serving(), REPLICAS);
        if until(cluster) {
            return round;
        }
        cluster.handle(Event::Pass(lifetimes().propagation / 5)).unwrap();
    }
    panic!("no end: {:?}", cluster.entered);
}

#[test]
fn a_rotation_comes_to_its_end_and_nobody_stops_serving() {
    let mut cluster = Cluster::new(Policy::RIGHT, lifetimes());
    // Two at once are one.
    cluster.handle(Event::Ask(0)).unwrap();
    cluster.handle(Event::Ask(2)).unwrap();
    for phase in [Phase::Prepared, Phase::Published, Phase::Switched, Phase::Stable] {
        rounds(&mut cluster, |cluster| cluster.entered.contains_key(phase.as_str()));
    }
    assert_eq!(cluster.entered.values().copied().collect::<Vec<_>>(), [1; 4]);
    // And that is all, while leaves are renewed as ever.
    for _ in 0..10 {
        cluster.handle(Event::Pass(lifetimes().leaf / 3)).unwrap();
        rounds(&mut cluster, |_| true);
    }
    assert_eq!(cluster.entered.values().copied().collect::<Vec<_>>(), [1; 4]);
}

#[test]
fn a_write_that_takes_too_long_must_be_given_up() {
    let walk = |policy| {
        let lifetimes = lifetimes();
        let mut cluster = Cluster::new(policy, lifetimes);
        let run = |cluster: &mut Cluster, until| rounds(cluster, |cluster| cluster.phase() == until);
        cluster.handle(Event::Ask(0)).unwrap();
        run(&mut cluster, Phase::Published);
        cluster.handle(Event::Pass(lifetimes.propagation)).unwrap();
        // One is about to switch, and is held up. Another signs by the old CA meanwhile, and gets no further.
        for _ in 0..20 {
            cluster.act_until_swap(0)?;
        }
        cluster.handle(Event::Pass(3 * lifetimes.propagation)).unwrap();
        cluster.handle(Event::Kill(1)).unwrap();
        for _ in 0..3 {
            cluster.handle(Event::Act(1))?;
        }
        cluster.handle(Event::Act(0))?;
        // A little before the leaf of the other one expires.
        cluster.handle(Event::Pass(ALMOST))?;
        cluster.handle(Event::Run(0))?;
        cluster.handle(Event::Run(0))
    };
    walk(Policy::RIGHT).unwrap();
    walk(Policy { gives_up: false, ..Policy::RIGHT }).unwrap_err();
}

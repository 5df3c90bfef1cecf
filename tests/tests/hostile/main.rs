//! Hostile bodies, always the same ones: what they are answered, and what they cost. `tests/fuzz` makes others.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod cost;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arbitrary::Unstructured;
use peak_alloc::PeakAlloc;
use tokio::runtime::{Builder, Runtime};
use vpcguard::Bodies;
use vpcguard_policies::{Inventory, Settings};
use vpcguard_tests::hostile::{Body, Ground, Outcome, seeded};

/// Counts what is held.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How many bodies there are.
const BODIES: u64 = 2000;

/// What a body may take while it is answered, in bytes: for each of its own, and besides. An object in an object is six bytes
/// long and takes some hundred times as many; docs/figures.md says why that is enough to stay below a limit.
const PER_BYTE: usize = 192;
const BESIDES: usize = 2 << 20;

/// A webhook, and who asks it.
struct Asked {
    bodies: Bodies,
    runtime: Runtime,
}

impl Asked {
    fn new(inventory: Inventory) -> Self {
        let bodies = Bodies::new(inventory, Settings::default()).unwrap();
        Self { bodies, runtime: Builder::new_current_thread().enable_time().build().unwrap() }
    }

    fn answer(&self, path: &str, bytes: Vec<u8>) -> (u16, Vec<u8>) {
        self.runtime.block_on(self.bodies.answer(path, bytes)).unwrap()
    }
}

/// A body of so many bytes at most, or a little more.
fn body(ground: &Ground, seed: u64, most: usize) -> Body {
    Body::made(ground, &mut Unstructured::new(&seeded(seed, 4096)), most).unwrap()
}

#[test]
fn hostile_bodies_get_no_answer_but_those_of_the_manual() {
    let outcomes = tried(0..BODIES);
    println!("{outcomes:?}");
    // Each of them is reached, or the bodies have become tame.
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
    assert!(outcomes.values().all(|count| *count >= BODIES / 200), "{outcomes:?}");
}

/// More of them, from a number on that is not the first: `VPCGUARD_HOSTILE_FROM`, `VPCGUARD_HOSTILE_COUNT`.
#[test]
#[ignore = "takes as long as one likes: docs/fuzzing.md"]
fn more_hostile_bodies() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse::<u64>().unwrap());
    let (from, count) = (number("VPCGUARD_HOSTILE_FROM", BODIES), number("VPCGUARD_HOSTILE_COUNT", 10 * BODIES));
    println!("{:?}", tried(from..from + count));
}

/// One test at a time: what is held is held by the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What became of the bodies of these numbers.
fn tried(seeds: std::ops::Range<u64>) -> BTreeMap<Outcome, u64> {
    let _alone = alone();
    let ground = Ground::gather().unwrap();
    let asked = Asked::new(ground.inventory());
    let (mut outcomes, mut faults, mut most) = (BTreeMap::new(), Vec::new(), 0);
    for seed in seeds {
        let body = body(&ground, seed, 32 << 10);
        let (mut took, mut length) = (0, 0);
        let answers = |path, bytes: Vec<u8>| {
            asked.bodies.forget();
            length = bytes.len();
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let answer = asked.answer(path, bytes);
            took = MEMORY.peak_usage().saturating_sub(before);
            std::future::ready(answer)
        };
        let outcome = futures_util::FutureExt::now_or_never(body.post(answers)).unwrap();
        most = most.max(took.saturating_sub(PER_BYTE * length));
        let outcome = outcome.and_then(|outcome| {
            let is_much = took > PER_BYTE * length + BESIDES;
            if is_much { Err(format!("{took} bytes of memory for {length}")) } else { Ok(outcome) }
        });
        match outcome {
            Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
            Err(fault) => faults.push(format!("{seed}: {fault}\n{}", String::from_utf8_lossy(&body.bytes))),
        }
    }
    println!("{most} bytes at most besides {PER_BYTE} a byte");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n\n"));
    outcomes
}

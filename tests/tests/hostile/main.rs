//! Hostile bodies, always the same ones: what they are answered, and what they cost. `tests/fuzz` makes others.

mod cost;

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use peak_alloc::PeakAlloc;
use tokio::runtime::{Builder, Runtime};
use vpcguard::Bodies;
use vpcguard_policies::{Inventory, Settings};
use vpcguard_tests::hostile::{Body, Ground, seeded};

/// Counts what is held.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How many bodies there are.
const BODIES: u64 = 2000;

/// What a body may take while it is answered, in bytes: for each of its own, and besides.
const PER_BYTE: usize = 64;
const BESIDES: usize = 1 << 20;

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
    let ground = Ground::gather().unwrap();
    let asked = Asked::new(ground.inventory());
    let mut outcomes: BTreeMap<_, u64> = BTreeMap::new();
    for seed in 0..BODIES {
        let body = body(&ground, seed, 32 << 10);
        let answers = async |path, bytes: Vec<u8>| {
            asked.bodies.forget();
            let (length, before) = (bytes.len(), MEMORY.current_usage());
            MEMORY.reset_peak_usage();
            let answer = asked.bodies.answer(path, bytes).await.unwrap();
            let took = MEMORY.peak_usage().saturating_sub(before);
            assert!(took < PER_BYTE * length + BESIDES, "{seed}: {took} bytes of memory for {length}");
            answer
        };
        let outcome = asked.runtime.block_on(body.post(answers));
        let outcome = outcome.unwrap_or_else(|fault| panic!("{seed}: {fault}\n{}", String::from_utf8_lossy(&body.bytes)));
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:?}");
    // Each of them is reached, or the bodies have become tame.
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
    assert!(outcomes.values().all(|count| *count >= BODIES / 200), "{outcomes:?}");
}

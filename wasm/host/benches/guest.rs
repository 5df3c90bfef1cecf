//! What a policy costs: to start, and to judge a Subnet in a VPC of many others, by each way to learn of them.
//!
//! Prints a table in Markdown. All numbers are of one run on one machine, and the ratios are what lasts.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_host::{Cluster, Guest, INDEX_KIND, INDEX_VERSION, PAGE, Policies, asked, indexes, sample};
use vpcguard_policies::{Inventory, Kind, Policy, Request, Settings, review_by};

const COUNTS: [u32; 4] = [0, 100, 1_000, 10_000];

/// What one way to learn of the Subnets costs.
struct Cost {
    how: &'static str,
    /// With answers that the policy server has ready.
    guest: Duration,
    /// With answers that it makes each time, as it does.
    whole: Duration,
    /// What it hands to the guest.
    bytes: usize,
    memory: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policies = Policies::load()?;
    let guest = policies.get(Policy::SubnetOverlap).ok_or("there is no subnet-overlap")?;
    let request = Request::of_object(sample::subnet("new", "v", "10.200.0.0/24"), None);
    let request = Request { uid: "u".to_owned(), user: "me".to_owned(), ..request };
    let payload = json!({"request": asked(&request), "settings": {}}).to_string().into_bytes();

    let nothing = Arc::new(Cluster::new([]));
    let start = median(|| {
        let _ = black_box(guest.start(&nothing));
    });
    println!("The policy subnet-overlap starts in {}.\n", shown(start));
    println!("| Subnets | view | guest | with the host's part | answers | memory | to native |");
    println!("|--------:|------|------:|---------------------:|--------:|-------:|----------:|");
    let mut last = Vec::new();
    for count in COUNTS {
        let state: Vec<Value> = sample::subnets("v", count).chain([sample::vpc("v")]).collect();
        let native = native(&state, &request)?;
        println!("| {count} | native | {} | | | | 1 |", shown(native));
        last.clear();
        for cost in costs(guest, state, &payload)? {
            let Cost { how, guest, whole, bytes, memory } = cost;
            println!(
                "| {count} | {how} | {} | {} | {} KB | {:.1} MB | {:.0} |",
                shown(guest),
                shown(whole),
                bytes.div_ceil(1_000),
                in_megabytes(memory),
                ratio(guest, native),
            );
            last.push(cost);
        }
    }
    if let [list, masked, index] = last.as_slice() {
        println!(
            "\nAt 10,000 Subnets the index is {:.1} times cheaper than the masked list and {:.1} times cheaper than the whole \
             one; with the host's part {:.1} and {:.1} times.",
            ratio(masked.guest, index.guest),
            ratio(list.guest, index.guest),
            ratio(masked.whole, index.whole),
            ratio(list.whole, index.whole),
        );
    }
    Ok(())
}

/// The same review by the library, with the state at hand.
fn native(state: &[Value], request: &Request) -> Result<Duration, Box<dyn std::error::Error>> {
    let settings = Settings::default();
    let mut inventory = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
    for object in state {
        if let Some(kind) = Kind::of(object) {
            inventory.apply(kind, object);
        }
    }
    let review = || review_by(Policy::SubnetOverlap, black_box(request), &inventory, &settings);
    review()?;
    Ok(median(|| {
        let _ = black_box(review());
    }))
}

fn costs(guest: &Guest, state: Vec<Value>, payload: &[u8]) -> Result<[Cost; 3], Box<dyn std::error::Error>> {
    let index = indexes(&state, Settings::default().kube_ovn);
    let cost = |how, make: &dyn Fn() -> Cluster| -> Result<Cost, Box<dyn std::error::Error>> {
        let (making, ready) = (Arc::new(make()), Arc::new(make().with_ready_answers()));
        let call = |cluster| guest.call(cluster, "validate", black_box(payload));
        let answer = call(&ready)?;
        if !answer.starts_with(br#"{"accepted":true"#) {
            return Err(format!("{how}: {}", String::from_utf8_lossy(&answer)).into());
        }
        let bytes = ready.calls().iter().filter_map(|call| call.bytes).sum();
        let guest_alone = median(|| {
            let _ = black_box(call(&ready));
        });
        let whole = median(|| {
            let _ = black_box(call(&making));
        });
        let memory = guest.memory_of(&ready, "validate", payload)?;
        Ok(Cost { how, guest: guest_alone, whole, bytes, memory })
    };
    let plain = || Cluster::new(state.clone());
    Ok([
        cost("list", &|| plain().without_masks())?,
        cost("masked list", &plain)?,
        cost("index", &|| plain().with_kind(INDEX_VERSION, INDEX_KIND, index.clone()))?,
    ])
}

/// The median of what lasts about a second altogether, and of five times at least.
fn median(mut run: impl FnMut()) -> Duration {
    run();
    let (mut times, began) = (Vec::new(), Instant::now());
    while times.len() < 5 || (began.elapsed() < Duration::from_secs(1) && times.len() < 2_000) {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 { format!("{micros:.1} µs") } else { format!("{:.1} ms", micros / 1e3) }
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "pages are few")]
fn in_megabytes(bytes: usize) -> f64 {
    (bytes / PAGE) as f64 / 16.0
}

//! What it costs to review a Subnet against 100 others of its VPC, and against 100,000.
//!
//! Prints the ratio of the two, which both take from the same run. A walk of all Subnets would cost a thousand times more.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_policies::{Inventory, Kind, Request, Settings, review};

const ROUNDS: u32 = 20_000;

fn subnet(name: &str, cidr_block: &str) -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1",
        "kind": "Subnet",
        "metadata": {"name": name},
        "spec": {"vpc": "v", "cidrBlock": cidr_block},
    })
}

/// A VPC with this many Subnets of 16 addresses.
fn cluster(subnets: u32) -> Inventory {
    let mut cluster = Inventory::default();
    cluster.apply(Kind::Vpc, &json!({"metadata": {"name": "v"}}));
    for number in 0..subnets {
        let address = std::net::Ipv4Addr::from_bits((10 << 24) + number * 16);
        cluster.apply(Kind::Subnet, &subnet(&format!("subnet-{number}"), &format!("{address}/28")));
    }
    cluster
}

/// The median of 15 batches, each of so many reviews, divided by their number.
fn cost(cluster: &Inventory, request: &Request) -> Duration {
    let settings = Settings::default();
    let mut batches: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS / 15 {
                let _ = black_box(review(black_box(request), cluster, &settings));
            }
            start.elapsed() / (ROUNDS / 15)
        })
        .collect();
    batches.sort();
    batches.get(batches.len() / 2).copied().unwrap_or_default()
}

fn main() {
    let (few, many) = (cluster(100), cluster(100_000));
    for (what, cidr_block) in [("admitted", "10.200.0.0/24"), ("refused", "10.0.0.0/28")] {
        let request = Request::of_object(subnet("new", cidr_block), None);
        let (small, large) = (cost(&few, &request), cost(&many, &request));
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        println!("a Subnet that is {what}: {small:?} against 100 others, {large:?} against 100,000: ratio {ratio:.2}");
    }
}

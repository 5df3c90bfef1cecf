//! What it costs to review a Subnet against 100 others of its VPC, and against 100,000; and to tell which prefixes are free.
//!
//! Prints the ratio of the two, which both take from the same run. A walk of all Subnets would cost a thousand times more.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_policies::kinds::Shard;
use vpcguard_policies::net::PrefixSet;
use vpcguard_policies::{ClusterView, Inventory, Kind, Request, Settings, review};

const ROUNDS: u32 = 20_000;

fn subnet(name: &str, cidr_block: &str) -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1",
        "kind": "Subnet",
        "metadata": {"name": name},
        "spec": {"vpc": "v", "cidrBlock": cidr_block},
    })
}

/// A VPC with this many Subnets of 16 addresses, each so many addresses behind the one before.
fn cluster(subnets: u32, apart: u32) -> Inventory {
    let mut cluster = Inventory::default();
    cluster.apply(Kind::Vpc, &json!({"metadata": {"name": "v"}}));
    for number in 0..subnets {
        let address = std::net::Ipv4Addr::from_bits((10 << 24) + number * apart);
        cluster.apply(Kind::Subnet, &subnet(&format!("subnet-{number}"), &format!("{address}/28")));
    }
    cluster
}

/// The median of 15 batches, each of so many calls, divided by their number.
fn cost(mut call: impl FnMut()) -> Duration {
    let mut batches: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS / 15 {
                call();
            }
            start.elapsed() / (ROUNDS / 15)
        })
        .collect();
    batches.sort();
    batches.get(batches.len() / 2).copied().unwrap_or_default()
}

fn print(what: &str, small: Duration, large: Duration) {
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    println!("{what}: {small:?} against 100 others, {large:?} against 100,000: ratio {ratio:.2}");
}

fn main() {
    let settings = Settings::default();
    let (few, many) = (cluster(100, 16), cluster(100_000, 16));
    for (what, cidr_block) in [("admitted", "10.200.0.0/24"), ("refused", "10.0.0.0/28")] {
        let request = Request::of_object(subnet("new", cidr_block), None);
        let cost = |cluster| cost(|| drop(black_box(review(black_box(&request), cluster, &settings))));
        print(&format!("a Subnet that is {what}"), cost(&few), cost(&many));
    }

    let (few_apart, many_apart) = (cluster(100, 32), cluster(100_000, 32));
    let shard = Shard { vpc: "v".to_owned(), vlan: String::new() };
    let avoid = PrefixSet::default();
    for (what, few, many, wanted) in [
        ("the nearest /28 beside Subnets without gaps", &few, &many, "10.0.0.0/28"),
        ("the nearest /28 between Subnets with a gap each", &few_apart, &many_apart, "10.0.0.0/28"),
        ("the nearest /24 where no gap is wide enough", &few_apart, &many_apart, "10.0.0.0/24"),
    ] {
        let Ok(wanted) = wanted.parse() else { return };
        let cost = |cluster: &Inventory| cost(|| drop(black_box(cluster.nearest_free(&shard, wanted, &avoid, 3))));
        print(what, cost(few), cost(many));
    }

    for (what, subnets) in [("without gaps", &many), ("with a gap each", &many_apart)] {
        let mut changed = subnets.clone();
        changed.remove(Kind::Subnet, "", "subnet-7");
        let start = Instant::now();
        black_box(changed.free_space(&shard));
        println!("all counted anew, 100,000 Subnets {what}: {:?}", start.elapsed());
    }
}

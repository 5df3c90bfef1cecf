//! What it costs to check 1,000 and 10,000 documents of one VPC, and whether a document costs the same in both.
//!
//! Prints the ratio, which both take from the same run: 1 is linear, 10 would be quadratic.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use vpcguard_check::{Folder, Source, check};
use vpcguard_policies::Settings;

/// One VPC: of ten documents, seven are Subnets with a namespace each, one is a NAT gateway, two are Pods.
fn network(documents: u32) -> Source {
    let mut text = String::from("apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: v}\nspec:\n  namespaces:\n");
    for number in 0..documents {
        let _ = writeln!(text, "    - ns-{number}");
    }
    for number in 1..documents {
        let subnet = number - number % 10;
        let _ = match number % 10 {
            8 => writeln!(
                text,
                "---\napiVersion: kubeovn.io/v1\nkind: VpcNatGateway\nmetadata: {{name: gw-{number}}}\n\
                 spec: {{vpc: v, subnet: s-{subnet}, lanIp: {}}}",
                address(subnet, 9)
            ),
            9 => writeln!(
                text,
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p-{number}, namespace: ns-{subnet}}}\n\
                 spec: {{containers: [{{name: c, image: i}}]}}"
            ),
            7 => writeln!(
                text,
                "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p-{number}\n  namespace: ns-{subnet}\n  annotations:\n    \
                 ovn.kubernetes.io/logical_switch: s-{subnet}\nspec: {{containers: [{{name: c, image: i}}]}}"
            ),
            _ => writeln!(
                text,
                "---\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: s-{number}}}\n\
                 spec: {{vpc: v, cidrBlock: {}/28, namespaces: [ns-{number}]}}",
                address(number, 0)
            ),
        };
    }
    Source { name: "network.yaml".to_owned(), bytes: text.into_bytes() }
}

fn address(subnet: u32, host: u32) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::from_bits((10 << 24) + subnet * 16 + host)
}

/// The median time of five runs: to parse, and to check what was parsed.
fn cost(documents: u32) -> (Duration, Duration) {
    let sources = [network(documents)];
    let settings = Settings::default();
    let mut runs: Vec<(Duration, Duration)> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let folder = Folder::parse(black_box(&sources));
            let parsed = start.elapsed();
            assert_eq!((folder.documents.len(), folder.errors.len()), (documents as usize, 0));
            let start = Instant::now();
            let _ = black_box(check(&folder, &[], &settings));
            (parsed, start.elapsed())
        })
        .collect();
    runs.sort_by_key(|(_, checked)| *checked);
    runs.get(2).copied().unwrap_or_default()
}

fn main() {
    let ((few_parsed, few), (many_parsed, many)) = (cost(1_000), cost(10_000));
    println!("1,000 documents: {few_parsed:?} to parse, {few:?} to check");
    println!("10,000 documents: {many_parsed:?} to parse, {many:?} to check");
    println!(
        "a document of 10,000 costs {:.2} times one of 1,000 to check",
        many.as_secs_f64() / few.as_secs_f64() / 10.0
    );
}

//! What it costs to check 1,000 and 10,000 documents of one VPC, and whether a document costs the same in both.
//!
//! Prints ratios, each of two times of one run: what a document costs in the larger folder against the smaller, where 1 is
//! linear and 10 would be quadratic; and how much of the whole time goes to other things than parsing, of a folder without
//! findings and of one in which most documents have one.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use vpcguard_check::{Folder, Source, check};
use vpcguard_policies::Settings;

/// One VPC: of ten documents, seven are Subnets with a namespace each, one is a NAT gateway, two are Pods. The Subnets have
/// this prefix length.
fn network(documents: u32, length: u32) -> Source {
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
                 spec: {{vpc: v, cidrBlock: {}/{length}, namespaces: [ns-{number}]}}",
                address(number, 0)
            ),
        };
    }
    Source { name: "network.yaml".to_owned(), bytes: text.into_bytes() }
}

fn address(subnet: u32, host: u32) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::from_bits((10 << 24) + subnet * 16 + host)
}

/// The median of five runs: to parse, to check what was parsed, and to write what was found for people and for programs.
fn cost(documents: u32, length: u32) -> [Duration; 3] {
    let sources = [network(documents, length)];
    let settings = Settings::default();
    let mut runs: Vec<_> = (0..5)
        .filter_map(|_| {
            let start = Instant::now();
            let folder = Folder::parse(black_box(&sources));
            let parsed = start.elapsed();
            assert_eq!((folder.documents.len(), folder.errors.len()), (documents as usize, 0));
            let start = Instant::now();
            let report = black_box(check(&folder, &[], &settings)).ok()?;
            let checked = start.elapsed();
            let start = Instant::now();
            black_box((report.to_human(), report.to_json()));
            Some([parsed, checked, start.elapsed()])
        })
        .collect();
    runs.sort_by_key(|[parsed, checked, written]| *parsed + *checked + *written);
    runs.get(2).copied().unwrap_or_default()
}

fn main() {
    let (few, many) = (cost(1_000, 28), cost(10_000, 28));
    let faulty = cost(10_000, 33);
    for (name, [parsed, checked, written]) in
        [("1,000 documents", few), ("10,000 documents", many), ("10,000 documents, most with a finding", faulty)]
    {
        let rest = (checked + written).as_secs_f64();
        let share = 100.0 * rest / (rest + parsed.as_secs_f64());
        println!(
            "{name}: {parsed:?} to parse, {checked:?} to check, {written:?} to write: {share:.0}% outside parsing"
        );
    }
    println!(
        "a document of 10,000 costs {:.2} times one of 1,000 to check",
        many[1].as_secs_f64() / few[1].as_secs_f64() / 10.0
    );
}

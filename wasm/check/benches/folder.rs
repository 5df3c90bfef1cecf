//! What it costs to check 1,000 and 10,000 documents of one VPC, and whether a document costs the same in both.
//!
//! Prints ratios, each of two times of one run: what a document costs in the larger folder against the smaller, where 1 is
//! linear and 10 would be quadratic; and how much of the whole time goes to other things than parsing, where the report is
//! written for people, and where it is written for programs: of a folder without findings and of one in which most
//! documents have one.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use vpcguard_check::{Folder, Source, check};
use vpcguard_policies::Settings;

/// As the program allocates.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One VPC with a NAT gateway: of ten documents, seven are Subnets with a namespace each, one is an IPPool, two are Pods. The
/// Subnets have this prefix length. Nothing is wrong with any of them but that.
fn network(documents: u32, length: u32) -> Source {
    let lan_ip = address(1, 9);
    let mut text = format!(
        "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {{name: v}}\nspec:\n  staticRoutes:\n    \
         - {{cidr: 0.0.0.0/0, nextHopIP: {lan_ip}, policy: policyDst}}\n  namespaces:\n"
    );
    for number in 0..documents {
        let _ = writeln!(text, "    - ns-{number}");
    }
    for number in 1..documents {
        let subnet = number - number % 10 + 1;
        let _ = match number {
            8 => writeln!(
                text,
                "---\napiVersion: kubeovn.io/v1\nkind: VpcNatGateway\nmetadata: {{name: gw}}\n\
                 spec: {{vpc: v, subnet: s-1, lanIp: {lan_ip}}}"
            ),
            18 => writeln!(text, "{}data: {{image: i}}", config_map("ovn-vpc-nat-config")),
            28 => writeln!(text, "{}data: {{enable-vpc-nat-gw: 'true'}}", config_map("ovn-vpc-nat-gw-config")),
            number if number % 10 == 8 => writeln!(
                text,
                "---\napiVersion: kubeovn.io/v1\nkind: IPPool\nmetadata: {{name: pool-{number}}}\n\
                 spec: {{subnet: s-{subnet}, ips: [{}]}}",
                address(subnet, 9)
            ),
            number if number % 10 == 9 => writeln!(
                text,
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p-{number}, namespace: ns-{subnet}}}\n\
                 spec: {{containers: [{{name: c, image: i}}]}}"
            ),
            number if number % 10 == 7 => writeln!(
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

fn config_map(name: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: kube-system}}\n")
}

fn address(subnet: u32, host: u32) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::from_bits((10 << 24) + subnet * 16 + host)
}

/// What it takes to parse, to check what was parsed, and to write what was found for people and for programs.
type Cost = [Duration; 4];

/// The median of five runs, of a folder in which so many objects are denied and none is only warned about.
fn cost(documents: u32, length: u32, denied: usize) -> Cost {
    let sources = [network(documents, length)];
    let settings = Settings::default();
    let mut runs: Vec<Cost> = (0..5)
        .filter_map(|_| {
            let start = Instant::now();
            let folder = Folder::parse(black_box(&sources));
            let parsed = start.elapsed();
            assert_eq!((folder.documents.len(), folder.errors.len()), (documents as usize, 0));
            let start = Instant::now();
            let report = black_box(check(&folder, &[], &settings)).ok()?;
            let checked = start.elapsed();
            let found = report.summary();
            assert_eq!((found.denied, found.warned), (denied, 0));
            let start = Instant::now();
            black_box(report.to_human());
            let for_people = start.elapsed();
            let start = Instant::now();
            black_box(report.to_json());
            Some([parsed, checked, for_people, start.elapsed()])
        })
        .collect();
    runs.sort_by_key(|run| run.iter().sum::<Duration>());
    runs.get(2).copied().unwrap_or_default()
}

/// How much of a time, in percent, goes to other things than parsing.
fn share(parsed: Duration, rest: Duration) -> f64 {
    100.0 * rest.as_secs_f64() / (rest + parsed).as_secs_f64()
}

fn main() {
    let (few, many) = (cost(1_000, 28, 0), cost(10_000, 28, 0));
    let faulty = cost(10_000, 33, 7_000);
    for (name, [parsed, checked, for_people, for_programs]) in
        [("1,000 documents", few), ("10,000 documents", many), ("10,000 documents, most with a finding", faulty)]
    {
        println!(
            "{name}: {parsed:?} to parse, {checked:?} to check, {for_people:?} to write for people: {:.0}% outside parsing; \
             {for_programs:?} for programs: {:.0}%",
            share(parsed, checked + for_people),
            share(parsed, checked + for_programs)
        );
    }
    println!(
        "a document of 10,000 costs {:.2} times one of 1,000 to check",
        many[1].as_secs_f64() / few[1].as_secs_f64() / 10.0
    );
}

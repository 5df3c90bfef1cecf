//! What hostile bodies cost, in instructions: no clock, and no counter of the processor, which virtual machines rarely have.
//! Valgrind counts them.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use vpcguard_policies::{Inventory, Kind};
use vpcguard_tests::hostile::{Body, Ground};

use super::{Asked, alone, body};

/// How many bodies are counted.
const COUNTED: u64 = 150;

/// The largest, about.
const MOST: usize = 64 << 10;

/// What is smaller costs what is asked of the cluster, whatever it says.
const SMALL: usize = 16 << 10;

/// How many bytes one of an answer counts for: what is said is escaped, measured and written several times over, and a short
/// body can be answered with 20 findings and their advice.
const SAID: usize = 4;

/// How many bytes what stands between two separators counts for besides its own: each is a value, in JSON or in a list that is
/// taken apart, and takes memory of its own.
const VALUE: usize = 8;

/// How many instructions a byte may cost, in those that a byte of the median body costs. One of a VpcEgressGateway that names
/// 1,598 Subnets that do not exist costs 5.3 times as much.
const FACTOR: f64 = 6.0;

/// Where the process that is counted finds the bodies.
const FOLDER: &str = "VPCGUARD_HOSTILE_BODIES";

fn valgrind() -> Option<Command> {
    let is_there = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(is_there || !in_ci, "no valgrind, which counts instructions");
    if !is_there {
        eprintln!("skipped: install valgrind to count instructions");
    }
    is_there.then(|| Command::new("valgrind"))
}

#[test]
fn no_byte_costs_much_more_than_that_of_the_median_body() {
    let _alone = alone();
    let Some(mut valgrind) = valgrind() else { return };
    let (folder, ground) = (tempfile::tempdir().unwrap(), Ground::gather().unwrap());
    let bodies: Vec<_> = (0..COUNTED).map(|seed| body(&ground, seed, MOST)).collect();
    for (number, body) in bodies.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.body")), &body.bytes).unwrap();
    }
    let paths: Vec<_> = bodies.iter().map(|body| body.path).collect();
    fs::write(folder.path().join("ground.json"), json!({"paths": paths, "objects": ground.stored()}).to_string())
        .unwrap();
    let output = valgrind
        .args(["--tool=callgrind", "--dump-before=*a_body_begins*"])
        .arg(format!("--callgrind-out-file={}", folder.path().join("counted").display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "cost::is_counted", "--test-threads", "1"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The first part is the start, then come a body and what is between bodies by turns.
    let costs = (0..bodies.len()).map(|number| counted(&folder.path().join(format!("counted.{}", 2 * number + 2))));
    let number = |number: usize| f64::from(u32::try_from(number).unwrap());
    let values = |body: &Body| body.bytes.iter().filter(|byte| b",:[{".contains(byte)).count();
    let answered: Vec<usize> = serde_json::from_slice(&fs::read(folder.path().join("answers.json")).unwrap()).unwrap();
    let weight =
        |(body, answer): (&Body, usize)| number(body.bytes.len().max(SMALL) + VALUE * values(body) + SAID * answer);
    let each = bodies.iter().zip(answered);
    let mut costs: Vec<_> = costs.zip(each).map(|(cost, each)| (cost / weight(each), cost, each.0)).collect();
    costs.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    let mut of_large: Vec<_> =
        costs.iter().filter(|(.., body)| body.bytes.len() >= SMALL).map(|(rate, ..)| *rate).collect();
    let median = of_large.swap_remove(of_large.len() / 2);
    let worst = costs.iter().rev().take(5).map(|(rate, cost, body)| {
        let text = String::from_utf8_lossy(&body.bytes);
        let beginning: String = text.chars().take(1000).collect();
        format!("{:.2} times: {cost} instructions for {} bytes: {beginning}", rate / median, body.bytes.len())
    });
    let worst = worst.collect::<Vec<_>>().join("\n");
    println!("{median:.0} instructions a byte; the worst\n{worst}");
    assert!(costs.last().unwrap().0 <= FACTOR * median, "{worst}");
}

/// The instructions of a part.
fn counted(part: &Path) -> f64 {
    let part = fs::read_to_string(part).unwrap();
    let summary = part.lines().find_map(|line| line.strip_prefix("summary: ")).unwrap();
    summary.trim().parse().unwrap()
}

/// Marks the beginning of a part, for Valgrind.
#[inline(never)]
fn a_body_begins(number: usize) -> usize {
    black_box(number)
}

#[test]
#[ignore = "is run by the test above"]
fn is_counted() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let ground: Value = serde_json::from_slice(&fs::read(folder.join("ground.json")).unwrap()).unwrap();
    let mut inventory = Inventory::default();
    for object in ground["objects"].as_array().unwrap() {
        inventory.apply(Kind::of(object).unwrap(), object);
    }
    let asked = Asked::new(inventory);
    let mut answers = Vec::new();
    for (number, path) in ground["paths"].as_array().unwrap().iter().enumerate() {
        let body = fs::read(folder.join(format!("{number}.body"))).unwrap();
        asked.bodies.forget();
        a_body_begins(number);
        let answer = asked.answer(path.as_str().unwrap(), body);
        a_body_begins(number);
        answers.push(answer.1.len());
    }
    fs::write(folder.join("answers.json"), json!(answers).to_string()).unwrap();
}

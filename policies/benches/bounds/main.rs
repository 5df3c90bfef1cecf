//! What a request may cost at most: n log n in its bytes, counted in instructions under Valgrind's Callgrind.
//!
//! Each body, and what of the cluster it may be compared with, is made in several sizes and judged from its bytes to those of
//! the answer. Prints the instructions a byte, and fails where a body of 16 times the size takes more than 1.5 times as many
//! of them a byte. Numbers of instructions are the same in each run, so that this is not a question of a quiet machine.
//!
//! `cargo bench --package vpcguard-policies --bench bounds`; with `-- --short` smaller bodies in two sizes, with `-- NAME`
//! that body alone.

mod bodies;

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};
use vpcguard_policies::{
    AddressClaim, Inventory, Kind, Request, Settings, TypedRequest, Verdict, answer, mutate, review_typed,
};

use bodies::{Body, Made};

/// How many times as many elements as in the smallest body there is, of some 4 KB. The last is 16 times the first.
const SIZES: [usize; 3] = [4, 16, 64];

/// The same in short.
const FEW: [usize; 2] = [1, 16];

/// How many times as many instructions a byte the largest may take as the smallest.
const MOST: f64 = 1.5;

/// What one body took.
#[derive(Clone, Copy, Debug)]
struct Taken {
    bytes: u32,
    instructions: u64,
    findings: u32,
}

impl Taken {
    fn a_byte(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far from 2^53")]
        let instructions = self.instructions as f64;
        instructions / f64::from(self.bytes)
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["--judge", name, size] = args.as_slice() {
        judge(body_called(name)?, size.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        let is_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        eprintln!("the bounds on work are not counted: there is no valgrind; Debian's package is called so too");
        return Ok(if is_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let sizes: &[usize] = if args.contains(&"--short") { &FEW } else { &SIZES };
    let names: Vec<&str> = args.iter().copied().filter(|arg| !arg.starts_with("--")).collect();
    let bodies: Vec<&Body> = match names.as_slice() {
        [] => bodies::all().collect(),
        names => names.iter().map(|name| body_called(name)).collect::<Result<_, _>>()?,
    };
    Ok(count_all(&bodies, sizes))
}

fn body_called(name: &str) -> Result<&'static Body, Box<dyn Error>> {
    bodies::all().find(|body| body.name == name).ok_or_else(|| format!("no body is called {name:?}").into())
}

/// Counts all, prints a line a body as soon as it is counted, and says whether all are within the bound.
fn count_all(bodies: &[&Body], sizes: &[usize]) -> ExitCode {
    let (next, within) = (AtomicUsize::new(0), AtomicUsize::new(0));
    println!("{:<36}{:>8}{:>10}  instructions a byte, by size", "body", "bytes", "findings");
    let count_some = || {
        while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let taken: Result<Vec<Taken>, String> = sizes.iter().map(|size| count(body, *size)).collect();
            match taken.map(|taken| report(body, &taken)) {
                Ok(is_within) => _ = within.fetch_add(usize::from(is_within), Ordering::Relaxed),
                Err(error) => eprintln!("{error}"),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(count_some);
        }
    });
    let within = within.into_inner();
    println!(
        "{within} of {} bodies are within {MOST} times the instructions a byte of their smallest size",
        bodies.len()
    );
    if within == bodies.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints what a body took, and says whether that is within the bound.
fn report(body: &Body, taken: &[Taken]) -> bool {
    let (Some(smallest), Some(largest)) = (taken.first(), taken.last()) else { return false };
    let ratio = largest.a_byte() / smallest.a_byte();
    let is_within = ratio <= MOST;
    let each = taken.iter().map(|taken| format!("{:>9.1}", taken.a_byte())).collect::<Vec<_>>().concat();
    let verdict = if is_within { "" } else { ", which is too many" };
    println!("{:<36}{:>8}{:>10}{each}  ratio {ratio:.2}{verdict}", body.name, largest.bytes, largest.findings);
    is_within
}

/// Judges a body in a process of its own, and takes the instructions from what Callgrind says in the end.
fn count(body: &Body, size: usize) -> Result<Taken, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted_judgement*"]);
    let output = valgrind.arg(program).args(["--judge", body.name, &size.to_string()]).output();
    let output = output.map_err(|error| format!("valgrind: {error}"))?;
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    let collected = stderr.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    let said: Option<Vec<u32>> = stdout.split_whitespace().map(|word| word.parse().ok()).collect();
    let taken = match (said.as_deref(), collected) {
        (Some([bytes, findings]), Some(instructions @ 1..)) => {
            Some(Taken { bytes: *bytes, findings: *findings, instructions })
        }
        _ => None,
    };
    taken.ok_or_else(|| format!("{} at {size} times the size was not counted:\n{stdout}\n{stderr}", body.name))
}

/// Judges a body, and prints how many bytes it has and how much was found.
fn judge(body: &Body, size: usize) -> Result<(), Box<dyn Error>> {
    let Made { cluster: objects, old, object } = (body.make)(size);
    let settings = Settings::default();
    let mut cluster = Inventory::new(settings.kube_ovn.clone()).watching(Kind::ALL.iter().copied());
    for object in objects {
        cluster.apply(Kind::of(&object).ok_or("an object of no kind")?, &object);
    }
    let review = review_of(&object, old.as_ref())?.to_string();
    let findings = counted_judgement(black_box(review.as_bytes()), black_box(&cluster), &settings)?;
    println!("{} {findings}", review.len());
    Ok(())
}

/// What the API server would send.
fn review_of(object: &Value, old: Option<&Value>) -> Result<Value, Box<dyn Error>> {
    let kind = Kind::of(object).ok_or("an object of no kind")?;
    Ok(json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "0f2d8ac2-7a8a-4a5f-93a5-0d8f5c8e2a51",
            "kind": {"group": kind.group(), "version": kind.version(), "kind": kind.name()},
            "name": "new",
            "namespace": if kind.is_namespaced() { "tenant" } else { "" },
            "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
            "userInfo": {"username": "tenant"},
            "object": object,
            "oldObject": old,
        },
    }))
}

/// All that is done with a request, from its bytes to those of the answer. Not inlined, so that Callgrind knows it by its name.
#[inline(never)]
fn counted_judgement(body: &[u8], cluster: &Inventory, settings: &Settings) -> Result<usize, Box<dyn Error>> {
    let request = Request::from_review(body)?;
    black_box(mutate(&request, cluster, settings)?);
    let verdict = match TypedRequest::read(&request, &settings.kube_ovn) {
        Some(request) => {
            black_box(AddressClaim::of(&request, settings, cluster));
            review_typed(&request, cluster, settings)?
        }
        None => Verdict::admitted(),
    };
    black_box(answer(&request, &verdict, settings, None).to_json());
    Ok(verdict.findings.len() + verdict.warnings.len() + verdict.omitted)
}

//! A steady load: writes through the API server, and new connections to every replica.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::handshake::{self, Shown};
use super::secret;
use crate::client::{Answer, Clients, subnet, vpc};

const WRITERS: u32 = 4;

/// Between two writes of a writer, and between two rounds of connections.
const PAUSE: Duration = Duration::from_millis(10);

/// A load that goes on until it is stopped.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Figures>>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) requests: usize,
    pub(super) handshakes: usize,
    /// Requests, and handshakes, whose replica died meanwhile.
    broken: [usize; 2],
    /// Different certificates that were shown.
    pub(super) leaves: BTreeSet<Vec<u8>>,
    /// What must not be.
    failures: Vec<String>,
}

/// What is part of the plan besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Replicas are killed, and connections to them break.
    pub(super) kills: bool,
    /// For how long nobody may sign by a CA that was not yet in every bundle.
    pub(super) propagation: Duration,
}

impl Load {
    pub(super) fn start(clients: &Arc<Clients>, replicas: &[SocketAddr], plan: Plan) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for writer in 0..WRITERS {
            let (clients, stop) = (Arc::clone(clients), Arc::clone(&stop));
            threads.push(thread::spawn(move || write(&clients, writer, plan, &stop)));
        }
        let (clients, replicas) = (Arc::clone(clients), replicas.to_vec());
        let stopped = Arc::clone(&stop);
        threads.push(thread::spawn(move || connect(&clients, &replicas, plan, &stopped)));
        Self { stop, threads }
    }

    pub(super) fn stop(mut self) -> Figures {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Figures::default();
        for thread in self.threads.drain(..) {
            let figures = thread.join().unwrap();
            all.requests += figures.requests;
            all.handshakes += figures.handshakes;
            all.broken = [0, 1].map(|at| all.broken[at] + figures.broken[at]);
            all.leaves.extend(figures.leaves);
            all.failures.extend(figures.failures);
        }
        all
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Figures {
    /// Nothing failed, and something was done.
    #[track_caller]
    pub(super) fn check(&self) {
        let first: Vec<_> = self.failures.iter().take(10).cloned().collect();
        assert!(first.is_empty(), "{self}:\n{}", first.join("\n"));
        assert!(self.requests > 0 && self.handshakes > 0, "{self}");
    }

    fn count(&mut self, answer: &Answer, what: &str, plan: Plan) -> bool {
        self.requests += 1;
        let is_done = answer.is_accepted();
        if !is_done && plan.kills && is_broken(answer) {
            self.broken[0] += 1;
        } else if !is_done {
            self.failures.push(format!("{what}: {} {}", answer.code, answer.message()));
        }
        is_done
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, handshakes, broken: [requests_broken, handshakes_broken], leaves, failures } = self;
        let (leaves, failures) = (leaves.len(), failures.len());
        write!(f, "{requests} requests and {handshakes} handshakes, {failures} failed")?;
        write!(f, ", {requests_broken} and {handshakes_broken} broken by kills, {leaves} certificates")
    }
}

/// Whether the connection to a replica broke, and nothing was said about what was wrong with it.
fn is_broken(answer: &Answer) -> bool {
    let breaks = [
        "EOF",
        "connection reset",
        "connection refused",
        "broken pipe",
        "server closed idle connection",
        // Written to while Go closes what the kill broke.
        "use of closed network connection",
    ];
    let message = answer.message();
    answer.code == 500 && message.contains("failed calling webhook") && breaks.iter().any(|end| message.contains(end))
}

/// Creates, changes and deletes Subnets of a VPC that nobody else writes to.
fn write(clients: &Clients, writer: u32, plan: Plan, stop: &AtomicBool) -> Figures {
    let mut figures = Figures::default();
    let (vpc_name, name) = (format!("load-{writer}"), format!("load-{writer}-subnet"));
    // Each gets addresses of its own: those of a Subnet that was deleted are free only once that was seen, and those of
    // a create that broke are claimed for a while.
    let ranges = u32::from(Ipv4Addr::new(10, 0, 0, 0)) + (writer << 20)..;
    let mut ranges = ranges.step_by(16).map(|range| format!("{}/28", Ipv4Addr::from(range)));
    let is_going = || !stop.load(Ordering::Relaxed);
    until_done(is_going, || {
        figures.count(&wait(clients, clients.create("vpcs", vpc(&vpc_name))), "create a Vpc", plan)
    });
    let labels = json!({"metadata": {"labels": {"a": "b"}}});
    while is_going() {
        let created = || {
            let object = subnet_of(&name, &vpc_name, &ranges.next().unwrap());
            figures.count(&wait(clients, clients.create("subnets", object)), "create", plan)
        };
        until_done(is_going, created);
        let changed = || figures.count(&wait(clients, clients.merge("subnets", &name, &labels)), "update", plan);
        until_done(is_going, changed);
        until_done(is_going, || figures.count(&wait(clients, clients.delete("subnets", &name)), "delete", plan));
    }
    figures
}

/// A Subnet with a gateway of a range that need not end with 0.
fn subnet_of(name: &str, vpc: &str, cidr: &str) -> Value {
    let mut object = subnet(name, vpc, cidr);
    let network: ipnet::Ipv4Net = cidr.parse().unwrap();
    object["spec"]["gateway"] = json!(network.hosts().next());
    object
}

fn until_done(is_going: impl Fn() -> bool, mut once: impl FnMut() -> bool) {
    while is_going() && !once() {
        sleep(PAUSE);
    }
    sleep(PAUSE);
}

fn wait(clients: &Clients, answer: impl Future<Output = Answer>) -> Answer {
    clients.runtime.block_on(answer)
}

/// Connects to each replica in turn, trusting what the API server is told to trust at that moment.
fn connect(clients: &Clients, replicas: &[SocketAddr], plan: Plan, stop: &AtomicBool) -> Figures {
    let mut figures = Figures::default();
    while !stop.load(Ordering::Relaxed) {
        for &replica in replicas {
            let read_at = Instant::now();
            let Some(bundle) = secret::bundle(clients) else {
                figures.failures.push("the webhook configuration cannot be read".to_owned());
                continue;
            };
            let shown = handshake::connect(replica, &bundle);
            if matches!(shown, Shown::Refused(_)) && read_at.elapsed() > plan.propagation {
                // This bundle is older than any that an API server may use.
                continue;
            }
            figures.handshakes += 1;
            match shown {
                Shown::Trusted(leaf) => {
                    figures.leaves.insert(leaf);
                }
                Shown::Broken(_) if plan.kills => figures.broken[1] += 1,
                Shown::Broken(error) | Shown::Refused(error) => figures.failures.push(format!("{replica}: {error}")),
            }
        }
        sleep(PAUSE);
    }
    figures
}

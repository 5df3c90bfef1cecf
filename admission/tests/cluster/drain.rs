//! The end of one of two replicas, as a rolling update brings it: nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kube::Client;
use kube::core::Request;
use kube::core::params::PostParams;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::client::{Clients, subnet, vpc};
use super::world::{PATIENCE, World};

/// Requests under way at any time: enough that the API server has connections to both replicas.
const AT_ONCE: usize = 8;

/// How late the Service hears that a replica is no longer ready.
const LATE: Duration = Duration::from_secs(3);

const REVIEWS: &str = "vpcguard_admission_duration_seconds_count{path=\"validate\"}";

#[test]
fn a_replica_that_ends_answers_until_nobody_asks_it() {
    let Some(mut world) = World::builder().replicas(2).start() else { return };
    let clients = Clients::new(&world, User::Admin).unwrap();
    assert!(clients.at_once([clients.create("vpcs", vpc("v"))])[0].is_accepted());
    let load = Load::start(&clients);
    world.until("both replicas have work", |world| (0..2).all(|at| world.metric(at, REVIEWS) > 20.0));

    let (other, begun) = (world.replicas[1].address(), Instant::now());
    let id = Pid::from_raw(world.replicas[0].process().id().try_into().unwrap());
    kill(id, Signal::SIGTERM).unwrap();
    world.until("it is no longer ready", |world| world.answer(0, "/readyz").0 == 503);
    // Until the Service hears of that, new connections still come; they are served, and not kept.
    let before = world.metric(0, REVIEWS);
    std::thread::sleep(LATE);
    assert!(world.metric(0, REVIEWS) > before, "it is asked no more");
    world.balancer.set_backends(&[other]);
    world.until("its connections are gone", |world| {
        let before = world.metric(0, REVIEWS);
        std::thread::sleep(Duration::from_millis(500));
        world.metric(0, REVIEWS) <= before
    });
    let (before, done) = (world.metric(1, REVIEWS), load.done());
    assert_eq!(world.answer(0, "/readyz").0, 503);
    assert_eq!(world.answer(0, "/healthz").0, 200);

    let ended = loop {
        if let Some(ended) = world.replicas[0].process().exited().unwrap() {
            break ended;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", world.replicas[0].log());
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(ended.code(), Some(0), "{}", world.replicas[0].log());
    assert!(begun.elapsed() >= Duration::from_secs(14), "{:?}", begun.elapsed());
    assert!(world.metric(1, REVIEWS) > before && load.done() > done);
    let failures = load.end(&clients);
    assert!(failures.is_empty(), "{} of {} requests failed: {failures:?}", failures.len(), done);
}

/// Dry-run creates, one after another, that are each judged and leave nothing behind.
struct Load {
    done: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(clients: &Clients) -> Self {
        let (done, is_over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let tasks = (0..AT_ONCE).map(|at| {
            let (client, done, is_over) = (clients.client.clone(), Arc::clone(&done), Arc::clone(&is_over));
            clients.runtime.spawn(async move {
                let object = subnet(&format!("s-{at}"), "v", &format!("10.{at}.0.0/24"));
                let mut failures = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    if let Err(error) = dry_run(&client, &object).await {
                        failures.push(error.to_string());
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                failures
            })
        });
        let tasks = tasks.collect();
        Self { done, is_over, tasks }
    }

    /// How many requests are answered.
    fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// What went wrong.
    fn end(self, clients: &Clients) -> Vec<String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.tasks.into_iter().flat_map(|task| clients.runtime.block_on(task).unwrap()).collect()
    }
}

async fn dry_run(client: &Client, object: &Value) -> kube::Result<()> {
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let request = Request::new("/apis/kubeovn.io/v1/subnets").create(&params, object.to_string().into_bytes());
    let created: Value = client.request(request.map_err(kube::Error::BuildRequest)?).await?;
    assert_eq!(created["kind"], json!("Subnet"));
    Ok(())
}

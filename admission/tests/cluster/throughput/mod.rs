//! Many Subnets of one VPC at once that want nothing of each other, and what their claims cost.

mod yes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vpcguard_tests::balancer::Balancer;
use vpcguard_tests::control_plane::User;
use vpcguard_tests::webhooks::point_at;

use super::client::{Answer, Clients, shared, subnet};
use super::peers::begin;
use super::world::{World, manifests};
use yes::Yes;

/// How many at once.
const BURST: usize = 64;

/// How often the bench does that, with and without vpcguard in turn.
const BURSTS: usize = 20;

/// The label of those that vpcguard is not asked about.
const UNASKED: &str = "unasked";

/// The request of a burst at a place of its own.
fn request(burst: usize, at: usize) -> Value {
    let place = burst * BURST + at;
    subnet(&format!("s-{place}"), "v", &format!("10.{}.{}.0/24", place / 256, place % 256))
}

#[test]
fn a_burst_of_apart_subnets_is_admitted_at_once() {
    for replicas in [1, 3] {
        let Some(world) = World::builder().replicas(replicas).start() else { return };
        let clients = Clients::new(&world, User::Admin).unwrap();
        // One that is not known yet has few places, and how soon these are free again is a matter of time.
        begin(&world, &clients);
        // The second one finds claims of the first that are not released yet.
        for burst in 0..2 {
            let creates: Vec<_> = (0..BURST).map(|at| clients.create("subnets", request(burst, at))).collect();
            for answer in clients.at_once(creates) {
                assert!(answer.is_accepted(), "{replicas} replicas, burst {burst}: {answer:?}");
            }
        }
        assert_eq!(clients.list("subnets").len(), 1 + 2 * BURST);
    }
}

/// `cargo xtask bench-cluster`.
#[test]
#[ignore = "a measurement"]
fn what_a_burst_costs() {
    for replicas in [1, 3] {
        let Some(world) = World::builder().replicas(replicas).start() else { return };
        let clients = shared(Clients::new(&world, User::Admin).unwrap());
        begin(&world, &clients);
        let _yes = share_subnets(&world, &clients);
        let (mut asked, mut unasked) = (Times::default(), Times::default());
        let before = Work::of(&world);
        for burst in 0..2 * BURSTS {
            if burst.is_multiple_of(2) {
                unasked.measure(&clients, burst, true);
            } else {
                asked.measure(&clients, burst, false);
                // The next one is not to pay for what this one leaves to be done.
                world.until("all claims are released", |world| Work::of(world).claims == 0.0);
            }
        }
        println!("{replicas} replicas, {BURSTS} bursts of {BURST} Subnets, vpcguard : a webhook that says yes");
        for (what, ours, theirs) in [
            ("median latency", asked.of_requests(50), unasked.of_requests(50)),
            ("p99 latency", asked.of_requests(99), unasked.of_requests(99)),
            ("whole burst", asked.of_bursts(), unasked.of_bursts()),
        ] {
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            println!("  {what}: {ratio:.2} ({ours:.1?} : {theirs:.1?})");
        }
        println!("  of a burst: {}", Work::of(&world).since(&before));
    }
}

/// Has the Subnets with a label go to a webhook that says yes, and all others to vpcguard, by the same rules.
fn share_subnets(world: &World, clients: &Clients) -> (Yes, Balancer) {
    let yes = Yes::start().unwrap();
    // vpcguard is behind one too.
    let balancer = Balancer::start(&[yes.address]).unwrap();
    let printed = manifests(&world.file("settings-of-webhooks.json", "{}")).unwrap();
    let mut configuration =
        printed.into_iter().find(|object| object["kind"] == "ValidatingWebhookConfiguration").unwrap();
    let ours = configuration["metadata"]["name"].as_str().unwrap().to_owned();
    configuration["metadata"]["name"] = json!("yes");
    let webhooks = configuration["webhooks"].as_array_mut().unwrap();
    let at = webhooks.iter().position(|webhook| webhook["name"] == "addresses.vpcguard.io").unwrap();
    let mut webhook = webhooks.remove(at);
    webhook["name"] = json!("addresses.example.com");
    webhook["objectSelector"] = json!({"matchLabels": {UNASKED: "true"}});
    *webhooks = vec![webhook];
    point_at(&mut configuration, balancer.address(), &yes.pki.ca_pem());
    world.accepts(User::Admin, &configuration.to_string());

    let selector = json!({"matchExpressions": [{"key": UNASKED, "operator": "DoesNotExist"}]});
    let patch = json!([{"op": "add", "path": format!("/webhooks/{at}/objectSelector"), "value": selector}]).to_string();
    let args = ["patch", "validatingwebhookconfiguration", &ours, "--type=json", "--patch", &patch];
    world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
    world.until("vpcguard is not asked about everything", |_| {
        let mut bad = subnet("bad", "v", "172.16.0.0/24");
        bad["spec"]["gateway"] = json!("x");
        bad["metadata"]["labels"] = json!({UNASKED: "true"});
        clients.at_once([clients.create("subnets", bad)])[0].is_accepted()
    });
    assert!(clients.at_once([clients.delete("subnets", "bad")])[0].is_accepted());
    (yes, balancer)
}

/// How long requests and bursts of them took.
#[derive(Default)]
struct Times {
    requests: Vec<Duration>,
    bursts: Vec<Duration>,
}

impl Times {
    fn measure(&mut self, clients: &Arc<Clients>, burst: usize, unasked: bool) {
        let creates = (0..BURST).map(|at| {
            let mut object = request(burst, at);
            if unasked {
                object["metadata"]["labels"] = json!({UNASKED: "true"});
            }
            timed(Arc::clone(clients), object)
        });
        let creates: Vec<_> = creates.collect();
        let begun = Instant::now();
        let answers = clients.at_once(creates);
        self.bursts.push(begun.elapsed());
        for (answer, took) in answers {
            assert!(answer.is_accepted(), "{answer:?}");
            self.requests.push(took);
        }
    }

    fn of_requests(&self, percent: usize) -> Duration {
        percentile(self.requests.clone(), percent)
    }

    fn of_bursts(&self) -> Duration {
        percentile(self.bursts.clone(), 50)
    }
}

async fn timed(clients: Arc<Clients>, object: Value) -> (Answer, Duration) {
    let begun = Instant::now();
    let answer = clients.create("subnets", object).await;
    (answer, begun.elapsed())
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

/// What all replicas say that they have done.
#[derive(Clone, Copy)]
struct Work {
    claims: f64,
    written: f64,
    conflicts: f64,
    reviews: f64,
    seconds: f64,
}

impl Work {
    fn of(world: &World) -> Self {
        let sum = |name: &str| (0..world.replicas.len()).map(|at| world.metric(at, name)).sum();
        Self {
            claims: sum("vpcguard_ledger_claims_in_flight"),
            written: sum("vpcguard_ledger_writes_total{result=\"written\"}"),
            conflicts: sum("vpcguard_ledger_writes_total{result=\"conflict\"}"),
            reviews: sum("vpcguard_admission_duration_seconds_count{path=\"validate\"}"),
            seconds: sum("vpcguard_admission_duration_seconds_sum{path=\"validate\"}"),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of bursts")]
    fn since(&self, before: &Self) -> String {
        let a_burst = |now: f64, then: f64| (now - then) / BURSTS as f64;
        let (written, conflicts) = (a_burst(self.written, before.written), a_burst(self.conflicts, before.conflicts));
        let (reviews, seconds) = (self.reviews - before.reviews, self.seconds - before.seconds);
        format!(
            "{written:.1} ledger writes, {conflicts:.1} that met another's; {:.1} ms in vpcguard a review",
            seconds / reviews * 1e3
        )
    }
}

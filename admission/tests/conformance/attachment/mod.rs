//! Attachment: no Pod that vpcguard admits gets a port, an address, a Vip or an entry in a load balancer of a VPC that is closed to its
//! namespace, and nothing that it admits ends Kube-OVN. Cases are made at random; those by which somebody got in are pinned.

mod breach;
mod case;
mod elements;
mod generate;
mod guard;
mod lands;
mod oracle;
mod shrink;
mod site;
mod tally;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use vpcguard_tests::isolation::{Step, facts};

use crate::known::Known;
use crate::scale::Scale;
use crate::{alone, report};
use breach::{Breach, Kind};
use case::Case;
use facts::pod;
use generate::Shape;
use lands::Landing;
use site::{By, Site, Verdict};
use tally::Tally;

/// How many cases are run together.
const BATCH: usize = 40;

/// How often what is known to get in is tried.
const ATTEMPTS: usize = 4;

/// How often a case is run again of which an interface is not where it is said, and how long Kube-OVN has then.
const AGAIN: usize = 2;
const COMING_UP: Duration = Duration::from_secs(10);

/// How many are made, of a choice and of all.
const FEW: usize = 500;
const MANY: usize = 2_000;

/// The classes that end Kube-OVN: it takes ten seconds to come back, so they are run alone, and never made at random once known.
const CRASH: &str = "-crash";

/// What the whole test is about.
struct Attack {
    site: Site,
    scale: Scale,
    known: Known,
    tally: Tally,
    /// The classes that got in, and those that were asked for by what is pinned.
    seen: BTreeSet<String>,
    asked: BTreeSet<String>,
    /// What honest tenants were refused.
    false_alarms: Vec<String>,
    /// Interfaces that are not where `vpcguard explain pod` says.
    elsewhere: Vec<String>,
}

#[test]
fn no_admitted_pod_gets_into_a_closed_vpc() {
    let _alone = alone();
    let start = Instant::now();
    let scale = Scale::of_environment();
    let Some(mut site) = Site::start() else { return };
    control(&mut site);
    let ways = ways::all();
    ways::control(&mut site, &ways, &scale);
    eprintln!("ways without vpcguard after {:?}", start.elapsed());
    site.guard();
    let held = ways::guarded(&mut site, &ways);
    eprintln!("{held} of {} ways behind vpcguard after {:?}", ways.len(), start.elapsed());
    let known = Known::of("attachment");
    for class in known.ids() {
        assert!(
            Case::pinned().iter().any(|(pinned, _)| pinned == class),
            "no case is pinned for {class}, so that it would never be missed"
        );
    }
    let (tally, seen, asked) = (Tally::default(), BTreeSet::new(), BTreeSet::new());
    let (false_alarms, elsewhere) = (Vec::new(), Vec::new());
    let mut attack = Attack { site, scale, known, tally, seen, asked, false_alarms, elsewhere };
    attack.replay_pinned();
    attack.replay_landings();
    eprintln!("pinned cases after {:?}", start.elapsed());
    attack.make_cases();
    eprintln!("made cases after {:?}", start.elapsed());
    attack.replay_crashes();
    eprintln!("all after {:?}", start.elapsed());
    let Attack { site, scale, known, tally, seen, asked, false_alarms, elsewhere } = attack;
    assert!(false_alarms.is_empty(), "{}", false_alarms.join("\n"));
    assert!(elsewhere.is_empty(), "{}", elsewhere.join("\n"));
    let table = tally.table();
    println!("seed {}\n\n{table}", scale.seed);
    let total = total(&scale);
    if scale.full && scale.only.is_none() && total >= MANY {
        let (kube_ovn, ovn) = site.versions();
        let said = format!("Kube-OVN {kube_ovn}, OVN {ovn}; {total} cases from the seed {}.", scale.seed);
        report::write("attachment", &format!("{said}\n\n{table}"));
    }
    let wrong = known.held_against(&seen, &asked);
    assert!(
        wrong.is_empty(),
        "{} classes got in, {} known (seed {}):\n{}",
        seen.len(),
        known.len(),
        scale.seed,
        wrong.join("\n")
    );
}

/// How many cases are made.
fn total(scale: &Scale) -> usize {
    scale.cases.unwrap_or(if scale.full { MANY } else { FEW })
}

/// The witness sees who gets in, and who comes up at home.
fn control(site: &mut Site) {
    let networks = elements::NETWORKS;
    let case = |namespace, annotations| Case::of(pod(namespace, "case0", &annotations));
    let cases = [
        case("amber", json!({"ovn.kubernetes.io/logical_switch": "cobalt-app"})),
        case("amber", json!({networks: "cobalt/db"})),
        case("amber", json!({"ovn.kubernetes.io/ip_pool": "cobalt-pool"})),
        case("amber", json!({"ovn.kubernetes.io/vip": "cobalt-vip"})),
        case("amber", json!({})),
        case("amber", json!({networks: "db"})),
        case("amber", json!({networks: "db@n1,db@n2"})),
        case("amber", json!({"ovn.kubernetes.io/ip_pool": "amber-pool"})),
        case("amber", json!({"ovn.kubernetes.io/vip": "amber-vip"})),
        case("cobalt", json!({networks: "db"})),
        case("violet", json!({networks: "db"})),
        case("ovn", json!({})),
    ];
    let outcomes = site.run(&cases, By::Tenant).outcomes;
    let ports: Vec<usize> = outcomes.iter().map(|outcome| outcome.ports).collect();
    assert_eq!(ports, [1, 2, 1, 1, 1, 2, 3, 1, 1, 2, 2, 1], "{outcomes:?}");
    let is_in = |outcome: &site::Outcome| outcome.breaches.first().map(|breach| breach.kind);
    let got_in: Vec<_> = outcomes.iter().map(is_in).collect();
    let (foreign, home) = got_in.split_at(4);
    assert_eq!(foreign, [Some(Kind::Port), Some(Kind::Port), Some(Kind::Address), Some(Kind::Address)], "{outcomes:?}");
    assert!(home.iter().all(Option::is_none), "{outcomes:?}");
}

impl Attack {
    /// All that is pinned and does not end Kube-OVN.
    fn replay_pinned(&mut self) {
        let (_, pinned): (Vec<_>, Vec<_>) = Case::pinned().into_iter().partition(|(class, _)| class.ends_with(CRASH));
        let mut waiting = pinned;
        // On a busy machine Kube-OVN may not have looked again when all seems at rest.
        for _ in 0..ATTEMPTS {
            if waiting.is_empty() {
                break;
            }
            let cases: Vec<Case> = waiting.iter().map(|(_, case)| case.clone()).collect();
            let round = self.site.run(&cases, By::Tenant);
            assert_eq!(round.crash, None, "a pinned case ended Kube-OVN");
            let mut later = Vec::new();
            for ((class, case), outcome) in waiting.into_iter().zip(&round.outcomes) {
                let admitted = outcome.verdict == Verdict::Admitted;
                let got_in = admitted && !outcome.breaches.is_empty();
                if got_in {
                    let way = self.way(&case, &outcome.breaches[0]);
                    assert_eq!(way, class, "{} is pinned as {class}", case.yaml());
                    self.seen.insert(class.clone());
                }
                self.tally.pinned(&class, &outcome.verdict, got_in);
                self.asked.insert(class.clone());
                if admitted && !got_in && self.known.has(&class) {
                    later.push((class, case));
                }
            }
            waiting = later;
        }
    }

    /// Each by itself, for most ask for one Vip.
    fn replay_landings(&mut self) {
        for case in Case::landings() {
            let mut round = self.site.run(std::slice::from_ref(&case), By::Tenant);
            assert_eq!(round.crash, None, "{}", case.yaml());
            let outcome = round.outcomes.remove(0);
            assert_eq!(outcome.verdict, Verdict::Admitted, "{}", case.yaml());
            self.landed(&case, outcome.landings);
        }
    }

    /// What ends Kube-OVN: all of it, or one by the seed.
    fn replay_crashes(&mut self) {
        let mut pinned: Vec<_> = Case::pinned().into_iter().filter(|(class, _)| class.ends_with(CRASH)).collect();
        if !self.scale.full {
            pinned.sort_by_key(|(class, _)| self.scale.rank(class));
            pinned.truncate(1);
        }
        let last = pinned.len().saturating_sub(1);
        for (index, (class, case)) in pinned.into_iter().enumerate() {
            self.site.is_over = index == last;
            let round = self.site.run_to_the_end(std::slice::from_ref(&case), By::Tenant);
            let verdict = &round.outcomes[0].verdict;
            if round.crash.is_some() {
                self.seen.insert(class.clone());
            }
            self.tally.pinned(&class, verdict, round.crash.is_some());
            self.asked.insert(class);
        }
    }

    fn make_cases(&mut self) {
        let total = total(&self.scale);
        let mut rng = Rng::with_seed(self.scale.seed);
        let mut before: Vec<Case> = Vec::new();
        let mut refused_ones = Vec::new();
        let start = Instant::now();
        for batch in 0..total.div_ceil(BATCH) {
            let shape = if batch % 4 == 3 { Shape::Change } else { Shape::Creation };
            let made = (0..BATCH).map(|_| generate::case(&mut rng, shape));
            let (cases, honest): (Vec<Case>, Vec<bool>) = made.filter(|(case, _)| !self.is_known_crash(case)).unzip();
            let round = self.site.run(&cases, By::Tenant);
            if let Some(crash) = &round.crash {
                println!("{crash}");
                let suspects =
                    cases.iter().zip(&round.outcomes).filter(|(_, outcome)| outcome.verdict == Verdict::Admitted);
                let suspects = before.iter().chain(suspects.map(|(case, _)| case)).cloned().collect();
                self.find_crash(suspects);
                before.clear();
                continue;
            }
            for ((case, outcome), honest) in cases.iter().zip(&round.outcomes).zip(honest) {
                self.tally.tried(case, outcome);
                if honest && outcome.verdict != Verdict::Admitted {
                    self.false_alarms.push(format!("{:?}:\n{}", outcome.verdict, case.yaml()));
                }
                if outcome.verdict == Verdict::Admitted {
                    self.got_in(case, &outcome.breaches);
                }
            }
            let landed: Vec<_> =
                cases.iter().cloned().zip(round.outcomes.iter().map(|outcome| outcome.landings.clone())).collect();
            for (case, landings) in landed {
                self.landed(&case, landings);
            }
            let refused = cases.iter().zip(&round.outcomes).filter_map(|(case, outcome)| match &outcome.verdict {
                Verdict::Refused(message) if !ends(case) => Some((case.clone(), message.clone())),
                _ => None,
            });
            refused_ones.extend(refused.step_by(5));
            if refused_ones.len() >= BATCH {
                self.make_anyway(std::mem::take(&mut refused_ones));
            }
            before = cases;
            if batch % 5 == 4 {
                let done = (batch + 1) * BATCH;
                eprintln!(
                    "{done} of {total} cases, {:.1} a second",
                    f64::from(u32::try_from(done).unwrap()) / start.elapsed().as_secs_f64()
                );
            }
        }
        self.make_anyway(refused_ones);
    }

    /// Counts where its interfaces are. Where one is not where it is said, the case is run again by itself: what is counted is
    /// what came of it then, when nobody had taken its address, and Kube-OVN had nothing else to do.
    fn landed(&mut self, case: &Case, mut landings: Vec<(Landing, String)>) {
        let is_wrong = |landings: &[(Landing, String)]| landings.iter().any(|(landing, _)| landing.is_wrong());
        for _ in 0..AGAIN {
            if !is_wrong(&landings) {
                break;
            }
            let round = self.site.run_and_wait(std::slice::from_ref(case), By::Tenant, COMING_UP);
            landings = round.outcomes.into_iter().flat_map(|outcome| outcome.landings).collect();
        }
        self.tally.landed(&landings);
        let wrong = landings.iter().filter(|(landing, _)| landing.is_wrong());
        let wrong: Vec<_> = wrong.map(|(landing, seen)| format!("{}: {seen}", landing.text())).collect();
        if !wrong.is_empty() {
            self.elsewhere.push(format!("{}\n{}", wrong.join("\n"), case.yaml()));
        }
    }

    /// Makes what was refused, of which every fifth is chosen: whether it would have harmed anybody.
    fn make_anyway(&mut self, refused: Vec<(Case, String)>) {
        let cases: Vec<Case> = refused.iter().map(|(case, _)| case.clone()).collect();
        let round = self.site.run(&cases, By::Administrator);
        assert_eq!(round.crash, None, "{}", cases.iter().map(Case::yaml).collect::<String>());
        for ((case, message), outcome) in refused.iter().zip(&round.outcomes) {
            self.tally.made_anyway(case, message, outcome);
        }
    }

    /// Somebody got in: the first by each way that is not known is made as small as it goes.
    fn got_in(&mut self, case: &Case, breaches: &[Breach]) {
        let ways: BTreeMap<&'static str, &Breach> =
            breaches.iter().map(|breach| (self.way(case, breach), breach)).collect();
        for (way, breach) in ways {
            self.tally.got_in(way);
            if self.seen.insert(way.to_owned()) && !self.known.has(way) {
                let same = |site: &Site, case: &Case, breach: &Breach| {
                    breach::way(case, breach, |object| site.admits(object)) == way
                };
                let small = shrink::shrunk(&mut self.site, case, same);
                println!("{way}: {}\n{}", breach.seen, small.yaml());
            }
        }
    }

    fn way(&self, case: &Case, breach: &Breach) -> &'static str {
        breach::way(case, breach, |object| self.site.admits(object))
    }

    /// Looks for what ended Kube-OVN among what was there, by halves.
    fn find_crash(&mut self, mut suspects: Vec<Case>) {
        while suspects.len() > 1 {
            let rest = suspects.split_off(suspects.len() / 2);
            if self.site.run_to_the_end(&suspects, By::Tenant).crash.is_none() {
                suspects = rest;
            }
        }
        let alone = self.site.run_to_the_end(&suspects, By::Tenant).crash;
        let class = match suspects.first() {
            Some(case) if case.uses_status() => "pods-status",
            Some(case) => oracle_crash(case).unwrap_or("unforeseen-crash"),
            None => "unforeseen-crash",
        };
        let again = if alone.is_some() { "again alone" } else { "not again alone" };
        println!("{class} ({again}):\n{}", suspects.first().map(Case::yaml).unwrap_or_default());
        self.seen.insert(class.to_owned());
        self.tally.got_in(class);
    }

    fn is_known_crash(&self, case: &Case) -> bool {
        let by_status = case.uses_status() && self.known.has("pods-status");
        oracle_crash(case).is_some_and(|class| by_status || self.known.has(class))
    }
}

/// How a case would end Kube-OVN.
fn oracle_crash(case: &Case) -> Option<&'static str> {
    let is_slice = |object: &&Value| object["kind"] == "EndpointSlice";
    let patches = case.steps.iter().filter_map(|step| if let Step::Merge(patch) = step { Some(patch) } else { None });
    let slices = case.objects().filter(is_slice).chain(patches.filter(|patch| patch.get("ports").is_some()));
    let mut ports = slices.flat_map(|slice| slice["ports"].as_array().into_iter().flatten());
    if ports.any(|port| port.get("port").is_none()) {
        return Some("slice-port-crash");
    }
    let mut configs = case.steps.iter().flat_map(|step| match step {
        Step::Merge(patch) => vec![patch],
        step => step.objects().iter().collect(),
    });
    if configs.any(|object| object["spec"]["config"].as_str().is_some_and(|config| config.contains("[null"))) {
        return Some("nad-plugin-crash");
    }
    case.stages_of_pod().iter().find_map(|pod| match oracle::read(pod) {
        oracle::Reading::Ends(class) => Some(class),
        _ => None,
    })
}

fn ends(case: &Case) -> bool {
    oracle_crash(case).is_some()
}

//! The ways of tests/isolation, held against Kube-OVN: without vpcguard each attaches what it says, and behind it nothing.

use std::time::Duration;

use vpcguard_tests::isolation::{Step, Way};

use super::breach::Kind;
use super::case::Case;
use super::site::{By, Outcome, Site, Verdict, rule};
use crate::scale::Scale;

/// What Kube-OVN ends by, of which a choice is tried.
const ENDS: &str = "ends";

/// How often a way is tried that attaches nothing: of two Subnets Kube-OVN takes the one that comes first out of a map, and
/// that is no even chance.
const ATTEMPTS: u32 = 30;

/// How much longer each attempt waits than the one before, for as many of them.
const LONGER: Duration = Duration::from_millis(500);
const LONGEST: u32 = 8;

/// All ways that attach something.
pub(super) fn all() -> Vec<Way> {
    Way::all().unwrap().into_iter().filter(|way| !way.without.is_empty()).collect()
}

fn case(steps: &[Step]) -> Case {
    Case { steps: steps.to_vec() }
}

/// Nobody is in the way: all of them attach what they say, and one of those that end Kube-OVN does.
pub(super) fn control(site: &mut Site, ways: &[Way], scale: &Scale) {
    let (mut ends, mut waiting): (Vec<&Way>, Vec<&Way>) = ways.iter().partition(|way| way.without == ENDS);
    let mut seen = Vec::new();
    for attempt in 0..ATTEMPTS {
        let cases: Vec<Case> = waiting.iter().map(|way| case(&way.steps)).collect();
        let round = site.run_and_wait(&cases, By::Tenant, LONGER * attempt.min(LONGEST));
        assert_eq!(round.crash, None, "a way ended Kube-OVN, and does not say so");
        seen = waiting.iter().map(|way| way.name.as_str()).zip(round.outcomes).collect();
        let came: Vec<bool> = waiting.iter().zip(&seen).map(|(way, (_, outcome))| attaches(way, outcome)).collect();
        let mut came = came.into_iter();
        waiting.retain(|_| !came.next().unwrap_or_default());
        if waiting.is_empty() {
            break;
        }
    }
    let left: Vec<_> = seen.iter().filter(|(name, _)| waiting.iter().any(|way| way.name == *name)).collect();
    assert!(left.is_empty(), "these attach nothing without vpcguard: {left:#?}");
    if !scale.full {
        ends.sort_by_key(|way| scale.rank(&way.name));
        ends.truncate(1);
    }
    for way in ends {
        let round = site.run_to_the_end(&[case(&way.steps)], By::Tenant);
        assert!(round.crash.is_some(), "Kube-OVN lives on after {}: {:?}", way.name, round.outcomes);
    }
}

fn attaches(way: &Way, outcome: &Outcome) -> bool {
    let kind = match way.without.as_str() {
        "port" => Kind::Port,
        "address" => Kind::Address,
        "vip" => Kind::Vip,
        "balancer" => Kind::Balancer,
        "taken" => Kind::Taken,
        other => panic!("{}: {other} is nothing that Kube-OVN attaches", way.name),
    };
    outcome.breaches.iter().any(|breach| breach.kind == kind)
}

/// Behind vpcguard none attaches anything, and what the honest tenant writes is attached at home. How many were tried.
pub(super) fn guarded(site: &mut Site, ways: &[Way]) -> usize {
    let held: Vec<&Way> = ways.iter().filter(|way| way.until.is_none()).collect();
    let cases: Vec<Case> = held.iter().flat_map(|way| [case(&way.steps), case(&way.neighbour)]).collect();
    let round = site.run(&cases, By::Tenant);
    assert_eq!(round.crash, None, "a way ended Kube-OVN");
    let mut wrong = Vec::new();
    for (way, pair) in held.iter().zip(round.outcomes.chunks(2)) {
        let is_refused = matches!(&pair[0].verdict, Verdict::Refused(message) if rule(message) == Some(&way.rule));
        if !is_refused || !pair[0].breaches.is_empty() {
            wrong.push(format!("{}: {:?}", way.name, pair[0]));
        }
        if pair[1].verdict != Verdict::Admitted || !pair[1].breaches.is_empty() {
            wrong.push(format!("{}, the neighbour: {:?}", way.name, pair[1]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    held.len()
}

//! OVN's match language: what our parser takes OVN takes, and the other way round; and where we say which packets a match takes,
//! OVN says the same.

mod meaning;
mod verdicts;

use std::collections::BTreeMap;
use std::env;
use std::time::Instant;

use vpcguard_tests::kube_ovn::{MatchWitness, Missing, OvnPrograms};

use crate::scale::Scale;
use crate::{alone, report};

/// How many texts are asked, and how many pairs of a match and a packet, where nobody says how many.
const CI: usize = 20_000;

/// How many are enough for the page.
const LONG: usize = 200_000;

/// How many disagreements are printed.
const SHOWN: usize = 25;

#[test]
fn ovn_takes_what_the_parser_takes() {
    let _alone = alone();
    let (scale, begun) = (Scale::of_environment(), Instant::now());
    let count = count(&scale);
    let Some(witness) = witness_or_skip().filter(|_| count > 0) else { return };
    let tally = verdicts::tallied(&witness, scale.seed, count).unwrap();
    let table = tally.table();
    println!("{count} texts of the seed {} in {:.0?}\n\n{table}", scale.seed, begun.elapsed());
    publish("match-verdicts", &witness, &scale, count, &table);
    assert_eq!(tally.total(), count + tally.kept);
    tally.disagreements.assert_none();
}

#[test]
fn a_packet_is_taken_by_both_or_by_neither() {
    let _alone = alone();
    let (scale, begun) = (Scale::of_environment(), Instant::now());
    let count = count(&scale);
    let Some(witness) = witness_or_skip().filter(|_| count > 0) else { return };
    let tally = meaning::tallied(&witness, scale.seed, count).unwrap();
    let table = tally.table();
    println!("{} pairs of the seed {} in {:.0?}\n\n{table}", tally.pairs(), scale.seed, begun.elapsed());
    publish("match-packets", &witness, &scale, count, &table);
    assert!(tally.pairs() >= count);
    tally.disagreements.assert_none();
}

/// One match stops ovn-controller on every node, as OVN 25.03 is: this holds as long as the fault of it stands here.
#[test]
fn the_match_that_ends_ovn_still_does() {
    let _alone = alone();
    let Some(witness) = witness_or_skip() else { return };
    verdicts::assert_that_one_ends_ovn(&witness);
}

/// `cargo xtask conformance --match N`; nothing where something else is asked.
fn count(scale: &Scale) -> usize {
    let asked = env::var("VPCGUARD_MATCHES").ok().filter(|count| !count.is_empty());
    match asked {
        Some(count) => count.parse().unwrap_or_else(|_| panic!("VPCGUARD_MATCHES={count} is not a number")),
        None if scale.is_narrowed() => 0,
        None if scale.full => LONG,
        None => CI,
    }
}

/// OVN. Where there is none the test is skipped, in CI it fails.
fn witness_or_skip() -> Option<MatchWitness> {
    let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
    match OvnPrograms::find() {
        Ok(programs) => Some(MatchWitness::new(programs)),
        Err(missing @ Missing::File { .. }) if !in_ci => {
            eprintln!("skipped: {missing}");
            None
        }
        Err(missing) => panic!("{missing}"),
    }
}

fn publish(part: &str, witness: &MatchWitness, scale: &Scale, count: usize, table: &str) {
    if scale.full && count >= LONG {
        let of = format!("OVN {}, seed {}.", witness.version().unwrap(), scale.seed);
        report::write(part, &format!("{of}\n\n{table}"));
    }
}

/// What OVN and we do not agree on, in words.
#[derive(Default)]
struct Disagreements(Vec<String>);

impl Disagreements {
    fn note(&mut self, what: String) {
        self.0.push(what);
    }

    fn assert_none(&self) {
        let shown: Vec<_> = self.0.iter().take(SHOWN).map(String::as_str).collect();
        assert!(self.0.is_empty(), "{} disagreements:\n{}", self.0.len(), shown.join("\n"));
    }
}

/// How often what was said.
type Counts = BTreeMap<&'static str, usize>;

/// Rows of a table, the sum last.
fn rows(counts: &Counts, order: &[&'static str], sum: &str) -> String {
    assert!(counts.keys().all(|key| order.contains(key)), "a row is missing: {counts:?}");
    let row = |name: &str, count: usize| format!("| {name} | {count} |\n");
    let all = order.iter().map(|name| row(name, counts.get(name).copied().unwrap_or_default()));
    all.chain([row(sum, counts.values().sum())]).collect()
}

//! Which packets a match takes.

use std::iter;

use anyhow::Result;
use vpcguard_policies::ovn_match::{Match, Packet, Version};
use vpcguard_tests::kube_ovn::{MatchWitness, TABLES};
use vpcguard_tests::matches::{Packets, microflow};

use super::{Counts, Disagreements, rows};

/// How many packets are tried on as many matches.
const PACKETS: usize = 20;

/// How many lists of matches one OVN is asked.
const BATCH: usize = 250;

const BOTH_TAKE: &str = "taken, both say";
const NEITHER: &str = "not taken, both say";
const OPEN: &str = "we do not say: it depends on what no packet of ours says";
const DIFFER: &str = "**disagree**";
const ROWS: [&str; 4] = [BOTH_TAKE, NEITHER, OPEN, DIFFER];

/// What was said of all.
#[derive(Default)]
pub(super) struct Tally {
    counts: Counts,
    pub(super) disagreements: Disagreements,
}

/// Matches, and packets that are tried on each of them.
struct List {
    matches: Vec<String>,
    packets: Vec<Packet>,
}

impl Tally {
    pub(super) fn pairs(&self) -> usize {
        self.counts.values().sum()
    }

    pub(super) fn table(&self) -> String {
        format!("| pairs of a match and a packet | |\n|---|---|\n{}", rows(&self.counts, &ROWS, "all"))
    }

    fn count(&mut self, counted: &'static str) {
        *self.counts.entry(counted).or_default() += 1;
    }
}

/// Asks OVN of as many pairs, or a few more.
pub(super) fn tallied(witness: &MatchWitness, seed: u64, count: usize) -> Result<Tally> {
    let mut made = Packets::of(seed);
    let mut tally = Tally::default();
    let lists: Vec<_> = (0..count.div_ceil(TABLES * PACKETS)).map(|_| List::new(&mut made)).collect();
    for some in lists.chunks(BATCH) {
        let microflows = |list: &List| list.packets.iter().map(microflow).collect::<Vec<_>>();
        let asked: Vec<_> = some.iter().map(|list| (list.matches.clone(), microflows(list))).collect();
        for (list, answers) in some.iter().zip(witness.taken(&asked)?) {
            list.compare(&answers, &mut tally);
        }
    }
    Ok(tally)
}

impl List {
    fn new(made: &mut Packets) -> Self {
        let packets = iter::repeat_with(|| made.packet()).take(PACKETS).collect();
        let is_valid = |text: &String| Match::parse(text, Version::V25).is_valid();
        let matches = iter::repeat_with(|| made.expression()).filter(is_valid).take(TABLES).collect();
        Self { matches, packets }
    }

    fn compare(&self, answers: &[Vec<Option<bool>>], tally: &mut Tally) {
        for (at, text) in self.matches.iter().enumerate() {
            let ours = Match::parse(text, Version::V25).takes(&self.packets);
            for ((packet, ours), answer) in self.packets.iter().zip(ours).zip(answers) {
                let counted = match (answer[at], ours) {
                    (Some(true), Some(true)) => BOTH_TAKE,
                    (Some(false), Some(false)) => NEITHER,
                    (Some(_), None) => OPEN,
                    (None, _) | (Some(_), Some(_)) => DIFFER,
                };
                tally.count(counted);
                if counted == DIFFER {
                    let said =
                        answer[at].map_or("refuses it", |taken| if taken { "takes it" } else { "does not take it" });
                    tally.disagreements.note(format!("{text} on {packet:?}: OVN {said}, here {ours:?}"));
                }
            }
        }
    }
}

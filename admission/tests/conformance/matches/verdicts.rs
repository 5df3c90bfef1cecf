//! Which texts are matches.

use anyhow::Result;
use vpcguard_policies::ovn_match::{Match, Problem, Version};
use vpcguard_tests::kube_ovn::{ADDRESS_SETS, MatchWitness, PORT_GROUPS, Said};
use vpcguard_tests::matches::{Expressions, kept};

use super::{Counts, Disagreements, rows};

/// How many texts one OVN is asked.
const BATCH: usize = 20_000;

const BOTH_TAKE: &str = "taken by both";
const BOTH_REFUSE: &str = "refused by both";
const CONTENT: &str = "with what the set holds in the place of its name, both say the same";
const UNKNOWN: &str = "names a set or a group that OVN does not know, and we cannot know";
const ORDER: &str = "order against a set of addresses: OVN takes it, and can end on it; we refuse it";
const DIFFER: &str = "**disagree otherwise**";
const ROWS: [&str; 6] = [BOTH_TAKE, BOTH_REFUSE, CONTENT, UNKNOWN, ORDER, DIFFER];

/// Only the first entry of a set is asked whether it has a mask, and then OVN ends on the other.
const ENDS_OVN: &str = "ip4.src[0..7] < $mixed";

/// What was said of all.
pub(super) struct Tally {
    counts: Counts,
    pub(super) disagreements: Disagreements,
    /// How many of the texts were kept from fuzzing.
    pub(super) kept: usize,
}

impl Tally {
    pub(super) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    pub(super) fn table(&self) -> String {
        format!("| texts | |\n|---|---|\n{}", rows(&self.counts, &ROWS, "all"))
    }
}

/// Asks OVN of as many texts, and of those that fuzzing kept.
pub(super) fn tallied(witness: &MatchWitness, seed: u64, count: usize) -> Result<Tally> {
    let kept: Vec<_> = kept()?.into_iter().map(|(_, text)| text).collect();
    let mut tally = Tally { counts: Counts::new(), disagreements: Disagreements::default(), kept: kept.len() };
    // No string of JSON that Kubernetes or OVSDB stores has NUL.
    let storable = |text: &String| !text.contains('\0');
    let all = kept.into_iter().chain(Expressions::of(seed).filter(storable).take(count));
    let mut all = all.map(|text| text.replace('\0', " ")).peekable();
    while all.peek().is_some() {
        let texts: Vec<_> = all.by_ref().take(BATCH).collect();
        for (text, said) in texts.iter().zip(witness.judge(&texts)?) {
            let counted = judged(text, &said);
            *tally.counts.entry(counted).or_default() += 1;
            if counted == DIFFER {
                let ours: Vec<_> = parsed(text).faults().iter().map(ToString::to_string).collect();
                tally.disagreements.note(format!("{text:?}: OVN {said:?}, here {ours:?}"));
            }
        }
    }
    Ok(tally)
}

fn parsed(text: &str) -> Match {
    Match::parse(text, Version::V25)
}

fn judged(text: &str, said: &Said) -> &'static str {
    let ours = parsed(text);
    match said {
        Said::Taken if ours.is_valid() => BOTH_TAKE,
        Said::Refused(_) if !ours.is_valid() => BOTH_REFUSE,
        Said::Taken | Said::Refused(_) => {
            let orders_sets = |problem: &Problem| matches!(problem, Problem::OrderOfAddressSet);
            let is_taken = *said == Said::Taken;
            if is_taken && ours.faults().iter().all(|fault| orders_sets(&fault.problem)) {
                ORDER
            } else if is_of_unknown_name(said)
                && named(text).any(|(name, content)| content.is_none() && !name.is_empty())
            {
                UNKNOWN
            } else if named(text).any(|(_, content)| content.is_some())
                && parsed(&with_content(text)).is_valid() == is_taken
            {
                CONTENT
            } else {
                DIFFER
            }
        }
        Said::Ended(_) => DIFFER,
    }
}

fn is_of_unknown_name(said: &Said) -> bool {
    let Said::Refused(reason) = said else { return false };
    ["expecting address set name", "expecting port group name"].iter().any(|words| reason.contains(words))
}

/// The names of sets and groups in a text, and what they hold where OVN knows them.
fn named(text: &str) -> impl Iterator<Item = (&str, Option<String>)> {
    let signs = text.match_indices(['$', '@']);
    signs.map(|(at, sign)| {
        let rest = &text[at + 1..];
        let is_of_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.');
        let name = &rest[..rest.find(|character| !is_of_name(character)).unwrap_or(rest.len())];
        (name, content(sign, name))
    })
}

fn content(sign: &str, name: &str) -> Option<String> {
    let known: &[(&str, &[&str])] = if sign == "$" { &ADDRESS_SETS } else { &PORT_GROUPS };
    match known.iter().find(|(known, _)| *known == name) {
        Some((_, [address])) if sign == "$" => Some((*address).to_owned()),
        Some((_, [port])) => Some(format!("{port:?}")),
        _ => None,
    }
}

/// The same with what a set holds in the place of its name.
fn with_content(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['$', '@']) {
        let (before, sign_and_name) = rest.split_at(at);
        let (name, content) = named(sign_and_name).next().unwrap();
        out.push_str(before);
        let length = match content {
            // No part of a number is to be glued to it.
            Some(content) => {
                out.extend([" ", &content, " "]);
                1 + name.len()
            }
            None => {
                out.push_str(&sign_and_name[..1]);
                1
            }
        };
        rest = &sign_and_name[length..];
    }
    out + rest
}

/// That OVN ends on a match that is refused here for that.
pub(super) fn assert_that_one_ends_ovn(witness: &MatchWitness) {
    let said = witness.judge(&["ip4", ENDS_OVN, "ip4 &", "1"].map(str::to_owned)).unwrap();
    assert!(matches!(said.as_slice(), [Said::Taken, Said::Ended(_), Said::Refused(_), Said::Taken]), "{said:?}");
    let ours = parsed(ENDS_OVN);
    let problems: Vec<_> = ours.faults().iter().map(|fault| &fault.problem).collect();
    assert_eq!(problems, [&Problem::OrderOfAddressSet]);
}

#[test]
fn what_a_set_holds_stands_in_the_place_of_its_name() {
    assert_eq!(
        with_content("ip4.src == {$as4, 1} || $as4x || x$as6"),
        "ip4.src == { 10.0.0.1 , 1} || $as4x || x fd00::1 "
    );
    assert_eq!(with_content("inport == @pg1"), "inport ==  \"p1\" ");
    assert_eq!(judged("ip4.src == $none", &Said::Refused("expecting address set name".to_owned())), UNKNOWN);
    assert_eq!(judged("ip4.src == none", &Said::Refused("expecting address set name".to_owned())), BOTH_REFUSE);
    assert_eq!(judged("tcp.dst == $as4", &Said::Refused("32-bit".to_owned())), CONTENT);
    assert_eq!(judged("tcp.dst == 80", &Said::Refused("no".to_owned())), DIFFER);
    assert_eq!(judged("ip4.src < $as4", &Said::Taken), ORDER);
}

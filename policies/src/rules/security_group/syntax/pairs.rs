//! Rules of a security group that are at odds with each other.

use std::collections::{BTreeMap, BTreeSet};

use super::matches;
use crate::finding::{Action, Finding};
use crate::kinds::{Direction, SecurityRule};
use crate::net::Cidr;
use crate::ovn_match::packets::Taken;
use crate::ovn_match::{Match, Version};
use crate::rule::Context;

/// How many rules of a direction that share their priority with others of another policy are compared with each other.
const MOST_PAIRED: usize = 200;

/// A rule that is right by itself, and its match.
pub(super) struct Filter<'r> {
    direction: Direction,
    at: usize,
    rule: &'r SecurityRule,
    text: String,
}

/// One of those that are compared.
struct Candidate<'f> {
    filter: &'f Filter<'f>,
    taken: Option<Taken>,
}

impl<'r> Filter<'r> {
    pub(super) fn of(direction: Direction, at: usize, rule: &'r SecurityRule) -> Self {
        Self { direction, at, rule, text: matches::of(direction, rule) }
    }

    /// What it does to a packet.
    fn action(&self) -> &str {
        if self.rule.policy == "deny" { "drop" } else { &self.rule.policy }
    }

    fn list(&self) -> &'static str {
        match self.direction {
            Direction::Ingress => "ingressRules",
            Direction::Egress => "egressRules",
        }
    }

    fn rank(&self) -> (Direction, i64) {
        (self.direction, self.rule.priority)
    }

    /// Says that another one is at odds with it.
    fn against(&self, other: usize, what: &str) -> Finding {
        let field = SecurityRule::path(self.direction, self.at).field("priority");
        let detail = format!("{}[{other}] has this priority too, {what}", self.list());
        Finding::invalid_number(field, self.rule.priority, detail)
    }
}

/// Looks for rules that are one filter twice, and for those that do different things to the same packets.
pub(super) fn compare(filters: &[Filter<'_>], context: &mut Context<'_>) {
    let mut seen = BTreeMap::new();
    let mut actions: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for filter in filters {
        let first = *seen.entry((filter.rank(), filter.text.as_str())).or_insert(filter.at);
        if first != filter.at {
            let what = "and the same match: it is one filter twice";
            let help = "Remove one of them, or give the two different priorities: the rule with the lowest wins.";
            context.deny(filter.against(first, what).help(help));
        }
        actions.entry(filter.rank()).or_default().insert(filter.action());
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        let is_disputed = |filter: &&Filter<'_>| {
            filter.direction == direction && actions.get(&filter.rank()).is_some_and(|actions| actions.len() > 1)
        };
        let disputed: Vec<_> = filters.iter().filter(is_disputed).collect();
        if disputed.len() > MOST_PAIRED {
            let field = SecurityRule::list(direction);
            let rest = format!("only the first {MOST_PAIRED} rules that share a priority are compared");
            context.not_judged(Action::Warn, field, &rest);
        }
        overlaps(disputed.into_iter().take(MOST_PAIRED), context);
    }
}

fn overlaps<'f>(disputed: impl Iterator<Item = &'f Filter<'f>>, context: &mut Context<'_>) {
    let mut earlier: Vec<Candidate<'f>> = Vec::new();
    for filter in disputed {
        if context.has_enough(Action::Warn) {
            return;
        }
        let candidate = Candidate { filter, taken: Match::parse(&filter.text, Version::default()).taken() };
        if let Some(other) = earlier.iter().find(|other| other.disputes(&candidate)) {
            let what = "another policy, and packets in common: OVN may take either";
            let help = "Give the two different priorities: the rule with the lowest wins.";
            context.warn(filter.against(other.filter.at, what).help(help));
        }
        earlier.push(candidate);
    }
}

impl Candidate<'_> {
    /// Whether another one does something else to packets that this one takes too. One filter twice is said already.
    fn disputes(&self, other: &Self) -> bool {
        let (one, another) = (self.filter, other.filter);
        let (Some(a), Some(b)) = (&self.taken, &other.taken) else { return false };
        one.rank() == another.rank()
            && one.action() != another.action()
            && one.text != another.text
            && remotes_meet(one.rule, another.rule)
            && a.possibly.meet(&b.possibly)
    }
}

/// Whether the other ends of two rules have somebody in common, where one of them is a group. Who is in it is not known.
fn remotes_meet(one: &SecurityRule, other: &SecurityRule) -> bool {
    let is_everybody =
        |rule: &SecurityRule| Cidr::parse(&rule.remote_address).is_ok_and(|cidr| cidr.network().prefix_len() == 0);
    match (matches::names_group(one), matches::names_group(other)) {
        (true, true) => one.remote_security_group == other.remote_security_group,
        (true, false) => is_everybody(other),
        (false, true) => is_everybody(one),
        (false, false) => true,
    }
}

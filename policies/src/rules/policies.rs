//! Which rules of the table belong to a policy, and what follows from that.

use std::collections::BTreeSet;

use super::{INJECTIONS, TABLE, is_reviewed};
use crate::kinds::Kind;
use crate::rule::{Injector, Policy, Rule};

impl Policy {
    /// Its rules, in the order of the table. They are picked when this is compiled, so that a program with one policy has
    /// the code of its rules alone.
    pub fn rules(self) -> &'static [&'static Rule] {
        macro_rules! picked {
            ($policy:expr) => {
                const { &pick::<{ count($policy) }>($policy) }
            };
        }
        match self {
            Policy::VpcNamespaceBinding => picked!(Policy::VpcNamespaceBinding),
            Policy::PodAttachmentBinding => picked!(Policy::PodAttachmentBinding),
            Policy::NetworkReferences => picked!(Policy::NetworkReferences),
            Policy::SubnetOverlap => picked!(Policy::SubnetOverlap),
            Policy::SubnetAddresses => picked!(Policy::SubnetAddresses),
            Policy::LoadBalancers => picked!(Policy::LoadBalancers),
            Policy::NatGatewayLanIp => picked!(Policy::NatGatewayLanIp),
            Policy::NatRules => picked!(Policy::NatRules),
            Policy::EgressGateway => picked!(Policy::EgressGateway),
            Policy::StaticRouteLanIp => picked!(Policy::StaticRouteLanIp),
            Policy::OvnMatch => picked!(Policy::OvnMatch),
            Policy::Attachments => picked!(Policy::Attachments),
            Policy::InUse => picked!(Policy::InUse),
            Policy::VpcSyntax => picked!(Policy::VpcSyntax),
            Policy::VpcInjector => &[],
        }
    }

    /// What it injects.
    pub fn injections(self) -> &'static [Injector] {
        if self.is_mutating() { INJECTIONS } else { &[] }
    }

    /// The kinds that it is to be asked about. The types of a ConfigMap's data are not the business of `field-type`.
    pub fn kinds(self) -> BTreeSet<Kind> {
        let reads = |kind: Kind| self.rules().iter().any(|rule| rule.reads_of(kind));
        let reviewed = self.rules().iter().flat_map(|rule| rule.stored_kinds());
        let reviewed = reviewed.filter(|kind| is_reviewed(*kind) && (*kind != Kind::ConfigMap || reads(*kind)));
        reviewed.chain(self.injections().iter().map(|rule| rule.kind)).collect()
    }

    /// The kinds of which it is to be asked about what goes.
    pub fn deletions(self) -> BTreeSet<Kind> {
        self.rules().iter().flat_map(|rule| rule.deletions()).collect()
    }

    /// The kinds of which it looks others up. A policy server would keep all IPs in memory, of which there are as many as Pods.
    pub fn asks(self) -> BTreeSet<Kind> {
        let asked = self.rules().iter().map(|rule| rule.asks).chain(self.injections().iter().map(|rule| rule.asks));
        asked.flatten().copied().filter(|kind| *kind != Kind::Ip).collect()
    }
}

/// How many rules of the table belong to a policy.
const fn count(policy: Policy) -> usize {
    let (mut count, mut rest) = (0, TABLE);
    while let [rule, after @ ..] = rest {
        if rule.policy as u8 == policy as u8 {
            count += 1;
        }
        rest = after;
    }
    count
}

/// The rules of the table that belong to a policy, of which there must be so many.
#[expect(clippy::indexing_slicing, reason = "an index out of bounds would not compile")]
const fn pick<const COUNT: usize>(policy: Policy) -> [&'static Rule; COUNT] {
    let mut picked = [TABLE[0]; COUNT];
    let (mut at, mut rest) = (0, TABLE);
    while let [rule, after @ ..] = rest {
        if rule.policy as u8 == policy as u8 {
            picked[at] = rule;
            at += 1;
        }
        rest = after;
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_in_one_policy_and_each_policy_has_a_rule() {
        let all: Vec<_> = Policy::ALL.iter().flat_map(|policy| policy.rules()).map(|rule| rule.id).collect();
        let wanted: BTreeSet<_> = TABLE.iter().map(|rule| rule.id).collect();
        assert_eq!(all.len(), TABLE.len());
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), wanted);
        for policy in Policy::ALL {
            assert_eq!(policy.rules().is_empty(), policy.is_mutating(), "{policy}");
            assert_eq!(!policy.injections().is_empty(), policy.is_mutating(), "{policy}");
            assert!(!policy.kinds().is_empty());
        }
    }

    #[test]
    fn what_can_be_judged_alone_asks_for_nothing() {
        assert!(Policy::VpcSyntax.asks().is_empty());
    }
}

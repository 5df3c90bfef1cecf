//! Parts of the rules that are deployed by themselves, as the policies of a Kubewarden policy server are.
//!
//! Each rule says in its own file to which part it belongs, so it belongs to exactly one.

use std::collections::BTreeSet;
use std::fmt;

use crate::kinds::Kind;
use crate::rules::{INJECTIONS, Injector, Rule, TABLE};

/// A part of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Who may be in which VPC, and whether what is named exists.
    VpcNamespaceBinding,
    /// Which addresses Subnets hold.
    SubnetOverlap,
    /// NAT gateways and their place in a Subnet.
    NatGatewayLanIp,
    /// What a VPC's router reaches: routes, peerings and networks.
    StaticRouteLanIp,
    /// What can be judged by the object alone.
    VpcSyntax,
    /// What is injected.
    VpcInjector,
}

impl Policy {
    /// All of them.
    pub const ALL: &'static [Policy] = &[
        Policy::VpcNamespaceBinding,
        Policy::SubnetOverlap,
        Policy::NatGatewayLanIp,
        Policy::StaticRouteLanIp,
        Policy::VpcSyntax,
        Policy::VpcInjector,
    ];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Policy::VpcNamespaceBinding => "vpc-namespace-binding",
            Policy::SubnetOverlap => "subnet-overlap",
            Policy::NatGatewayLanIp => "nat-gateway-lan-ip",
            Policy::StaticRouteLanIp => "static-route-lan-ip",
            Policy::VpcSyntax => "vpc-syntax",
            Policy::VpcInjector => "vpc-injector",
        }
    }

    /// What it is for, in a line.
    pub fn summary(self) -> &'static str {
        match self {
            Policy::VpcNamespaceBinding => "keeps namespaces out of Kube-OVN VPCs that are not theirs",
            Policy::SubnetOverlap => "keeps Kube-OVN Subnets of one VPC from having an address in common",
            Policy::NatGatewayLanIp => "keeps the lanIp of a Kube-OVN NAT gateway free and within its Subnet",
            Policy::StaticRouteLanIp => "keeps the routes of a Kube-OVN VPC from leading to nobody",
            Policy::VpcSyntax => "refuses values that Kube-OVN accepts and then fails on",
            Policy::VpcInjector => "gives Pods the Subnet of their namespace, and Kube-OVN VPCs their load balancer",
        }
    }

    /// Its rules, in the order of the table.
    pub fn rules(self) -> impl Iterator<Item = &'static Rule> {
        TABLE.iter().copied().filter(move |rule| rule.policy == self)
    }

    /// What it injects.
    pub fn injections(self) -> impl Iterator<Item = &'static Injector> {
        INJECTIONS.iter().filter(move |_| self.is_mutating())
    }

    /// Whether it changes objects instead of judging them.
    pub fn is_mutating(self) -> bool {
        self == Policy::VpcInjector
    }

    /// The kinds that it is to be asked about.
    pub fn kinds(self) -> BTreeSet<Kind> {
        self.rules().flat_map(Rule::kinds).chain(self.injections().map(|rule| rule.kind)).collect()
    }

    /// The kinds of which it looks others up.
    pub fn asks(self) -> BTreeSet<Kind> {
        let asked = self.rules().map(|rule| rule.asks).chain(self.injections().map(|rule| rule.asks));
        asked.flatten().copied().collect()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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
            assert_ne!(policy.rules().count() > 0, policy.is_mutating(), "{policy}");
            assert_eq!(policy.injections().count() > 0, policy.is_mutating(), "{policy}");
            assert!(!policy.kinds().is_empty());
        }
    }

    #[test]
    fn what_can_be_judged_alone_asks_for_nothing() {
        assert!(Policy::VpcSyntax.asks().is_empty());
        for rule in TABLE {
            assert_eq!(rule.policy == Policy::VpcSyntax, rule.asks.is_empty(), "{}", rule.id);
        }
    }
}

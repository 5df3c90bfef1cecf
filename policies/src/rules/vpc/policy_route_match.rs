//! Refuses a policy route whose match OVN cannot read.
//!
//! A match is written in a language of OVN's own. Nobody checks it: Kube-OVN stores it as it is, and ovn-controller leaves out
//! the policy that it cannot read, with a line in its log on each node. So a `drop` that is mistyped lets everything through,
//! and a `reroute` leads nowhere. The rule reads a match as OVN 25.03 does, which Kube-OVN 1.15 and later bring, and says what is
//! wrong with it and where. Ordering against an address set, which OVN takes, is refused too: with some sets it ends
//! ovn-controller on every node, again and again.
//!
//! It warns of what OVN takes and nobody means: a match that no packet can have, a constant that is cut or of another kind,
//! fields that say nothing on a router, a reroute to an address of another family. And it warns of names that it does not know:
//! of fields, which another release of OVN may have, of address sets and of port groups.
//!
//! ```yaml bad
//! # bad: a single equals sign, and `and` in place of `&&`
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   policyRoutes:
//!   - {action: drop, match: ip4.src = 10.0.1.0/24, priority: 31500}
//!   - {action: drop, match: ip4 and tcp.dst == 25, priority: 31400}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! spec:
//!   policyRoutes:
//!   - {action: drop, match: ip4.src == 10.0.1.0/24, priority: 31500}
//!   - {action: drop, match: ip4 && tcp.dst == 25, priority: 31400}
//! ```
//!
//! Correct the characters that are underlined. What cannot be denied in a match, as in `!tcp`, is left to a policy of lower
//! priority.

use crate::finding::Action;
use crate::kinds::{PolicyRoute, Vpc};
use crate::net::Family;
use crate::ovn_match::{Match, Remark, Version};
use crate::rule::prelude::*;
use crate::rules::support::matches::{Place, packets_like};

/// The rule.
pub const RULE: Rule = Rule {
    id: "policy-route-match",
    summary: "OVN cannot read a policy route's match, and leaves the policy out",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::OvnMatch,
    asks: &[],
    checks: &[Check::Vpc(&[Read::Field("spec.policyRoutes")], check)],
};

fn check(vpc: &Vpc, context: &mut Context<'_>) -> Outcome {
    for (at, route) in vpc.policy_routes.iter().enumerate() {
        let field = PolicyRoute::path(at).field("match");
        if route.matches.trim().is_empty() {
            let finding = Finding::required(field, "OVN leaves a policy without a match out");
            context.deny(finding.help("Write ip4 or ip6 for all packets of a family, or 1 for all."));
            continue;
        }
        let parsed = Match::parse(&route.matches, Version::default());
        let place = Place { field, text: &route.matches, what: "policy" };
        place.report(parsed.faults(), context);
        let action = |remark: &Remark| match remark {
            Remark::LongPrefix { .. } => Action::Deny,
            _ => Action::Warn,
        };
        place.report_lints(&parsed.lints(), |lint| action(&lint.remark), context);
        place.report_lints(&parsed.lints_on_router(), |_| Action::Warn, context);
        families(at, route, &parsed, context);
    }
    Ok(())
}

/// A next hop of a family of which the match takes nothing.
fn families(at: usize, route: &PolicyRoute, parsed: &Match, context: &mut Context<'_>) {
    let Some(taken) = parsed.taken().filter(|taken| !taken.possibly.is_empty()) else { return };
    let others = route.next_hops().filter(|(_, hop)| !taken.possibly.meet(&packets_like(*hop)));
    for (written, hop) in others {
        let field = PolicyRoute::path(at).field("nextHopIP");
        let detail = format!("the match takes no {} packets", Family::of(hop).name());
        let help = "Give the policy a next hop of the family that it matches.";
        context.warn(Finding::invalid(field, written, detail).help(help));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::Cluster;

    /// What OVN 25.03 says of many matches: null where it takes them.
    const CASES: &str = include_str!("../../../../tests/ovn_match/cases.json");

    fn vpc(text: &str) -> Value {
        let route = json!({"action": "drop", "match": text, "priority": 31500});
        json!({"kind": "Vpc", "name": "v", "spec": {"policyRoutes": [route]}})
    }

    fn refuses(text: &str, wanted: &str) {
        let field = "spec.policyRoutes[0].match: ";
        Cluster::of(RULE.id).refuses(&vpc(text), &[&format!("{field}{wanted} [policy-route-match]")]);
    }

    fn warns(text: &str, wanted: &str) {
        let wanted = format!("spec.policyRoutes[0].match: {text:?}: {wanted} [policy-route-match]");
        Cluster::of(RULE.id).warns(&vpc(text), &[&wanted]);
    }

    #[test]
    fn what_ovn_cannot_read_is_refused() {
        refuses("", "Required value: OVN leaves a policy without a match out");
        refuses(" \n", "Required value: OVN leaves a policy without a match out");
        refuses(
            "ip4.src = 10.0.0.1",
            r#"Invalid value: "ip4.src = 10.0.0.1": `=` stands where an operator should, so OVN leaves the policy out"#,
        );
        refuses("!tcp", r#"Invalid value: "!tcp": tcp can be asked for, but not denied, so OVN leaves the policy out"#);
        refuses(
            "ip4.src < $as",
            r#"Invalid value: "ip4.src < $as": ordering against an address set can stop ovn-controller on every node"#,
        );
        refuses(
            "ip4.src == 10.0.0.0/4294967320",
            r#"Invalid value: "ip4.src == 10.0.0.0/4294967320": OVN cuts the prefix length 4294967320 to 24"#,
        );
    }

    #[test]
    fn each_fault_has_its_part_of_the_text() {
        let text = "ip4.src == fd00::1 && tcp.dst == 70000";
        let verdict = Cluster::of(RULE.id).verdict(&crate::rules::support::testing::create(&vpc(text)));
        let parts = verdict.findings.iter().map(|finding| &text[finding.part_of_value().unwrap().clone()]);
        assert_eq!(parts.collect::<Vec<_>>(), ["fd00::1", "70000"]);
    }

    #[test]
    fn names_that_nobody_knows_are_warned_of() {
        warns("ip.src == 10.0.0.1", r#"there is no field "ip.src", so OVN leaves the policy out"#);
        warns("ip4.src == ^v", "a template of OVN's load balancers means nothing here, so OVN leaves the policy out");
        warns(
            "ip4.src == $blue.ipv4",
            r#"whether OVN has an address set "blue.ipv4" is not known here; without it the match is left out"#,
        );
    }

    #[test]
    fn what_nobody_means_is_warned_of() {
        warns("ip4 && ip6", "no packet can match this");
        warns(
            "outport == \"a\"",
            "the field outport says nothing in the policy of a router: routing has set it before, whatever came in",
        );
    }

    #[test]
    fn a_reroute_leads_to_an_address_of_the_family() {
        let vpc = |text: &str, hops: &str| {
            let route = json!({"action": "reroute", "match": text, "nextHopIP": hops});
            json!({"kind": "Vpc", "name": "v", "spec": {"policyRoutes": [route]}})
        };
        let wanted =
            r#"spec.policyRoutes[0].nextHopIP: "fd00::1": the match takes no IPv6 packets [policy-route-match]"#;
        Cluster::of(RULE.id).warns(&vpc("ip4.src == 10.0.0.1", "fd00::1"), &[wanted]);
        for (text, hops) in [("ip4.src == 10.0.0.1", "10.0.0.9"), ("tcp", "fd00::1"), ("pkt.mark == 1", "10.0.0.9")] {
            Cluster::of(RULE.id).accepts(&vpc(text, hops));
        }
    }

    #[test]
    fn what_ovn_takes_is_not_refused() {
        let cases: Vec<(String, Value)> = serde_json::from_str(CASES).unwrap();
        let is_known = |text: &str| !text.contains(['$', '@']) && !text.contains("/4294967");
        let taken = cases.iter().filter(|(text, said)| said.is_null() && is_known(text));
        let mut count = 0;
        for (text, _) in taken {
            Cluster::of(RULE.id).refuses(&vpc(text), &[]);
            count += 1;
        }
        assert!(count > 100, "{count}");
    }
}

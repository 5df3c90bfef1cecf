//! Refuses an ACL of a Subnet that OVN does not take.
//!
//! Kube-OVN writes all ACLs of a Subnet in one transaction. One bad `action`, `direction`, `priority` or empty `match` in it,
//! and none of them is applied: everything passes. A match that OVN cannot read is stored, and left out by ovn-controller with
//! a line in its log on each node: a `drop` lets everything through. The rule reads a match as OVN 25.03 does, which Kube-OVN
//! 1.15 and later bring. Around the match of an ACL stand parentheses that the user does not see: what only they heal, as in
//! `tcp) && (udp`, and what they break, as a comment at the end, is refused too.
//!
//! It warns of what OVN takes and nobody means, of fields, sets and groups that it does not know, of two ACLs that differ in
//! nothing but their action, and of a `drop` or `reject` that takes the traffic to the Subnet's gateway: Kube-OVN pings it
//! before a Pod starts, unless there is `disableGatewayCheck`, and with `allowEWTraffic` it lets the ping through at priority 1900.
//!
//! ```yaml bad
//! # bad: OVN's word is allow-related, so none of the two is applied
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-db}
//! spec:
//!   vpc: blue
//!   cidrBlock: 10.0.2.0/24
//!   acls:
//!   - {action: drop, direction: to-lport, match: ip4.src == 10.0.3.0/24, priority: 1000}
//!   - {action: accept, direction: to-lport, match: ip4.src == 10.0.3.5, priority: 1001}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Vpc
//! metadata: {name: blue}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: blue-db}
//! spec:
//!   vpc: blue
//!   cidrBlock: 10.0.2.0/24
//!   acls:
//!   - {action: drop, direction: to-lport, match: ip4.src == 10.0.3.0/24, priority: 1000}
//!   - {action: allow-related, direction: to-lport, match: ip4.src == 10.0.3.5, priority: 1001}
//! ```
//!
//! Correct the field that the message names, or the characters that are underlined.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::finding::Action;
use crate::kinds::{Acl, Subnet};
use crate::net::Cidr;
use crate::ovn_match::packets::{Dimension, PacketBox, Packets, Taken};
use crate::ovn_match::{Match, Version};
use crate::rule::prelude::*;
use crate::rules::support::corrections;
use crate::rules::support::matches::{Place, only, packets_of};

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-acl-syntax",
    summary: "OVN does not take an ACL of a Subnet, and lets through what it should stop",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::OvnMatch,
    asks: &[],
    checks: &[Check::Subnet(READS, check)],
};

const READS: &[Read] = &[
    Read::Field("spec.acls"),
    Read::Field("spec.allowEWTraffic"),
    Read::Field("spec.cidrBlock"),
    Read::Field("spec.disableGatewayCheck"),
    Read::Field("spec.gateway"),
    Read::Field("spec.logicalGateway"),
    Read::Field("spec.vlan"),
];

/// That at which Kube-OVN allows, for `allowEWTraffic`, what stays in the Subnet.
const EAST_WEST: i64 = 1900;

/// The highest priority of OVN's `ACL`.
const HIGHEST_PRIORITY: i64 = 32767;

const ACTIONS: &[&str] = &["allow-related", "allow", "allow-stateless", "drop", "reject", "pass"];

const FROM: &str = "from-lport";
const TO: &str = "to-lport";

/// What becomes of the others.
const NONE_APPLIED: &str = "Kube-OVN applies none of the Subnet's ACLs because of it.";

fn check(subnet: &Subnet, context: &mut Context<'_>) -> Outcome {
    let mut seen = BTreeMap::<(&str, i64, &str), usize>::new();
    let mut parsed = Vec::new();
    for (at, acl) in subnet.acls.iter().enumerate() {
        fields(at, acl, context);
        parsed.push(matched(at, acl, context));
        let first = *seen.entry((&acl.direction, acl.priority, &acl.matches)).or_insert(at);
        if subnet.acls.get(first).is_some_and(|first| first.action != acl.action) {
            let detail = format!("acls[{first}] says otherwise with the same direction, priority and match");
            let finding = Finding::invalid(Acl::path(at).field("action"), &acl.action, detail);
            context.warn(finding.help("Give the two different priorities, or keep one of them."));
        }
    }
    gateway(subnet, &parsed, context);
    Ok(())
}

fn fields(at: usize, acl: &Acl, context: &mut Context<'_>) {
    for (name, text, known) in [("action", &acl.action, ACTIONS), ("direction", &acl.direction, &[FROM, TO])] {
        if !known.contains(&text.as_str()) {
            let finding = Finding::not_supported(Acl::path(at).field(name), text, known);
            context.deny(finding.help(format!("{} {NONE_APPLIED}", corrections::choice(text, known))));
        }
    }
    if !(0..=HIGHEST_PRIORITY).contains(&acl.priority) {
        let field = Acl::path(at).field("priority");
        let finding = Finding::invalid_number(field, acl.priority, "must be from 0 to 32767");
        context.deny(finding.help(format!("Choose a number from 0 to 32767; the highest wins. {NONE_APPLIED}")));
    }
}

/// Which packets an ACL takes, after what is wrong with its match has been said.
fn matched(at: usize, acl: &Acl, context: &mut Context<'_>) -> Option<Taken> {
    let field = Acl::path(at).field("match");
    if acl.matches.trim().is_empty() {
        let finding = Finding::required(field, "an ACL needs a match");
        context.deny(finding.help(format!("Write ip4 or ip6 for all packets of a family. {NONE_APPLIED}")));
        return None;
    }
    let parsed = Match::parse_in_acl(&acl.matches, Version::default());
    let place = Place { field, text: &acl.matches, what: "ACL" };
    place.report(parsed.faults(), context);
    place.report_lints(&parsed.lints(), |_| Action::Warn, context);
    parsed.taken()
}

/// An ACL that keeps Pods from the gateway: Kube-OVN pings it from a Pod, and waits for the answer.
fn gateway(subnet: &Subnet, parsed: &[Option<Taken>], context: &mut Context<'_>) {
    if !subnet.is_overlay() || subnet.vpc.is_none() || subnet.disable_gateway_check {
        return;
    }
    let acls =
        || subnet.acls.iter().zip(parsed).enumerate().filter_map(|(at, (acl, taken))| Some((at, acl, taken.as_ref()?)));
    let pings: Vec<_> = subnet.cidrs.iter().zip(&subnet.gateways).flat_map(Ping::of).collect();
    let mut told = vec![false; subnet.acls.len()];
    for ping in &pings {
        let packets = Packets::new(vec![ping.packets.clone()]);
        let allows = |acl: &Acl| !matches!(acl.action.as_str(), "drop" | "reject");
        let allowing = acls().filter(|(_, acl, taken)| allows(acl) && taken.possibly.meet(&packets));
        let allowing: Vec<_> = allowing.map(|(_, acl, _)| acl).collect();
        // An answer to what was let out with its connection is let in.
        if ping.is_answer && acls().any(|(_, acl, _)| acl.action == "allow-related" && acl.direction == FROM) {
            continue;
        }
        for (at, acl, taken) in acls().filter(|(_, acl, _)| !allows(acl)) {
            let is_asked = ping.directions.contains(&acl.direction.as_str());
            let mut before = allowing.iter().filter(|allow| allow.direction == acl.direction);
            let stays = || subnet.allow_ew_traffic && acl.priority <= EAST_WEST && subnet.contains(ping.gateway);
            let is_excepted = before.any(|allow| allow.priority >= acl.priority) || stays();
            let Some(told) = told.get_mut(at).filter(|told| !**told) else { continue };
            if is_asked && !is_excepted && packets.are_within(&taken.surely) == Some(true) {
                *told = true;
                let detail = format!("takes what goes to or comes from the Subnet's gateway {} too", ping.gateway);
                let finding = Finding::invalid(Acl::path(at).field("match"), &acl.matches, detail);
                let help = "Allow the gateway at a higher priority: Kube-OVN pings it before a Pod starts.";
                context.warn(finding.help(help));
            }
        }
    }
}

/// A packet by which Kube-OVN asks whether a Pod reaches its gateway, or by which that answers.
struct Ping {
    gateway: IpAddr,
    packets: PacketBox,
    /// The directions of the ACLs that it passes: the router's port is one of the switch too.
    directions: &'static [&'static str],
    is_answer: bool,
}

impl Ping {
    fn of((cidr, gateway): (&Cidr, &IpAddr)) -> [Self; 2] {
        let icmp = if gateway.is_ipv4() { 1 } else { 58 };
        let between = |pods: Dimension, router: Dimension| {
            let packets = packets_of(pods, cidr.network()).with(router, only(*gateway));
            packets.with(Dimension::Protocol, icmp..=icmp)
        };
        let asked = between(Dimension::Source, Dimension::Destination);
        let answered = between(Dimension::Destination, Dimension::Source);
        [
            Self { gateway: *gateway, packets: asked, directions: &[FROM, TO], is_answer: false },
            Self { gateway: *gateway, packets: answered, directions: &[TO], is_answer: true },
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::rules::support::testing::{Cluster, create};

    /// What OVN 25.03 says of many matches: null where it takes them.
    const CASES: &str = include_str!("../../../../tests/ovn_match/cases.json");

    fn subnet(acls: &Value) -> Value {
        json!({"kind": "Subnet", "name": "s", "spec": {"vpc": "v", "cidrBlock": "10.0.1.0/24,fd00::/64", "acls": acls}})
    }

    fn acl(action: &str, direction: &str, priority: i64, text: &str) -> Value {
        json!({"action": action, "direction": direction, "priority": priority, "match": text})
    }

    fn refuses(acl: &Value, wanted: &str) {
        let wanted = format!("spec.acls[0].{wanted} [subnet-acl-syntax]");
        Cluster::of(RULE.id).refuses(&subnet(&json!([acl])), &[&wanted]);
    }

    fn warned(acls: &Value) -> Vec<String> {
        let verdict = Cluster::of(RULE.id).verdict(&create(&subnet(acls)));
        assert!(verdict.allowed, "{:?}", verdict.findings);
        verdict.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_database_does_not_take_is_refused() {
        refuses(
            &acl("accept", "to-lport", 1, "tcp"),
            r#"action: Unsupported value: "accept": supported values: "allow-related", "allow", "allow-stateless", "drop", "reject", "pass""#,
        );
        refuses(
            &acl("drop", "ingress", 1, "tcp"),
            r#"direction: Unsupported value: "ingress": supported values: "from-lport", "to-lport""#,
        );
        refuses(&acl("drop", "to-lport", 32_768, "tcp"), "priority: Invalid value: 32768: must be from 0 to 32767");
        refuses(&acl("drop", "to-lport", -1, "tcp"), "priority: Invalid value: -1: must be from 0 to 32767");
        refuses(&acl("drop", "to-lport", 1, " "), "match: Required value: an ACL needs a match");
    }

    #[test]
    fn what_ovn_cannot_read_is_refused() {
        for (text, wanted) in [
            ("tcp) && (udp", "`)` stands where the end should, so OVN leaves the ACL out"),
            (
                "tcp // web",
                "the comment hides the `)` that Kube-OVN puts behind the match of an ACL, so OVN leaves the ACL out",
            ),
            ("!tcp", "tcp can be asked for, but not denied, so OVN leaves the ACL out"),
            ("ip.src = 10.0.0.1", "`=` stands where an operator should, so OVN leaves the ACL out"),
            ("ip4.src < $as", "ordering against an address set can stop ovn-controller on every node"),
        ] {
            refuses(&acl("drop", "to-lport", 1, text), &format!("match: Invalid value: {text:?}: {wanted}"));
        }
        let deep = format!("{}tcp{}", "(".repeat(100), ")".repeat(100));
        let verdict = Cluster::of(RULE.id).verdict(&create(&subnet(&json!([acl("drop", "to-lport", 1, &deep)]))));
        assert!(verdict.findings[0].to_string().contains("nested more than 99 deep"), "{}", verdict.findings[0]);
    }

    #[test]
    fn what_nobody_means_is_warned_of() {
        for (text, wanted) in [
            ("ip.src == 10.0.0.1", r#"there is no field "ip.src", so OVN leaves the ACL out"#),
            (
                "ip4.src == $as",
                r#"whether OVN has an address set "as" is not known here; without it the match is left out"#,
            ),
            (
                "inport == @pg",
                r#"whether OVN has a port group "pg" is not known here; without it the match is left out"#,
            ),
            ("ip4 && ip6", "no packet can match this"),
            ("ip4.src == 10", "the field ip4.src holds an IPv4 address, and this is taken for 0.0.0.10"),
        ] {
            let wanted = format!("spec.acls[0].match: {text:?}: {wanted} [subnet-acl-syntax]");
            assert_eq!(warned(&json!([acl("allow", "to-lport", 1, text)])), [wanted]);
        }
    }

    #[test]
    fn two_that_differ_in_their_action_alone_are_warned_of() {
        let web = |action: &str, priority: i64| acl(action, "to-lport", priority, "tcp.dst == 80");
        let wanted = r#"spec.acls[1].action: "drop": acls[0] says otherwise with the same direction, priority and match [subnet-acl-syntax]"#;
        assert_eq!(warned(&json!([web("allow", 5), web("drop", 5)])), [wanted]);
        assert_eq!(warned(&json!([web("allow", 5), web("drop", 4), web("allow", 5)])), Vec::<String>::new());
    }

    #[test]
    fn a_drop_leaves_the_gateway_alone() {
        let takes = |text: &str, gateway: &str| {
            format!(
                "spec.acls[0].match: {text:?}: takes what goes to or comes from the Subnet's gateway {gateway} too [subnet-acl-syntax]"
            )
        };
        for (action, direction, text, gateway) in [
            ("drop", "from-lport", "ip", "10.0.1.1"),
            ("reject", "from-lport", "ip4.dst == 10.0.1.0/24", "10.0.1.1"),
            ("drop", "to-lport", "ip4.src == 10.0.1.1", "10.0.1.1"),
            ("drop", "to-lport", "ip4.dst == 10.0.1.1", "10.0.1.1"),
            ("drop", "from-lport", "ip6", "fd00::1"),
            ("drop", "from-lport", "icmp4", "10.0.1.1"),
        ] {
            assert_eq!(warned(&json!([acl(action, direction, 5, text)])), [takes(text, gateway)]);
        }
        for acls in [
            json!([acl("drop", "from-lport", 5, "tcp")]),
            json!([acl("drop", "from-lport", 5, "ip4.src == 10.0.1.1")]),
            json!([acl("drop", "from-lport", 5, "ip4.dst == 10.0.2.0/24")]),
            json!([acl("drop", "to-lport", 5, "ip4.src == 10.0.1.128/25")]),
            json!([acl("drop", "from-lport", 5, "ip4.dst == 10.0.1.1 && ip4.src == 10.0.1.5")]),
            json!([acl("drop", "from-lport", 5, "ip4"), acl("allow", "from-lport", 6, "ip4.dst == 10.0.1.1")]),
            json!([acl("drop", "from-lport", 5, "ip4"), acl("pass", "from-lport", 6, "icmp4")]),
            json!([
                acl("drop", "to-lport", 5, "ip4.src == 10.0.1.0/24"),
                acl("allow-related", "from-lport", 6, "ip4"),
                acl("allow", "to-lport", 6, "ip4.dst == 10.0.1.1")
            ]),
        ] {
            assert_eq!(warned(&acls), Vec::<String>::new(), "{acls}");
        }
    }

    #[test]
    fn what_kube_ovn_lets_through_itself_and_what_nobody_waits_for_is_no_matter() {
        let with = |field: &str, priority: i64| {
            let drop = |direction: &str| acl("drop", direction, priority, "ip4");
            let mut subnet = subnet(&json!([drop("from-lport"), drop("to-lport")]));
            subnet["spec"][field] = json!(true);
            Cluster::of(RULE.id).verdict(&create(&subnet)).warnings.len()
        };
        assert_eq!(with("private", 1000), 2);
        assert_eq!(with("allowEWTraffic", 1900), 0);
        assert_eq!(with("allowEWTraffic", 1901), 2);
        assert_eq!(with("disableGatewayCheck", 1901), 0);
    }

    #[test]
    fn what_ovn_takes_is_not_refused() {
        for action in super::ACTIONS {
            Cluster::of(RULE.id).refuses(&subnet(&json!([acl(action, "from-lport", 0, "tcp")])), &[]);
        }
        let cases: Vec<(String, Value)> = serde_json::from_str(CASES).unwrap();
        // A comment at the end and the deepest parentheses are taken by OVN, and not with parentheses around them.
        let is_known =
            |text: &str| !text.contains(['$', '@']) && !text.contains("//") && text.matches('(').count() < 100;
        let taken = cases.iter().filter(|(text, said)| said.is_null() && is_known(text));
        let mut count = 0;
        for (text, _) in taken {
            Cluster::of(RULE.id).refuses(&subnet(&json!([acl("allow", "to-lport", 1, text)])), &[]);
            count += 1;
        }
        assert!(count > 100, "{count}");
    }
}

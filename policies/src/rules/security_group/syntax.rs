//! Refuses a security group that lets through what it is to keep out, or does nothing.
//!
//! An API server takes any word in a rule of a SecurityGroup, and Kube-OVN reads some of them as something else:
//!
//! - a `protocol` other than `tcp`, `udp`, `icmp` and `all`, also `TCP` or `sctp`, is all protocols, and the ports are ignored:
//!   a rule that allows port 443 opens everything;
//! - a `policy` other than `allow` and `pass` drops, also `Allow`. `deny`, as Kube-OVN's own schema has it, passes for `drop`;
//! - of a `remoteAddress` or `localAddress` that is a list of prefixes, or of the other family, it makes a match that OVN cannot
//!   read, or that takes no packet: the rule does nothing, and what it was to drop goes through;
//! - `ipVersion`, `priority`, `remoteType`, the `tier`, or the ports of `tcp` and `udp` beyond what it takes stop it, with a
//!   line in its log: nothing of the group that is new is put into force, and of a Pod in a group that never was put into force
//!   nothing is filtered, unless it is in another one. With a `localAddress` source ports must be there too;
//! - two rules of one direction, priority and resulting match are one filter twice: where their policies differ OVN may take
//!   either, and controllers of older releases end at their next start. The ports of `all` and `icmp` make no other match.
//!
//! It warns of ports that are ignored, of a rule without a protocol, which is for all of them, and of two rules of one priority
//! that do different things to the same packets, where OVN may take either. That Pods are in the other group is not known here:
//! rules with different groups as their remotes are not compared.
//!
//! ```yaml bad
//! # bad: the protocol is in upper case, so that everything is open
//! apiVersion: kubeovn.io/v1
//! kind: SecurityGroup
//! metadata: {name: web}
//! spec:
//!   ingressRules:
//!   - {ipVersion: ipv4, protocol: TCP, priority: 1, remoteType: address, remoteAddress: 0.0.0.0/0, portRangeMin: 443, portRangeMax: 443, policy: allow}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: SecurityGroup
//! metadata: {name: web}
//! spec:
//!   ingressRules:
//!   - {ipVersion: ipv4, protocol: tcp, priority: 1, remoteType: address, remoteAddress: 0.0.0.0/0, portRangeMin: 443, portRangeMax: 443, policy: allow}
//! ```
//!
//! Correct the field that the message names.

mod judged;
mod matches;
mod pairs;
#[cfg(test)]
mod tests;

use judged::Judged;

use crate::kinds::{SecurityGroup, SecurityRule};
use crate::rule::prelude::*;

/// The rule.
pub const RULE: Rule = Rule {
    id: "security-group-syntax",
    summary: "a security group's rule is read as another one, or not at all",
    default: RuleAction::Deny,
    isolates: false,
    firm: true,
    strict: false,
    policy: Policy::OvnMatch,
    asks: &[],
    checks: &[Check::SecurityGroup(
        &[Read::Field("spec.ingressRules"), Read::Field("spec.egressRules"), Read::Field("spec.tier")],
        check,
    )],
};

/// The tier behind which there is none.
const LAST_TIER: i64 = 1;

fn check(group: &SecurityGroup, context: &mut Context<'_>) -> Outcome {
    if !(0..=LAST_TIER).contains(&group.tier) {
        let finding = Finding::invalid_number(FieldPath::of("spec.tier"), group.tier, "must be 0 or 1");
        context.deny(finding.help("Write 0, or 1 for rules that come after NetworkPolicies."));
    }
    let mut sound = Vec::new();
    for (direction, at, rule) in group.rules() {
        if Judged::new(rule, SecurityRule::path(direction, at), context).judge(group.tier) {
            sound.push(pairs::Filter::of(direction, at, rule));
        }
    }
    pairs::compare(&sound, context);
    Ok(())
}

//! Refuses a security group that lets through what it is to keep out, or does nothing.
//!
//! An API server takes any word in a rule of a SecurityGroup, and Kube-OVN reads some of them as something else:
//!
//! - a `protocol` other than `tcp`, `udp`, `icmp` and `all`, also `TCP` or `sctp`, is all protocols, and the ports are ignored:
//!   a rule that allows port 443 opens everything;
//! - a `policy` other than `allow` and `pass` drops, also `Allow`. `deny`, as Kube-OVN's own schema has it, passes for `drop`;
//! - of a `remoteAddress` or `localAddress` that is a list of prefixes, or of the other family, it makes a match that OVN cannot
//!   read: the rule is left out, and what it was to drop goes through;
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

mod matches;
mod pairs;
#[cfg(test)]
mod tests;

use crate::kinds::{PortRange, SecurityGroup, SecurityRule};
use crate::net::{Cidr, parse_ip};
use crate::ovn_match::{Match, Version};
use crate::rule::prelude::*;
use crate::rules::support::corrections;

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

const HIGHEST_PRIORITY: i64 = 16384;

const PROTOCOLS: &[&str] = &["tcp", "udp", "icmp", "all"];

fn check(group: &SecurityGroup, context: &mut Context<'_>) -> Outcome {
    if !(0..=LAST_TIER).contains(&group.tier) {
        let finding = Finding::invalid_number(FieldPath::of("spec.tier"), group.tier, "must be 0 or 1");
        context.deny(finding.help("Write 0, or 1 for what comes after everything else."));
    }
    let mut sound = Vec::new();
    for (direction, at, rule) in group.rules() {
        let mut judged = Judged { rule, path: SecurityRule::path(direction, at), context, is_sound: true };
        judged.kind(group.tier);
        judged.remote();
        judged.protocol();
        if judged.is_sound {
            sound.push(pairs::Filter::of(direction, at, rule));
        }
    }
    pairs::compare(&sound, context);
    Ok(())
}

/// A rule of a group while it is looked at.
struct Judged<'j, 'c> {
    rule: &'j SecurityRule,
    path: FieldPath,
    context: &'j mut Context<'c>,
    /// Whether nothing was wrong with it until now.
    is_sound: bool,
}

impl Judged<'_, '_> {
    fn field(&self, name: &'static str) -> FieldPath {
        self.path.clone().field(name)
    }

    fn deny(&mut self, finding: Finding) {
        self.is_sound = false;
        self.context.deny(finding);
    }

    fn kind(&mut self, tier: i64) {
        let rule = self.rule;
        if !matches!(rule.ip_version.as_str(), "ipv4" | "ipv6") {
            let versions = &["ipv4", "ipv6"];
            let finding = Finding::not_supported(self.field("ipVersion"), &rule.ip_version, versions);
            self.deny(finding.help(corrections::choice(&rule.ip_version, versions)));
        }
        if !(1..=HIGHEST_PRIORITY).contains(&rule.priority) {
            let finding =
                Finding::invalid_number(self.field("priority"), rule.priority, "must be from 1 to 16384");
            self.deny(finding.help("Choose a number from 1 to 16384; the rule with the lowest wins."));
        }
        match rule.policy.as_str() {
            "pass" if tier == LAST_TIER => {
                let detail = "pass may not stand in a group of tier 1, behind which there is no other";
                let finding = Finding::forbidden(self.field("policy"), "pass", detail);
                self.deny(finding.help("Write allow or drop, or set spec.tier to 0."));
            }
            "allow" | "pass" | "drop" | "deny" => {}
            other => {
                let policies = &["allow", "pass", "drop"];
                let finding = Finding::not_supported(self.field("policy"), other, policies);
                let meant = corrections::choice(other, policies);
                self.deny(finding.help(format!("{meant} Kube-OVN drops at any other word.")));
            }
        }
    }

    fn remote(&mut self) {
        let rule = self.rule;
        match rule.remote_type.as_str() {
            "address" if rule.remote_address.is_empty() => {
                let everybody = if rule.ip_version == "ipv6" { "::/0" } else { "0.0.0.0/0" };
                let finding = Finding::required(self.field("remoteAddress"), "must be an address or a prefix");
                self.deny(finding.help(format!("Write one, or {everybody} for everybody.")));
            }
            "address" => self.address("remoteAddress", &rule.remote_address),
            "securityGroup" if rule.remote_security_group.is_empty() => {
                let finding = Finding::required(self.field("remoteSecurityGroup"), "must name a SecurityGroup");
                self.deny(finding.help("Name the group, or write remoteType address."));
            }
            "securityGroup" => {}
            other => {
                let types = &["address", "securityGroup"];
                let finding = Finding::not_supported(self.field("remoteType"), other, types);
                // The schema's own text says so.
                let meant = if other == "cidr" { "address" } else { other };
                self.deny(finding.help(corrections::choice(meant, types)));
            }
        }
        if !rule.local_address.is_empty() {
            self.address("localAddress", &rule.local_address);
        }
    }

    /// One address or prefix of the rule's family, which OVN can read.
    fn address(&mut self, name: &'static str, text: &str) {
        let field = self.field(name);
        if text.contains(',') {
            let detail = "must be one address or prefix: OVN cannot read a list here";
            return self.deny(Finding::invalid(field, text, detail).help("Write a rule for each."));
        }
        let cidr = Cidr::parse(text);
        match cidr {
            Err(error) if text.contains('/') => {
                let finding = Finding::invalid(field, text, error.to_string());
                return self.deny(finding.help(corrections::prefix(text, error)));
            }
            Err(_) if parse_ip(text).is_none() => {
                let finding = Finding::invalid(field, text, "is not an address or a prefix");
                return self.deny(finding.help(corrections::address(text)));
            }
            _ => {}
        }
        let (of_text, ip) = if text.contains(':') { ("ipv6", "ip6") } else { ("ipv4", "ip4") };
        let is_known = matches!(self.rule.ip_version.as_str(), "ipv4" | "ipv6");
        if is_known && of_text != self.rule.ip_version {
            let detail = format!("is {of_text}, and ipVersion is {}", self.rule.ip_version);
            let help = format!("Write an address of the same family, or ipVersion {of_text}.");
            return self.deny(Finding::invalid(field, text, detail).help(help));
        }
        let is_match = Match::parse(&format!("{ip}.src == {text}"), Version::default());
        if let Some(fault) = is_match.faults().first() {
            let network = cidr.map_or_else(|_| text.to_owned(), |cidr| cidr.network().to_string());
            let finding = Finding::invalid(field, text, format!("OVN cannot read it: {fault}"));
            self.deny(finding.help(format!("Write {network}.")));
        }
    }

    fn protocol(&mut self) {
        let rule = self.rule;
        let has_ports = !rule.ports.is_empty() || !rule.source_ports.is_empty();
        match rule.protocol.as_str() {
            "tcp" | "udp" => {
                self.ports(["portRangeMin", "portRangeMax"], rule.ports, &rule.protocol);
                let source = ["sourcePortRangeMin", "sourcePortRangeMax"];
                if !rule.local_address.is_empty() {
                    self.ports(source, rule.source_ports, "localAddress");
                } else if !rule.source_ports.is_empty() {
                    self.ignored(source, rule.source_ports, "without localAddress");
                }
            }
            "all" | "icmp" => {
                let because = if rule.protocol == "all" { "with protocol all" } else { "with protocol icmp" };
                if !rule.ports.is_empty() {
                    self.ignored(["portRangeMin", "portRangeMax"], rule.ports, because);
                }
                if !rule.source_ports.is_empty() {
                    self.ignored(["sourcePortRangeMin", "sourcePortRangeMax"], rule.source_ports, because);
                }
            }
            "" if has_ports => {
                let detail = "without tcp or udp the ports are ignored: the rule is for all protocols and ports";
                self.deny(Finding::required(self.field("protocol"), detail).help("Write tcp or udp."));
            }
            "" => {
                let finding = Finding::required(self.field("protocol"), "an empty one stands for all protocols");
                self.context.warn(finding.help("Write all, if all are meant."));
            }
            other => {
                let detail = "is not tcp, udp, icmp or all: Kube-OVN takes it for all, and ignores the ports";
                // Of sctp nothing that there is would be a correction.
                let meant = PROTOCOLS.iter().find(|known| known.eq_ignore_ascii_case(other.trim()));
                let meant = meant.map_or_else(|| PROTOCOLS.join(", "), |meant| (*meant).to_owned());
                let finding = Finding::invalid(self.field("protocol"), other, detail);
                self.deny(finding.help(format!("Write {meant}.")));
            }
        }
    }

    /// Ports that must be there, because of another field.
    fn ports(&mut self, [first, last]: [&'static str; 2], range: PortRange, because: &str) {
        const BOTH: &str = "Write both ends of the range, from 1 to 65535: for one port the same number twice.";
        if range.is_empty() {
            let detail = format!("{because} needs a range of ports here");
            return self.deny(Finding::required(self.field(first), detail).help(BOTH));
        }
        let is_port = |port: i64| (1..=65535).contains(&port);
        for (name, port) in [(first, range.first), (last, range.last)] {
            if !is_port(port) {
                let finding = Finding::invalid_number(self.field(name), port, "must be from 1 to 65535");
                self.deny(finding.help(BOTH));
            }
        }
        if is_port(range.first) && is_port(range.last) && range.first > range.last {
            let detail = format!("is above {last}, which is {}", range.last);
            let finding = Finding::invalid_number(self.field(first), range.first, detail);
            self.deny(finding.help("Swap the two."));
        }
    }

    /// Ports that nobody reads, for a reason.
    fn ignored(&mut self, [first, last]: [&'static str; 2], range: PortRange, because: &str) {
        let (name, port) = if range.first == 0 { (last, range.last) } else { (first, range.first) };
        let finding = Finding::invalid_number(self.field(name), port, format!("is ignored {because}"));
        self.context.warn(finding.help("Remove the ports, or add what makes them count."));
    }
}

//! A rule of a security group by itself.

use super::LAST_TIER;
use crate::kinds::{PortRange, SecurityRule};
use crate::net::{Cidr, parse_ip};
use crate::ovn_match::{Match, Version};
use crate::rule::prelude::*;
use crate::rules::support::corrections;

const HIGHEST_PRIORITY: i64 = 16384;

const PROTOCOLS: &[&str] = &["tcp", "udp", "icmp", "all"];

/// A rule of a group while it is looked at.
pub(super) struct Judged<'j, 'c> {
    rule: &'j SecurityRule,
    path: FieldPath,
    context: &'j mut Context<'c>,
    /// Whether nothing was wrong with it until now.
    is_sound: bool,
}

impl<'j, 'c> Judged<'j, 'c> {
    pub(super) fn new(rule: &'j SecurityRule, path: FieldPath, context: &'j mut Context<'c>) -> Self {
        Self { rule, path, context, is_sound: true }
    }

    /// Says all that is wrong with it, and whether that is nothing. It is in a group of this tier.
    pub(super) fn judge(mut self, tier: i64) -> bool {
        self.kind(tier);
        self.remote();
        self.protocol();
        self.is_sound
    }

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
            let finding = Finding::invalid_number(self.field("priority"), rule.priority, "must be from 1 to 16384");
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
                // What passes for drop is not advised, but was meant here.
                let meant = if other.trim().eq_ignore_ascii_case("deny") { "drop" } else { other };
                let meant = corrections::choice(meant, policies);
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
                let meant = meant.copied().unwrap_or("tcp, udp, icmp or all");
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

//! A security group: what Pods that are in it may send and receive.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource, folded};
use crate::field::FieldPath;
use crate::json::Reader;

/// A `SecurityGroup`.
#[derive(Clone, Debug, Default)]
pub struct SecurityGroup {
    /// The metadata.
    pub meta: Meta,
    /// What comes in.
    pub ingress: Vec<SecurityRule>,
    /// What goes out.
    pub egress: Vec<SecurityRule>,
    /// Which of OVN's tiers the rules are in, counted from 0.
    pub tier: i64,
}

/// Which way the traffic of a rule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the Pod.
    Ingress,
    /// From the Pod.
    Egress,
}

/// A rule of a security group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityRule {
    /// `ipv4` or `ipv6`.
    pub ip_version: String,
    /// `tcp`, `udp`, `icmp` or `all`.
    pub protocol: String,
    /// From 1 to 16384; the lowest wins.
    pub priority: i64,
    /// `address` or `securityGroup`.
    pub remote_type: String,
    /// Who is at the other end, by address.
    pub remote_address: String,
    /// Who is at the other end, by group.
    pub remote_security_group: String,
    /// The Pod's own address.
    pub local_address: String,
    /// The destination's ports.
    pub ports: PortRange,
    /// The source's ports.
    pub source_ports: PortRange,
    /// `allow`, `pass` or `drop`.
    pub policy: String,
}

/// Ports, from the first to the last. Where one is not written, it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Resource for SecurityGroup {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.egressRules", "spec.ingressRules"]);
    const INDEXES: &'static [Index<Self>] =
        &[Index { name: Self::BY_PORT_GROUP, words: |group, each| each(&group.port_group()) }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let rules = |field: &'static str| spec.at(field).items().map(|rule| SecurityRule::read(&rule)).collect();
        Self {
            meta: Meta::read(object),
            ingress: rules("ingressRules"),
            egress: rules("egressRules"),
            tier: spec.at("tier").integer().unwrap_or(0),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl SecurityGroup {
    /// By the name that Kube-OVN gives its port group.
    pub const BY_PORT_GROUP: &'static str = "port group";

    /// What Kube-OVN makes of its name in OVN, where names have no hyphens.
    pub fn port_group(&self) -> String {
        folded(&self.meta.name)
    }

    /// The rules of both directions, each with its number.
    pub fn rules(&self) -> impl Iterator<Item = (Direction, usize, &SecurityRule)> {
        let lists = [(Direction::Ingress, &self.ingress), (Direction::Egress, &self.egress)];
        lists.into_iter().flat_map(|(way, rules)| rules.iter().enumerate().map(move |(at, rule)| (way, at, rule)))
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::SecurityGroup, &self.meta.name)
    }
}

impl SecurityRule {
    fn read(rule: &Reader) -> Self {
        let text = |field: &'static str| rule.at(field).string();
        let ports = |first: &'static str, last: &'static str| PortRange {
            first: rule.at(first).integer().unwrap_or(0),
            last: rule.at(last).integer().unwrap_or(0),
        };
        Self {
            ip_version: text("ipVersion"),
            protocol: text("protocol"),
            priority: rule.at("priority").integer().unwrap_or(0),
            remote_type: text("remoteType"),
            remote_address: text("remoteAddress"),
            remote_security_group: text("remoteSecurityGroup"),
            local_address: text("localAddress"),
            ports: ports("portRangeMin", "portRangeMax"),
            source_ports: ports("sourcePortRangeMin", "sourcePortRangeMax"),
            policy: text("policy"),
        }
    }

    /// The path of the rules of a direction.
    pub fn list(direction: Direction) -> FieldPath {
        FieldPath::of(match direction {
            Direction::Ingress => "spec.ingressRules",
            Direction::Egress => "spec.egressRules",
        })
    }

    /// The path of the rule of this number.
    pub fn path(direction: Direction, index: usize) -> FieldPath {
        Self::list(direction).index(index)
    }
}

impl PortRange {
    /// Whether neither end is written.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

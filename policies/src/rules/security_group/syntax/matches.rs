//! The match that Kube-OVN makes of a rule.

use crate::kinds::{Direction, PortRange, SecurityRule, folded};

/// The match, without the group's own port group, which stands first in all of one direction.
pub(super) fn of(direction: Direction, rule: &SecurityRule) -> String {
    let version = if rule.ip_version == "ipv6" { '6' } else { '4' };
    let (local, remote) = match direction {
        Direction::Ingress => ("dst", "src"),
        Direction::Egress => ("src", "dst"),
    };
    let peer = if names_group(rule) {
        let group = folded(&rule.remote_security_group);
        format!("$ovn.sg.{group}.associated.v{version}")
    } else {
        rule.remote_address.clone()
    };
    let mut parts = vec![format!("ip{version}"), format!("ip{version}.{remote} == {peer}")];
    let has_local = !rule.local_address.is_empty();
    if has_local {
        parts.push(format!("ip{version}.{local} == {}", rule.local_address));
    }
    match rule.protocol.as_str() {
        "icmp" => parts.push(format!("icmp{version}")),
        protocol @ ("tcp" | "udp") => {
            let between =
                |field: &str, PortRange { first, last }: PortRange| format!("{first} <= {protocol}.{field} <= {last}");
            parts.push(between("dst", rule.ports));
            if has_local {
                parts.push(between("src", rule.source_ports));
            }
        }
        _ => {}
    }
    parts.join(" && ")
}

/// Whether the other end is a group.
pub(super) fn names_group(rule: &SecurityRule) -> bool {
    rule.remote_type == "securityGroup"
}

//! Addresses, their families, and lists of them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Parses an address as Go's `net.ParseIP` does: no zone, no zeros before an octet, IPv4-mapped IPv6 is IPv4.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The address family, which is what must agree before two addresses or prefixes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// The family's name.
    pub fn name(self) -> &'static str {
        match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }
}

/// The parts of a comma list, whitespace trimmed, empty parts left out.
pub fn list_items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Whether two prefixes have an address in common.
pub fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// Whether a text has letters in upper case, which Kube-OVN refuses in most of its IPv6 fields.
pub fn has_upper_case(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

//! Addresses, their families, and lists of them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Parses an address as Go's `net.ParseIP` does: no zone, no zeros before an octet, IPv4-mapped IPv6 is IPv4.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether a text is an IPv4 address in the form of IPv6, `::ffff:10.0.0.1`. Go reads the IPv4 address in it, and OVN does not.
pub fn is_mapped(text: &str) -> bool {
    text.contains(':') && parse_ip(text).is_some_and(|address| address.is_ipv4())
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

/// Whether a text is six bytes as Go's `net.ParseMAC` reads them: with colons, with hyphens, or with dots between pairs of them.
pub fn is_mac_address(text: &str) -> bool {
    let is_made_of = |separator: char, parts: usize, digits: usize| {
        let is_part = |part: &str| part.len() == digits && part.chars().all(|digit| digit.is_ascii_hexdigit());
        text.split(separator).count() == parts && text.split(separator).all(is_part)
    };
    is_made_of(':', 6, 2) || is_made_of('-', 6, 2) || is_made_of('.', 3, 4)
}

/// The bytes of a hardware address as Go's `net.ParseMAC` reads them: six, eight or twenty, in the same forms.
pub fn hardware_address(text: &str) -> Option<Vec<u8>> {
    let separator = text.chars().find(|letter| matches!(letter, ':' | '-' | '.'))?;
    let digits = if separator == '.' { 4 } else { 2 };
    let mut bytes = Vec::new();
    for part in text.split(separator) {
        if part.len() != digits || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let number = u16::from_str_radix(part, 16).ok()?;
        bytes.extend(number.to_be_bytes().into_iter().skip(2 - digits / 2));
    }
    matches!(bytes.len(), 6 | 8 | 20).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_are_read_as_go_reads_them() {
        let six = Some(vec![0, 0, 0, 0x53, 0x6f, 0xa9]);
        for text in ["00:00:00:53:6F:a9", "00-00-00-53-6f-a9", "0000.0053.6fa9"] {
            assert_eq!(hardware_address(text), six, "{text}");
        }
        for text in ["02:00:5e:10:00:00:00:01", "0200.5e10.0000.0001"] {
            assert_eq!(hardware_address(text).map(|bytes| bytes.len()), Some(8), "{text}");
        }
        for text in [
            "",
            "x",
            "00:00:00:53:6f",
            "00:00:00:53:6f:g9",
            "00:00:00:53:6f:+9",
            "0:0:0:53:6f:a9",
            "00:00:00:53:6f-a9",
            "000000536fa9",
            " 00:00:00:53:6f:a9",
            "00:00:00:53:6f:a9:01",
            "0000.0053.6f",
        ] {
            assert_eq!(hardware_address(text), None, "{text}");
        }
    }
}

//! A prefix as Go's `net.ParseCIDR` reads it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Family, parse_ip};

/// An address with a prefix length, and the network that it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    network: IpNet,
}

/// Why a text is not a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// There is no slash.
    #[error("needs a prefix length, as in 10.0.0.0/16 or fd00::/64")]
    NoLength,
    /// What stands before the slash is not an address.
    #[error("has no valid address before the slash")]
    Address,
    /// What stands after the slash is not a number, or too large a one.
    #[error("needs a prefix length from 0 to {most}")]
    Length {
        /// 32 or 128.
        most: u8,
    },
    /// Blanks stand around it, on which Kube-OVN fails.
    #[error("must not have whitespace around it")]
    Blanks,
}

impl Cidr {
    /// Parses as Go's `net.ParseCIDR` does.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, where Go refuses it.
    pub fn parse(text: &str) -> Result<Self, CidrError> {
        if text.trim() != text {
            return Err(CidrError::Blanks);
        }
        let (address, length) = text.split_once('/').ok_or(CidrError::NoLength)?;
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = go_number(length).filter(|length| *length <= most).ok_or(CidrError::Length { most })?;
        Ok(Self::new(address, length))
    }

    /// Parses what Kube-OVN may be given, whitespace trimmed: for comparing, not for judging the syntax.
    pub fn parse_trimmed(text: &str) -> Option<Self> {
        Self::parse(text.trim()).ok()
    }

    /// Parses a prefix, or one address as the prefix that holds nothing else.
    pub fn parse_or_address(text: &str) -> Option<Self> {
        Self::parse(text).ok().or_else(|| parse_ip(text).map(|address| IpNet::from(address).into()))
    }

    fn new(address: IpAddr, length: u8) -> Self {
        match address {
            IpAddr::V4(v4) => Self::v4(v4, length),
            IpAddr::V6(v6) => Self::v6(v6, length),
        }
    }

    fn v4(address: Ipv4Addr, length: u8) -> Self {
        let network = Ipv4Net::new_assert(address, length.min(32)).trunc();
        Self { address: address.into(), network: network.into() }
    }

    fn v6(address: Ipv6Addr, length: u8) -> Self {
        // Go masks the 16 bytes first and then asks whether what is left is an IPv4-mapped address.
        match (address.to_ipv4_mapped(), length.checked_sub(96)) {
            (Some(v4), Some(length)) => Self::v4(v4, length),
            _ => {
                let network = Ipv6Net::new_assert(address, length.min(128)).trunc();
                Self { address: IpAddr::from(address).to_canonical(), network: network.into() }
            }
        }
    }

    /// The address as it was written.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The network, host bits masked.
    pub fn network(&self) -> IpNet {
        self.network
    }

    /// The address family.
    pub fn family(&self) -> Family {
        Family::of(self.network.addr())
    }

    /// Whether the address is not the network's first.
    pub fn has_host_bits(&self) -> bool {
        self.address != self.network.addr()
    }

    /// Whether the network holds an address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.network.contains(&address)
    }

    /// Whether the network holds one address only.
    pub fn is_single(&self) -> bool {
        self.network.prefix_len() == self.network.max_prefix_len()
    }

    /// Whether this is the network address, which no host can have. A /31 and a /127 have none.
    pub fn is_network_address(&self, address: IpAddr) -> bool {
        self.has_reserved() && address == self.network.network()
    }

    /// Whether this is the IPv4 broadcast address. A /31 has none.
    pub fn is_broadcast(&self, address: IpAddr) -> bool {
        address.is_ipv4() && self.is_last(address)
    }

    /// Whether this is the last address, which Kube-OVN takes for a broadcast address in IPv6 too. A /31 and a /127 have none.
    pub fn is_last(&self, address: IpAddr) -> bool {
        self.has_reserved() && address == self.network.broadcast()
    }

    /// The second address of the network: what Kube-OVN takes for a missing gateway.
    pub fn first_host(&self) -> IpAddr {
        match self.network.addr() {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits().saturating_add(1)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits().saturating_add(1)).into(),
        }
    }

    fn has_reserved(&self) -> bool {
        self.network.max_prefix_len() - self.network.prefix_len() > 1
    }
}

impl From<IpNet> for Cidr {
    fn from(prefix: IpNet) -> Self {
        Self { address: prefix.trunc().addr(), network: prefix.trunc() }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network.fmt(f)
    }
}

/// A prefix length as Go reads it: digits only, zeros before it allowed.
fn go_number(digits: &str) -> Option<u8> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let significant = digits.trim_start_matches('0');
    match significant {
        "" if all_digits => Some(0),
        _ if all_digits => significant.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_to_point_network_has_no_reserved_addresses() {
        for (cidr, address) in [("10.0.0.0/31", "10.0.0.0"), ("10.0.0.0/31", "10.0.0.1"), ("fd00::/127", "fd00::")] {
            let (cidr, address) = (Cidr::parse(cidr).unwrap(), address.parse().unwrap());
            assert!(!cidr.is_network_address(address) && !cidr.is_broadcast(address), "{cidr} {address}");
        }
    }

    #[test]
    fn ipv6_has_a_network_address_and_no_broadcast() {
        let cidr = Cidr::parse("fd00::/120").unwrap();
        assert!(cidr.is_network_address("fd00::".parse().unwrap()));
        assert!(!cidr.is_broadcast("fd00::ff".parse().unwrap()));
    }

    #[test]
    fn errors_say_what_is_missing() {
        let message = |text| Cidr::parse(text).unwrap_err().to_string();
        assert_eq!(message("10.0.0.0"), "needs a prefix length, as in 10.0.0.0/16 or fd00::/64");
        assert_eq!(message("10.0.0.0/33"), "needs a prefix length from 0 to 32");
        assert_eq!(message("10.0.0/8"), "has no valid address before the slash");
        assert_eq!(message(" 10.0.0.0/8"), "must not have whitespace around it");
    }

    #[test]
    fn the_first_host_is_the_default_gateway() {
        assert_eq!(Cidr::parse("10.0.1.9/24").unwrap().first_host().to_string(), "10.0.1.1");
        assert_eq!(Cidr::parse("fd00::/64").unwrap().first_host().to_string(), "fd00::1");
    }
}

//! Which Subnets have an address in common with a prefix, or hold it: sorted once, then found by halves.

use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::gather::sort_by;
use crate::kinds::Subnet;
use crate::net::{Cidr, Family, parse_ip};

/// The addresses of some Subnets.
pub(super) struct Addresses<'s> {
    /// In the order of their first addresses.
    held: Vec<(IpNet, &'s Subnet)>,
    /// For each, which of it and those before reaches furthest.
    furthest: Vec<usize>,
}

impl<'s> Addresses<'s> {
    pub(super) fn of(subnets: impl Iterator<Item = &'s Arc<Subnet>>) -> Self {
        let prefixes = |subnet: &'s Arc<Subnet>| subnet.cidrs.iter().map(|cidr| (cidr.network(), subnet.as_ref()));
        let mut held: Vec<(IpNet, &Subnet)> = subnets.flat_map(prefixes).collect();
        sort_by(&mut held, |(a, _), (b, _)| a.network().cmp(&b.network()));
        let (mut furthest, mut so_far) = (Vec::with_capacity(held.len()), None::<(usize, IpNet)>);
        for (at, (prefix, _)) in held.iter().enumerate() {
            let best = so_far.filter(|(_, best)| best.broadcast() >= prefix.broadcast()).unwrap_or((at, *prefix));
            so_far = Some(best);
            furthest.push(best.0);
        }
        Self { held, furthest }
    }

    /// A Subnet that has an address in common with a prefix, and its own prefix.
    pub(super) fn touched(&self, prefix: &IpNet) -> Option<(&'s Subnet, IpNet)> {
        let over = self.reaching(prefix).filter(|(held, _)| held.broadcast() >= prefix.network());
        let within = || self.held.get(self.begun(prefix)).filter(|(held, _)| held.network() <= prefix.broadcast());
        over.or_else(within).map(|(held, subnet)| (*subnet, *held))
    }

    /// Whether a Subnet holds all of a prefix.
    pub(super) fn hold(&self, prefix: &IpNet) -> bool {
        self.reaching(prefix).is_some_and(|(held, _)| held.broadcast() >= prefix.broadcast())
    }

    /// How many begin no later than a prefix.
    fn begun(&self, prefix: &IpNet) -> usize {
        self.held.partition_point(|(held, _)| held.network() <= prefix.network())
    }

    /// Of those that begin no later than a prefix the one that reaches furthest.
    fn reaching(&self, prefix: &IpNet) -> Option<&(IpNet, &'s Subnet)> {
        self.held.get(*self.furthest.get(self.begun(prefix).checked_sub(1)?)?)
    }
}

/// The addresses that an entry of `ipBlocks` stands for.
pub(super) struct Block {
    pub(super) prefixes: Vec<IpNet>,
    /// Whether it is an address or a prefix. What is neither may be read by OVN in a way of its own, so it is all addresses.
    pub(super) is_read: bool,
}

impl Block {
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self { prefixes: Vec::new(), is_read: true };
        }
        let prefix = match parse_ip(text) {
            Some(address) => Some(IpNet::from(address)),
            // A prefix that is longer than IPv4 is mapped by, and is not IPv4, is neither.
            None => Cidr::parse_trimmed(text)
                .filter(|cidr| Family::of(cidr.address()) == cidr.family())
                .map(|cidr| cidr.network()),
        };
        let all = || vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
        Self { is_read: prefix.is_some(), prefixes: prefix.map_or_else(all, |prefix| vec![prefix]) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::overlap;

    fn subnet(cidr: &str) -> Arc<Subnet> {
        Arc::new(Subnet { cidrs: vec![Cidr::parse(cidr).unwrap()], ..Subnet::default() })
    }

    fn cidr() -> impl Strategy<Value = String> {
        let v4 = (0u8..16, 24u8..=32).prop_map(|(host, length)| format!("10.0.0.{}/{length}", host * 16));
        let v6 = (0u8..16, 120u8..=128).prop_map(|(host, length)| format!("fd00::{host:x}0/{length}"));
        prop_oneof![v4, v6, Just("0.0.0.0/0".to_owned()), Just("::/0".to_owned())]
    }

    proptest! {
        #[test]
        fn agree_with_a_naive_search(held in prop::collection::vec(cidr(), 0..20), asked in cidr()) {
            let subnets: Vec<_> = held.iter().map(|cidr| subnet(cidr)).collect();
            let prefix = Cidr::parse(&asked).unwrap().network();
            let addresses = Addresses::of(subnets.iter());
            let networks = || subnets.iter().map(|subnet| subnet.cidrs[0].network());
            let touched = addresses.touched(&prefix).map(|(_, found)| found);
            prop_assert_eq!(touched.is_some(), networks().any(|held| overlap(&held, &prefix)));
            prop_assert!(touched.is_none_or(|found| overlap(&found, &prefix)));
            prop_assert_eq!(addresses.hold(&prefix), networks().any(|held| held.contains(&prefix)));
        }
    }

    #[test]
    fn what_is_no_prefix_is_all_addresses() {
        let read = |text: &str| Block::read(text).prefixes.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(read("10.0.0.7"), ["10.0.0.7/32"]);
        assert_eq!(read(" 10.0.0.7/8"), ["10.0.0.0/8"]);
        assert_eq!(read("fd00::1/64"), ["fd00::/64"]);
        assert_eq!(read("::ffff:10.0.0.1/104"), ["10.0.0.0/8"]);
        assert!(read("").is_empty());
        let all =
            ["10.0.0.0/255.0.0.0", "10.0.0.0..10.0.0.9", "10.0.0.0/8,fd00::/8", "::ffff:10.0.0.0/90", "010.0.0.1"];
        for text in all {
            assert_eq!(read(text), ["0.0.0.0/0", "::/0"], "{text}");
            assert!(!Block::read(text).is_read);
        }
    }
}

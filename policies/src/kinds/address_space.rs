//! What addresses are held in, each once.

use sha2::{Digest, Sha256};

use super::{ClaimKey, Kind};

/// How much of a name a human needs to recognise it.
const LONGEST_SLUG: usize = 40;

/// Within one of these an address is held once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressSpace {
    /// Subnets take their prefixes from it.
    Vpc(Shard),
    /// NAT gateways take their `lanIp` from the Subnet of this name.
    Subnet(String),
    /// What has no ledger of its own is claimed in one of a fixed number. Each [key](super::ClaimKey) says what it is of.
    Shared(SharedLedger),
}

/// What is claimed in ledgers that many share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Addresses of a Subnet, and ranges of it.
    Addresses,
    /// EIPs and their ports.
    Nat,
    /// Joined names in OVN.
    Names,
}

/// One of the ledgers that many share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedLedger {
    /// What is claimed there.
    pub sort: Sort,
    /// Which one, below [`Self::NUMBER`].
    pub number: u8,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Addresses, Self::Nat, Self::Names];

    fn name(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Nat => "nat",
            Self::Names => "ovn-names",
        }
    }

    /// The kinds of those that claim there.
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Addresses => {
                &[Kind::VpcNatGateway, Kind::VpcEgressGateway, Kind::IptablesEip, Kind::OvnEip, Kind::IpPool, Kind::Vip]
            }
            Self::Nat => {
                &[Kind::IptablesFipRule, Kind::IptablesDnatRule, Kind::OvnFip, Kind::OvnDnatRule, Kind::RouterLbRule]
            }
            Self::Names => &[Kind::Vpc, Kind::Subnet, Kind::SecurityGroup],
        }
    }
}

impl SharedLedger {
    /// How many there are of a sort. A name costs nothing, so that none has a ledger of its own.
    pub const NUMBER: u8 = 16;

    /// Where a key is claimed; nowhere where it is one of an address space.
    pub fn of(key: &ClaimKey) -> Option<Self> {
        let (sort, word) = match key {
            ClaimKey::Prefix(_) => return None,
            ClaimKey::Address { subnet, .. } | ClaimKey::LanIp { subnet, .. } | ClaimKey::Range { subnet, .. } => {
                (Sort::Addresses, subnet.clone())
            }
            ClaimKey::Port { eip, .. } | ClaimKey::Floating(eip) => (Sort::Nat, eip.to_string()),
            ClaimKey::JoinedName(name) => (Sort::Names, name.joined()),
        };
        let first = Sha256::digest(word).first().copied().unwrap_or_default();
        Some(Self { sort, number: first % Self::NUMBER })
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        let (sort, number) = name.rsplit_once('-')?;
        let sort = Sort::ALL.into_iter().find(|known| known.name() == sort)?;
        let number = number.parse().ok().filter(|number| *number < Self::NUMBER)?;
        Some(Self { sort, number }).filter(|found| found.name() == name)
    }

    /// What it is called: two digits, so that the order of the names is that of the numbers.
    pub fn name(self) -> String {
        format!("{}-{:02}", self.sort.name(), self.number)
    }
}

impl AddressSpace {
    /// Whether names in OVN are claimed there.
    pub fn is_of_names(&self) -> bool {
        matches!(self, AddressSpace::Shared(SharedLedger { sort: Sort::Names, .. }))
    }

    /// The kinds of those that hold something of it.
    pub fn holders(&self) -> &'static [Kind] {
        match self {
            AddressSpace::Vpc(_) => &[Kind::Subnet],
            AddressSpace::Subnet(_) => &[Kind::VpcNatGateway],
            AddressSpace::Shared(shared) => shared.sort.kinds(),
        }
    }

    /// The name of the objects that stand for it in a cluster. It is a valid name whatever the VPC is called: the part
    /// that people recognise, then a hash of the whole.
    pub fn object_name(&self) -> String {
        let (sort, name, vlan) = match self {
            AddressSpace::Vpc(shard) => ("vpc", shard.vpc.as_str(), shard.vlan.as_str()),
            AddressSpace::Subnet(subnet) => ("subnet", subnet.as_str(), ""),
            AddressSpace::Shared(shared) => return shared.name(),
        };
        let slug: String =
            name.chars().filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '-')).take(LONGEST_SLUG).collect();
        let slug = Some(slug.trim_matches('-')).filter(|slug| !slug.is_empty()).unwrap_or("x");
        // Its length keeps the name from running over into the VLAN, whatever bytes it holds.
        let hash = Sha256::digest(format!("{sort}\0{}\0{name}\0{vlan}", name.len()));
        hash.iter().take(10).fold(format!("{sort}.{slug}."), |name, byte| format!("{name}{byte:02x}"))
    }
}

/// Subnets that share one address space: the same VPC and the same VLAN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    /// The VPC.
    pub vpc: String,
    /// The VLAN; empty for overlay networks.
    pub vlan: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{EipName, JoinedName, Side};

    #[test]
    fn object_names_are_valid_and_tell_spaces_apart() {
        let vpc = |vpc: &str, vlan: &str| {
            AddressSpace::Vpc(Shard { vpc: vpc.to_owned(), vlan: vlan.to_owned() }).object_name()
        };
        assert_eq!(vpc("ovn-cluster", ""), "vpc.ovn-cluster.fc3831fc04dcf2aafb53");
        let names = [
            vpc("a", ""),
            vpc("a", "b"),
            vpc("ab", ""),
            vpc("", "ab"),
            vpc("A\u{0}/ä-", ""),
            vpc(&"y-".repeat(300), ""),
            AddressSpace::Subnet("a".to_owned()).object_name(),
        ];
        for name in &names {
            assert!(
                name.len() < 100
                    && name.split('.').all(|part| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')),
                "{name}"
            );
        }
        for sort in Sort::ALL {
            for number in 0..SharedLedger::NUMBER {
                let shared = SharedLedger { sort, number };
                assert_eq!(SharedLedger::of_name(&AddressSpace::Shared(shared).object_name()), Some(shared));
            }
        }
        for name in ["nat-16", "nat-1", "nat", "nat-001", "nat--1", "vpc.nat-01.fc3831fc04dcf2aafb53"] {
            assert_eq!(SharedLedger::of_name(name), None, "{name}");
        }
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn what_excludes_each_other_is_in_one_ledger() {
        let eip = |is_ovn| EipName { is_ovn, name: "e".to_owned() };
        let port = |port| ClaimKey::Port { eip: eip(false), port, protocol: None, is_shared: false };
        let (subnet, address) = ("s".to_owned(), std::net::IpAddr::from([10, 0, 0, 1]));
        let joined = |side, router, other| ClaimKey::JoinedName(JoinedName::port(side, router, other).unwrap());
        let place = |key: &ClaimKey| SharedLedger::of(key).map(SharedLedger::name);
        assert_eq!(place(&port(1)), place(&port(2)));
        assert_eq!(place(&port(1)), place(&ClaimKey::Floating(eip(false))));
        assert_eq!(
            place(&ClaimKey::Address { subnet: subnet.clone(), address, is_lan_ip: true }),
            place(&ClaimKey::Address { subnet: subnet.clone(), address, is_lan_ip: false })
        );
        assert_eq!(place(&joined(Side::Switch, "c", "a-b")), place(&joined(Side::Switch, "b-c", "a")));
        // It is for all replicas to agree on, of whatever version.
        let places = [port(1), ClaimKey::Floating(eip(true)), joined(Side::Router, "a", "b")];
        assert_eq!(places.each_ref().map(|key| place(key).unwrap()), ["nat-02", "nat-08", "ovn-names-04"]);
        assert_eq!(place(&ClaimKey::Range { subnet, first: address, last: address }).unwrap(), "addresses-04");
        assert_eq!(place(&ClaimKey::Prefix(address.into())), None);
    }
}

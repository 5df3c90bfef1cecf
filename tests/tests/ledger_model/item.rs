//! What objects of the model hold, and what must never be held by two: said here once more, and not by what is checked.

use ipnet::IpNet;
use vpcguard_policies::ClaimKey;
use vpcguard_policies::kinds::{EipName, JoinedName, Side};
use vpcguard_policies::net::overlap;

/// Something that an object holds, of the one Subnet or EIP that a ledger of the model is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Item {
    Prefix(IpNet),
    Address([u8; 4]),
    LanIp([u8; 4]),
    /// A lanIp as against others.
    OfGateway([u8; 4]),
    Range([u8; 4], [u8; 4]),
    Port(u16, &'static str),
    SharedPort(u16, &'static str),
    /// A port of an EIP of OVN's, for all protocols.
    OvnPort(u16),
    Floating,
    OvnFloating,
    /// A router port between two.
    Name(&'static str, &'static str),
    /// The port group of a SecurityGroup.
    Group(&'static str),
}

/// What an object holds.
pub(crate) type Items = &'static [Item];

impl Item {
    /// Whether not both may be had.
    pub(crate) fn excludes(self, other: Self) -> bool {
        use Item::{
            Address, Floating, Group, LanIp, Name, OfGateway, OvnFloating, OvnPort, Port, Prefix, Range, SharedPort,
        };
        match (self, other) {
            (Prefix(one), Prefix(two)) => overlap(&one, &two),
            (Address(one), Address(two) | LanIp(two))
            | (LanIp(one), Address(two))
            | (OfGateway(one), OfGateway(two)) => one == two,
            (Range(first, last), Range(from, to)) => first <= to && from <= last,
            (Port(..), SharedPort(..)) => other.excludes(self),
            (Port(one, by) | SharedPort(one, by), Port(two, with)) => (one, by) == (two, with),
            (Floating, Port(..) | SharedPort(..) | Floating)
            | (Port(..) | SharedPort(..), Floating)
            | (OvnFloating, OvnFloating) => true,
            (OvnPort(one), OvnPort(two)) => one == two,
            (Name(router, other), Name(of, another)) => {
                (router, other) != (of, another) && format!("{router}-{other}") == format!("{of}-{another}")
            }
            (Group(one), Group(two)) => one == two,
            _ => false,
        }
    }

    /// It as what is claimed.
    pub(crate) fn key(self) -> ClaimKey {
        let (subnet, eip) = ("s".to_owned(), |is_ovn| EipName { is_ovn, name: "e".to_owned() });
        let port = |port, protocol: Option<&str>, is_shared| ClaimKey::Port {
            eip: eip(protocol.is_none()),
            port,
            protocol: protocol.map(str::to_owned),
            is_shared,
        };
        match self {
            Self::Prefix(prefix) => ClaimKey::Prefix(prefix),
            Self::Address(address) => ClaimKey::Address { subnet, address: address.into(), is_lan_ip: false },
            Self::LanIp(address) => ClaimKey::Address { subnet, address: address.into(), is_lan_ip: true },
            Self::OfGateway(address) => ClaimKey::LanIp { subnet, address: address.into() },
            Self::Range(first, last) => ClaimKey::Range { subnet, first: first.into(), last: last.into() },
            Self::Port(number, protocol) => port(number, Some(protocol), false),
            Self::SharedPort(number, protocol) => port(number, Some(protocol), true),
            Self::OvnPort(number) => port(number, None, false),
            Self::Floating => ClaimKey::Floating(eip(false)),
            Self::OvnFloating => ClaimKey::Floating(eip(true)),
            Self::Name(router, other) => {
                let name = JoinedName::Port { side: Side::Router, router: router.to_owned(), other: other.to_owned() };
                ClaimKey::JoinedName(name)
            }
            Self::Group(name) => ClaimKey::JoinedName(JoinedName::PortGroup(name.to_owned())),
        }
    }
}

#[test]
fn what_is_claimed_excludes_what_must_not_be_held_by_two() {
    let (a, b) = ([10, 0, 0, 1], [10, 0, 0, 9]);
    let all = [
        Item::Address(a),
        Item::Address(b),
        Item::LanIp(a),
        Item::OfGateway(a),
        Item::OfGateway(b),
        Item::Range(a, b),
        Item::Range(b, b),
        Item::Port(80, "tcp"),
        Item::Port(80, "udp"),
        Item::Port(81, "tcp"),
        Item::SharedPort(80, "tcp"),
        Item::SharedPort(80, "udp"),
        Item::OvnPort(80),
        Item::OvnPort(81),
        Item::Floating,
        Item::OvnFloating,
        Item::Name("a", "b-c"),
        Item::Name("a-b", "c"),
        Item::Name("a-b", "d"),
        Item::Group("a.b"),
        Item::Group("a.b.c"),
    ];
    for one in all {
        for two in all {
            assert_eq!(one.key().excludes(&two.key()), one.excludes(two), "{one:?}, {two:?}");
        }
    }
}

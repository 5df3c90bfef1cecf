//! What an admitted request takes for its object, so that nobody else gets it: one key each, and which of them exclude each other.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{JoinedName, Kind, ObjectRef};
use crate::net::overlap;

/// Something that is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKey {
    /// A prefix of the address space that the claim is of.
    Prefix(IpNet),
    /// An address of a Subnet.
    Address {
        /// The Subnet.
        subnet: String,
        /// The address.
        address: IpAddr,
        /// Whether it is the `lanIp` of a NAT gateway, which excludes others by [another key](Self::LanIp).
        is_lan_ip: bool,
    },
    /// A `lanIp`, which excludes those of other NAT gateways alone: that is another rule's.
    LanIp {
        /// The Subnet.
        subnet: String,
        /// The address.
        address: IpAddr,
    },
    /// A range of a Subnet that a pool takes. It excludes other pools alone: an address inside may be anybody's.
    Range {
        /// The Subnet.
        subnet: String,
        /// The first address.
        first: IpAddr,
        /// The last address.
        last: IpAddr,
    },
    /// A port of an EIP.
    Port {
        /// The EIP.
        eip: EipName,
        /// The port.
        port: u16,
        /// The protocol in lower case; none where a port is taken for all of them.
        protocol: Option<String>,
        /// Whether others that say so too may have it as well.
        is_shared: bool,
    },
    /// An EIP, for a floating IP.
    Floating(EipName),
    /// A name in OVN that Kube-OVN makes of others.
    JoinedName(JoinedName),
}

/// An EIP by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EipName {
    /// Whether it is one of OVN's, and not of a NAT gateway.
    pub is_ovn: bool,
    /// Its name.
    pub name: String,
}

/// Who takes something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ClaimKey {
    /// Whether not both can be had, by different objects.
    pub fn excludes(&self, other: &Self) -> bool {
        use ClaimKey::{Address, Floating, LanIp, Port, Prefix, Range};
        match (self, other) {
            (Prefix(one), Prefix(two)) => overlap(one, two),
            (
                Address { subnet, address, is_lan_ip },
                Address { subnet: of, address: another, is_lan_ip: is_another_lan_ip },
            ) => subnet == of && address == another && !(*is_lan_ip && *is_another_lan_ip),
            (LanIp { .. }, LanIp { .. }) => self == other,
            (Range { subnet, first, last }, Range { subnet: of, first: from, last: to }) => {
                let is_one_family = first.is_ipv4() == from.is_ipv4();
                subnet == of && is_one_family && first <= to && from <= last
            }
            (
                Port { eip, port, protocol, is_shared },
                Port { eip: of, port: another, protocol: by, is_shared: shares },
            ) => {
                let is_one_protocol = protocol.is_none() || by.is_none() || protocol == by;
                eip == of && port == another && is_one_protocol && !(*is_shared && *shares)
            }
            (Floating(eip), Floating(of)) => eip == of,
            // In OVN the rule wins on its port. On a NAT gateway the floating IP takes all.
            (Floating(eip), Port { eip: of, .. }) | (Port { eip: of, .. }, Floating(eip)) => eip == of && !eip.is_ovn,
            (Self::JoinedName(one), Self::JoinedName(two)) => one.excludes(two),
            _ => false,
        }
    }

    /// Keys as texts, those of one Subnet or EIP together.
    pub fn to_texts(keys: &[Self]) -> Vec<String> {
        let mut texts = Vec::new();
        let mut together: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
        for key in keys {
            match key {
                Self::Prefix(prefix) => texts.push(prefix.to_string()),
                Self::Address { subnet, address, is_lan_ip } => {
                    let sort = if *is_lan_ip { "lan-ip" } else { "address" };
                    together.entry((sort, subnet.clone())).or_default().push(address.to_string());
                }
                Self::LanIp { subnet, address } => {
                    together.entry(("nat-gateway", subnet.clone())).or_default().push(address.to_string());
                }
                Self::Range { subnet, first, last } => {
                    together.entry(("range", subnet.clone())).or_default().push(format!("{first}..{last}"));
                }
                Self::Port { eip, port, protocol, is_shared } => {
                    let sort = if *is_shared { "shared-port" } else { "port" };
                    let protocol = protocol.as_deref().unwrap_or("*");
                    together.entry((sort, eip.to_string())).or_default().push(format!("{protocol}/{port}"));
                }
                Self::Floating(eip) => texts.push(format!("floating {eip}")),
                Self::JoinedName(name) => {
                    together.entry(("name", String::new())).or_default().push(name.to_string());
                }
            }
        }
        let text = |((sort, of), all): ((&str, String), Vec<String>)| {
            let all = all.join(",");
            if of.is_empty() { format!("{sort} {all}") } else { format!("{sort} {of} {all}") }
        };
        texts.extend(together.into_iter().map(text));
        texts
    }

    /// The keys of such a text; none where it is not one.
    pub fn of_text(text: &str) -> Option<Vec<Self>> {
        let Some((sort, rest)) = text.split_once(' ') else { return Some(vec![Self::Prefix(text.parse().ok()?)]) };
        let of_subnet = |key: fn(String, &str) -> Option<Self>| {
            let (subnet, all) = rest.split_once(' ')?;
            all.split(',').map(|one| key(subnet.to_owned(), one)).collect()
        };
        let ports = |is_shared| {
            let (eip, all) = rest.split_once(' ')?;
            let eip = EipName::of_text(eip)?;
            let port = |one: &str| {
                let (protocol, port) = one.split_once('/')?;
                let protocol = Some(protocol).filter(|protocol| *protocol != "*").map(str::to_owned);
                Some(Self::Port { eip: eip.clone(), port: port.parse().ok()?, protocol, is_shared })
            };
            all.split(',').map(port).collect()
        };
        match sort {
            "lan-ip" => {
                of_subnet(|subnet, one| Some(Self::Address { subnet, address: one.parse().ok()?, is_lan_ip: true }))
            }
            "address" => {
                of_subnet(|subnet, one| Some(Self::Address { subnet, address: one.parse().ok()?, is_lan_ip: false }))
            }
            "nat-gateway" => of_subnet(|subnet, one| Some(Self::LanIp { subnet, address: one.parse().ok()? })),
            "range" => of_subnet(|subnet, one| {
                let (first, last) = one.split_once("..")?;
                Some(Self::Range { subnet, first: first.parse().ok()?, last: last.parse().ok()? })
            }),
            "port" => ports(false),
            "shared-port" => ports(true),
            "floating" => Some(vec![Self::Floating(EipName::of_text(rest)?)]),
            "name" => rest.split(',').map(|name| JoinedName::of_text(name).map(Self::JoinedName)).collect(),
            _ => None,
        }
    }
}

impl From<IpNet> for ClaimKey {
    fn from(prefix: IpNet) -> Self {
        Self::Prefix(prefix)
    }
}

impl EipName {
    fn of_text(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('/')?;
        let is_ovn = match kind {
            "iptables" => false,
            "ovn" => true,
            _ => return None,
        };
        Some(Self { is_ovn, name: name.to_owned() })
    }
}

impl fmt::Display for EipName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", if self.is_ovn { "ovn" } else { "iptables" }, self.name)
    }
}

impl Holder {
    /// One of a cluster-scoped kind.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { kind, namespace: String::new(), name: name.to_owned() }
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        if self.namespace.is_empty() {
            ObjectRef::new(self.kind, &self.name)
        } else {
            ObjectRef::namespaced(self.kind, &self.namespace, &self.name)
        }
    }

    /// The one of such a text, `Kind/name` or `Kind/namespace/name`.
    pub fn of_text(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        let kind = Kind::ALL.iter().copied().find(|known| known.name() == kind)?;
        let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
        Some(Self { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// It as such a text.
    pub fn to_text(&self) -> String {
        let Self { kind, namespace, name } = self;
        if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{kind}/{namespace}/{name}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ClaimKey {
        let keys = ClaimKey::of_text(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(ClaimKey::to_texts(&keys), [text]);
        keys[0].clone()
    }

    fn exclude(pairs: &[(&str, &str)], expected: bool) {
        for (one, two) in pairs {
            assert_eq!(key(one).excludes(&key(two)), expected, "{one}, {two}");
            assert_eq!(key(two).excludes(&key(one)), expected, "{two}, {one}");
        }
    }

    #[test]
    fn prefixes_exclude_what_they_overlap() {
        exclude(&[("10.0.0.0/16", "10.0.5.0/24"), ("fd00::/64", "fd00::/64")], true);
        exclude(&[("10.0.0.0/16", "10.1.0.0/16"), ("0.0.0.0/0", "::/0"), ("10.0.0.0/8", "address s 10.0.0.1")], false);
    }

    #[test]
    fn an_address_is_of_one_subnet() {
        exclude(
            &[
                ("address s 10.0.0.1", "address s 10.0.0.1"),
                ("address s fd00::1", "lan-ip s fd00::1"),
                ("nat-gateway s 10.0.0.1", "nat-gateway s 10.0.0.1"),
            ],
            true,
        );
        exclude(
            &[
                ("address s 10.0.0.1", "address s 10.0.0.2"),
                ("address s 10.0.0.1", "address t 10.0.0.1"),
                // What is another rule's has a key of its own.
                ("lan-ip s 10.0.0.1", "lan-ip s 10.0.0.1"),
                ("nat-gateway s 10.0.0.1", "lan-ip s 10.0.0.1"),
                ("nat-gateway s 10.0.0.1", "address s 10.0.0.1"),
                ("nat-gateway s 10.0.0.1", "nat-gateway t 10.0.0.1"),
            ],
            false,
        );
    }

    #[test]
    fn a_pool_excludes_pools_and_no_addresses() {
        exclude(
            &[
                ("range s 10.0.0.1..10.0.0.9", "range s 10.0.0.9..10.0.0.20"),
                ("range s 10.0.0.1..10.0.0.9", "range s 10.0.0.3..10.0.0.3"),
                ("range s fd00::1..fd00::9", "range s fd00::9..fd00::9"),
            ],
            true,
        );
        exclude(
            &[
                ("range s 10.0.0.1..10.0.0.9", "range s 10.0.0.10..10.0.0.20"),
                ("range s 10.0.0.1..10.0.0.9", "range t 10.0.0.1..10.0.0.9"),
                ("range s 10.0.0.1..10.0.0.9", "range s ::..ffff::"),
                ("range s 10.0.0.1..10.0.0.9", "address s 10.0.0.5"),
            ],
            false,
        );
    }

    #[test]
    fn a_port_is_of_one_rule_unless_all_share_it() {
        exclude(
            &[
                ("port iptables/e tcp/80", "port iptables/e tcp/80"),
                ("port iptables/e tcp/80", "shared-port iptables/e tcp/80"),
                ("port ovn/e */80", "port ovn/e */80"),
                ("port iptables/e */80", "port iptables/e udp/80"),
            ],
            true,
        );
        exclude(
            &[
                ("port iptables/e tcp/80", "port iptables/e udp/80"),
                ("port iptables/e tcp/80", "port iptables/e tcp/81"),
                ("port iptables/e tcp/80", "port iptables/f tcp/80"),
                ("port iptables/e tcp/80", "port ovn/e tcp/80"),
                ("shared-port iptables/e tcp/80", "shared-port iptables/e tcp/80"),
            ],
            false,
        );
    }

    #[test]
    fn a_floating_ip_takes_its_eip_and_on_a_gateway_each_port_of_it() {
        exclude(
            &[
                ("floating iptables/e", "floating iptables/e"),
                ("floating ovn/e", "floating ovn/e"),
                ("floating iptables/e", "port iptables/e tcp/80"),
                ("floating iptables/e", "shared-port iptables/e udp/53"),
            ],
            true,
        );
        exclude(
            &[
                ("floating iptables/e", "floating ovn/e"),
                ("floating iptables/e", "floating iptables/f"),
                ("floating iptables/e", "port iptables/f tcp/80"),
                ("floating ovn/e", "port ovn/e */80"),
            ],
            false,
        );
    }

    #[test]
    fn a_joined_name_is_had_once() {
        exclude(
            &[
                ("name router-port/prod/eu-web", "name router-port/prod-eu/web"),
                ("name switch-port/eu/web-prod", "name switch-port/prod-eu/web"),
                ("name port-group/sg.web", "name port-group/sg.web"),
            ],
            true,
        );
        exclude(
            &[
                ("name router-port/prod/eu-web", "name router-port/prod-eu/db"),
                // Of one pair it is what another rule is about.
                ("name router-port/prod/eu-web", "name router-port/prod/eu-web"),
                ("name router-port/a-b/c", "name switch-port/b-c/a"),
                ("name port-group/a-b", "name router-port/a/b"),
                ("name port-group/a", "floating ovn/a"),
            ],
            false,
        );
    }

    #[test]
    fn keys_of_one_subnet_are_one_text() {
        let text = "address s 10.0.0.1,fd00::1";
        let keys = ClaimKey::of_text(text).unwrap();
        assert_eq!((keys.len(), ClaimKey::to_texts(&keys)), (2, vec![text.to_owned()]));
        for text in [
            "range s 10.0.0.1..10.0.0.2,10.0.0.4..10.0.0.5",
            "port ovn/e */80,tcp/81",
            "name port-group/a.b,router-port/c/d",
        ] {
            let keys = ClaimKey::of_text(text).unwrap();
            assert_eq!((keys.len(), ClaimKey::to_texts(&keys)), (2, vec![text.to_owned()]));
        }
        for text in [
            "",
            "x",
            "address s",
            "address s x",
            "range s 10.0.0.1",
            "port e tcp/80",
            "port ovn/e tcp/x",
            "what a",
            "name a-b",
            "nat-gateway s",
        ] {
            assert_eq!(ClaimKey::of_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_holder_is_a_text_too() {
        let namespaced = Holder { namespace: "ns".to_owned(), ..Holder::new(Kind::VpcEgressGateway, "g") };
        for (holder, text) in
            [(Holder::new(Kind::IptablesEip, "e.f"), "IptablesEIP/e.f"), (namespaced, "VpcEgressGateway/ns/g")]
        {
            assert_eq!(holder.to_text(), text);
            assert_eq!(Holder::of_text(text), Some(holder));
        }
        assert_eq!(Holder::of_text("Nobody/a"), None);
        assert_eq!(Holder::of_text("Subnet"), None);
    }
}

//! A named range of a Subnet's addresses.

use std::net::IpAddr;

use super::{Index, Kind, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::kinds::{KubeOvn, folded};
use crate::net::{Cidr, parse_ip};

/// An `IPPool`.
#[derive(Clone, Debug, Default)]
pub struct IpPool {
    /// The metadata.
    pub meta: Meta,
    /// The Subnet whose addresses these are.
    pub subnet: String,
    /// The namespaces that Kube-OVN gives it to.
    pub namespaces: Vec<String>,
    /// The ranges as they were written.
    pub ips: Vec<String>,
    /// The ranges that parse, each from its first address to its last.
    pub ranges: Vec<(IpAddr, IpAddr)>,
    /// Whether Kube-OVN keeps them as an address set of OVN, for matches. Otherwise it removes the set of that name.
    pub has_address_set: bool,
    /// Whether Kube-OVN says that there is no such Subnet: then it has set up nothing of the pool, and tries again.
    pub lacks_subnet: bool,
}

impl Resource for IpPool {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> =
        Some(&["spec.enableAddressSet", "spec.ips", "spec.namespaces", "spec.subnet"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_SUBNET, words: |pool, each| each(&pool.subnet) },
        Index {
            name: Self::BY_NAMESPACE,
            words: |pool, each| pool.namespaces.iter().for_each(|namespace| each(namespace)),
        },
        Index { name: Self::BY_ADDRESS_SET, words: |pool, each| each(&pool.address_set()) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let ips: Vec<_> = spec.at("ips").items().map(|range| range.string()).collect();
        let subnet = spec.at("subnet").string();
        Self {
            meta: Meta::read(object),
            lacks_subnet: lacks(&object.at("status"), &subnet),
            subnet,
            namespaces: spec.at("namespaces").strings(),
            ranges: ips.iter().filter_map(|range| range_of(range.trim())).collect(),
            ips,
            has_address_set: spec.at("enableAddressSet").flag(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

/// Whether a pool's status says that there is no such Subnet, in the words of Kube-OVN.
fn lacks(status: &Reader, subnet: &str) -> bool {
    let missing = format!("subnet {subnet} does not exist in IPAM");
    let is_it = |condition: Reader| {
        let says = |field, text: &str| condition.at(field).text() == Some(text);
        says("type", "Ready") && says("status", "False") && says("message", &missing)
    };
    status.at("conditions").items().any(is_it)
}

impl IpPool {
    /// By their Subnet.
    pub const BY_SUBNET: &'static str = "subnet";
    /// By the namespaces that they list.
    pub const BY_NAMESPACE: &'static str = "namespace";
    /// By the name that their address sets have in OVN.
    pub const BY_ADDRESS_SET: &'static str = "address set";

    /// What Kube-OVN makes of its name in OVN, where names of address sets have no hyphens.
    pub fn address_set(&self) -> String {
        folded(&self.meta.name)
    }

    /// Whether an address is in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        let within = |(first, last): &(IpAddr, IpAddr)| {
            first.is_ipv4() == address.is_ipv4() && (*first..=*last).contains(&address)
        };
        self.ranges.iter().any(within)
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::IpPool, &self.meta.name)
    }
}

/// An address, a prefix, or two addresses with two dots between.
pub(crate) fn range_of(range: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((first, last)) = range.split_once("..") {
        return Some((parse_ip(first)?, parse_ip(last)?));
    }
    match parse_ip(range) {
        Some(address) => Some((address, address)),
        None => Cidr::parse_trimmed(range).map(|cidr| (cidr.network().network(), cidr.network().broadcast())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    #[test]
    fn every_form_of_a_range_is_read() {
        let object = json!({"metadata": {"name": "p"}, "spec": {
            "subnet": "s", "ips": ["10.0.0.5", "10.0.1.0/30", "10.0.2.7..10.0.2.9", "fd00::1..fd00::2", "nonsense", "a..b"],
        }});
        let pool = IpPool::read(Kind::IpPool, &Reader::new(&object, &TypeErrors::default()), &KubeOvn::default());
        for (address, is_in) in [
            ("10.0.0.5", true),
            ("10.0.0.6", false),
            ("10.0.1.0", true),
            ("10.0.1.3", true),
            ("10.0.1.4", false),
            ("10.0.2.8", true),
            ("10.0.2.10", false),
            ("fd00::2", true),
            ("fd00::3", false),
        ] {
            assert_eq!(pool.holds(address.parse().unwrap()), is_in, "{address}");
        }
    }
}

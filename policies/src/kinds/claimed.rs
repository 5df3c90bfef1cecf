//! The addresses of Subnets that objects claim: they draw them from one pool a Subnet, in which each is to be had once.
//!
//! Whoever keeps such addresses apart goes by this list, so that what one of them counts another counts too.

use std::net::IpAddr;

use super::{AddressList, EgressGateway, Ip, IpPool, IptablesEip, Kind, NatGateway, Object, OvnEip, Vip, range_of};
use crate::field::FieldPath;
use crate::net::parse_ip;

/// Addresses of a Subnet that an object claims, from the first to the last: mostly it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed<'o> {
    /// Where it says so.
    pub field: FieldPath,
    /// The name of the Subnet, the one of what names none too.
    pub subnet: &'o str,
    /// How it is written there.
    pub text: &'o str,
    /// The first address.
    pub first: IpAddr,
    /// The last one.
    pub last: IpAddr,
    /// Whether Kube-OVN reports it, and nobody asked for it.
    pub is_reported: bool,
}

/// The kinds that claim addresses, each of which is to be had once in its Subnet.
pub const CLAIM_ADDRESSES: &[Kind] =
    &[Kind::VpcNatGateway, Kind::VpcEgressGateway, Kind::IptablesEip, Kind::OvnEip, Kind::Vip];

/// By the addresses that they claim: [`claimed_word`].
pub const BY_CLAIMED_ADDRESS: &str = "claimed address";

/// How many addresses of a list are read, or who writes thousands would have each looked up: a gateway has as many as its
/// replicas, of which there are 10 at most.
const MOST_WRITTEN: usize = 64;

/// The word by which those are found that claim an address of a Subnet.
pub fn claimed_word(subnet: &str, address: IpAddr) -> String {
    format!("{subnet} {address}")
}

/// What is known to claim addresses of Subnets.
pub trait Claims {
    /// What it claims, each with its place. Where an address is both asked for and reported, it stands twice.
    fn claimed(&self) -> Vec<Claimed<'_>>;
}

impl Object {
    /// The addresses of Subnets that it claims. Those of an `IPPool` are ranges in a space of their own: an address in one of them
    /// may well be claimed by something else.
    pub fn claimed(&self) -> Vec<Claimed<'_>> {
        match self {
            Object::NatGateway(gateway) => gateway.claimed(),
            Object::EgressGateway(gateway) => gateway.claimed(),
            Object::IptablesEip(eip) => eip.claimed(),
            Object::OvnEip(eip) => eip.claimed(),
            Object::Vip(vip) => vip.claimed(),
            Object::Ip(ip) => ip.claimed(),
            Object::IpPool(pool) => pool.claimed(),
            _ => Vec::new(),
        }
    }
}

/// Says each word by which an object is found that claims addresses.
pub(super) fn claimed_words(object: &impl Claims, each: &mut dyn FnMut(&str)) {
    for claimed in object.claimed() {
        each(&claimed_word(claimed.subnet, claimed.first));
    }
}

impl Claims for NatGateway {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = List::default();
        claims.add(&self.subnet, "spec.lanIp", &self.lan_ip);
        claims.add_reported(&self.subnet, "status.lanIp", &self.status_lan_ip);
        claims.0
    }
}

impl Claims for EgressGateway {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = List::default();
        for (at, addresses) in self.internal_ips.iter().enumerate() {
            claims.add_at(
                &self.effective_internal_subnet,
                FieldPath::of("spec.internalIPs").index(at),
                addresses,
                false,
            );
        }
        for (at, addresses) in self.external_ips.iter().enumerate() {
            claims.add_at(&self.external_subnet, FieldPath::of("spec.externalIPs").index(at), addresses, false);
        }
        for (at, addresses) in self.status_internal_ips.iter().enumerate() {
            claims.add_at(
                &self.effective_internal_subnet,
                FieldPath::of("status.internalIPs").index(at),
                addresses,
                true,
            );
        }
        for (at, addresses) in self.status_external_ips.iter().enumerate() {
            claims.add_at(&self.external_subnet, FieldPath::of("status.externalIPs").index(at), addresses, true);
        }
        claims.0
    }
}

impl Claims for IptablesEip {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = List::default();
        claims.add(&self.external_subnet, "spec.v4ip", &self.v4_ip);
        // Kube-OVN does not read it, but writes what it has drawn.
        if self.is_set_up() {
            claims.add_reported(&self.external_subnet, "spec.v6ip", &self.v6_ip);
        }
        claims.add_reported(&self.external_subnet, "status.ip", &self.status_ip);
        claims.0
    }
}

impl Claims for OvnEip {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = List::default();
        // Both may stand in the first. Of the other the status says what it has come to: Kube-OVN does not read it.
        claims.add(&self.external_subnet, "spec.v4Ip", &self.v4_ip);
        claims.add_reported(&self.external_subnet, "status.v4Ip", &self.status_v4_ip);
        claims.add_reported(&self.external_subnet, "status.v6Ip", &self.status_v6_ip);
        claims.0
    }
}

impl Claims for Vip {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = List::default();
        claims.add_text(&self.subnet, "spec.v4ip", &self.v4_ip, false);
        claims.add_text(&self.subnet, "spec.v6ip", &self.v6_ip, false);
        claims.add_text(&self.subnet, "status.v4ip", &self.given.v4_ip, true);
        claims.add_text(&self.subnet, "status.v6ip", &self.given.v6_ip, true);
        claims.0
    }
}

/// Its addresses are its Pod's. It is none of those that claim addresses: Kube-OVN makes it once it has given one out.
impl Claims for Ip {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = List::default();
        claims.add_text(&self.subnet, "spec.v4IpAddress", &self.v4_ip, false);
        claims.add_text(&self.subnet, "spec.v6IpAddress", &self.v6_ip, false);
        claims.0
    }
}

impl Claims for IpPool {
    fn claimed(&self) -> Vec<Claimed<'_>> {
        let mut claims = Vec::new();
        for (at, text) in self.ips.iter().enumerate() {
            if let Some((first, last)) = range_of(text.trim()) {
                let field = FieldPath::of("spec.ips").index(at);
                claims.push(Claimed { field, subnet: &self.subnet, text, first, last, is_reported: false });
            }
        }
        claims
    }
}

/// Claims as they are gathered. What names no Subnet claims nothing that is known.
#[derive(Default)]
pub(super) struct List<'o>(pub(super) Vec<Claimed<'o>>);

impl<'o> List<'o> {
    /// Adds what an object asks for.
    pub(super) fn add(&mut self, subnet: &'o str, field: &'static str, addresses: &'o AddressList) {
        self.add_at(subnet, FieldPath::of(field), addresses, false);
    }

    /// Adds what Kube-OVN reports.
    pub(super) fn add_reported(&mut self, subnet: &'o str, field: &'static str, addresses: &'o AddressList) {
        self.add_at(subnet, FieldPath::of(field), addresses, true);
    }

    /// Adds a text that is one address.
    fn add_text(&mut self, subnet: &'o str, field: &'static str, text: &'o str, is_reported: bool) {
        if let Some(address) = parse_ip(text.trim()).filter(|_| !subnet.is_empty()) {
            let field = FieldPath::of(field);
            self.0.push(Claimed { field, subnet, text, first: address, last: address, is_reported });
        }
    }

    fn add_at(&mut self, subnet: &'o str, field: FieldPath, addresses: &'o AddressList, is_reported: bool) {
        if subnet.is_empty() {
            return;
        }
        let room = MOST_WRITTEN.saturating_sub(self.0.len());
        for (text, address) in addresses.written().take(room) {
            self.0.push(Claimed { field: field.clone(), subnet, text, first: address, last: address, is_reported });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Inventory;
    use crate::kinds::KubeOvn;

    fn claims(kind: Kind, object: &Value) -> Vec<String> {
        let (object, errors) = Object::read(kind, object, &KubeOvn::default());
        assert!(errors.is_empty(), "{errors:?}");
        let claimed = object.claimed();
        let said = |claimed: &Claimed<'_>| {
            let Claimed { field, subnet, first, last, is_reported, .. } = claimed;
            let reported = if *is_reported { " reported" } else { "" };
            if first == last {
                format!("{field} {subnet} {first}{reported}")
            } else {
                format!("{field} {subnet} {first}..{last}")
            }
        };
        claimed.iter().map(said).collect()
    }

    #[test]
    fn each_kind_says_what_it_claims() {
        let gateway = json!({"spec": {"subnet": "s", "lanIp": "10.0.0.5"}, "status": {"lanIp": "10.0.0.6"}});
        assert_eq!(
            claims(Kind::VpcNatGateway, &gateway),
            ["spec.lanIp s 10.0.0.5", "status.lanIp s 10.0.0.6 reported"]
        );
        let egress = json!({
            "spec": {"internalSubnet": "in", "externalSubnet": "out",
                     "internalIPs": ["10.0.0.5,fd00:0::5"], "externalIPs": ["nonsense", "192.168.0.5"]},
            "status": {"internalIPs": ["10.0.0.5"], "externalIPs": ["192.168.0.6"]},
        });
        let wanted = [
            "spec.internalIPs[0] in 10.0.0.5",
            "spec.internalIPs[0] in fd00::5",
            "spec.externalIPs[1] out 192.168.0.5",
            "status.internalIPs[0] in 10.0.0.5 reported",
            "status.externalIPs[0] out 192.168.0.6 reported",
        ];
        assert_eq!(claims(Kind::VpcEgressGateway, &egress), wanted);
        let eip = json!({"spec": {"v4ip": "192.168.0.5"}, "status": {"ip": "192.168.0.5"}});
        let wanted = [
            "spec.v4ip ovn-vpc-external-network 192.168.0.5",
            "status.ip ovn-vpc-external-network 192.168.0.5 reported",
        ];
        assert_eq!(claims(Kind::IptablesEip, &eip), wanted);
        let eip = json!({"spec": {"v4ip": "192.168.0.5,fd00::5", "v6ip": "fd00::6"}});
        let both = ["spec.v4ip ovn-vpc-external-network 192.168.0.5", "spec.v4ip ovn-vpc-external-network fd00::5"];
        assert_eq!(claims(Kind::IptablesEip, &eip), both);
        let eip = json!({"spec": {"v4ip": "192.168.0.5", "v6ip": "fd00::6"}, "status": {"ready": true}});
        let wanted =
            ["spec.v4ip ovn-vpc-external-network 192.168.0.5", "spec.v6ip ovn-vpc-external-network fd00::6 reported"];
        assert_eq!(claims(Kind::IptablesEip, &eip), wanted);
        let eip = json!({"spec": {"v4Ip": "192.168.0.5,FD00::5", "v6Ip": "fd00::6"}, "status": {"v4Ip": "192.168.0.5", "v6Ip": ""}});
        let wanted = [
            "spec.v4Ip external 192.168.0.5",
            "spec.v4Ip external fd00::5",
            "status.v4Ip external 192.168.0.5 reported",
        ];
        assert_eq!(claims(Kind::OvnEip, &eip), wanted);
        let vip =
            json!({"spec": {"subnet": "s", "v4ip": "10.0.0.5"}, "status": {"v4ip": "10.0.0.5", "v6ip": "fd00::5"}});
        let wanted = ["spec.v4ip s 10.0.0.5", "status.v4ip s 10.0.0.5 reported", "status.v6ip s fd00::5 reported"];
        assert_eq!(claims(Kind::Vip, &vip), wanted);
        let ip = json!({"spec": {"subnet": "s", "v4IpAddress": "10.0.0.5"}});
        assert_eq!(claims(Kind::Ip, &ip), ["spec.v4IpAddress s 10.0.0.5"]);
        let pool = json!({"spec": {"subnet": "s", "ips": ["10.0.0.0/30", "x", " 10.0.0.9", "fd00::1..fd00::9"]}});
        let wanted = ["spec.ips[0] s 10.0.0.0..10.0.0.3", "spec.ips[2] s 10.0.0.9", "spec.ips[3] s fd00::1..fd00::9"];
        assert_eq!(claims(Kind::IpPool, &pool), wanted);
    }

    #[test]
    fn an_egress_gateway_of_the_default_vpc_stands_in_the_default_subnet() {
        let gateway = |vpc: &str| json!({"spec": {"vpc": vpc, "internalIPs": ["10.16.0.5"]}});
        assert_eq!(claims(Kind::VpcEgressGateway, &gateway("")), ["spec.internalIPs[0] ovn-default 10.16.0.5"]);
        assert_eq!(claims(Kind::VpcEgressGateway, &gateway("ovn-cluster")).len(), 1);
        // Which Subnet is the default of another VPC, only its Vpc says.
        assert!(claims(Kind::VpcEgressGateway, &gateway("v")).is_empty());
    }

    #[test]
    fn who_claims_an_address_is_found_by_it() {
        let mut inventory = Inventory::default();
        let gateway = json!({"metadata": {"name": "g"}, "spec": {"subnet": "s", "lanIp": "fd00:0::5"}});
        inventory.apply(Kind::VpcNatGateway, &gateway);
        let view: &dyn crate::inventory::ClusterView = &inventory;
        let found = |subnet: &str, address: &str| {
            let word = claimed_word(subnet, address.parse().unwrap());
            view.by(Kind::VpcNatGateway, BY_CLAIMED_ADDRESS, &word).unwrap().len()
        };
        assert_eq!((found("s", "fd00::5"), found("t", "fd00::5"), found("s", "fd00::6")), (1, 0, 0));
    }
}

//! Wants addresses that an object asks for to be addresses that it can have in its Subnet.
//!
//! Kube-OVN takes any address. One that is outside of the Subnet its IPAM refuses, in the controller's log; the object stays without
//! an address, and so does what is built on it. The address of the Subnet's gateway it may give away, though the router answers for
//! it, and no host can have the network address or the IPv4 broadcast; a /31 and a /127 have neither. An address in `excludeIps` of
//! the Subnet is legal: it is how to keep one for such an object.
//!
//! Judged are `v4ip` of an IptablesEIP in its external Subnet, `v4Ip` of an OvnEip likewise, which may name both of its addresses,
//! those of a Vip and of an IP that a user writes, `internalIPs` and `externalIPs` of a VpcEgressGateway, and `ips` of an IPPool. A range of an IPPool may hold the Subnet's gateway and its edges;
//! where it is only in part in the Subnet, or of an address family that the Subnet does not have, that part is never given to
//! anybody, which is a warning.
//!
//! ```yaml bad
//! # bad: 192.168.1.10 is not in 192.168.0.0/24
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {vlan: external, cidrBlock: 192.168.0.0/24, gateway: 192.168.0.1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: web}
//! spec: {externalSubnet: external, type: nat, v4Ip: 192.168.1.10}
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {vlan: external, cidrBlock: 192.168.0.0/24, gateway: 192.168.0.1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: web}
//! spec: {externalSubnet: external, type: nat, v4Ip: 192.168.0.10}
//! ```
//!
//! Choose a free address of the Subnet, neither its first nor its last, and not its gateway; or leave the field empty, and Kube-OVN
//! draws one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{Claimed, Claims, EgressGateway, Ip, IpPool, IptablesEip, OvnEip, Subnet, Vip};
use crate::net::Family;
use crate::rule::prelude::*;
use crate::text::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-address-range",
    summary: "an object asks for an address that it cannot have in its Subnet",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetAddresses,
    asks: &[Kind::Subnet],
    checks: &[
        Check::IptablesEip(
            &[Read::Field("spec.v4ip"), Read::Field("spec.externalSubnet")],
            |eip: &IptablesEip, context| addresses(eip, context),
        ),
        Check::OvnEip(&[Read::Field("spec.v4Ip"), Read::Field("spec.externalSubnet")], |eip: &OvnEip, context| {
            addresses(eip, context)
        }),
        Check::Vip(
            &[Read::Field("spec.v4ip"), Read::Field("spec.v6ip"), Read::Field("spec.subnet")],
            |vip: &Vip, context| addresses(vip, context),
        ),
        Check::Ip(
            &[Read::Field("spec.v4IpAddress"), Read::Field("spec.v6IpAddress"), Read::Field("spec.subnet")],
            |ip: &Ip, context| addresses(ip, context),
        ),
        Check::EgressGateway(
            &[
                Read::Field("spec.internalIPs"),
                Read::Field("spec.externalIPs"),
                Read::Field("spec.internalSubnet"),
                Read::Field("spec.externalSubnet"),
                Read::Field("spec.vpc"),
            ],
            |gateway: &EgressGateway, context| addresses(gateway, context),
        ),
        Check::IpPool(&[Read::Field("spec.ips"), Read::Field("spec.subnet")], pool),
    ],
};

const HELP: &str = "Choose a free address of the Subnet, neither its first nor its last, and not its gateway; or leave it out, and \
     Kube-OVN draws one.";

/// The Subnets that an object's addresses are of, each looked up once.
#[derive(Default)]
struct Subnets<'o>(BTreeMap<&'o str, Option<Arc<Subnet>>>);

impl<'o> Subnets<'o> {
    /// The Subnet, if it is there and has addresses to compare with: without prefixes others give them out.
    fn of(&mut self, claimed: &Claimed<'o>, context: &Context<'_>) -> Answer<Option<Arc<Subnet>>> {
        if let Some(known) = self.0.get(claimed.subnet) {
            return Ok(known.clone());
        }
        let subnet = context.cluster.subnet(claimed.subnet)?.filter(|subnet| !subnet.cidrs.is_empty());
        self.0.insert(claimed.subnet, subnet.clone());
        Ok(subnet)
    }
}

fn addresses(object: &dyn Claims, context: &mut Context<'_>) -> Outcome {
    let mut subnets = Subnets::default();
    for claimed in object.claimed().iter().filter(|claimed| !claimed.is_reported) {
        let Some(subnet) = subnets.of(claimed, context)? else { continue };
        let Some(fault) = fault(&subnet, claimed.first) else { continue };
        let finding = Finding::invalid(claimed.field.clone(), claimed.text, fault)
            .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
        context.deny(finding.help(HELP));
    }
    Ok(())
}

fn fault(subnet: &Subnet, address: IpAddr) -> Option<String> {
    let name = quoted(&subnet.meta.name);
    let cidr_block = &subnet.cidr_block;
    if !subnet.contains(address) {
        Some(format!("not in Subnet {name} ({cidr_block}), so that Kube-OVN gives no address at all"))
    } else if subnet.gateways.contains(&address) {
        Some(format!("is the gateway of Subnet {name}, whose router has it"))
    } else if subnet.cidrs.iter().any(|cidr| cidr.is_network_address(address)) {
        Some(format!("is the network address of Subnet {name} ({cidr_block}), which nobody can have"))
    } else if subnet.cidrs.iter().any(|cidr| cidr.is_broadcast(address)) {
        Some(format!("is the broadcast address of Subnet {name} ({cidr_block}), which nobody can have"))
    } else {
        None
    }
}

fn pool(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    let mut subnets = Subnets::default();
    for claimed in pool.claimed() {
        let Some(subnet) = subnets.of(&claimed, context)? else { continue };
        let Some((action, fault)) = fault_of_range(&subnet, &claimed) else { continue };
        let finding = Finding::invalid(claimed.field, claimed.text, fault)
            .related(subnet.reference(), Some(FieldPath::of("spec.cidrBlock")));
        let help = format!("Write addresses, prefixes or ranges that lie in {}.", subnet.cidr_block);
        context.report(action, finding.help(help));
    }
    Ok(())
}

/// A range may hold the gateway and the edges of a Subnet: those are never given out.
fn fault_of_range(subnet: &Subnet, claimed: &Claimed<'_>) -> Option<(Action, String)> {
    let Subnet { cidr_block, .. } = subnet;
    let (first, last) = (claimed.first, claimed.last);
    let name = quoted(&subnet.meta.name);
    let family = Family::of(first);
    if !subnet.has_family(family) {
        let fault = format!(
            "Subnet {name} ({cidr_block}) has no {} addresses, so that these are never given out",
            family.name()
        );
        return Some((Action::Warn, fault));
    }
    if subnet.cidrs.iter().any(|cidr| cidr.contains(first) && cidr.contains(last)) {
        return None;
    }
    let reaches_in = |network: ipnet::IpNet| {
        Family::of(network.addr()) == family && first <= network.broadcast() && network.network() <= last
    };
    if subnet.cidrs.iter().any(|cidr| reaches_in(cidr.network())) {
        let fault = format!("lies only in part in Subnet {name} ({cidr_block}); the rest is never given out");
        return Some((Action::Warn, fault));
    }
    Some((Action::Deny, format!("not in Subnet {name} ({cidr_block}), so that Kube-OVN finds no address in it")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, create, update};

    fn cluster(subnet: &Value) -> Cluster {
        Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "ext", "spec": subnet}))
    }

    fn dual() -> Value {
        json!({"cidrBlock": "10.0.1.0/24,fd00::/120", "gateway": "10.0.1.9,fd00::9"})
    }

    fn eip(v4: &str, v6: &str) -> Value {
        json!({"kind": "OvnEip", "spec": {"externalSubnet": "ext", "type": "nat", "v4Ip": v4, "v6Ip": v6}})
    }

    #[test]
    fn each_fault_of_an_address_is_named() {
        let of = r#"of Subnet "ext""#;
        let cidrs = "(10.0.1.0/24,fd00::/120)";
        for (address, fault) in [
            ("10.0.2.5", format!(r#"not in Subnet "ext" {cidrs}, so that Kube-OVN gives no address at all"#)),
            ("10.0.1.9", format!("is the gateway {of}, whose router has it")),
            ("10.0.1.0", format!("is the network address {of} {cidrs}, which nobody can have")),
            ("10.0.1.255", format!("is the broadcast address {of} {cidrs}, which nobody can have")),
        ] {
            let said = |field: &str| format!("{field}: Invalid value: {address:?}: {fault} [subnet-address-range]");
            cluster(&dual()).refuses(&eip(address, ""), &[&said("spec.v4Ip")]);
            let iptables =
                json!({"kind": "IptablesEIP", "spec": {"externalSubnet": "ext", "natGwDp": "g", "v4ip": address}});
            cluster(&dual()).refuses(&iptables, &[&said("spec.v4ip")]);
            let vip = json!({"kind": "Vip", "spec": {"subnet": "ext", "v4ip": address}});
            cluster(&dual()).refuses(&vip, &[&said("spec.v4ip")]);
            let ip = json!({"kind": "IP", "spec": {"subnet": "ext", "v4IpAddress": address}});
            cluster(&dual()).refuses(&ip, &[&said("spec.v4IpAddress")]);
            let egress = json!({"kind": "VpcEgressGateway", "namespace": "ns", "spec": {
                "vpc": "v", "externalSubnet": "ext", "internalSubnet": "ext", "externalIPs": [address], "internalIPs": [address],
            }});
            cluster(&dual()).refuses(&egress, &[&said("spec.externalIPs[0]"), &said("spec.internalIPs[0]")]);
        }
        for address in ["fd01::5", "fd00::9", "fd00::"] {
            for asked in [address.to_owned(), format!("10.0.1.5,{address}")] {
                let verdict = cluster(&dual()).verdict(&update(&eip("", ""), &eip(&asked, "")));
                assert_eq!(verdict.findings.len(), 1, "{asked}");
            }
        }
        cluster(&dual()).accepts(&eip("10.0.1.5,fd00::ff", ""));
    }

    #[test]
    fn both_addresses_of_an_eip_are_judged_where_kube_ovn_reads_them() {
        let v4 = json!({"cidrBlock": "10.0.1.0/24"});
        let fault = r#"not in Subnet "ext" (10.0.1.0/24), so that Kube-OVN gives no address at all"#;
        let said = |field: &str| format!(r#"spec.{field}: Invalid value: "fd00::5": {fault} [subnet-address-range]"#);
        cluster(&v4).refuses(&eip("10.0.1.5,fd00::5", ""), &[&said("v4Ip")]);
        let iptables = |v4ip: &str, v6ip: &str| json!({"kind": "IptablesEIP", "spec": {"externalSubnet": "ext", "natGwDp": "g", "v4ip": v4ip, "v6ip": v6ip}});
        cluster(&v4).refuses(&iptables("10.0.1.5,fd00::5", ""), &[&said("v4ip")]);
        // It reads neither of these.
        cluster(&v4).accepts(&eip("10.0.1.5", "fd00::5"));
        cluster(&v4).accepts(&iptables("10.0.1.5", "fd00::5"));
        cluster(&json!({"cidrBlock": "fd00::/120"})).accepts(&eip("fd00::5", "fd01::5"));
    }

    /// How to keep an address for such an object.
    #[test]
    fn an_excluded_address_is_legal() {
        let subnet = json!({"cidrBlock": "10.0.1.0/24", "excludeIps": ["10.0.1.5", "10.0.1.100..10.0.1.200"]});
        cluster(&subnet).accepts(&eip("10.0.1.5", ""));
        cluster(&subnet).accepts(&eip("10.0.1.150", ""));
    }

    #[test]
    fn a_point_to_point_subnet_has_neither_network_address_nor_broadcast() {
        cluster(&json!({"cidrBlock": "10.0.1.0/31", "gateway": "10.0.1.0"})).accepts(&eip("10.0.1.1", ""));
        cluster(&json!({"cidrBlock": "10.0.1.0/31", "gateway": "10.0.1.1"})).accepts(&eip("10.0.1.0", ""));
    }

    #[test]
    fn nothing_is_known_of_a_subnet_without_prefixes_or_that_is_not_there() {
        cluster(&json!({"vlan": "x"})).accepts(&eip("10.0.2.5", ""));
        Cluster::of(super::RULE.id).accepts(&eip("10.0.2.5", ""));
        cluster(&dual()).accepts(&eip("nonsense", ""));
    }

    /// What names no Subnet is in the one that Kube-OVN takes for it.
    #[test]
    fn the_external_subnet_may_be_the_default_one() {
        let external =
            |name: &str| Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": name, "spec": dual()}));
        let ovn = json!({"kind": "OvnEip", "spec": {"v4Ip": "10.0.2.5"}});
        let iptables = json!({"kind": "IptablesEIP", "spec": {"v4ip": "10.0.2.5"}});
        for (name, object) in [("external", &ovn), ("ovn-vpc-external-network", &iptables)] {
            assert_eq!(external(name).verdict(&update(object, object)).findings.len(), 0);
            assert_eq!(external(name).verdict(&create(object)).findings.len(), 1);
        }
    }

    #[test]
    fn a_pool_may_hold_gateway_and_edges_but_must_lie_in_its_subnet() {
        let pool = |ips: &str| json!({"kind": "IPPool", "spec": {"subnet": "ext", "ips": [ips]}});
        for ips in ["10.0.1.0/24", "10.0.1.9", "10.0.1.0..10.0.1.255", "fd00::/120", "nonsense"] {
            cluster(&dual()).accepts(&pool(ips));
        }
        for ips in ["10.0.2.0/24", "10.0.0.250..10.0.0.255", "fd01::1"] {
            let fault = "not in Subnet \"ext\" (10.0.1.0/24,fd00::/120), so that Kube-OVN finds no address in it";
            cluster(&dual()).refuses(
                &pool(ips),
                &[&format!("spec.ips[0]: Invalid value: {ips:?}: {fault} [subnet-address-range]")],
            );
        }
        for ips in ["10.0.0.0/16", "10.0.1.250..10.0.2.5", "10.0.0.250..10.0.1.5"] {
            let fault = "lies only in part in Subnet \"ext\" (10.0.1.0/24,fd00::/120); the rest is never given out";
            cluster(&dual()).warns(&pool(ips), &[&format!("spec.ips[0]: {ips:?}: {fault} [subnet-address-range]")]);
        }
        let fault = "Subnet \"ext\" (10.0.1.0/24) has no IPv6 addresses, so that these are never given out";
        cluster(&json!({"cidrBlock": "10.0.1.0/24"}))
            .warns(&pool("fd00::5"), &[&format!("spec.ips[0]: \"fd00::5\": {fault} [subnet-address-range]")]);
    }
}

//! Keeps an address of a Subnet from being asked for by two.
//!
//! Each Subnet has one pool of addresses, from which Pods draw, and much else: the `lanIp` of a VpcNatGateway, the addresses of a
//! VpcEgressGateway, IptablesEIPs, OvnEips and Vips. Kube-OVN gives an address to whoever asks first; the other object stays without one,
//! and only the controller's log says why. What Kube-OVN has drawn itself and reports in a status counts as well, and what is being
//! deleted counts until it is gone. Two `lanIp` in one Subnet are `lan-ip-unique`'s.
//!
//! Two IPPools of one Subnet may not have an address in common either: Kube-OVN then leaves the second one out. An address of an
//! IPPool may well be an EIP's.
//!
//! A Pod, or a workload's Pods, with an address that is taken in its Subnet is a warning: in a list of several addresses only where
//! not enough others are left. Pods of the namespace that a gateway runs in may have the gateway's address, and a Pod that names a Vip, or has taken it, the Vip's.
//!
//! What a Pod has is an IP of Kube-OVN's. Where IPs are seen, in files or with the setting `readIPs`, an address that one of them has is a
//! warning, to other Pods too; a Pod that may be of the same workload is none, for one takes the place of the other.
//!
//! ```yaml bad
//! # bad: both want 192.168.0.10
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: external}
//! spec: {vlan: external, cidrBlock: 192.168.0.0/24, gateway: 192.168.0.1}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: web}
//! spec: {externalSubnet: external, type: nat, v4Ip: 192.168.0.10}
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: mail}
//! spec: {externalSubnet: external, type: nat, v4Ip: 192.168.0.10}
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
//! ---
//! apiVersion: kubeovn.io/v1
//! kind: OvnEip
//! metadata: {name: mail}
//! spec: {externalSubnet: external, type: nat, v4Ip: 192.168.0.11}
//! ```
//!
//! Choose another address of the Subnet, or leave the field empty: Kube-OVN draws one that is free.

use std::net::IpAddr;

use crate::inventory::{Answer, ClusterView};
use crate::kinds::{
    ADDRESS_PAIRS, BY_CLAIMED_ADDRESS, CLAIM_ADDRESSES, Claimed, Claims, DEFAULT_NETWORK, EgressGateway,
    IP_ADDRESS_SUFFIX, IP_POOL_SUFFIX, Ip, IpPool, IptablesEip, LOGICAL_SWITCH_SUFFIX, NETWORKS, NatGateway, Object,
    ObjectRef, OvnEip, VIP, Vip, claimed_word, key,
};
use crate::rule::prelude::*;
use crate::rules::support::pools::Pools;
use crate::text::quoted;

mod ips;
mod pod;

/// The rule.
pub const RULE: Rule = Rule {
    id: "subnet-address-unique",
    summary: "another object asks for the same address of a Subnet",
    default: RuleAction::Deny,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::SubnetAddresses,
    asks: &[
        Kind::Subnet,
        Kind::IptablesEip,
        Kind::OvnEip,
        Kind::Vip,
        Kind::VpcNatGateway,
        Kind::VpcEgressGateway,
        Kind::IpPool,
        Kind::Namespace,
        Kind::Ip,
    ],
    checks: &[
        Check::IptablesEip(
            &[Read::Field("spec.v4ip"), Read::Field("spec.externalSubnet")],
            |eip: &IptablesEip, context| addresses(eip, &eip.meta.name, &|_| false, context),
        ),
        Check::OvnEip(&[Read::Field("spec.v4Ip"), Read::Field("spec.externalSubnet")], |eip: &OvnEip, context| {
            addresses(eip, &eip.meta.name, &|_| false, context)
        }),
        Check::Vip(
            &[Read::Field("spec.v4ip"), Read::Field("spec.v6ip"), Read::Field("spec.subnet")],
            |vip: &Vip, context| {
                addresses(vip, &vip.meta.name, &|ip| vip.taken_by() == Some(ip.meta.name.as_str()), context)
            },
        ),
        Check::NatGateway(&[Read::Field("spec.lanIp"), Read::Field("spec.subnet")], |gateway: &NatGateway, context| {
            let name = &gateway.meta.name;
            addresses(gateway, name, &|ip| ips::is_of_gateway(ip, name), context)
        }),
        Check::EgressGateway(
            &[
                Read::Field("spec.internalIPs"),
                Read::Field("spec.externalIPs"),
                Read::Field("spec.internalSubnet"),
                Read::Field("spec.externalSubnet"),
                Read::Field("spec.vpc"),
            ],
            |gateway: &EgressGateway, context| {
                let (name, namespace) = (&gateway.meta.name, context.namespace);
                let is_own = |ip: &Ip| ip.namespace == namespace && ips::is_of_gateway(ip, name);
                addresses(gateway, name, &is_own, context)
            },
        ),
        Check::IpPool(&[Read::Field("spec.ips"), Read::Field("spec.subnet")], pool),
        Check::Pod(
            &[
                Read::PodAnnotationsEnding(IP_ADDRESS_SUFFIX),
                Read::PodAnnotationsEnding(IP_POOL_SUFFIX),
                Read::PodAnnotationsEnding(LOGICAL_SWITCH_SUFFIX),
                Read::PodAnnotation(NETWORKS),
                Read::PodAnnotation(DEFAULT_NETWORK),
                Read::PodAnnotation(VIP),
                Read::PodAnnotation(ADDRESS_PAIRS),
                Read::PodField("spec.hostNetwork"),
                Read::Field("spec.replicas"),
                Read::Field("spec.parallelism"),
            ],
            pod::check,
        ),
    ],
};

const HELP: &str = "Choose another address of the Subnet, or leave it out: Kube-OVN draws one that is free.";

const HELP_WHILE_GOING: &str =
    "Wait until it is gone, which its finalizers say in metadata.finalizers, or choose another address of the Subnet.";

fn addresses(object: &dyn Claims, name: &str, is_own: &dyn Fn(&Ip) -> bool, context: &mut Context<'_>) -> Outcome {
    for claimed in object.claimed().iter().filter(|claimed| !claimed.is_reported) {
        for other in claimants(context.admitted, claimed.subnet, claimed.first)? {
            let is_itself = other.kind == context.kind && other.is_called(context.namespace, name);
            let is_lan_ip = context.kind == Kind::VpcNatGateway && other.kind == Kind::VpcNatGateway;
            if is_itself || is_lan_ip {
                continue;
            }
            let mentioned = context.mention(other.kind, &other.object.meta().name);
            let is_going = other.object.meta().deleting;
            let until = if is_going { " until it is gone, for it is being deleted" } else { "" };
            let detail = format!(
                "{mentioned} in Subnet {} has it{until}, and Kube-OVN gives it to whoever comes first",
                quoted(claimed.subnet)
            );
            let finding = Finding::duplicate(claimed.field.clone(), claimed.text, detail)
                .related(other.reference(), other.field(claimed.subnet, claimed.first))
                .in_conflict_with(&other.identity());
            context.deny(finding.help(if is_going { HELP_WHILE_GOING } else { HELP }));
        }
        ips::given(claimed, is_own, context)?;
    }
    Ok(())
}

/// An object that claims an address.
struct Claimant {
    kind: Kind,
    object: Object,
}

/// All that claim an address of a Subnet, also what is being deleted.
fn claimants(cluster: &dyn ClusterView, subnet: &str, address: IpAddr) -> Answer<Vec<Claimant>> {
    let word = claimed_word(subnet, address);
    let mut found = Vec::new();
    for kind in CLAIM_ADDRESSES {
        let claiming = cluster.by(*kind, BY_CLAIMED_ADDRESS, &word)?;
        found.extend(claiming.into_iter().map(|object| Claimant { kind: *kind, object }));
    }
    Ok(found)
}

impl Claimant {
    fn is_called(&self, namespace: &str, name: &str) -> bool {
        let meta = self.object.meta();
        meta.name == name && (!self.kind.is_namespaced() || meta.namespace == namespace)
    }

    fn reference(&self) -> ObjectRef {
        let meta = self.object.meta();
        if self.kind.is_namespaced() {
            ObjectRef::namespaced(self.kind, &meta.namespace, &meta.name)
        } else {
            ObjectRef::new(self.kind, &meta.name)
        }
    }

    fn identity(&self) -> String {
        let meta = self.object.meta();
        format!("{} {}", self.kind, key(&meta.namespace, &meta.name))
    }

    /// Where it says so: where somebody has written it, if it is written and reported.
    fn field(&self, subnet: &str, address: IpAddr) -> Option<FieldPath> {
        let claimed = self.object.claimed();
        let is_it = |claimed: &&Claimed<'_>| claimed.subnet == subnet && claimed.first == address;
        let written = claimed.iter().find(|claimed| is_it(claimed) && !claimed.is_reported);
        written.or_else(|| claimed.iter().find(is_it)).map(|claimed| claimed.field.clone())
    }
}

fn pool(pool: &IpPool, context: &mut Context<'_>) -> Outcome {
    if pool.subnet.is_empty() || pool.ranges.is_empty() {
        return Ok(());
    }
    let mut others = context.admitted.ip_pools_of_subnet_until_gone(&pool.subnet)?;
    others.retain(|other| other.meta.name != pool.meta.name);
    let others = Pools::of(&others);
    for claimed in pool.claimed() {
        let Some(other) = others.overlapping(claimed.first, claimed.last) else { continue };
        let mentioned = context.mention(Kind::IpPool, &other.meta.name);
        let detail = format!(
            "{mentioned} of Subnet {} has addresses of it, and Kube-OVN sets up only the first",
            quoted(claimed.subnet)
        );
        let finding = Finding::duplicate(claimed.field, claimed.text, detail)
            .related(other.reference(), Some(FieldPath::of("spec.ips")))
            .in_conflict_with(&other.meta.name);
        context.deny(finding.help("Write addresses that no other IPPool of the Subnet has."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rules::support::testing::{Cluster, create, update};

    const COMES_FIRST: &str = "has it, and Kube-OVN gives it to whoever comes first [subnet-address-unique]";

    fn cluster() -> Cluster {
        let subnet =
            |name: &str| json!({"kind": "Subnet", "name": name, "spec": {"cidrBlock": "10.0.1.0/24,fd00::/120"}});
        Cluster::of(super::RULE.id).with(subnet("s")).with(subnet("t"))
    }

    /// Each kind with an address in a Subnet.
    fn claiming(subnet: &str, address: &str) -> Vec<(&'static str, Value)> {
        vec![
            (
                "spec.lanIp",
                json!({"kind": "VpcNatGateway", "name": "g", "spec": {"vpc": "v", "subnet": subnet, "lanIp": address}}),
            ),
            (
                "spec.externalIPs[0]",
                json!({"kind": "VpcEgressGateway", "namespace": "ns", "name": "e",
                       "spec": {"vpc": "v", "internalSubnet": "x", "externalSubnet": subnet, "externalIPs": [address]}}),
            ),
            (
                "spec.internalIPs[0]",
                json!({"kind": "VpcEgressGateway", "namespace": "ns", "name": "e",
                       "spec": {"vpc": "v", "internalSubnet": subnet, "externalSubnet": "x", "internalIPs": [address]}}),
            ),
            (
                "spec.v4ip",
                json!({"kind": "IptablesEIP", "name": "i", "spec": {"externalSubnet": subnet, "v4ip": address}}),
            ),
            ("spec.v4ip", json!({"kind": "Vip", "name": "w", "spec": {"subnet": subnet, "v4ip": address}})),
            ("spec.v4Ip", json!({"kind": "OvnEip", "name": "o", "spec": {"externalSubnet": subnet, "v4Ip": address}})),
        ]
    }

    fn named(mut object: Value) -> Value {
        object["name"] = json!("new");
        object
    }

    /// Two lanIp are another rule's.
    #[test]
    fn an_address_is_had_once_whatever_asks_for_it() {
        for (_, first) in claiming("s", "10.0.1.5") {
            for (field, second) in claiming("s", "10.0.1.5") {
                let (kind, name) = (first["kind"].as_str().unwrap(), first["name"].as_str().unwrap());
                let wanted =
                    format!(r#"{field}: Duplicate value: "10.0.1.5": {kind} "{name}" in Subnet "s" {COMES_FIRST}"#);
                let are_gateways = kind == "VpcNatGateway" && second["kind"] == kind;
                let wanted: Vec<_> = [wanted.as_str()].into_iter().filter(|_| !are_gateways).collect();
                cluster().with(first.clone()).refuses(&named(second), &wanted);
            }
            for (_, elsewhere) in claiming("t", "10.0.1.5").into_iter().chain(claiming("s", "10.0.1.6")) {
                cluster().with(first.clone()).accepts(&named(elsewhere));
            }
            cluster().with(first.clone()).accepts(&first);
        }
    }

    #[test]
    fn what_kube_ovn_reports_counts_and_is_not_judged_itself() {
        let drawn =
            json!({"kind": "OvnEip", "name": "o", "spec": {"externalSubnet": "s"}, "status": {"v6Ip": "fd00::5"}});
        let asking = |name: &str| json!({"kind": "OvnEip", "name": name, "spec": {"externalSubnet": "s", "v4Ip": "10.0.1.6,fd00:0::5"}});
        let wanted = format!(r#"spec.v4Ip: Duplicate value: "fd00:0::5": OvnEip "o" in Subnet "s" {COMES_FIRST}"#);
        cluster().with(drawn.clone()).refuses(&asking("new"), &[&wanted]);
        cluster().with(asking("other")).accepts(&drawn);
        let unread = json!({"kind": "OvnEip", "name": "new", "spec": {"externalSubnet": "s", "v6Ip": "fd00::5"}});
        cluster().with(drawn).accepts(&unread);
        // Of an IptablesEIP no status says it, but Kube-OVN has written it once there is one.
        let iptables = |name: &str, status: Value| json!({"kind": "IptablesEIP", "name": name, "spec": {"externalSubnet": "s", "v6ip": "fd00::5"}, "status": status});
        let wanted = format!(r#"spec.v4Ip: Duplicate value: "fd00:0::5": IptablesEIP "i" in Subnet "s" {COMES_FIRST}"#);
        let set_up = iptables("i", json!({"ready": true, "ip": "10.0.1.7"}));
        cluster().with(set_up).refuses(&asking("new"), &[&wanted]);
        cluster().with(iptables("i", json!({}))).accepts(&asking("new"));
    }

    #[test]
    fn what_is_being_deleted_holds_its_address_until_it_is_gone() {
        let mut gone = json!({"kind": "OvnEip", "name": "o", "spec": {"externalSubnet": "s", "v4Ip": "10.0.1.5"}});
        gone["metadata"] = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        let asking = json!({"kind": "IptablesEIP", "spec": {"externalSubnet": "s", "v4ip": "10.0.1.5"}});
        assert_eq!(cluster().with(gone).verdict(&create(&asking)).findings.len(), 1);
    }

    #[test]
    fn an_old_sin_is_a_warning() {
        let (_, first) = claiming("s", "10.0.1.5").remove(5);
        let asking = |v4: &str| json!({"kind": "OvnEip", "spec": {"externalSubnet": "s", "v4Ip": v4}});
        let verdict = cluster().with(first).verdict(&update(&asking("10.0.1.5"), &asking("10.0.1.5,fd00::7")));
        assert_eq!((verdict.findings.len(), verdict.warnings.len()), (0, 1));
    }

    fn pool(name: &str, subnet: &str, ips: &[&str]) -> Value {
        json!({"kind": "IPPool", "name": name, "spec": {"subnet": subnet, "ips": ips}})
    }

    #[test]
    fn pools_of_a_subnet_have_no_address_in_common() {
        let cluster = || {
            cluster().with(pool("a", "s", &["10.0.1.10..10.0.1.20", "fd00::10..fd00::20"])).with(pool(
                "b",
                "s",
                &["10.0.1.64/26"],
            ))
        };
        for (ips, other) in [
            ("10.0.1.0/24", "b"),
            ("10.0.1.20", "a"),
            ("10.0.1.5..10.0.1.10", "a"),
            ("10.0.1.100..10.0.1.200", "b"),
            ("fd00::/120", "a"),
        ] {
            let wanted = format!(
                r#"spec.ips[0]: Duplicate value: "{ips}": IPPool "{other}" of Subnet "s" has addresses of it, and Kube-OVN sets up only the first [subnet-address-unique]"#
            );
            cluster().refuses(&pool("new", "s", &[ips]), &[&wanted]);
            cluster().accepts(&pool("new", "t", &[ips]));
        }
        for ips in ["10.0.1.21..10.0.1.63", "10.0.1.9", "10.0.1.128/25", "fd00::21", "nonsense"] {
            cluster().accepts(&pool("new", "s", &[ips]));
        }
        cluster().accepts(&pool("a", "s", &["10.0.1.10..10.0.1.30"]));
    }

    /// An IPPool is from where it may be drawn.
    #[test]
    fn an_eip_may_lie_in_a_pool() {
        let cluster = cluster().with(pool("a", "s", &["10.0.1.0/24"]));
        for (_, object) in claiming("s", "10.0.1.5") {
            assert!(cluster.verdict(&create(&object)).findings.is_empty());
        }
    }
}

//! Which fields of which kind do not change, and what Kube-OVN does where one is to.

use crate::finding::Action;
use crate::kinds::{
    EgressGateway, Ip, IpPool, IptablesDnatRule, IptablesEip, OvnDnatRule, OvnEip, OvnFip, OvnSnatRule,
    ProviderNetwork, QosPolicy, Vip, VpcDns,
};

/// A field.
pub(super) struct Row<T> {
    pub(super) field: &'static str,
    pub(super) action: Action,
    /// What becomes of the change.
    pub(super) harm: &'static str,
    pub(super) value: fn(&T) -> &str,
    /// What Kube-OVN has made of it, where it says so. A value that it never took over may be taken away.
    pub(super) given: Option<fn(&T) -> &str>,
    /// Whether the new object, behind the old one, asks again for what Kube-OVN has given it and written in its own way.
    pub(super) asks_again: Option<fn(&T, &T) -> bool>,
}

const fn denied<T>(field: &'static str, harm: &'static str, value: fn(&T) -> &str) -> Row<T> {
    Row { field, action: Action::Deny, harm, value, given: None, asks_again: None }
}

const fn warned<T>(field: &'static str, harm: &'static str, value: fn(&T) -> &str) -> Row<T> {
    Row { field, action: Action::Warn, harm, value, given: None, asks_again: None }
}

impl<T> Row<T> {
    const fn given(self, given: fn(&T) -> &str) -> Self {
        Self { given: Some(given), ..self }
    }

    const fn asks_again(self, asks_again: fn(&T, &T) -> bool) -> Self {
        Self { asks_again: Some(asks_again), ..self }
    }
}

pub(super) const KEPT: &str = "Kube-OVN keeps the old value, with a line in its log";
const IGNORED: &str = "Kube-OVN ignores the change";
const NOTED: &str = "Kube-OVN goes by what it noted when it gave the address";

pub(super) const IPTABLES_EIP: &[Row<IptablesEip>] = &[
    denied("spec.natGwDp", "its rules stay in the Pod of that gateway", |eip| &eip.nat_gateway),
    denied(
        "spec.externalSubnet",
        "Kube-OVN gives the address back to the wrong Subnet, and in the right one it is lost",
        |eip| &eip.external_subnet,
    ),
    denied("spec.v4ip", KEPT, |eip: &IptablesEip| &eip.v4_ip.text).given(|eip| &eip.status_ip.text),
    warned("spec.v6ip", IGNORED, |eip| &eip.v6_ip.text),
    warned("spec.macAddress", IGNORED, |eip| &eip.mac_address),
];

pub(super) const IPTABLES_DNAT_RULE: &[Row<IptablesDnatRule>] =
    &[denied("spec.type", KEPT, |rule| if rule.is_shared() { "share" } else { "exclusive" })];

pub(super) const OVN_EIP: &[Row<OvnEip>] = &[
    denied("spec.externalSubnet", KEPT, |eip| &eip.external_subnet),
    denied("spec.v4Ip", KEPT, |eip: &OvnEip| &eip.v4_ip.text)
        .given(|eip| &eip.status_v4_ip.text)
        .asks_again(asks_for_both_again),
    denied("spec.v6Ip", KEPT, |eip: &OvnEip| &eip.v6_ip.text).given(|eip| &eip.status_v6_ip.text),
    denied("spec.macAddress", KEPT, |eip| &eip.mac_address),
    denied("spec.type", KEPT, |eip: &OvnEip| &eip.usage).given(|eip| &eip.status_usage),
];

/// Both addresses are asked for in one field, and Kube-OVN writes the second one into another.
fn asks_for_both_again(old: &OvnEip, new: &OvnEip) -> bool {
    let given = [&old.status_v4_ip, &old.status_v6_ip];
    let is_given = |address| given.iter().any(|list| list.addresses.contains(address));
    new.v4_ip.addresses.len() == 2 && new.v4_ip.addresses.iter().all(is_given)
}

pub(super) const OVN_FIP: &[Row<OvnFip>] = &[
    denied("spec.ovnEip", KEPT, |fip| &fip.ovn_eip),
    denied("spec.vpc", KEPT, |fip| &fip.target.vpc),
    denied("spec.ipName", KEPT, |fip| &fip.target.ip_name),
    denied("spec.ipType", KEPT, |fip| &fip.target.ip_type),
    denied("spec.v4Ip", KEPT, |fip| &fip.target.v4_ip),
    denied("spec.v6Ip", KEPT, |fip| &fip.target.v6_ip),
    denied("spec.type", KEPT, |fip| &fip.placement),
];

pub(super) const OVN_DNAT_RULE: &[Row<OvnDnatRule>] = &[
    denied("spec.ovnEip", KEPT, |rule| &rule.ovn_eip),
    denied("spec.vpc", KEPT, |rule| &rule.target.vpc),
    denied("spec.ipName", KEPT, |rule| &rule.target.ip_name),
    denied("spec.ipType", KEPT, |rule| &rule.target.ip_type),
    denied("spec.v4Ip", KEPT, |rule| &rule.target.v4_ip),
    denied("spec.v6Ip", KEPT, |rule| &rule.target.v6_ip),
    denied("spec.externalPort", KEPT, |rule| &rule.external_port),
    denied("spec.internalPort", KEPT, |rule| &rule.internal_port),
    denied("spec.protocol", KEPT, |rule| &rule.protocol),
];

pub(super) const OVN_SNAT_RULE: &[Row<OvnSnatRule>] = &[
    denied("spec.ovnEip", KEPT, |rule| &rule.ovn_eip),
    denied("spec.vpc", KEPT, |rule| &rule.vpc),
    denied("spec.vpcSubnet", KEPT, |rule| &rule.vpc_subnet),
    denied("spec.ipName", KEPT, |rule| &rule.ip_name),
    denied("spec.v4IpCidr", KEPT, |rule| &rule.v4_ip_cidr),
    denied("spec.v6IpCidr", KEPT, |rule| &rule.v6_ip_cidr),
];

pub(super) const VIP: &[Row<Vip>] = &[
    denied("spec.subnet", KEPT, |vip| &vip.subnet),
    denied("spec.type", KEPT, |vip| &vip.kind),
    denied("spec.v4ip", KEPT, |vip: &Vip| &vip.v4_ip).given(|vip| &vip.given.v4_ip),
    denied("spec.v6ip", KEPT, |vip: &Vip| &vip.v6_ip).given(|vip| &vip.given.v6_ip),
    denied("spec.macAddress", KEPT, |vip: &Vip| &vip.mac_address).given(|vip| &vip.given.mac),
];

pub(super) const IP: &[Row<Ip>] = &[
    warned("spec.subnet", NOTED, |ip| &ip.subnet),
    warned("spec.namespace", NOTED, |ip| &ip.namespace),
    warned("spec.podName", NOTED, |ip| &ip.pod_name),
    warned("spec.podType", NOTED, |ip| &ip.pod_type),
    warned("spec.v4IpAddress", NOTED, |ip| &ip.v4_ip),
    warned("spec.v6IpAddress", NOTED, |ip| &ip.v6_ip),
    warned("spec.macAddress", NOTED, |ip| &ip.mac_address),
];

pub(super) const IP_POOL: &[Row<IpPool>] =
    &[denied("spec.subnet", "since v1.16 nothing keeps it, and the pool stays in that Subnet too", |pool| {
        &pool.subnet
    })];

pub(super) const QOS_POLICY: &[Row<QosPolicy>] = &[denied("spec.bindingType", KEPT, |policy| &policy.binding_type)];

pub(super) const EGRESS_GATEWAY: &[Row<EgressGateway>] =
    &[denied("spec.prefix", "what was made with it stays, and nobody deletes it", |gateway| &gateway.prefix)];

const SET_UP: &str = "with exchangeLinkName the old one has the name that the new one is to get, and nodes stay without it until the \
     ProviderNetwork is made anew";
const STAYS: &str = "Kube-OVN says that it may not change, and what was made for the old one may stay";

pub(super) const PROVIDER_NETWORK: &[Row<ProviderNetwork>] =
    &[warned("spec.defaultInterface", SET_UP, |network| &network.default_interface)];

pub(super) const VPC_DNS: &[Row<VpcDns>] =
    &[warned("spec.vpc", STAYS, |dns| &dns.vpc), warned("spec.subnet", STAYS, |dns| &dns.subnet)];

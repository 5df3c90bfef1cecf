//! The annotations of Pods that Kube-OVN reads or writes, by their keys: `<provider>.kubernetes.io/<name>`.
//!
//! The provider is that of a network of the Pod; of `ovn`, the primary one, are also those that are said once for the whole Pod.

use super::OVN;
use crate::kinds::{DEFAULT_NETWORK, NETWORKS};

/// What stands between the provider of a network and the rest of a key.
pub(crate) const MIDDLE: &str = ".kubernetes.io/";

/// What users write of a network.
const OF_NETWORK: &[&str] = &[
    "default_route",
    "egress_rate",
    "ingress_rate",
    "ip_address",
    "ip_pool",
    "layer2_forward",
    "logical_switch",
    "mac_address",
    "port_security",
    "port_vips",
    "routes",
    "security_groups",
];

/// The same, read by releases after v1.16.
const OF_NETWORK_LATER: &[&str] = &["egress_burst", "ingress_burst", "ip_family"];

/// What is read of a network besides, most of which Kube-OVN writes itself.
const OF_NETWORK_BESIDES: &[&str] = &[
    "activation_strategy",
    "allocated",
    "cidr",
    "dhcp-v4-options",
    "dhcp-v6-options",
    "gateway",
    "jitter",
    "latency",
    "limit",
    "logical_router",
    "loss",
    "mirror",
    "pod_nic_type",
    "provider_network",
    "routed",
    "vf",
    "vf_representor",
    "virtualmachine",
    "vlan_id",
    "vpc_cidrs",
];

/// What may have the name of an interface behind it.
const OF_INTERFACE: &[&str] = &["ip_address", "mac_address"];

/// What users write once for the whole Pod.
const OF_POD: &[&str] = &["aaps", "eip", "north_gateway", "snat", "vip"];

/// What is read of the whole Pod besides, and of other objects too.
const OF_POD_BESIDES: &[&str] = &["bgp", "port_name"];

/// Those of a network by which its provider is known for one of Kube-OVN, whatever it is called.
const TELLING: &[&str] =
    &["ip_address", "ip_pool", "logical_router", "logical_switch", "mac_address", "security_groups"];

/// What Kube-OVN writes or reads on Pods besides.
const OF_OTHERS: &[&str] = &[
    "acl_log_meter_rate",
    "attachmentprovider",
    "chassis",
    "enable_log",
    "exclude_ips",
    "generate-hash",
    "lb_svc_img",
    "log_acl_actions",
    "network_policy_enforcement",
    "network_policy_for",
    "node_networks",
    "subnet",
    "tunnel_interface",
    "vpc",
];

/// How the others begin.
const BEGINNINGS: &[&str] = &["vpc_", "vpc-", "switch_lb", "router_lb", "service_", "ovn_", "eip_"];

/// A key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key<'k> {
    /// The provider of the network that it is about.
    pub(crate) provider: &'k str,
    /// What it says of that, with the interface.
    pub(crate) what: &'k str,
    /// What it says, without the interface.
    pub(crate) name: &'k str,
    /// The interface; empty where it has none.
    pub(crate) interface: &'k str,
}

impl<'k> Key<'k> {
    fn split(key: &'k str) -> Option<Self> {
        let (provider, what) = key.split_once(MIDDLE)?;
        let (name, interface) = what.split_once('.').unwrap_or((what, ""));
        Some(Self { provider, what, name, interface })
    }

    /// One that users write of a network of a Pod.
    pub(crate) fn of_network(key: &'k str) -> Option<Self> {
        let key = Self::split(key)?;
        let is_provider = key.provider == OVN || key.provider.contains('.');
        let is_of_network = [OF_NETWORK, OF_NETWORK_LATER].iter().any(|names| names.contains(&key.what));
        let is_of_interface = key.what != key.name && OF_INTERFACE.contains(&key.name);
        (is_provider && (is_of_network || is_of_interface)).then_some(key)
    }

    /// One of Kube-OVN, mistyped perhaps; none where nobody can tell.
    pub(crate) fn of_kube_ovn(key: &'k str) -> Option<Self> {
        let key = Self::split(key)?;
        let is_telling = key.provider.contains('.') && TELLING.contains(&key.name);
        let is_whole = key.what == key.name || !key.interface.is_empty();
        (key.provider.split('.').any(|part| part == OVN) || (is_telling && is_whole)).then_some(key)
    }

    /// Whether v1.16 would read it on some Pod.
    pub(crate) fn is_of_pods(&self) -> bool {
        [OF_NETWORK, OF_NETWORK_BESIDES].iter().any(|names| names.contains(&self.name))
            || (self.provider == OVN && [OF_POD, OF_POD_BESIDES].iter().any(|names| names.contains(&self.name)))
    }

    /// Whether releases after v1.16 read it, and that does not.
    pub(crate) fn is_later(&self) -> bool {
        OF_NETWORK_LATER.contains(&self.what)
    }

    /// Whether it counts for all networks of the Pod.
    pub(crate) fn is_of_all_networks(&self) -> bool {
        ["aaps", "bgp", "port_name", "vip"].contains(&self.what)
    }

    /// Whether it may be about an interface.
    pub(crate) fn may_name_an_interface(&self) -> bool {
        OF_INTERFACE.contains(&self.name)
    }

    /// Whether no version is known to have it.
    pub(crate) fn is_unknown(&self) -> bool {
        !self.is_of_pods()
            && !OF_OTHERS.contains(&self.what)
            && !BEGINNINGS.iter().any(|beginning| self.what.starts_with(beginning))
    }
}

/// Whether a key is one that users write, and that only a Pod has.
pub(crate) fn is_of_pod(key: &str) -> bool {
    let is_of_all = |key: Key<'_>| key.provider == OVN && OF_POD.contains(&key.what);
    matches!(key, NETWORKS | DEFAULT_NETWORK)
        || Key::of_network(key).is_some()
        || Key::split(key).is_some_and(is_of_all)
}

/// What v1.16 reads of Pods.
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    [OF_NETWORK, OF_NETWORK_BESIDES, OF_POD, OF_POD_BESIDES].into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once() {
        let mut all: Vec<_> =
            known().chain(OF_NETWORK_LATER.iter().copied()).chain(OF_OTHERS.iter().copied()).collect();
        let number = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), number);
        for name in OF_INTERFACE.iter().chain(TELLING) {
            assert!(known().any(|known| known == *name), "{name}");
        }
    }

    #[test]
    fn keys_of_others_are_nobodys_business() {
        for key in [
            "cluster-autoscaler.kubernetes.io/safe-to-evict",
            "node.alpha.kubernetes.io/ttl",
            "some.kubernetes.io/limit",
            "kubevirt.io/domain",
            "app",
            "kubernetes.io/ip_address",
        ] {
            assert!(Key::of_kube_ovn(key).is_none() && !is_of_pod(key), "{key}");
        }
        for key in ["ovn.kubernetes.io/vpc_nat_gw", "ovn.kubernetes.io/vip", "a.b.ovn.kubernetes.io/routes"] {
            assert!(Key::of_kube_ovn(key).is_some_and(|key| !key.is_unknown()), "{key}");
        }
        assert!(Key::of_kube_ovn("ovn.kubernetes.io/logical-switch").is_some_and(|key| key.is_unknown()));
    }

    #[test]
    fn what_users_write_of_a_network_may_have_an_interface() {
        for (key, wanted) in [
            ("ovn.kubernetes.io/ip_address", Some(("ovn", "ip_address"))),
            ("a.b.kubernetes.io/mac_address.n1", Some(("a.b", "mac_address"))),
            ("a.b.ovn.kubernetes.io/ip_family", Some(("a.b.ovn", "ip_family"))),
            ("a.b.ovn.kubernetes.io/routes.n1", None),
            ("a.b.ovn.kubernetes.io/allocated", None),
            ("ovn.kubernetes.io/vip", None),
        ] {
            assert_eq!(Key::of_network(key).map(|key| (key.provider, key.name)), wanted, "{key}");
        }
    }
}

//! The kinds that Kube-OVN's API server serves, in whatever release: those that rules read, and all others.

/// The API group of Kube-OVN.
pub const KUBE_OVN_GROUP: &str = "kubeovn.io";

/// The one version in which it serves them.
pub const KUBE_OVN_VERSION: &str = "v1";

/// Every kind of the group that a release since 1.8 has defined, and `Configuration`, by which the operator
/// (`harvester/kubeovn-operator`) installs one.
pub const KUBE_OVN_KINDS: &[&str] = &[
    "BgpConf",
    "Configuration",
    "DNSNameResolver",
    "EvpnConf",
    "HtbQos",
    "IP",
    "IPPool",
    "IptablesDnatRule",
    "IptablesEIP",
    "IptablesFIPRule",
    "IptablesSnatRule",
    "OvnDnatRule",
    "OvnEip",
    "OvnFip",
    "OvnSnatRule",
    "ProviderNetwork",
    "QoSPolicy",
    "RouterLBRule",
    "SecurityGroup",
    "Subnet",
    "SwitchLBRule",
    "Vip",
    "Vlan",
    "Vpc",
    "VpcDns",
    "VpcEgressGateway",
    "VpcNatGateway",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kind;

    #[test]
    fn what_rules_read_is_served() {
        let of_kube_ovn = Kind::ALL.iter().filter(|kind| kind.group() == KUBE_OVN_GROUP);
        for kind in of_kube_ovn {
            assert!(KUBE_OVN_KINDS.contains(&kind.name()), "{kind}");
            assert_eq!(kind.version(), KUBE_OVN_VERSION, "{kind}");
        }
        assert!(KUBE_OVN_KINDS.is_sorted());
    }
}

//! How Kube-OVN was configured: what is read of an object follows from it.

use std::net::IpAddr;

/// Names by which Kube-OVN was configured; each has a flag of its controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeOvn {
    /// The namespace that Kube-OVN runs in.
    pub namespace: String,
    /// The VPC of everything that names none.
    pub default_vpc: String,
    /// The Subnet of Pods that belong to no other.
    pub default_subnet: String,
    /// The Subnet between nodes and Pods.
    pub node_switch: String,
    /// The network of the nodes of Vlans that name none.
    pub default_provider: String,
    /// The external Subnet of Vpcs with `enableExternal`.
    pub external_subnet: String,
    /// The cluster's service prefixes; empty to take its ServiceCIDR objects.
    pub service_cidrs: Vec<String>,
    /// The addresses at which the API server is reached from Pods; empty where they are not known.
    pub api_server: Vec<IpAddr>,
    /// Whether another plug-in makes the primary network of Pods.
    pub non_primary_cni: bool,
}

impl Default for KubeOvn {
    fn default() -> Self {
        Self {
            namespace: "kube-system".to_owned(),
            default_vpc: "ovn-cluster".to_owned(),
            default_subnet: "ovn-default".to_owned(),
            node_switch: "join".to_owned(),
            default_provider: "provider".to_owned(),
            external_subnet: "external".to_owned(),
            service_cidrs: Vec::new(),
            api_server: Vec::new(),
            non_primary_cni: false,
        }
    }
}

impl KubeOvn {
    /// The VPC of this name, where an empty one means the default VPC.
    pub fn vpc_or_default<'a>(&'a self, name: &'a str) -> &'a str {
        if name.is_empty() { &self.default_vpc } else { name }
    }

    /// Whether Kube-OVN makes a Subnet of this name itself.
    pub fn is_own_subnet(&self, name: &str) -> bool {
        name == self.default_subnet || name == self.node_switch
    }

    /// Whether a VPC is not the default one, whose own list of namespaces Kube-OVN ignores.
    pub fn is_custom_vpc(&self, name: &str) -> bool {
        name != self.default_vpc
    }
}

/// What Kube-OVN makes of a name for port groups and address sets of OVN, which have no hyphens.
pub(crate) fn folded(name: &str) -> String {
    name.replace('-', ".")
}

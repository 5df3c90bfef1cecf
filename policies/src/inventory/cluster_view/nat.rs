//! Addresses outside, and the NAT rules that have them.

use std::sync::Arc;

use ipnet::IpNet;

use super::{Answer, ClusterView};
use crate::kinds::{
    IptablesDnatRule, IptablesEip, IptablesFipRule, IptablesSnatRule, OvnDnatRule, OvnEip, OvnFip, OvnSnatRule,
    QosPolicy, RouterLbRule, port_of_eip,
};

#[expect(clippy::missing_errors_doc, reason = "all fail alike, as ViewError says")]
impl dyn ClusterView + '_ {
    /// The `IptablesEIP` of this name.
    pub fn iptables_eip(&self, name: &str) -> Answer<Option<Arc<IptablesEip>>> {
        self.living("", name)
    }

    /// The `OvnEip` of this name.
    pub fn ovn_eip(&self, name: &str) -> Answer<Option<Arc<OvnEip>>> {
        self.living("", name)
    }

    /// The `QoSPolicy` of this name.
    pub fn qos_policy(&self, name: &str) -> Answer<Option<Arc<QosPolicy>>> {
        self.living("", name)
    }

    /// The EIPs of NAT gateways with a `QoSPolicy`.
    pub fn iptables_eips_of_qos_policy(&self, policy: &str) -> Answer<Vec<Arc<IptablesEip>>> {
        self.living_by(IptablesEip::BY_QOS_POLICY, policy)
    }

    /// The floating IPs of an `IptablesEIP`.
    pub fn fip_rules_of_eip(&self, eip: &str) -> Answer<Vec<Arc<IptablesFipRule>>> {
        self.living_by(IptablesFipRule::BY_EIP, eip)
    }

    /// The destination NAT rules of an `IptablesEIP`.
    pub fn dnat_rules_of_eip(&self, eip: &str) -> Answer<Vec<Arc<IptablesDnatRule>>> {
        self.living_by(IptablesDnatRule::BY_EIP, eip)
    }

    /// The source NAT rules of NAT gateways for a prefix.
    pub fn snat_rules_for(&self, prefix: IpNet) -> Answer<Vec<Arc<IptablesSnatRule>>> {
        self.living_by(IptablesSnatRule::BY_PREFIX, &prefix.to_string())
    }

    /// The destination NAT rules of a port of an `IptablesEIP`, as [`IptablesDnatRule::port_of_eip`] says it.
    pub fn dnat_rules_of_port(&self, port: &str) -> Answer<Vec<Arc<IptablesDnatRule>>> {
        self.living_by(IptablesDnatRule::BY_PORT, port)
    }

    /// The floating IPs of an `OvnEip`.
    pub fn ovn_fips_of_eip(&self, eip: &str) -> Answer<Vec<Arc<OvnFip>>> {
        self.living_by(OvnFip::BY_EIP, eip)
    }

    /// The destination NAT rules of an `OvnEip`.
    pub fn ovn_dnat_rules_of_eip(&self, eip: &str) -> Answer<Vec<Arc<OvnDnatRule>>> {
        self.living_by(OvnDnatRule::BY_EIP, eip)
    }

    /// The destination NAT rules of a port of an `OvnEip`.
    pub fn ovn_dnat_rules_of_port(&self, eip: &str, port: &str) -> Answer<Vec<Arc<OvnDnatRule>>> {
        self.living_by(OvnDnatRule::BY_PORT, &port_of_eip(eip, port))
    }

    /// The load balancers of a port of an `OvnEip`.
    pub fn router_lb_rules_of_port(&self, eip: &str, port: &str) -> Answer<Vec<Arc<RouterLbRule>>> {
        self.living_by(RouterLbRule::BY_PORT, &port_of_eip(eip, port))
    }

    /// The source NAT rules by OVN that name a prefix.
    pub fn ovn_snat_rules_for(&self, prefix: IpNet) -> Answer<Vec<Arc<OvnSnatRule>>> {
        self.living_by(OvnSnatRule::BY_PREFIX, &prefix.to_string())
    }

    /// The source NAT rules by OVN for a Subnet.
    pub fn ovn_snat_rules_of_subnet(&self, subnet: &str) -> Answer<Vec<Arc<OvnSnatRule>>> {
        self.living_by(OvnSnatRule::BY_SUBNET, subnet)
    }

    /// The source NAT rules by OVN of an `OvnEip`.
    pub fn ovn_snat_rules_of_eip(&self, eip: &str) -> Answer<Vec<Arc<OvnSnatRule>>> {
        self.living_by(OvnSnatRule::BY_EIP, eip)
    }

    /// The load balancers of an `OvnEip`.
    pub fn router_lb_rules_of_eip(&self, eip: &str) -> Answer<Vec<Arc<RouterLbRule>>> {
        self.living_by(RouterLbRule::BY_EIP, eip)
    }

    /// The floating IPs by OVN of a VPC.
    pub fn ovn_fips_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<OvnFip>>> {
        self.living_by(OvnFip::BY_VPC, vpc)
    }

    /// The destination NAT rules by OVN of a VPC.
    pub fn ovn_dnat_rules_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<OvnDnatRule>>> {
        self.living_by(OvnDnatRule::BY_VPC, vpc)
    }

    /// The source NAT rules by OVN of a VPC.
    pub fn ovn_snat_rules_of_vpc(&self, vpc: &str) -> Answer<Vec<Arc<OvnSnatRule>>> {
        self.living_by(OvnSnatRule::BY_VPC, vpc)
    }
}

//! What NAT by OVN leads to: an address, of whatever it is that has it.

use crate::json::Reader;

/// The target of an `OvnFip` or an `OvnDnatRule`.
#[derive(Clone, Debug, Default)]
pub struct OvnTarget {
    /// The VPC; empty where it follows from the name.
    pub vpc: String,
    /// The VPC that Kube-OVN reports.
    pub status_vpc: String,
    /// The name of a Vip, or of an IP.
    pub ip_name: String,
    /// `vip`, or else the name is that of an IP.
    pub ip_type: String,
    /// The IPv4 address.
    pub v4_ip: String,
    /// The IPv6 address.
    pub v6_ip: String,
}

impl OvnTarget {
    pub(super) fn read(object: &Reader) -> Self {
        let spec = object.at("spec");
        let text = |field: &'static str| spec.at(field).string();
        Self {
            vpc: text("vpc"),
            status_vpc: object.at("status").at("vpc").string(),
            ip_name: text("ipName"),
            ip_type: text("ipType"),
            v4_ip: text("v4Ip"),
            v6_ip: text("v6Ip"),
        }
    }

    /// Whether the name is that of a Vip.
    pub fn is_vip(&self) -> bool {
        self.ip_type == "vip"
    }

    /// The VPC that Kube-OVN reports, or else the one that is named.
    pub fn effective_vpc(&self) -> &str {
        if self.status_vpc.is_empty() { &self.vpc } else { &self.status_vpc }
    }
}

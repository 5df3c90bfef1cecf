//! A NAT gateway of a VPC, of either generation: with its addresses and rules inside (v1.7 to v1.9), or as objects of
//! their own (since v1.10).

use std::net::IpAddr;

use super::{AddressList, Index, Kind, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// What is read of a NAT gateway that is looked up.
pub(super) const FIELDS: &[&str] =
    &["spec.lanIp", "spec.namespace", "spec.replicas", "spec.subnet", "spec.vpc", "status.lanIp"];

/// A `VpcNatGateway`.
#[derive(Clone, Debug, Default)]
pub struct NatGateway {
    /// The metadata.
    pub meta: Meta,
    /// The namespace that its Pods run in; empty for Kube-OVN's own.
    pub namespace: String,
    /// The VPC.
    pub vpc: String,
    /// The Subnet of the VPC that it stands in.
    pub subnet: String,
    /// The external Subnets.
    pub external_subnets: Vec<String>,
    /// Further Subnets of the VPC whose traffic it takes, in high availability.
    pub internal_subnets: Vec<String>,
    /// Its address in the Subnet.
    pub lan_ip: AddressList,
    /// The address that Kube-OVN reports, also where none was asked for.
    pub status_lan_ip: AddressList,
    /// How many Pods; 1 where it is not written.
    pub replicas: i64,
    /// The labels of the nodes that its Pods run on, each as `key: value`.
    pub selector: Vec<String>,
    /// Addresses of v1.7 to v1.9.
    pub eips: Vec<Eip>,
    /// Floating IPs of v1.7 to v1.9.
    pub floating_ip_rules: Vec<NatRule>,
    /// Destination NAT rules of v1.7 to v1.9.
    pub dnat_rules: Vec<NatRule>,
    /// Source NAT rules of v1.7 to v1.9.
    pub snat_rules: Vec<NatRule>,
}

/// An underlay address of a gateway of v1.7 to v1.9.
#[derive(Clone, Debug, Default)]
pub struct Eip {
    /// The address with its prefix length.
    pub eip_cidr: String,
    /// The underlay's router.
    pub gateway: String,
}

/// A NAT rule of v1.7 to v1.9; the fields that its list does not have are empty.
#[derive(Clone, Debug, Default)]
pub struct NatRule {
    /// The underlay address, one of the gateway's `eips`.
    pub eip: String,
    /// The address inside the VPC.
    pub internal_ip: String,
    /// The prefix inside the VPC.
    pub internal_cidr: String,
    /// The port on the underlay address.
    pub external_port: String,
    /// The port inside the VPC.
    pub internal_port: String,
    /// `tcp` or `udp`.
    pub protocol: String,
}

impl Resource for NatGateway {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(FIELDS);

    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_VPC, words: |gateway, each| each(&gateway.vpc) },
        Index { name: Self::BY_SUBNET, words: |gateway, each| each(&gateway.subnet) },
        Index { name: Self::BY_NAMESPACE, words: |gateway, each| each(&gateway.namespace) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        let rules = |field| spec.at(field).items().map(|rule| NatRule::read(&rule)).collect();
        Self {
            meta: Meta::read(object),
            namespace: spec.at("namespace").string(),
            vpc: spec.at("vpc").string(),
            subnet: spec.at("subnet").string(),
            external_subnets: spec.at("externalSubnets").strings(),
            internal_subnets: spec.at("internalSubnets").strings(),
            lan_ip: AddressList::read(&spec.at("lanIp")),
            status_lan_ip: AddressList::read(&object.at("status").at("lanIp")),
            replicas: spec.at("replicas").integer().unwrap_or(1),
            selector: spec.at("selector").strings(),
            eips: spec.at("eips").items().map(|eip| Eip::read(&eip)).collect(),
            floating_ip_rules: rules("floatingIpRules"),
            dnat_rules: rules("dnatRules"),
            snat_rules: rules("snatRules"),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl NatGateway {
    /// By their VPC.
    pub const BY_VPC: &'static str = "vpc";
    /// By the Subnet that they stand in.
    pub const BY_SUBNET: &'static str = "subnet";
    /// By the namespace that their Pods run in.
    pub const BY_NAMESPACE: &'static str = "namespace";

    /// Its addresses in the Subnet, asked for or reported.
    pub fn lan_ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.lan_ip.addresses.iter().chain(&self.status_lan_ip.addresses).copied()
    }

    /// Names this object.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::VpcNatGateway, &self.meta.name)
    }
}

impl Eip {
    fn read(eip: &Reader) -> Self {
        Self { eip_cidr: eip.at("eipCIDR").string(), gateway: eip.at("gateway").string() }
    }
}

impl NatRule {
    fn read(rule: &Reader) -> Self {
        Self {
            eip: rule.at("eip").string(),
            internal_ip: rule.at("internalIp").string(),
            internal_cidr: rule.at("internalCIDR").string(),
            external_port: rule.at("externalPort").string(),
            internal_port: rule.at("internalPort").string(),
            protocol: rule.at("protocol").string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::TypeErrors;

    #[test]
    fn both_generations_are_read() {
        let object = json!({
            "metadata": {"name": "ngw"},
            "spec": {
                "vpc": "a", "subnet": "s", "lanIp": "10.0.1.254", "replicas": 2, "externalSubnets": ["e"],
                "eips": [{"eipCIDR": "192.168.0.111/24", "gateway": "192.168.0.254"}],
                "dnatRules": [{"eip": "192.168.0.111", "externalPort": "8888", "protocol": "tcp",
                               "internalIp": "10.0.1.10", "internalPort": "80"}],
                "snatRules": [{"eip": "192.168.0.111", "internalCIDR": "10.0.1.0/24"}],
            },
            "status": {"lanIp": "10.0.1.253"},
        });
        let errors = TypeErrors::default();
        let gateway = NatGateway::read(Kind::VpcNatGateway, &Reader::new(&object, &errors), &KubeOvn::default());
        assert!(errors.into_sorted().is_empty());
        assert_eq!(gateway.lan_ips().map(|ip| ip.to_string()).collect::<Vec<_>>(), ["10.0.1.254", "10.0.1.253"]);
        assert_eq!((gateway.replicas, gateway.external_subnets.len()), (2, 1));
        assert_eq!(gateway.eips[0].gateway, "192.168.0.254");
        assert_eq!(gateway.dnat_rules[0].external_port, "8888");
        assert_eq!(gateway.snat_rules[0].internal_cidr, "10.0.1.0/24");
    }
}

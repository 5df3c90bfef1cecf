//! Source NAT by OVN.

use ipnet::IpNet;

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::net::Cidr;

/// An `OvnSnatRule`.
#[derive(Clone, Debug, Default)]
pub struct OvnSnatRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `OvnEip`.
    pub ovn_eip: String,
    /// The VPC; empty where it follows from the Subnet or the name.
    pub vpc: String,
    /// The VPC that Kube-OVN reports.
    pub status_vpc: String,
    /// The Subnet that it is for.
    pub vpc_subnet: String,
    /// The name of the IP that it is for.
    pub ip_name: String,
    /// The IPv4 prefix or address that it is for, before all else.
    pub v4_ip_cidr: String,
    /// The IPv6 prefix or address that it is for.
    pub v6_ip_cidr: String,
    /// Whether it is set up.
    pub is_ready: bool,
}

impl Resource for OvnSnatRule {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[
        "spec.ipName",
        "spec.ovnEip",
        "spec.v4IpCidr",
        "spec.v6IpCidr",
        "spec.vpc",
        "spec.vpcSubnet",
        "status.ready",
        "status.vpc",
    ]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_EIP, words: |rule, each| each(&rule.ovn_eip) },
        Index { name: Self::BY_VPC, words: |rule, each| each(rule.effective_vpc()) },
        Index {
            name: Self::BY_PREFIX,
            words: |rule, each| rule.prefixes().for_each(|prefix| each(&prefix.to_string())),
        },
        Index { name: Self::BY_SUBNET, words: |rule, each| each(&rule.vpc_subnet) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let (spec, status) = (object.at("spec"), object.at("status"));
        let text = |field: &'static str| spec.at(field).string();
        Self {
            meta: Meta::read(object),
            ovn_eip: text("ovnEip"),
            vpc: text("vpc"),
            status_vpc: status.at("vpc").string(),
            vpc_subnet: text("vpcSubnet"),
            ip_name: text("ipName"),
            v4_ip_cidr: text("v4IpCidr"),
            v6_ip_cidr: text("v6IpCidr"),
            is_ready: status.at("ready").flag(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl OvnSnatRule {
    /// By their `OvnEip`.
    pub const BY_EIP: &'static str = "EIP";
    /// By the VPC that Kube-OVN reports, or else by the one that they name.
    pub const BY_VPC: &'static str = "vpc";
    /// By the prefixes that they name, host bits masked.
    pub const BY_PREFIX: &'static str = "prefix";
    /// By the Subnet that they are for.
    pub const BY_SUBNET: &'static str = "subnet";

    /// The prefixes that it names, host bits masked; an address is one.
    pub fn prefixes(&self) -> impl Iterator<Item = IpNet> + '_ {
        let texts = [&self.v4_ip_cidr, &self.v6_ip_cidr].into_iter();
        texts.filter_map(|text| Some(Cidr::parse_or_address(text)?.network()))
    }

    /// The VPC that Kube-OVN reports, or else the one that is named.
    pub fn effective_vpc(&self) -> &str {
        if self.status_vpc.is_empty() { &self.vpc } else { &self.status_vpc }
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::OvnSnatRule, &self.meta.name)
    }
}

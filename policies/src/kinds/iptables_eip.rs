//! The addresses of NAT gateways, as objects of their own (since Kube-OVN v1.10).

use super::claimed::{BY_CLAIMED_ADDRESS, claimed_words};
use super::{AddressList, Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// The external Subnet of what names none: a constant of Kube-OVN.
pub const EXTERNAL_NETWORK: &str = "ovn-vpc-external-network";

/// An `IptablesEIP`.
#[derive(Clone, Debug, Default)]
pub struct IptablesEip {
    /// The metadata.
    pub meta: Meta,
    /// The `VpcNatGateway`.
    pub nat_gateway: String,
    /// The external Subnet that its address comes from: [`EXTERNAL_NETWORK`] where none is named.
    pub external_subnet: String,
    /// Its IPv4 address; empty to have one drawn.
    pub v4_ip: AddressList,
    /// Its IPv6 address.
    pub v6_ip: AddressList,
    /// A MAC address, which Kube-OVN does not take over.
    pub mac_address: String,
    /// The `QoSPolicy`; empty for none.
    pub qos_policy: String,
    /// The namespace of its gateway's Pods.
    pub namespace: String,
    /// The address that it has.
    pub status_ip: AddressList,
    /// Whether its gateway has it.
    pub is_ready: bool,
}

impl Resource for IptablesEip {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[
        "spec.externalSubnet",
        "spec.natGwDp",
        "spec.qosPolicy",
        "spec.v4ip",
        "spec.v6ip",
        "status.ip",
        "status.ready",
    ]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_QOS_POLICY, words: |eip, each| each(&eip.qos_policy) },
        Index { name: BY_CLAIMED_ADDRESS, words: |eip, each| claimed_words(eip, each) },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let (spec, status) = (object.at("spec"), object.at("status"));
        Self {
            meta: Meta::read(object),
            nat_gateway: spec.at("natGwDp").string(),
            external_subnet: spec.at("externalSubnet").string_or(EXTERNAL_NETWORK),
            v4_ip: AddressList::read(&spec.at("v4ip")),
            v6_ip: AddressList::read(&spec.at("v6ip")),
            mac_address: spec.at("macAddress").string(),
            qos_policy: spec.at("qosPolicy").string(),
            namespace: spec.at("namespace").string(),
            status_ip: AddressList::read(&status.at("ip")),
            is_ready: status.at("ready").flag(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl IptablesEip {
    /// By their `QoSPolicy`.
    pub const BY_QOS_POLICY: &'static str = "QoS policy";

    /// Whether Kube-OVN has given it its addresses, and written them into the spec.
    pub fn is_set_up(&self) -> bool {
        self.is_ready || !self.status_ip.is_empty()
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::IptablesEip, &self.meta.name)
    }
}

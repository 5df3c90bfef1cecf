//! The addresses of NAT by OVN.

use super::claimed::{BY_CLAIMED_ADDRESS, claimed_words};
use super::{AddressList, Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// An `OvnEip`.
#[derive(Clone, Debug, Default)]
pub struct OvnEip {
    /// The metadata.
    pub meta: Meta,
    /// The external Subnet that its addresses come from: `kubeOvn.externalSubnet` where none is named.
    pub external_subnet: String,
    /// Its IPv4 address; empty to have one drawn.
    pub v4_ip: AddressList,
    /// Its IPv6 address; empty to have one drawn.
    pub v6_ip: AddressList,
    /// Its MAC address; empty to have one drawn.
    pub mac_address: String,
    /// `nat`, `lrp` or `lsp`; empty for the first.
    pub usage: String,
    /// The IPv4 address that it has.
    pub status_v4_ip: AddressList,
    /// The IPv6 address that it has.
    pub status_v6_ip: AddressList,
    /// The usage that Kube-OVN reports.
    pub status_usage: String,
    /// Whether it is set up.
    pub is_ready: bool,
}

impl Resource for OvnEip {
    const PARTS: &'static [&'static str] = &["spec", "status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[
        "spec.externalSubnet",
        "spec.type",
        "spec.v4Ip",
        "spec.v6Ip",
        "status.ready",
        "status.type",
        "status.v4Ip",
        "status.v6Ip",
    ]);
    const INDEXES: &'static [Index<Self>] =
        &[Index { name: BY_CLAIMED_ADDRESS, words: |eip, each| claimed_words(eip, each) }];

    fn read(_: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self {
        let (spec, status) = (object.at("spec"), object.at("status"));
        Self {
            meta: Meta::read(object),
            external_subnet: spec.at("externalSubnet").string_or(&kube_ovn.external_subnet),
            v4_ip: AddressList::read(&spec.at("v4Ip")),
            v6_ip: AddressList::read(&spec.at("v6Ip")),
            mac_address: spec.at("macAddress").string(),
            usage: spec.at("type").string(),
            status_v4_ip: AddressList::read(&status.at("v4Ip")),
            status_v6_ip: AddressList::read(&status.at("v6Ip")),
            status_usage: status.at("type").string(),
            is_ready: status.at("ready").flag(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl OvnEip {
    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::OvnEip, &self.meta.name)
    }
}

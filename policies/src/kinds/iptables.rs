//! The addresses and rules of a NAT gateway, as objects of their own (since Kube-OVN v1.10).

use super::{Kind, Meta};
use crate::json::Reader;

/// An `IptablesEIP`.
#[derive(Clone, Debug, Default)]
pub struct IptablesEip {
    /// The metadata.
    pub meta: Meta,
    /// The `VpcNatGateway`.
    pub nat_gateway: String,
    /// The external Subnet that its address comes from.
    pub external_subnet: String,
}

/// An `IptablesFIPRule`, `IptablesDnatRule` or `IptablesSnatRule`.
#[derive(Clone, Debug)]
pub struct IptablesRule {
    /// Which of the three.
    pub kind: Kind,
    /// The metadata.
    pub meta: Meta,
    /// The name of the `IptablesEIP`.
    pub eip: String,
}

impl IptablesEip {
    pub(crate) fn read(object: &Reader) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            nat_gateway: spec.at("natGwDp").string(),
            external_subnet: spec.at("externalSubnet").string(),
        }
    }
}

impl IptablesRule {
    pub(crate) fn read(kind: Kind, object: &Reader) -> Self {
        Self { kind, meta: Meta::read(object), eip: object.at("spec").at("eip").string() }
    }
}

//! The addresses and rules of a NAT gateway, as objects of their own (since Kube-OVN v1.10).

use super::{Found, Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

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

impl Resource for IptablesEip {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.natGwDp", "spec.externalSubnet"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self {
            meta: Meta::read(object),
            nat_gateway: spec.at("natGwDp").string(),
            external_subnet: spec.at("externalSubnet").string(),
        }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Resource for IptablesRule {
    fn read(kind: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { kind, meta: Meta::read(object), eip: object.at("spec").at("eip").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

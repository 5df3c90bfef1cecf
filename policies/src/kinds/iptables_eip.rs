//! The addresses of NAT gateways, as objects of their own (since Kube-OVN v1.10).

use super::{Found, Kind, KubeOvn, Meta, Resource};
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

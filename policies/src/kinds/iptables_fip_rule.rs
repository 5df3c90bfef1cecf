//! The floating IPs of NAT gateways.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;

/// An `IptablesFIPRule`.
#[derive(Clone, Debug, Default)]
pub struct IptablesFipRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `IptablesEIP`.
    pub eip: String,
    /// The address inside the VPC.
    pub internal_ip: String,
}

impl Resource for IptablesFipRule {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.eip"]);
    const INDEXES: &'static [Index<Self>] = &[Index { name: Self::BY_EIP, words: |rule, each| each(&rule.eip) }];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self { meta: Meta::read(object), eip: spec.at("eip").string(), internal_ip: spec.at("internalIp").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl IptablesFipRule {
    /// By their `IptablesEIP`.
    pub const BY_EIP: &'static str = "EIP";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::IptablesFipRule, &self.meta.name)
    }
}

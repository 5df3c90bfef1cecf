//! The source NAT rules of NAT gateways.

use super::{Index, Kind, KubeOvn, Meta, ObjectRef, Resource};
use crate::json::Reader;
use crate::net::Cidr;

/// An `IptablesSnatRule`.
#[derive(Clone, Debug, Default)]
pub struct IptablesSnatRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `IptablesEIP`.
    pub eip: String,
    /// The prefix inside the VPC, or one address.
    pub internal_cidr: String,
}

impl Resource for IptablesSnatRule {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.eip", "spec.internalCIDR"]);
    const INDEXES: &'static [Index<Self>] = &[
        Index { name: Self::BY_EIP, words: |rule, each| each(&rule.eip) },
        Index {
            name: Self::BY_PREFIX,
            words: |rule, each| {
                if let Some(prefix) = Cidr::parse_or_address(&rule.internal_cidr) {
                    each(&prefix.to_string());
                }
            },
        },
    ];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let spec = object.at("spec");
        Self { meta: Meta::read(object), eip: spec.at("eip").string(), internal_cidr: spec.at("internalCIDR").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl IptablesSnatRule {
    /// By their `IptablesEIP`.
    pub const BY_EIP: &'static str = "EIP";
    /// By their prefixes, host bits masked.
    pub const BY_PREFIX: &'static str = "prefix";

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(Kind::IptablesSnatRule, &self.meta.name)
    }
}

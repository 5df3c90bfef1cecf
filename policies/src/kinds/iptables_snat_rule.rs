//! The source NAT rules of NAT gateways.

use super::{Kind, KubeOvn, Meta, Resource};
use crate::json::Reader;

/// An `IptablesSnatRule`.
#[derive(Clone, Debug, Default)]
pub struct IptablesSnatRule {
    /// The metadata.
    pub meta: Meta,
    /// The name of the `IptablesEIP`.
    pub eip: String,
}

impl Resource for IptablesSnatRule {
    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object), eip: object.at("spec").at("eip").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

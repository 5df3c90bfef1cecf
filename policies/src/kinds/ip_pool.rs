//! A named range of a Subnet's addresses.

use super::Meta;
use crate::json::Reader;

/// An `IPPool`.
#[derive(Clone, Debug, Default)]
pub struct IpPool {
    /// The metadata.
    pub meta: Meta,
    /// The Subnet that its addresses belong to.
    pub subnet: String,
}

impl IpPool {
    pub(crate) fn read(object: &Reader) -> Self {
        Self { meta: Meta::read(object), subnet: object.at("spec").at("subnet").string() }
    }
}

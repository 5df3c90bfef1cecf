//! A named range of a Subnet's addresses.

use super::{Found, Kind, Meta, Resource};
use crate::json::Reader;
use crate::settings::KubeOvn;

/// An `IPPool`.
#[derive(Clone, Debug, Default)]
pub struct IpPool {
    /// The metadata.
    pub meta: Meta,
    /// The Subnet that its addresses belong to.
    pub subnet: String,
}

impl Resource for IpPool {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.subnet"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object), subnet: object.at("spec").at("subnet").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

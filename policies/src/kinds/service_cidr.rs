//! A range that Services get their addresses from.

use super::{Found, Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;
use crate::net::Cidr;

/// A ServiceCIDR.
#[derive(Clone, Debug, Default)]
pub struct ServiceCidr {
    /// The metadata.
    pub meta: Meta,
    /// The prefixes, one an address family.
    pub cidrs: Vec<Cidr>,
}

impl Resource for ServiceCidr {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.cidrs"]);
    const FOUND: Found = Found::InLists;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let cidrs = object.at("spec").at("cidrs").strings();
        Self { meta: Meta::read(object), cidrs: cidrs.iter().filter_map(|cidr| Cidr::parse_trimmed(cidr)).collect() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

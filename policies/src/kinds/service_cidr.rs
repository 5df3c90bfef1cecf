//! A range that Services get their addresses from.

use super::Meta;
use crate::json::Reader;
use crate::net::Cidr;

/// A ServiceCIDR.
#[derive(Clone, Debug, Default)]
pub struct ServiceCidr {
    /// The metadata.
    pub meta: Meta,
    /// The prefixes, one an address family.
    pub cidrs: Vec<Cidr>,
}

impl ServiceCidr {
    pub(crate) fn read(object: &Reader) -> Self {
        let cidrs = object.at("spec").at("cidrs").strings();
        Self { meta: Meta::read(object), cidrs: cidrs.iter().filter_map(|cidr| Cidr::parse_trimmed(cidr)).collect() }
    }
}

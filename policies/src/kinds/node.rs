//! A node of the cluster, for its address.

use std::net::IpAddr;

use super::{Found, Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;
use crate::net::parse_ip;

/// The label of a Node that has the external network, and so the ports of routers that are attached to it.
pub const EXTERNAL_GATEWAY: &str = "ovn.kubernetes.io/external-gw";

/// A Node.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The metadata.
    pub meta: Meta,
    /// Its addresses of type InternalIP.
    pub internal_ips: Vec<IpAddr>,
}

impl Resource for Node {
    const PARTS: &'static [&'static str] = &["status"];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["status.addresses"]);
    const FOUND: Found = Found::InLists;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let status = object.at("status");
        let addresses = status.at("addresses");
        let internal = addresses.items().filter(|address| address.at("type").text() == Some("InternalIP"));
        let internal_ips = internal.filter_map(|address| parse_ip(address.at("address").text()?)).collect();
        Self { meta: Meta::read(object), internal_ips }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Node {
    /// Whether routers are attached to the external network here.
    pub fn is_external_gateway(&self) -> bool {
        self.meta.labels.get(EXTERNAL_GATEWAY).is_some_and(|value| value == "true")
    }
}

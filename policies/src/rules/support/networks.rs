//! The networks that a VPC's router has a port in: what a next hop must lie in.

use std::net::IpAddr;
use std::sync::Arc;

use crate::context::Context;
use crate::finding::Action;
use crate::kinds::{Subnet, VPC_EXTERNAL, Vpc};
use crate::net::{Cidr, list_items, parse_ip};
use crate::reads::Read;
use crate::settings::KubeOvn;
use crate::view::Answer;

/// The fields of a Vpc that decide what a next hop in `routes` must lie in.
pub(crate) const fn reads(routes: &'static str) -> [Read; 6] {
    [
        Read::Field(routes),
        Read::Field("spec.vpcPeerings"),
        Read::Field("spec.enableExternal"),
        Read::Field("spec.extraExternalSubnets"),
        Read::Field("spec.bfdPort"),
        Read::Label(VPC_EXTERNAL),
    ]
}

/// The networks of a VPC's router.
pub(crate) struct Networks {
    subnets: Vec<Arc<Subnet>>,
    external: Vec<Arc<Subnet>>,
    links: Vec<Cidr>,
    bfd_port: Option<IpAddr>,
    complete: bool,
}

impl Networks {
    /// Finds them.
    pub(crate) fn of(vpc: &Vpc, context: &Context<'_>) -> Answer<Self> {
        let subnets = context.cluster.subnets_of_vpc(&vpc.meta.name)?;
        let configured = Some(&context.kube_ovn().external_subnet).filter(|_| vpc.enable_external);
        let mut external = Vec::new();
        let mut complete = !subnets.is_empty();
        for name in configured.into_iter().chain(&vpc.extra_external_subnets) {
            match context.cluster.subnet(name)? {
                Some(subnet) => external.push(subnet),
                None => complete = false,
            }
        }
        let links = vpc.peerings.iter().flat_map(|peering| list_items(&peering.local_connect_ip));
        Ok(Self {
            subnets,
            external,
            links: links.filter_map(Cidr::parse_trimmed).collect(),
            bfd_port: parse_ip(vpc.bfd_port_ip.trim()),
            complete,
        })
    }

    /// What a next hop outside deserves. It is only a warning where not all networks are known (the VPC has no Subnets
    /// yet, or an external one does not exist), and where others than the user have a say in the router.
    pub(crate) fn action(&self, vpc: &Vpc, kube_ovn: &KubeOvn) -> Action {
        let certain = self.complete && kube_ovn.is_custom_vpc(&vpc.meta.name) && !vpc.is_external();
        if certain { Action::Deny } else { Action::Warn }
    }

    /// Whether one of them holds an address.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.subnets.iter().any(|subnet| subnet.is_on_router() && subnet.contains(address))
            || self.external.iter().any(|subnet| subnet.contains(address))
            || self.links.iter().any(|link| link.contains(address))
            || self.bfd_port == Some(address)
    }

    /// The Subnet in which an address is the router's own.
    pub(crate) fn own_port(&self, address: IpAddr) -> Option<&Subnet> {
        let own = |subnet: &&Arc<Subnet>| subnet.is_overlay() && subnet.gateways.contains(&address);
        self.subnets.iter().find(own).map(AsRef::as_ref)
    }
}

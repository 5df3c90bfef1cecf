//! The networks that a VPC's router has a port in: what a next hop must lie in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::finding::Action;
use crate::inventory::Answer;
use crate::kinds::{KubeOvn, Peering, Subnet, VPC_EXTERNAL, Vpc};
use crate::net::{Cidr, PrefixSet, parse_ip};
use crate::rule::{Context, Read};

/// The networks of a VPC's router, gathered once for all of its routes.
pub(crate) struct Networks {
    prefixes: PrefixSet,
    /// The router's own addresses, each with the first Subnet that has it as its gateway.
    own: BTreeMap<IpAddr, Arc<Subnet>>,
    bfd_port: Option<IpAddr>,
    complete: bool,
}

impl Networks {
    /// What a rule reads of a Vpc that looks where the next hops in `routes` lie.
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

    /// Finds them.
    pub(crate) fn of(vpc: &Vpc, context: &Context<'_>) -> Answer<Self> {
        let subnets = context.cluster.subnets_of_vpc(&vpc.meta.name)?;
        let configured = Some(&context.kube_ovn().external_subnet).filter(|_| vpc.enable_external);
        let (mut prefixes, mut own): (Vec<IpNet>, BTreeMap<_, _>) = Default::default();
        let mut complete = !subnets.is_empty();
        let mut seen = BTreeSet::new();
        for name in configured.into_iter().chain(&vpc.extra_external_subnets) {
            match context.cluster.subnet(name)? {
                Some(subnet) if seen.insert(name) => prefixes.extend(networks(&subnet)),
                Some(_) => {}
                None => complete = false,
            }
        }
        prefixes.extend(subnets.iter().filter(|subnet| subnet.is_on_router()).flat_map(networks));
        prefixes.extend(vpc.peerings.iter().flat_map(Peering::links).map(|link| link.network()));
        for subnet in subnets.iter().filter(|subnet| subnet.is_overlay()) {
            for gateway in &subnet.gateways {
                own.entry(*gateway).or_insert_with(|| Arc::clone(subnet));
            }
        }
        Ok(Self { prefixes: PrefixSet::of(prefixes), own, bfd_port: parse_ip(vpc.bfd_port_ip.trim()), complete })
    }

    /// What a next hop outside deserves. It is only a warning where not all networks are known (the VPC has no Subnets
    /// yet, or an external one does not exist), and where others than the user have a say in the router.
    pub(crate) fn action(&self, vpc: &Vpc, kube_ovn: &KubeOvn) -> Action {
        let certain = self.complete && kube_ovn.is_custom_vpc(&vpc.meta.name) && !vpc.is_external();
        if certain { Action::Deny } else { Action::Warn }
    }

    /// Whether one of them holds an address.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.prefixes.holds(address) || self.bfd_port == Some(address)
    }

    /// The Subnet in which an address is the router's own.
    pub(crate) fn own_port(&self, address: IpAddr) -> Option<&Subnet> {
        self.own.get(&address).map(AsRef::as_ref)
    }
}

fn networks(subnet: &Arc<Subnet>) -> impl Iterator<Item = IpNet> {
    subnet.cidrs.iter().map(Cidr::network)
}

//! The networks of a VPC that a NAT rule may lead into.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::gather::gathered;
use crate::inventory::{Answer, Known};
use crate::kinds::{NatGateway, Subnet, Vpc};
use crate::net::{Cidr, PrefixSet};
use crate::rule::Context;
use crate::rules::support::MOST_PAIRED;

/// Its own Subnets, those of its peers, and what its routes lead to.
pub(crate) struct Inside<'g> {
    vpc: String,
    gateway: Option<&'g NatGateway>,
    /// All of them, which are gathered once something is in none of its own.
    gathered: OnceCell<Option<PrefixSet>>,
}

impl<'g> Inside<'g> {
    /// Those of a VPC.
    pub(crate) fn of(vpc: &str, context: &Context<'_>) -> Self {
        let vpc = context.kube_ovn().vpc_or_default(vpc).to_owned();
        Self { vpc, gateway: None, gathered: OnceCell::new() }
    }

    /// The same of a gateway's VPC, and what the gateway is told to be inside.
    pub(crate) fn of_gateway(gateway: &'g NatGateway, context: &Context<'_>) -> Self {
        Self { gateway: Some(gateway), ..Self::of(&gateway.vpc, context) }
    }

    /// The VPC.
    pub(crate) fn vpc(&self) -> &str {
        &self.vpc
    }

    /// Whether nothing of a prefix lies in one of them. Where not all of them are known it may: of a Vpc before its Subnets, of
    /// one that is somebody else's, and of the default VPC in a folder.
    pub(crate) fn miss(&self, prefix: IpNet, context: &Context<'_>) -> Answer<bool> {
        if !context.cluster.overlapping_in_vpc(&self.vpc, prefix)?.is_empty() {
            return Ok(false);
        }
        if self.gathered.get().is_none() {
            let prefixes = self.gather(context)?.map(PrefixSet::of);
            self.gathered.get_or_init(|| prefixes);
        }
        let known = self.gathered.get().and_then(Option::as_ref);
        Ok(known.is_some_and(|known| known.overlapping(prefix).next().is_none()))
    }

    fn gather(&self, context: &Context<'_>) -> Answer<Option<Vec<IpNet>>> {
        let Some(mut prefixes) = of_vpc(&self.vpc, context)? else { return Ok(None) };
        let Some(gateway) = self.gateway else { return Ok(Some(prefixes)) };
        let routes = gateway.routes.iter().map(|route| &route.cidr);
        prefixes.extend(gateway.internal_cidrs.iter().chain(routes).filter_map(|text| written(text)));
        for name in &gateway.internal_subnets {
            let Some(subnet) = context.cluster.subnet(name)? else { return Ok(None) };
            prefixes.extend(networks(&subnet));
        }
        Ok(Some(prefixes))
    }
}

fn of_vpc(name: &str, context: &Context<'_>) -> Answer<Option<Vec<IpNet>>> {
    let kube_ovn = context.kube_ovn();
    let vpc = context.cluster.vpc(name)?;
    let mut prefixes = Vec::new();
    if !kube_ovn.is_custom_vpc(name) {
        let Known::Seen(nodes) = context.cluster.nodes()? else { return Ok(None) };
        if context.cluster.subnet(&kube_ovn.default_subnet)?.is_none() {
            return Ok(None);
        }
        prefixes.extend(nodes.iter().flat_map(|node| &node.internal_ips).map(|address| IpNet::from(*address)));
    } else if vpc.as_ref().is_none_or(|vpc| vpc.is_external()) {
        return Ok(None);
    }
    let subnets = context.cluster.subnets_of_vpc(name)?;
    if subnets.is_empty() {
        return Ok(None);
    }
    prefixes.extend(subnets.iter().flat_map(|subnet| networks(subnet)));
    let Some(vpc) = vpc else { return Ok(Some(prefixes)) };
    let Some(further) = further(&vpc, context)? else { return Ok(None) };
    prefixes.extend(further);
    Ok(Some(prefixes))
}

/// What lies behind other routers.
fn further(vpc: &Vpc, context: &Context<'_>) -> Answer<Option<Vec<IpNet>>> {
    let mut prefixes: Vec<IpNet> = vpc.static_routes.iter().filter_map(|route| written(&route.cidr)).collect();
    let peers: BTreeSet<&str> = gathered(vpc.peerings.iter().map(|peering| peering.remote_vpc.as_str()));
    if peers.len() > MOST_PAIRED {
        return Ok(None);
    }
    for peer in peers {
        let subnets = context.cluster.subnets_of_vpc(peer)?;
        if subnets.is_empty() {
            return Ok(None);
        }
        prefixes.extend(subnets.iter().flat_map(|subnet| networks(subnet)));
    }
    Ok(Some(prefixes))
}

/// A prefix that is not everything: by a default route nothing lies inside.
fn written(text: &str) -> Option<IpNet> {
    let prefix = Cidr::parse_or_address(text.trim())?.network();
    (prefix.prefix_len() > 0).then_some(prefix)
}

fn networks(subnet: &Subnet) -> impl Iterator<Item = IpNet> + '_ {
    subnet.cidrs.iter().map(Cidr::network)
}

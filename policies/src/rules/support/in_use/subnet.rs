//! Who uses a Subnet, and what is made of its addresses.

use std::collections::BTreeSet;

use super::{Tie, User};
use crate::gather::gathered;
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{
    EgressGateway, IpPool, IptablesEip, Kind, KubeOvn, Namespace, NatGateway, OvnEip, Subnet, SwitchLbRule, Vip, Vpc,
    VpcDns,
};
use crate::net::parse_ip;

pub(super) fn of_subnet(
    subnet: &Subnet,
    cluster: &dyn ClusterView,
    kube_ovn: &KubeOvn,
    users: &mut Vec<User>,
) -> Answer<()> {
    let name = subnet.meta.name.as_str();
    let gateways = cluster.all_living::<NatGateway>()?;
    let standing = gateways.iter().filter(|gateway| stands_in(gateway, name));
    users.extend(standing.map(|gateway| User::new(&**gateway, Tie::Waits)));
    let mut naming = cluster.all_living::<Vpc>()?;
    naming.retain(|vpc| vpc.default_subnet == name);
    let default_of: BTreeSet<_> = gathered(naming.iter().map(|vpc| vpc.meta.name.as_str()));
    let gateways = cluster.all_living::<EgressGateway>()?;
    let standing = gateways.iter().filter(|gateway| {
        let vpc = kube_ovn.vpc_or_default(&gateway.vpc);
        let is_inside = match gateway.effective_internal_subnet.as_str() {
            "" => default_of.contains(vpc),
            inside => inside == name,
        };
        is_inside || gateway.external_subnet == name
    });
    users.extend(standing.map(|gateway| User::new(&**gateway, Tie::Waits)));
    let eips = cluster.all_living::<IptablesEip>()?;
    let eips = eips.iter().filter(|eip| eip.external_subnet == name);
    users.extend(eips.map(|eip| User::new(&**eip, Tie::Waits)));
    let eips = cluster.all_living::<OvnEip>()?;
    users.extend(eips.iter().filter(|eip| eip.external_subnet == name).map(|eip| User::new(&**eip, Tie::Waits)));
    users.extend(cluster.vips_of_subnet(name)?.iter().map(|vip| User::new(&**vip, Tie::Waits)));
    let servers = cluster.all_living::<VpcDns>()?;
    users.extend(servers.iter().filter(|dns| dns.subnet == name).map(|dns| User::new(&**dns, Tie::Waits)));
    users.extend(cluster.ip_pools_of_subnet(name)?.iter().map(|pool| User::new(&**pool, Tie::Names)));
    users.extend(naming.iter().map(|vpc| User::new(&**vpc, Tie::Names)));
    let balancers = cluster.all_living::<SwitchLbRule>()?;
    let serving = balancers.iter().filter(|balancer| {
        let is_named = balancer.network().is_some_and(|(_, switch)| switch == name);
        is_named && balancer.vips.iter().any(|vip| subnet.contains(*vip))
    });
    users.extend(serving.map(|balancer| User::new(&**balancer, Tie::Names)));
    Ok(())
}

/// Whether a gateway has an interface in a Subnet. One of v1.7 to v1.9 has its addresses outside elsewhere.
fn stands_in(gateway: &NatGateway, subnet: &str) -> bool {
    let is_outside = gateway.inside.is_empty() && gateway.external_subnet() == subnet;
    gateway.subnet == subnet || is_outside
}

pub(super) fn of_ip_pool(pool: &IpPool, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let name = pool.meta.name.as_str();
    let namespaces = cluster.all_living::<Namespace>()?;
    let naming = namespaces.iter().filter(|namespace| namespace.ip_pools().any(|named| named == name));
    users.extend(naming.map(|namespace| User::of_meta(Kind::Namespace, &namespace.meta, Tie::Names)));
    let gateways = cluster.all_living::<EgressGateway>()?;
    let naming = gateways.iter().filter(|gateway| gateway.internal_ip_pool == name || gateway.external_ip_pool == name);
    users.extend(naming.map(|gateway| User::new(&**gateway, Tie::Waits)));
    Ok(())
}

/// The Pod that has taken its address is known by the port that Kube-OVN notes.
pub(super) fn of_vip(vip: &Vip, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let own: Vec<_> = [&vip.v4_ip, &vip.v6_ip, &vip.given.v4_ip, &vip.given.v6_ip]
        .into_iter()
        .filter_map(|ip| parse_ip(ip))
        .collect();
    let balancers = cluster.all_living::<SwitchLbRule>()?;
    let serving = balancers.iter().filter(|balancer| {
        // Another Subnet may have the same addresses.
        let is_elsewhere = balancer.network().is_some_and(|(_, switch)| switch != vip.subnet);
        vip.kind == "switch_lb_vip" && !is_elsewhere && balancer.vips.iter().any(|address| own.contains(address))
    });
    users.extend(serving.map(|balancer| User::new(&**balancer, Tie::Names)));
    Ok(())
}

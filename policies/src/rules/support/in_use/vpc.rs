//! Who uses a VPC.

use super::{Tie, User};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{EgressGateway, NatGateway, OvnDnatRule, OvnFip, OvnSnatRule, RouterLbRule, Vpc, VpcDns};

/// Kube-OVN waits for its Subnets alone, and then takes the router away under the rules of OVN.
pub(super) fn of_vpc(vpc: &Vpc, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let name = vpc.meta.name.as_str();
    users.extend(cluster.subnets_of_vpc(name)?.iter().map(|subnet| User::new(&**subnet, Tie::Hangs)));
    users.extend(cluster.living_by::<OvnFip>(OvnFip::BY_VPC, name)?.iter().map(|fip| User::new(&**fip, Tie::Hangs)));
    let rules = cluster.living_by::<OvnSnatRule>(OvnSnatRule::BY_VPC, name)?;
    users.extend(rules.iter().map(|rule| User::new(&**rule, Tie::Hangs)));
    let rules = cluster.living_by::<OvnDnatRule>(OvnDnatRule::BY_VPC, name)?;
    users.extend(rules.iter().map(|rule| User::new(&**rule, Tie::Hangs)));
    let gateways = cluster.living_by::<NatGateway>(NatGateway::BY_VPC, name)?;
    users.extend(gateways.iter().map(|gateway| User::new(&**gateway, Tie::Waits)));
    let gateways = cluster.living_by::<EgressGateway>(EgressGateway::BY_VPC, name)?;
    users.extend(gateways.iter().map(|gateway| User::new(&**gateway, Tie::Waits)));
    let servers = cluster.living_by::<VpcDns>(VpcDns::BY_VPC, name)?;
    users.extend(servers.iter().map(|server| User::new(&**server, Tie::Waits)));
    let balancers = cluster.living_by::<RouterLbRule>(RouterLbRule::BY_VPC, name)?;
    users.extend(balancers.iter().map(|balancer| User::new(&**balancer, Tie::Waits)));
    let others = cluster.all_living::<Vpc>()?;
    let peers = others.iter().filter(|other| other.meta.name != name && other.peers_with(name));
    users.extend(peers.map(|other| User::new(&**other, Tie::Names)));
    Ok(())
}

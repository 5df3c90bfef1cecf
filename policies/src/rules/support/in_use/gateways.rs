//! Who uses addresses outside, gateways, and what gateways are told.

use super::{Tie, User};
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{BgpConf, EgressGateway, EvpnConf, IptablesEip, IptablesSnatRule, NatGateway, OvnEip, QosPolicy};

/// A deleted EIP waits for its rules, and goes when they go.
pub(super) fn of_iptables_eip(eip: &IptablesEip, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let name = eip.meta.name.as_str();
    users.extend(cluster.fip_rules_of_eip(name)?.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    users.extend(cluster.dnat_rules_of_eip(name)?.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    let rules = cluster.living_by::<IptablesSnatRule>(IptablesSnatRule::BY_EIP, name)?;
    users.extend(rules.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    Ok(())
}

pub(super) fn of_ovn_eip(eip: &OvnEip, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let name = eip.meta.name.as_str();
    users.extend(cluster.ovn_fips_of_eip(name)?.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    users.extend(cluster.ovn_dnat_rules_of_eip(name)?.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    users.extend(cluster.ovn_snat_rules_of_eip(name)?.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    users.extend(cluster.router_lb_rules_of_eip(name)?.iter().map(|rule| User::new(&**rule, Tie::Waits)));
    Ok(())
}

/// A gateway that is made anew takes its EIPs back.
pub(super) fn of_nat_gateway(gateway: &NatGateway, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let eips = cluster.all_living::<IptablesEip>()?;
    let own = eips.iter().filter(|eip| eip.nat_gateway == gateway.meta.name);
    users.extend(own.map(|eip| User::new(&**eip, Tie::Waits)));
    Ok(())
}

pub(super) fn of_qos_policy(policy: &QosPolicy, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let name = policy.meta.name.as_str();
    users.extend(cluster.iptables_eips_of_qos_policy(name)?.iter().map(|eip| User::new(&**eip, Tie::Names)));
    let gateways = cluster.all_living::<NatGateway>()?;
    let limited = gateways.iter().filter(|gateway| gateway.qos_policy == name);
    users.extend(limited.map(|gateway| User::new(&**gateway, Tie::Names)));
    Ok(())
}

pub(super) fn of_bgp_conf(conf: &BgpConf, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    speaking(cluster, users, |gateway| gateway.bgp_conf == conf.meta.name)
}

pub(super) fn of_evpn_conf(conf: &EvpnConf, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    speaking(cluster, users, |gateway| gateway.evpn_conf == conf.meta.name)
}

fn speaking(cluster: &dyn ClusterView, users: &mut Vec<User>, names_it: impl Fn(&EgressGateway) -> bool) -> Answer<()> {
    let gateways = cluster.all_living::<EgressGateway>()?;
    let naming = gateways.iter().filter(|gateway| names_it(gateway));
    users.extend(naming.map(|gateway| User::new(&**gateway, Tie::Waits)));
    Ok(())
}

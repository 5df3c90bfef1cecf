//! Who uses networks of the nodes, networks of Multus, and security groups.

use std::collections::BTreeSet;

use super::{Tie, User};
use crate::gather::gathered;
use crate::inventory::{Answer, ClusterView};
use crate::kinds::{AttachmentDefinition, ProviderNetwork, SecurityGroup, Subnet, Vlan};

pub(super) fn of_vlan(vlan: &Vlan, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let subnets = cluster.all_living::<Subnet>()?;
    let naming = subnets.iter().filter(|subnet| subnet.vlan == vlan.meta.name);
    users.extend(naming.map(|subnet| User::new(&**subnet, Tie::Waits)));
    Ok(())
}

/// The nodes take the bridge apart at once: where addresses are in use, their traffic ends.
pub(super) fn of_provider_network(
    network: &ProviderNetwork,
    cluster: &dyn ClusterView,
    users: &mut Vec<User>,
) -> Answer<()> {
    let vlans = cluster.living_by::<Vlan>(Vlan::BY_PROVIDER, &network.meta.name)?;
    let subnets = cluster.all_living::<Subnet>()?;
    let in_use = subnets.iter().filter(|subnet| subnet.used_addresses > 0);
    let in_use: BTreeSet<_> = gathered(in_use.map(|subnet| subnet.vlan.as_str()));
    let tie = |vlan: &Vlan| if in_use.contains(vlan.meta.name.as_str()) { Tie::Hangs } else { Tie::Waits };
    users.extend(vlans.iter().map(|vlan| User::new(&**vlan, tie(vlan))));
    Ok(())
}

pub(super) fn of_definition(
    definition: &AttachmentDefinition,
    cluster: &dyn ClusterView,
    users: &mut Vec<User>,
) -> Answer<()> {
    let subnets = cluster.all_living::<Subnet>()?;
    let naming = subnets.iter().filter(|subnet| {
        let named = subnet.definition();
        named.is_some_and(|named| named.name == definition.meta.name && named.namespace == definition.meta.namespace)
    });
    users.extend(naming.map(|subnet| User::new(&**subnet, Tie::Waits)));
    Ok(())
}

pub(super) fn of_security_group(group: &SecurityGroup, cluster: &dyn ClusterView, users: &mut Vec<User>) -> Answer<()> {
    let name = group.meta.name.as_str();
    let groups = cluster.all_living::<SecurityGroup>()?;
    let naming = groups.iter().filter(|other| {
        let names_it = other.rules().any(|(.., rule)| rule.remote_security_group == name);
        other.meta.name != name && names_it
    });
    users.extend(naming.map(|other| User::new(&**other, Tie::Names)));
    Ok(())
}

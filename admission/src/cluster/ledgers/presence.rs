//! Whether there is to be a ledger.

use vpcguard_policies::{AddressSpace, Kind, ViewError};

use crate::cluster::cache::ClusterCache;

/// Whether what an address space belongs to is there. A VPC or Subnet that the view does not know is read live. A VLAN of a
/// VPC is there as long as a Subnet is in it. What many share is always there.
pub(super) async fn is_there(cache: &ClusterCache, space: &AddressSpace) -> Result<bool, ViewError> {
    let (kind, name) = match space {
        AddressSpace::Vpc(shard) => (Kind::Vpc, &shard.vpc),
        AddressSpace::Subnet(subnet) => (Kind::Subnet, subnet),
        AddressSpace::Shared(_) => return Ok(true),
    };
    if cache.read().identity(kind, name).is_none() {
        cache.refresh_object(kind, "", name).await?;
    }
    let state = cache.read();
    let has_its_vlan = match space {
        AddressSpace::Vpc(shard) => shard.vlan.is_empty() || state.inventory.has_subnets(shard),
        AddressSpace::Subnet(_) | AddressSpace::Shared(_) => true,
    };
    Ok(has_its_vlan && state.identity(kind, name).is_some())
}

//! What is free in the address space of a VPC and VLAN, kept up to date from the first time that somebody asks.

use std::sync::OnceLock;

use ipnet::IpNet;

use super::Inventory;
use super::table::Stage;
use crate::kinds::{Kind, Object, Shard, Subnet, Typed};
use crate::net::{Cidr, FreeSpace, PrefixSet};

/// What is free, once somebody has asked. A prefix that is taken later is taken here too; when one goes, all is counted anew the
/// next time that somebody asks, for others may hold some of it.
pub(super) type Free = OnceLock<FreeSpace>;

impl Inventory {
    /// What no Subnet of an address space has taken, whether it is stored or only to be so.
    pub fn free_space(&self, shard: &Shard) -> FreeSpace {
        self.free.get(shard).map_or_else(FreeSpace::default, |free| self.counted(shard, free).clone())
    }

    pub(super) fn free_near(&self, shard: &Shard, wanted: IpNet, avoid: &PrefixSet, most: usize) -> Vec<IpNet> {
        match self.free.get(shard) {
            Some(free) => self.counted(shard, free).nearest(wanted, avoid, most),
            None => FreeSpace::default().nearest(wanted, avoid, most),
        }
    }

    fn counted<'a>(&self, shard: &Shard, free: &'a Free) -> &'a FreeSpace {
        free.get_or_init(|| {
            let subnets = self.by(Kind::Subnet, Subnet::BY_VPC, &shard.vpc, Stage::Asked).filter_map(Subnet::of);
            let of_shard = subnets.filter(|subnet| subnet.vlan == shard.vlan);
            FreeSpace::of(of_shard.flat_map(|subnet| subnet.cidrs.iter().map(Cidr::network)).collect())
        })
    }

    /// An object comes in the place of another one.
    pub(super) fn take_addresses(&mut self, object: &Object, before: Option<&Object>) {
        let held = |object: &Object| {
            let Object::Subnet(subnet) = object else { return None };
            Some((subnet.shard()?, subnet.cidrs.iter().map(Cidr::network).collect::<Vec<_>>()))
        };
        let (now, before) = (held(object), before.and_then(held));
        if now == before {
            return;
        }
        if let Some((shard, _)) = before {
            self.free.insert(shard, Free::new());
        }
        if let Some((shard, prefixes)) = now
            && let Some(space) = self.free.entry(shard).or_default().get_mut()
        {
            for prefix in prefixes {
                space.take(prefix);
            }
        }
    }

    /// An object goes.
    pub(super) fn give_back_addresses(&mut self, object: &Object) {
        let Object::Subnet(subnet) = object else { return };
        let Some(shard) = subnet.shard() else { return };
        if self.by(Kind::Subnet, Subnet::BY_VPC, &shard.vpc, Stage::Asked).next().is_some() {
            self.free.insert(shard, Free::new());
        } else {
            self.free.remove(&shard);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::KubeOvn;

    fn subnet(name: &str, vlan: &str, cidrs: &str) -> Object {
        let spec = json!({"vpc": "v", "vlan": vlan, "cidrBlock": cidrs});
        Object::read(Kind::Subnet, &json!({"metadata": {"name": name}, "spec": spec}), &KubeOvn::default()).0
    }

    fn free(inventory: &Inventory) -> String {
        let shard = Shard { vpc: "v".to_owned(), vlan: String::new() };
        let wanted = "10.0.0.0/24".parse().unwrap();
        let found = inventory.free_near(&shard, wanted, &PrefixSet::default(), 2);
        // However it came about, it is what another one counts that has the same objects.
        let counted = Inventory { free: [(shard.clone(), Free::new())].into(), ..inventory.clone() };
        assert_eq!(found, counted.free_near(&shard, wanted, &PrefixSet::default(), 2));
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_comes_is_taken_and_what_goes_is_free() {
        let mut inventory = Inventory::default();
        assert_eq!(free(&inventory), "10.0.0.0/24 10.0.1.0/24");
        inventory.store(&subnet("a", "", "10.0.0.0/24,fd00::/64"));
        assert_eq!(free(&inventory), "10.0.1.0/24 10.0.2.0/24");
        let planned = subnet("b", "", "10.0.1.0/24");
        inventory.plan(&planned);
        assert_eq!(free(&inventory), "10.0.2.0/24 10.0.3.0/24");
        inventory.hide(&planned);
        inventory.store(&subnet("c", "x", "10.0.2.0/24"));
        assert_eq!(free(&inventory), "10.0.2.0/24 10.0.3.0/24");
        inventory.store(&subnet("c", "", "10.0.2.0/24"));
        assert_eq!(free(&inventory), "10.0.3.0/24 10.0.4.0/24");
        inventory.store(&subnet("d", "", "10.0.0.0/22"));
        inventory.remove(Kind::Subnet, "", "a");
        assert_eq!(free(&inventory), "10.0.4.0/24 10.0.5.0/24");
        inventory.store(&subnet("d", "", "10.0.8.0/22"));
        assert_eq!(free(&inventory), "10.0.0.0/24 10.0.3.0/24");
        for name in ["b", "c", "d"] {
            inventory.remove(Kind::Subnet, "", name);
        }
        assert_eq!(free(&inventory), "10.0.0.0/24 10.0.1.0/24");
        assert!(!inventory.free.keys().any(|shard| shard.vlan.is_empty()));
    }

    #[test]
    fn another_version_with_the_same_prefixes_changes_nothing() {
        let mut inventory = Inventory::default();
        inventory.store(&subnet("a", "", "10.0.0.0/24"));
        free(&inventory);
        inventory.store(&subnet("a", "", "10.0.0.0/24"));
        assert!(inventory.free.values().all(|free| free.get().is_some()));
    }
}

//! The objects `AddressIndex` that vpcguard's webhook writes beside the Subnets.

use serde_json::{Value, json};
use vpcguard_policies::settings::KubeOvn;
use vpcguard_policies::{AddressSpace, Inventory, Kind, address_index};

/// Their version.
pub const INDEX_VERSION: &str = "vpcguard.io/v1alpha1";

/// Their kind.
pub const INDEX_KIND: &str = "AddressIndex";

/// The indexes of these objects: one for each VPC and VLAN that Subnets hold addresses of, and one for each Subnet of which
/// something else holds addresses.
pub fn indexes<'o>(objects: impl IntoIterator<Item = &'o Value>, kube_ovn: KubeOvn) -> Vec<Value> {
    let mut inventory = Inventory::new(kube_ovn);
    for object in objects {
        if let Some(kind) = Kind::of(object) {
            inventory.apply(kind, object);
        }
    }
    let index = |(shard, holdings)| {
        let lines = address_index::to_lines(&holdings);
        let space = AddressSpace::Vpc(shard);
        let AddressSpace::Vpc(shard) = &space else { return Value::Null };
        let mut of = json!({"vpc": shard.vpc});
        if !shard.vlan.is_empty() {
            of["vlan"] = json!(shard.vlan);
        }
        json!({
            "apiVersion": INDEX_VERSION, "kind": INDEX_KIND, "metadata": {"name": space.object_name()},
            "spec": {"format": address_index::FORMAT, "space": of, "version": "4711", "subnets": lines},
        })
    };
    let of_subnet = |(subnet, claimants): (String, _)| {
        let lines = address_index::to_address_lines(&claimants);
        json!({
            "apiVersion": INDEX_VERSION, "kind": INDEX_KIND,
            "metadata": {"name": AddressSpace::Subnet(subnet.clone()).object_name()},
            "spec": {
                "format": address_index::FORMAT, "space": {"subnet": subnet}, "version": "Vip=4711", "subnets": [],
                "addresses": lines,
            },
        })
    };
    let of_subnets = inventory.claimants().into_iter().map(of_subnet);
    inventory.holdings().into_iter().map(index).chain(of_subnets).collect()
}

#[cfg(test)]
mod tests {
    use vpcguard::ledger::crd::AddressIndex;

    use super::*;
    use crate::sample;

    #[test]
    fn an_index_is_one_as_the_webhook_writes_it() {
        let mut underlay = sample::subnet("b", "v", "10.1.0.0/24");
        underlay["spec"]["vlan"] = json!("x");
        let vip = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vip", "metadata": {"name": "w"},
                         "spec": {"subnet": "a", "v4ip": "10.0.0.5"}});
        let objects = [sample::subnet("a", "v", "10.0.0.0/24,fd00::/64"), underlay, vip];
        let indexes = indexes(&objects, KubeOvn::default());
        let read = |index: &Value| serde_json::from_value::<AddressIndex>(index.clone()).unwrap();
        let spaces: Vec<_> = indexes.iter().map(|index| read(index).spec).collect();
        assert_eq!(spaces.len(), 3);
        assert_eq!(
            (spaces[2].space.subnet.as_str(), &spaces[2].addresses[..]),
            ("a", &["10.0.0.5 Vip/w".to_owned()][..])
        );
        assert_eq!((spaces[0].space.vpc.as_str(), spaces[0].space.vlan.as_str()), ("v", ""));
        assert_eq!(spaces[0].subnets, ["a 10.0.0.0/24,fd00::/64"]);
        assert_eq!((spaces[1].space.vpc.as_str(), spaces[1].space.vlan.as_str()), ("v", "x"));
        assert_eq!(spaces[1].subnets, ["b 10.1.0.0/24"]);
        for (index, spec) in indexes.iter().zip(&spaces) {
            assert_eq!(index["spec"], serde_json::to_value(spec).unwrap());
        }
    }
}

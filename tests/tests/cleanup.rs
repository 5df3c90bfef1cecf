//! What takes a whole Kube-OVN, or a tenant, apart is refused nothing: Kube-OVN's own `cleanup.sh`, request by request, as of v1.16.2.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use serde_json::{Value, json};
use vpcguard_policies::{Inventory, Kind, Request, Settings, Verdict, review};

/// The kinds whose objects it deletes, in its order. Subnets and Vpcs it does not delete: it takes their finalizers off, and then
/// their definitions away, which no webhook sees.
const ORDER: &[Kind] = &[
    Kind::VpcNatGateway,
    Kind::VpcDns,
    Kind::Vip,
    Kind::IptablesSnatRule,
    Kind::IptablesDnatRule,
    Kind::IptablesFipRule,
    Kind::IptablesEip,
    Kind::OvnDnatRule,
    Kind::OvnSnatRule,
    Kind::OvnFip,
    Kind::OvnEip,
    Kind::SwitchLbRule,
    Kind::IpPool,
    Kind::Vlan,
    Kind::ProviderNetwork,
];

/// Who makes no exception of anybody.
const USER: &str = "kubernetes-admin";

fn object(kind: Kind, name: &str, spec: Value) -> Value {
    json!({"apiVersion": kind.api_version(), "kind": kind.name(), "metadata": {"name": name}, "spec": spec})
}

/// A cluster in which each kind is used by others, and all Subnets have addresses in use.
fn objects() -> Vec<(Kind, Value)> {
    let used = |name: &str, spec: Value| {
        let mut subnet = object(Kind::Subnet, name, spec);
        subnet["status"] = json!({"v4usingIPs": 7});
        (Kind::Subnet, subnet)
    };
    let of = |kind: Kind, name: &str, spec: Value| (kind, object(kind, name, spec));
    let mut balancer = object(Kind::SwitchLbRule, "slr", json!({"vip": "10.0.1.200", "ports": [{"port": 80}]}));
    balancer["metadata"]["annotations"] =
        json!({"ovn.kubernetes.io/logical_router": "blue", "ovn.kubernetes.io/logical_switch": "apps"});
    let mut namespace = object(Kind::Namespace, "web", json!({}));
    namespace["metadata"]["annotations"] = json!({"ovn.kubernetes.io/ip_pool": "few"});
    vec![
        of(Kind::Vpc, "blue", json!({"defaultSubnet": "apps"})),
        used("apps", json!({"vpc": "blue", "cidrBlock": "10.0.1.0/24"})),
        used("office", json!({"vlan": "v7", "cidrBlock": "192.168.7.0/24", "gateway": "192.168.7.1"})),
        used("external", json!({"vlan": "v7", "cidrBlock": "203.0.113.0/24", "gateway": "203.0.113.1"})),
        of(
            Kind::VpcNatGateway,
            "gw",
            json!({"vpc": "blue", "subnet": "apps", "lanIp": "10.0.1.254", "qosPolicy": "slow"}),
        ),
        of(Kind::VpcDns, "dns", json!({"vpc": "blue", "subnet": "apps"})),
        of(Kind::Vip, "vip", json!({"subnet": "apps", "type": "switch_lb_vip", "v4ip": "10.0.1.200"})),
        of(Kind::IptablesEip, "eip", json!({"natGwDp": "gw"})),
        of(Kind::IptablesSnatRule, "snat", json!({"eip": "eip"})),
        of(Kind::IptablesDnatRule, "dnat", json!({"eip": "eip"})),
        of(Kind::IptablesFipRule, "fip", json!({"eip": "eip"})),
        of(Kind::OvnEip, "oeip", json!({"externalSubnet": "external"})),
        of(Kind::OvnDnatRule, "odnat", json!({"ovnEip": "oeip", "vpc": "blue"})),
        of(Kind::OvnSnatRule, "osnat", json!({"ovnEip": "oeip", "vpc": "blue"})),
        of(Kind::OvnFip, "ofip", json!({"ovnEip": "oeip", "vpc": "blue"})),
        (Kind::SwitchLbRule, balancer),
        of(Kind::IpPool, "few", json!({"subnet": "apps", "ips": ["10.0.1.9"]})),
        (Kind::Namespace, namespace),
        of(Kind::Vlan, "v7", json!({"provider": "lan", "id": 7})),
        of(Kind::ProviderNetwork, "lan", json!({"defaultInterface": "eth1"})),
    ]
}

/// A cluster, in which what is deleted stays for a while.
struct Cluster {
    inventory: Inventory,
    objects: Vec<(Kind, Value)>,
}

impl Cluster {
    fn new() -> Self {
        let mut inventory = Inventory::default().watching(Kind::ALL.iter().copied());
        let objects = objects();
        for (kind, object) in &objects {
            inventory.apply(*kind, object);
        }
        Self { inventory, objects }
    }

    /// Asks for the deletion of all objects of a kind, and lets each go.
    fn delete(&mut self, kind: Kind) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for (_, object) in self.objects.iter_mut().filter(|(of, _)| *of == kind) {
            let request = Request { user: USER.to_owned(), ..Request::to_delete(object.clone()) };
            verdicts.push(review(&request, &self.inventory, &Settings::default()).unwrap());
            object["metadata"]["deletionTimestamp"] = json!("2026-04-02T09:00:00Z");
            self.inventory.apply(kind, object);
        }
        verdicts
    }
}

#[test]
fn the_cleanup_of_kube_ovn_is_refused_nothing() {
    let mut cluster = Cluster::new();
    for kind in ORDER {
        let verdicts = cluster.delete(*kind);
        assert!(!verdicts.is_empty(), "{kind}");
        assert!(verdicts.iter().all(|verdict| verdict.allowed), "{kind}: {verdicts:?}");
    }
}

/// Helm deletes kinds that it does not know by their names: EIPs and Subnets before gateways and Vpcs.
#[test]
fn a_tenants_release_goes_in_one_run() {
    let mut cluster = Cluster::new();
    let mut kinds: Vec<_> = cluster.objects.iter().map(|(kind, _)| *kind).collect();
    kinds.retain(|kind| *kind != Kind::Namespace);
    kinds.sort_by_key(|kind| kind.name());
    kinds.dedup();
    let refused: Vec<_> =
        kinds.into_iter().filter(|kind| cluster.delete(*kind).iter().any(|verdict| !verdict.allowed)).collect();
    // A network of the nodes is no tenant's, and its Vlans come after it.
    assert_eq!(refused, [Kind::ProviderNetwork]);
}

#[test]
fn a_vpc_before_its_subnets_needs_a_second_run() {
    let mut cluster = Cluster::new();
    assert!(cluster.delete(Kind::Vpc).iter().all(|verdict| !verdict.allowed));
    for kind in [Kind::OvnFip, Kind::OvnSnatRule, Kind::OvnDnatRule, Kind::Subnet] {
        cluster.delete(kind);
    }
    let vpc = object(Kind::Vpc, "blue", json!({}));
    let verdict = review(&Request::to_delete(vpc), &cluster.inventory, &Settings::default()).unwrap();
    assert!(verdict.allowed, "{verdict:?}");
}

//! Namespaces and Subnets.

use serde_json::{Value, json};

use super::{namespace, object};
use crate::explain::{Surroundings, explain_namespace, explain_subnet};
use crate::inventory::Inventory;
use crate::kinds::{Kind, ObjectRef};
use crate::settings::Settings;

/// VPC shop with a gateway, a guest and one who may have egress gateways; a network of Multus, a pool, a Vip and a Pod.
fn shop(more: &[Value]) -> Surroundings {
    let mut vpc = object("Vpc", "shop", json!({"namespaces": ["shop"]}));
    vpc["metadata"]["annotations"] =
        json!({"vpcguard.io/guest-namespaces": "guest", "vpcguard.io/egress-namespaces": "gate"});
    let config = r#"{"type":"kube-ovn"}"#;
    let definition = json!({"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "db", "namespace": "shop"}, "spec": {"config": config}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "annotations": {
        "ovn.kubernetes.io/ip_address": "10.1.0.60", "k8s.v1.cni.cncf.io/networks": "db"}}, "spec": {}});
    let gateway = json!({"vpc": "shop", "subnet": "apps", "lanIp": "10.1.0.254", "namespace": "edge", "externalSubnets": ["out"]});
    let objects = [
        vpc,
        namespace("shop", None),
        namespace("loose", None),
        object(
            "Subnet",
            "apps",
            json!({"vpc": "shop", "cidrBlock": "10.1.0.0/24", "namespaces": ["shop"],
                                        "excludeIps": ["10.1.0.1..10.1.0.9"]}),
        ),
        object("Subnet", "db", json!({"vpc": "shop", "cidrBlock": "10.1.1.0/24", "provider": "db.shop.ovn"})),
        object("Subnet", "out", json!({"cidrBlock": "192.0.2.0/24", "provider": "out.kube-system"})),
        object("Subnet", "ovn-default", json!({"cidrBlock": "10.16.0.0/16"})),
        object("Subnet", "join", json!({"cidrBlock": "100.64.0.0/16"})),
        definition,
        object("IPPool", "kept", json!({"subnet": "apps", "ips": ["10.1.0.5..10.1.0.20"]})),
        object("Vip", "front", json!({"subnet": "apps", "v4ip": "10.1.0.50", "namespace": "shop"})),
        object("VpcNatGateway", "gw", gateway),
        object("IptablesEIP", "eip", json!({"natGwDp": "gw", "externalSubnet": "out", "v4ip": "192.0.2.9"})),
        object(
            "IP",
            "x.shop",
            json!({"subnet": "apps", "namespace": "shop", "podName": "x", "v4IpAddress": "10.1.0.61"}),
        ),
        pod,
    ];
    let mut surroundings = Surroundings::new(Inventory::default(), &Settings::default());
    objects.iter().chain(more).for_each(|object| surroundings.add(object));
    surroundings
}

fn subnet(name: &str, more: &[Value]) -> String {
    explain_subnet(name, &shop(more), 3).unwrap().unwrap().to_string()
}

#[test]
fn people_read_whose_a_subnet_is_and_what_is_free() {
    let wanted = r#"Subnet "apps"
  VPC:      shop
  network:  overlay, provider ovn
  prefix:   10.1.0.0/24, gateway 10.1.0.1: 254 addresses, 9 excluded, 4 taken, 11 in IPPools, 230 free
  free:     10.1.0.21..10.1.0.49, 10.1.0.51..10.1.0.59, 10.1.0.62..10.1.0.253
  pool:     IPPool "kept" (10.1.0.5..10.1.0.20): for Pods that name it; 11 free
  bound:    namespace "shop": the Subnet lists it (spec.namespaces)
  open to:  namespace "edge": its NAT gateway "gw" runs in the namespace
  open to:  namespace "gate": for egress gateways only (annotation vpcguard.io/egress-namespaces)
  open to:  namespace "guest": VPC "shop" invites the namespace (annotation vpcguard.io/guest-namespaces)
  stands:   VpcNatGateway "gw" 10.1.0.254: NAT gateway of VPC "shop", inside
  stands:   Vip "front" 10.1.0.50: an address that is kept, for namespace "shop"
  Pod:      Pod "shop/web" 10.1.0.60: primary network
  Pod:      Pod "shop/x" 10.1.0.61: IP "x.shop"
"#;
    assert_eq!(subnet("apps", &[]), wanted);
    let wanted = r#"Subnet "out"
  VPC:      none
  network:  addresses for a network of another plug-in, provider out.kube-system
  prefix:   192.0.2.0/24, gateway 192.0.2.1: 254 addresses, 1 excluded, 1 taken, 252 free
  free:     192.0.2.2..192.0.2.8, 192.0.2.10..192.0.2.254
  open to:  all: it has no VPC: whoever may use the network of the other plug-in has addresses of it
  stands:   VpcNatGateway "gw": NAT gateway of VPC "shop", outside
  stands:   IptablesEIP "eip" 192.0.2.9: EIP of NAT gateway "gw"
  missing:  NetworkAttachmentDefinition "kube-system/out": spec.provider "out.kube-system" is of it
"#;
    assert_eq!(subnet("out", &[]), wanted);
}

#[test]
fn a_subnet_that_multus_attaches_names_its_network_and_its_pods() {
    let text = subnet("db", &[]);
    assert!(text.contains("  network:  NetworkAttachmentDefinition \"shop/db\"\n"), "{text}");
    assert!(
        text.contains("  open to:  namespace \"shop\": VPC \"shop\" lists the namespace (spec.namespaces)\n"),
        "{text}"
    );
    assert!(text.contains("  Pod:      Pod \"shop/web\": network \"shop/db\"\n"), "{text}");
    let without_ovn = object("Subnet", "db", json!({"cidrBlock": "10.1.1.0/24", "provider": "db.shop"}));
    let text = subnet("db", &[without_ovn]);
    assert!(text.contains("looks for the provider \"db.shop.ovn\", so that it does not lead here\n"), "{text}");
}

#[test]
fn a_pod_is_told_of_once_with_the_address_that_it_has() {
    let ip = |name: &str, pod: &str, address: &str| {
        let of = json!({"subnet": "apps", "namespace": "shop", "podName": pod, "v4IpAddress": address});
        object("IP", name, of)
    };
    let with = |kind: &str, version: &str, name: &str, annotations: Value, owner: Value| {
        let template = json!({"metadata": {"annotations": annotations}});
        let metadata = json!({"name": name, "namespace": "shop", "annotations": annotations, "ownerReferences": owner});
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {"template": template}})
    };
    let none = || json!([]);
    let pool = "ovn.kubernetes.io/ip_pool";
    // Two networks of one Subnet; one address of a list; another one than is asked for.
    let networks = json!({"k8s.v1.cni.cncf.io/networks": "db", "db.shop.ovn.kubernetes.io/logical_switch": "apps"});
    let more = [
        with("Pod", "v1", "both", networks, none()),
        ip("both.shop", "both", "10.1.0.70"),
        ip("both.shop.db.shop.ovn", "both", "10.1.0.71"),
        with("Pod", "v1", "listed", json!({pool: "10.1.0.72,10.1.0.73"}), none()),
        ip("listed.shop", "listed", "10.1.0.73"),
        with("Pod", "v1", "moved", json!({"ovn.kubernetes.io/ip_address": "10.1.0.7"}), none()),
        ip("moved.shop", "moved", "10.1.0.74"),
        // A machine and its Pod, which has its port, and a machine without one.
        with("VirtualMachine", "kubevirt.io/v1", "vm", json!({}), none()),
        with(
            "Pod",
            "v1",
            "virt-launcher-vm-x",
            json!({}),
            json!([{"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "name": "vm", "uid": "u"}]),
        ),
        ip("vm.shop", "vm", "10.1.0.75"),
        with("VirtualMachine", "kubevirt.io/v1", "off", json!({}), none()),
        ip("off.shop", "off", "10.1.0.76"),
        // What makes Pods may be called as one of them.
        with("Deployment", "apps/v1", "both", json!({}), none()),
    ];
    let text = subnet("apps", &more);
    let pods: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("  Pod:      ")).collect();
    let wanted = [
        r#"Pod "shop/both" 10.1.0.71: network "shop/db""#,
        r#"Pod "shop/both" 10.1.0.70: primary network"#,
        r#"Deployment "shop/both": primary network"#,
        r#"Pod "shop/listed" 10.1.0.73: primary network"#,
        r#"Pod "shop/moved" 10.1.0.74: primary network"#,
        r#"VirtualMachine "shop/off" 10.1.0.76: primary network"#,
        r#"Pod "shop/virt-launcher-vm-x" 10.1.0.75: primary network"#,
        r#"VirtualMachine "shop/vm": primary network"#,
        r#"Pod "shop/web" 10.1.0.60: primary network"#,
        r#"Pod "shop/x" 10.1.0.61: IP "x.shop""#,
    ];
    assert_eq!(pods, wanted);
}

#[test]
fn who_is_bound_is_known_by_list_by_label_and_by_default() {
    let selecting =
        object("Subnet", "db", json!({"vpc": "shop", "namespaceSelectors": [{"matchLabels": {"team": "a"}}]}));
    let mut labelled = namespace("loose", None);
    labelled["metadata"]["labels"] = json!({"team": "a"});
    let text = subnet("db", &[selecting, labelled]);
    assert!(
        text.contains("  bound:    namespace \"loose\": the Subnet selects it (spec.namespaceSelectors)\n"),
        "{text}"
    );
    assert!(text.contains("  note:     it has no spec.cidrBlock\n"), "{text}");
    let by_default = object("Subnet", "apps", json!({"vpc": "shop", "cidrBlock": "10.1.0.0/24", "default": true}));
    let text = subnet("apps", &[by_default]);
    let wanted = "  bound:    namespace \"shop\": VPC \"shop\" lists it, and this is its default Subnet\n";
    assert!(text.contains(wanted), "{text}");
    let text = subnet("ovn-default", &[]);
    assert!(text.contains("  bound:    namespace \"loose\": nothing else is bound to it\n"), "{text}");
    assert!(!text.contains("namespace \"shop\""), "{text}");
    assert!(subnet("join", &[]).contains("  open to:  no namespace\n"));
}

#[test]
fn an_underlay_names_its_vlan_which_may_be_missing() {
    let underlay = object(
        "Subnet",
        "db",
        json!({"vpc": "shop", "cidrBlock": "10.1.1.0/24", "vlan": "v10", "u2oInterconnection": true}),
    );
    let text = subnet("db", std::slice::from_ref(&underlay));
    assert!(text.contains("beside its own gateway, Vlan \"v10\", provider ovn\n"), "{text}");
    assert!(text.contains("  missing:  Vlan \"v10\": the Subnet names it in spec.vlan; no Vlan at all"), "{text}");
    let vlan = object("Vlan", "v10", json!({"id": 10, "provider": "net"}));
    let text = subnet("db", &[underlay, vlan]);
    assert!(text.contains(", Vlan \"v10\" (10 of provider network \"net\"), provider ovn\n"), "{text}");
    assert!(text.contains("  missing:  ProviderNetwork \"net\": "), "{text}");
}

#[test]
fn what_is_not_there_is_not_explained() {
    assert!(explain_subnet("gone", &shop(&[]), 3).unwrap().is_none());
    assert!(explain_namespace("gone", &shop(&[])).unwrap().is_none());
    let known = shop(&[]).namespaces().unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["edge", "gate", "guest", "loose", "shop"]);
}

#[test]
fn people_read_what_pods_of_a_namespace_get_and_may_have() {
    let text = |name: &str| explain_namespace(name, &shop(&[])).unwrap().unwrap().to_string();
    let wanted = r#"Namespace "shop"
  Subnet:   apps (10.1.0.0/24), VPC shop
  because:  Subnet "apps" lists namespace "shop" (Kube-OVN: spec.namespaces)
  address:  any that is free
  may use:  VPC shop (apps, db): it lists the namespace (spec.namespaces)
  may use:  VPC ovn-cluster (ovn-default): it is the default VPC, which is open to all namespaces
  network:  NetworkAttachmentDefinition "shop/db": db (10.1.1.0/24), VPC shop (provider db.shop.ovn)
  vip:      Vip "front"
"#;
    assert_eq!(text("shop"), wanted);
    let edge = text("edge");
    assert!(edge.contains("  may use:  VPC shop (apps, db): its NAT gateway \"gw\" runs in the namespace\n"), "{edge}");
    assert!(edge.contains("  gateway:  VpcNatGateway \"gw\" 10.1.0.254: NAT gateway of VPC \"shop\"\n"), "{edge}");
    assert!(edge.contains("  note:     there is no Namespace \"edge\" yet"), "{edge}");
    assert!(!text("loose").contains("VPC shop"));
}

#[test]
fn programs_read_the_same() {
    let explanation = explain_subnet("apps", &shop(&[]), 1).unwrap().unwrap();
    assert_eq!(explanation.object, ObjectRef::new(Kind::Subnet, "apps"));
    let read: Value = serde_json::to_value(&explanation.prefixes[0].ranges).unwrap();
    assert_eq!((read, explanation.prefixes[0].more), (json!(["10.1.0.21..10.1.0.49"]), 2));
    let explanation = serde_json::to_value(explain_namespace("shop", &shop(&[])).unwrap().unwrap()).unwrap();
    assert_eq!(
        explanation["vpcs"][0],
        json!({"name": "shop", "because": "it lists the namespace (spec.namespaces)", "subnets": ["apps", "db"]})
    );
    assert_eq!((&explanation["exists"], &explanation["networks"][0]["plugin"]), (&json!(true), &json!("kubeOvn")));
}

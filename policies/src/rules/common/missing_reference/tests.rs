use serde_json::{Value, json};

use crate::rules::support::testing::{Cluster, as_warning, update};

#[test]
fn a_name_that_leads_nowhere_is_a_warning() {
    let gateway = json!({"kind": "VpcNatGateway", "spec": {"subnet": "sn", "lanIp": "10.0.0.5"}});
    let wanted = r#"spec.subnet: Not found: "sn": there is no Subnet of this name [missing-reference]"#;
    Cluster::of(super::RULE.id).warns(&gateway, &[&as_warning(wanted)]);
    Cluster::of(super::RULE.id).settings(&json!({"strictReferences": true})).refuses(&gateway, &[wanted]);
}

#[test]
fn a_name_that_is_like_it_is_meant() {
    let eip = |gateway: &str| json!({"kind": "IptablesEIP", "spec": {"natGwDp": gateway}});
    let cluster = || {
        Cluster::of(super::RULE.id)
            .with(json!({"kind": "Subnet", "name": "ovn-vpc-external-network"}))
            .with(json!({"kind": "VpcNatGateway", "name": "blue-gateway"}))
            .with(json!({"kind": "VpcNatGateway", "metadata": {"name": "blue-gatewax", "deletionTimestamp": "2026-01-01T00:00:00Z"}}))
    };
    let wanted = |name: &str, meant: &str| {
        format!(r#"spec.natGwDp: "{name}": there is no VpcNatGateway of this name{meant} [missing-reference]"#)
    };
    let meant = wanted("blue-gatewy", r#"; did you mean "blue-gateway"?"#);
    cluster().warns(&eip("blue-gatewy"), &[&meant]);
    cluster().warns(&eip("green-gateway"), &[&wanted("green-gateway", "")]);
    let hidden = json!({"disclose": "none"});
    cluster().settings(&hidden).warns(&eip("blue-gatewy"), &[&wanted("blue-gatewy", "")]);
}

#[test]
fn the_external_subnet_that_is_meant_where_none_is_named_must_exist() {
    let iptables = json!({"kind": "IptablesEIP", "spec": {}});
    let wanted = r#"spec.externalSubnet: "ovn-vpc-external-network": there is no Subnet of this name, which Kube-OVN takes where none is named [missing-reference]"#;
    Cluster::of(super::RULE.id).warns(&iptables, &[wanted]);
    let ovn = json!({"kind": "OvnEip", "spec": {"externalSubnet": ""}});
    let wanted = r#"spec.externalSubnet: "out": there is no Subnet of this name [missing-reference]"#;
    let cluster = || Cluster::of(super::RULE.id).settings(&json!({"kubeOvn": {"externalSubnet": "out"}}));
    cluster().warns(&ovn, &[wanted]);
    cluster().with(json!({"kind": "Subnet", "name": "out"})).accepts(&ovn);
}

#[test]
fn a_guess_looks_at_no_more_names_than_it_may() {
    let cluster = |many: usize| {
        let subnets = (0..many).map(|at| json!({"kind": "Subnet", "name": format!("tenant-{at:05}-apps")}));
        subnets.fold(Cluster::of(super::RULE.id), Cluster::with)
    };
    let pool = json!({"kind": "IPPool", "spec": {"subnet": "tenant-01000-appps"}});
    let wanted = r#"spec.subnet: "tenant-01000-appps": there is no Subnet of this name; did you mean "tenant-01000-apps"? [missing-reference]"#;
    cluster(2000).warns(&pool, &[wanted]);
    let entries = |many| cluster(many).entries(&pool);
    assert!(entries(100) > 100 && entries(1500) == entries(2000) && entries(2000) < 600, "{}", entries(2000));
}

#[test]
fn a_vpc_does_not_mean_itself() {
    let peering =
        |remote: &str| json!({"kind": "Vpc", "name": "blue", "spec": {"vpcPeerings": [{"remoteVpc": remote}]}});
    let cluster = Cluster::of(super::RULE.id)
        .with(peering(""))
        .with(json!({"kind": "Subnet", "name": "s", "spec": {"vpc": "blue"}}));
    let wanted = r#"spec.vpcPeerings[0].remoteVpc: "blu": there is no Vpc of this name [missing-reference]"#;
    cluster.warns(&peering("blu"), &[wanted]);
}

#[test]
fn a_vpc_comes_before_what_it_names() {
    let vpc = json!({"kind": "Vpc", "name": "v", "spec": {"defaultSubnet": "s", "vpcPeerings": [{"remoteVpc": "w"}]}});
    Cluster::of(super::RULE.id).accepts(&vpc);
    let wanted = [
        r#"spec.defaultSubnet: "s": there is no Subnet of this name [missing-reference]"#,
        r#"spec.vpcPeerings[0].remoteVpc: "w": there is no Vpc of this name [missing-reference]"#,
    ];
    Cluster::of(super::RULE.id).settled().warns(&vpc, &wanted);
    Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "t", "spec": {"vpc": "v"}})).warns(&vpc, &wanted);
}

#[test]
fn two_vpcs_that_peer_come_in_either_order_and_what_never_comes_is_found() {
    let strict = || Cluster::of(super::RULE.id).settings(&json!({"strictReferences": true}));
    let vpc = |name: &str, remotes: &[&str]| {
        let peerings: Vec<_> = remotes.iter().map(|remote| json!({"remoteVpc": remote})).collect();
        json!({"kind": "Vpc", "name": name, "spec": {"vpcPeerings": peerings}})
    };
    let subnet = |vpc: &str| json!({"kind": "Subnet", "name": format!("{vpc}-s"), "spec": {"vpc": vpc}});
    for (first, second) in [("a", "b"), ("b", "a")] {
        strict().accepts(&vpc(first, &[second]));
        let first_is_there = || strict().with(vpc(first, &[second])).with(subnet(first));
        first_is_there().accepts(&vpc(second, &[first]));
        // Before the other one comes, what it has already is no reason to refuse a change.
        let changed = first_is_there().verdict(&update(&vpc(first, &[second]), &vpc(first, &[second, second])));
        assert!(changed.allowed && !changed.warnings.is_empty());
        let new = first_is_there().verdict(&update(&vpc(first, &[second]), &vpc(first, &[second, "c"])));
        assert_eq!((new.allowed, new.findings.len()), (false, 1));
        assert_eq!(new.findings[0].field().to_string(), "spec.vpcPeerings[1].remoteVpc");
    }
    let never = r#"spec.vpcPeerings[0].remoteVpc: Not found: "b": there is no Vpc of this name [missing-reference]"#;
    strict().settled().refuses(&vpc("a", &["b"]), &[never]);
    strict().with(vpc("b", &[])).settled().accepts(&vpc("a", &["b"]));
}

#[test]
fn what_is_being_deleted_does_not_exist() {
    let deleting = json!({"kind": "Vpc", "metadata": {"name": "v", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let subnet = json!({"kind": "Subnet", "spec": {"vpc": "v", "cidrBlock": "10.0.0.0/16"}});
    let wanted = r#"spec.vpc: "v": there is no Vpc of this name [missing-reference]"#;
    Cluster::of(super::RULE.id).with(deleting).warns(&subnet, &[wanted]);
}

#[test]
fn the_default_vpc_need_not_be_known() {
    Cluster::of(super::RULE.id)
        .accepts(&json!({"kind": "Subnet", "spec": {"vpc": "ovn-cluster", "cidrBlock": "10.0.0.0/16"}}));
    Cluster::of(super::RULE.id).accepts(&json!({"kind": "Subnet", "spec": {"cidrBlock": "10.0.0.0/16"}}));
    // Nor the Subnets that Kube-OVN makes.
    let pool = |subnet: &str| json!({"kind": "IPPool", "spec": {"subnet": subnet}});
    Cluster::of(super::RULE.id).accepts(&pool("ovn-default"));
    Cluster::of(super::RULE.id).accepts(&pool("join"));
    let elsewhere = json!({"kubeOvn": {"defaultSubnet": "pods"}});
    let wanted = r#"spec.subnet: "ovn-default": there is no Subnet of this name [missing-reference]"#;
    Cluster::of(super::RULE.id).settings(&elsewhere).warns(&pool("ovn-default"), &[wanted]);
}

#[test]
fn an_address_is_of_a_subnet() {
    let wanted = r#"spec.subnet: "gone": there is no Subnet of this name [missing-reference]"#;
    for kind in ["IPPool", "Vip", "IP"] {
        let object = json!({"kind": kind, "spec": {"subnet": "gone"}});
        Cluster::of(super::RULE.id).warns(&object, &[wanted]);
        Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "gone"})).accepts(&object);
    }
}

#[test]
fn a_policy_is_looked_for_where_some_are_seen() {
    let gateway = json!({"kind": "VpcNatGateway", "spec": {"qosPolicy": "slow"}});
    Cluster::of(super::RULE.id).with(json!({"kind": "QoSPolicy", "name": "slow"})).accepts(&gateway);
    let wanted =
        r#"spec.qosPolicy: "slow": there is no QoSPolicy of this name: nothing is limited [missing-reference]"#;
    Cluster::of(super::RULE.id).with(json!({"kind": "QoSPolicy", "name": "fast"})).warns(&gateway, &[wanted]);
    let eip = json!({"kind": "IptablesEIP", "spec": {"externalSubnet": "out", "qosPolicy": "slow"}});
    let cluster = Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "out"}));
    cluster.with(json!({"kind": "QoSPolicy", "name": "fast"})).warns(&eip, &[wanted]);
    Cluster::of(super::RULE.id).accepts(&gateway);
    let external = json!({"kind": "Subnet", "name": "ovn-vpc-external-network"});
    Cluster::of(super::RULE.id).seeing_all().with(external).warns(&gateway, &[wanted]);
}

#[test]
fn where_all_is_seen_a_gateway_means_an_external_subnet_too() {
    let gateway = |spec: Value| json!({"kind": "VpcNatGateway", "spec": spec});
    let wanted = r#"spec.externalSubnets: "ovn-vpc-external-network": there is no Subnet of this name, which Kube-OVN takes where none is named [missing-reference]"#;
    let cluster = || Cluster::of(super::RULE.id).seeing_all();
    cluster().warns(&gateway(json!({})), &[wanted]);
    let external = json!({"kind": "Subnet", "name": "ovn-vpc-external-network"});
    cluster().with(external).accepts(&gateway(json!({})));
    Cluster::of(super::RULE.id).accepts(&gateway(json!({})));
    let eips = json!([{"eipCIDR": "192.0.2.10/24", "gateway": "192.0.2.1"}]);
    cluster().accepts(&gateway(json!({"eips": eips})));
    let other = json!({"kind": "Subnet", "name": "out"});
    cluster().with(other).accepts(&gateway(json!({"externalSubnets": ["out"]})));
}

#[test]
fn a_namespace_is_looked_for_where_some_are_seen() {
    let rule = json!({"kind": "RouterLBRule", "spec": {"ovnEip": "e", "vpc": "ovn-cluster", "namespace": "shop"}});
    let namespace = |name: &str| json!({"kind": "Namespace", "name": name});
    let cluster = || Cluster::of(super::RULE.id).with(json!({"kind": "OvnEip", "name": "e"}));
    cluster().accepts(&rule);
    cluster().with(namespace("shop")).accepts(&rule);
    let wanted = r#"spec.namespace: "shop": there is no Namespace of this name [missing-reference]"#;
    cluster().with(namespace("mail")).warns(&rule, &[wanted]);
    cluster().seeing_all().warns(&rule, &[wanted]);
}

#[test]
fn what_a_service_names_is_another_rules_where_all_is_seen() {
    let deleting = json!({"kind": "Vpc", "metadata": {"name": "v", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let cluster = || Cluster::of(super::RULE.id).with(deleting.clone());
    let service = |vpc: &str| {
        json!({"kind": "Service", "namespace": "ns1", "annotations": {
            "ovn.kubernetes.io/vpc": vpc, "ovn.kubernetes.io/logical_switch": "gone"}})
    };
    let wanted = |key: &str, kind: &str, name: &str| {
        format!(
            r#"metadata.annotations[ovn.kubernetes.io/{key}]: "{name}": there is no {kind} of this name [missing-reference]"#
        )
    };
    let (subnet, vpc) = (wanted("logical_switch", "Subnet", "gone"), wanted("vpc", "Vpc", "none"));
    cluster().warns(&service("none"), &[&subnet, &vpc]);
    cluster().seeing_all().accepts(&service("none"));
    cluster().seeing_all().warns(&service("v"), &[&wanted("vpc", "Vpc", "v")]);
    let off = json!({"rules": {"service-vpc-binding": "off"}});
    cluster().seeing_all().settings(&off).warns(&service("none"), &[&subnet, &vpc]);
}

#[test]
fn an_external_subnet_counts_with_enable_external() {
    let vpc = |spec: Value| json!({"kind": "Vpc", "name": "v", "spec": spec});
    let extra = |enabled: bool| vpc(json!({"enableExternal": enabled, "extraExternalSubnets": ["gone"]}));
    let wanted = r#"spec.extraExternalSubnets[0]: "gone": there is no Subnet of this name [missing-reference]"#;
    Cluster::of(super::RULE.id).warns(&extra(true), &[wanted]);
    Cluster::of(super::RULE.id).accepts(&extra(false));
    Cluster::of(super::RULE.id).with(json!({"kind": "Subnet", "name": "gone"})).accepts(&extra(true));
    let meant = r#"spec.enableExternal: "out": there is no Subnet of this name, which Kube-OVN takes where none is named [missing-reference]"#;
    let settings = json!({"kubeOvn": {"externalSubnet": "out"}});
    let cluster = || Cluster::of(super::RULE.id).settings(&settings);
    let enabled = || vpc(json!({"enableExternal": true}));
    cluster().seeing_all().warns(&enabled(), &[meant]);
    cluster().accepts(&enabled());
    cluster().seeing_all().with(json!({"kind": "Subnet", "name": "out"})).accepts(&enabled());
    let mut default = enabled();
    default["name"] = json!("ovn-cluster");
    cluster().seeing_all().accepts(&default);
    let mut external = enabled();
    external["labels"] = json!({"ovn.kubernetes.io/vpc_external": "true"});
    cluster().seeing_all().accepts(&external);
}

fn definition(namespace: &str, name: &str) -> Value {
    json!({"kind": "NetworkAttachmentDefinition", "namespace": namespace, "name": name, "spec": {"config": ""}})
}

#[test]
fn a_provider_is_a_definition_where_some_are_seen() {
    let subnet = |provider: &str| json!({"kind": "Subnet", "spec": {"provider": provider, "cidrBlock": "10.0.0.0/16"}});
    let cluster = || Cluster::of(super::RULE.id).with(definition("ns1", "net"));
    for provider in ["net.ns1", "net.ns1.ovn", "", "ovn", "a.b.c", "net.ns2.ovn.eth1"] {
        cluster().accepts(&subnet(provider));
    }
    for (provider, name, namespace) in [("net.ns2", "net", "ns2"), ("web.ns1.ovn", "web", "ns1")] {
        let wanted = format!(
            r#"spec.provider: "{provider}": there is no NetworkAttachmentDefinition "{name}" in namespace "{namespace}" [missing-reference]"#
        );
        cluster().warns(&subnet(provider), &[&wanted]);
        Cluster::of(super::RULE.id).seeing_all().warns(&subnet(provider), &[&wanted]);
        Cluster::of(super::RULE.id).accepts(&subnet(provider));
    }
}

#[test]
fn a_namespaces_pools_exist() {
    let namespace = json!({"kind": "Namespace", "name": "ns1", "annotations": {"ovn.kubernetes.io/ip_pool": "a,b"}});
    let pool = |name: &str| json!({"kind": "IPPool", "name": name});
    let cluster = || Cluster::of(super::RULE.id).with(pool("a"));
    let wanted =
        r#"metadata.annotations[ovn.kubernetes.io/ip_pool]: "b": there is no IPPool of this name [missing-reference]"#;
    cluster().warns(&namespace, &[wanted]);
    cluster().with(pool("b")).accepts(&namespace);
}

#[test]
fn the_network_of_a_services_pod_exists() {
    let service = |network: &str| json!({"kind": "Service", "namespace": "ns2", "annotations": {"ovn.kubernetes.io/attachmentprovider": network}});
    let cluster = || Cluster::of(super::RULE.id).with(definition("ns1", "net"));
    for network in ["net.ns1", "net.ns1.ovn", "", "net"] {
        cluster().accepts(&service(network));
    }
    let wanted = r#"metadata.annotations[ovn.kubernetes.io/attachmentprovider]: "net.ns2": there is no NetworkAttachmentDefinition "net" in namespace "ns2" [missing-reference]"#;
    cluster().warns(&service("net.ns2"), &[wanted]);
    Cluster::of(super::RULE.id).accepts(&service("net.ns2"));
}

fn deployment(namespace: Option<&str>, annotations: Value) -> Value {
    let mut deployment =
        json!({"kind": "Deployment", "spec": {"template": {"metadata": {"annotations": annotations}}}});
    if let Some(namespace) = namespace {
        deployment["namespace"] = json!(namespace);
    }
    deployment
}

#[test]
fn a_template_names_networks_that_exist() {
    let attached = |namespace, networks: &str| deployment(namespace, json!({"k8s.v1.cni.cncf.io/networks": networks}));
    let cluster = || Cluster::of(super::RULE.id).with(definition("ns1", "net"));
    let wanted = |text: &str, name: &str, namespace: &str| {
        format!(
            r#"spec.template.metadata.annotations[k8s.v1.cni.cncf.io/networks]: "{text}": there is no NetworkAttachmentDefinition "{name}" in namespace "{namespace}" [missing-reference]"#
        )
    };
    cluster().accepts(&attached(Some("ns1"), "net"));
    cluster().accepts(&attached(Some("ns2"), "ns1/net@eth1,ns1/net@eth2"));
    cluster().warns(&attached(Some("ns2"), "net,net@eth2"), &[&wanted("ns2/net", "net", "ns2")]);
    Cluster::of(super::RULE.id).accepts(&attached(Some("ns2"), "net"));
    // It gets its namespace later.
    cluster().accepts(&attached(None, "net"));
    cluster().warns(&attached(None, "ns2/net"), &[&wanted("ns2/net", "net", "ns2")]);
    let default = json!({"v1.multus-cni.io/default-network": "ns1/web"});
    let wanted = r#"spec.template.metadata.annotations[v1.multus-cni.io/default-network]: "ns1/web": there is no NetworkAttachmentDefinition "web" in namespace "ns1" [missing-reference]"#;
    cluster().warns(&deployment(Some("ns1"), default), &[wanted]);
    let machine = json!({"kind": "VirtualMachine", "namespace": "ns1", "spec": {"template": {"spec": {"networks": [
        {"name": "a", "pod": {}}, {"name": "b", "multus": {"networkName": "web"}}]}}}});
    let wanted = r#"spec.template.spec.networks[1].multus.networkName: "ns1/web": there is no NetworkAttachmentDefinition "web" in namespace "ns1" [missing-reference]"#;
    cluster().warns(&machine, &[wanted]);
    cluster().with(definition("ns1", "web")).accepts(&machine);
}

#[test]
fn what_a_pod_attaches_is_another_rules() {
    let pod = json!({"kind": "Pod", "namespace": "ns2", "annotations": {
        "k8s.v1.cni.cncf.io/networks": "net", "ovn.kubernetes.io/vip": "gone"}});
    let cluster = || {
        let vip = json!({"kind": "Vip", "name": "v"});
        Cluster::of(super::RULE.id).with(definition("ns1", "net")).with(vip)
    };
    cluster().accepts(&pod);
    let wanted = [
        r#"metadata.annotations[k8s.v1.cni.cncf.io/networks]: "ns2/net": there is no NetworkAttachmentDefinition "net" in namespace "ns2" [missing-reference]"#,
        r#"metadata.annotations[ovn.kubernetes.io/vip]: "gone": there is no Vip of this name [missing-reference]"#,
    ];
    let off = json!({"rules": {"pod-network-unresolvable": "off"}});
    cluster().settings(&off).warns(&pod, &wanted);
}

#[test]
fn the_vips_of_a_pod_exist_where_some_are_seen() {
    let pods = |key: &str, names: &str| deployment(Some("ns1"), json!({key: names}));
    let cluster = || Cluster::of(super::RULE.id).with(json!({"kind": "Vip", "name": "v"}));
    for key in ["ovn.kubernetes.io/vip", "ovn.kubernetes.io/aaps"] {
        cluster().accepts(&pods(key, "v"));
        let wanted = format!(
            r#"spec.template.metadata.annotations[{key}]: "gone": there is no Vip of this name [missing-reference]"#
        );
        cluster().warns(&pods(key, "gone"), &[&wanted]);
        Cluster::of(super::RULE.id).accepts(&pods(key, "gone"));
    }
    let wanted =
        r#"metadata.annotations[ovn.kubernetes.io/aaps]: "gone": there is no Vip of this name [missing-reference]"#;
    let mut pod = json!({"kind": "Pod", "namespace": "ns1", "annotations": {"ovn.kubernetes.io/aaps": "v,gone"}});
    cluster().warns(&pod, &[wanted]);
    pod["spec"] = json!({"hostNetwork": true});
    cluster().accepts(&pod);
}

#[test]
fn an_ip_is_looked_for_where_ips_are_seen() {
    let rules = [
        json!({"kind": "OvnFip", "spec": {"ovnEip": "e", "ipName": "web-0.shop"}}),
        json!({"kind": "OvnDnatRule", "spec": {"ovnEip": "e", "ipName": "web-0.shop", "ipType": "ip"}}),
        json!({"kind": "OvnSnatRule", "spec": {"ovnEip": "e", "ipName": "web-0.shop"}}),
    ];
    let ip = |name: &str| json!({"kind": "IP", "name": name});
    let cluster = || Cluster::of(super::RULE.id).with(json!({"kind": "OvnEip", "name": "e"}));
    let read = json!({"readIPs": true});
    let wanted = r#"spec.ipName: "web-0.shop": there is no IP of this name [missing-reference]"#;
    for rule in rules {
        cluster().accepts(&rule);
        cluster().seeing_all().accepts(&rule);
        cluster().with(ip("mail.post")).warns(&rule, &[wanted]);
        cluster().with(ip("web-0.shop")).accepts(&rule);
        cluster().seeing_all().settings(&read).warns(&rule, &[wanted]);
        cluster().seeing_all().settings(&read).with(ip("web-0.shop")).accepts(&rule);
    }
    let of_vip = json!({"kind": "OvnFip", "spec": {"ovnEip": "e", "ipName": "web-0.shop", "ipType": "vip"}});
    let wanted = r#"spec.ipName: "web-0.shop": there is no Vip of this name [missing-reference]"#;
    cluster().with(ip("web-0.shop")).warns(&of_vip, &[wanted]);
}

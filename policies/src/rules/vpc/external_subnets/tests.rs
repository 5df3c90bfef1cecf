use serde_json::{Value, json};

use super::RULE;
use crate::rules::support::testing::{Cluster, update};

fn subnet(name: &str, spec: Value) -> Value {
    json!({"kind": "Subnet", "name": name, "spec": spec})
}

fn cluster() -> Cluster {
    Cluster::of(RULE.id)
        .with(subnet("backup", json!({"vlan": "v", "cidrBlock": "198.51.100.0/24"})))
        .with(subnet("blue-apps", json!({"vpc": "blue", "cidrBlock": "10.0.1.0/24"})))
        .with(json!({"kind": "OvnEip", "name": "out", "spec": {"externalSubnet": "backup"}}))
}

fn vpc(spec: &Value) -> Value {
    json!({"kind": "Vpc", "name": "blue", "spec": spec})
}

#[test]
fn the_default_vpc_is_attached_by_other_means() {
    let default = |spec: Value| json!({"kind": "Vpc", "name": "ovn-cluster", "spec": spec});
    cluster().seeing_all().accepts(&default(json!({"enableExternal": true, "extraExternalSubnets": ["backup"]})));
    cluster().accepts(&default(json!({"extraExternalSubnets": ["backup"]})));
    let rule =
        json!({"kind": "OvnSnatRule", "spec": {"ovnEip": "out", "vpc": "ovn-cluster", "v4IpCidr": "10.16.0.0/16"}});
    cluster().with(default(json!({}))).accepts(&rule);
}

#[test]
fn the_external_subnet_that_kube_ovn_makes_needs_no_vlan() {
    let own = subnet("external", json!({"cidrBlock": "203.0.113.0/24"}));
    cluster().with(own.clone()).accepts(&vpc(&json!({"enableExternal": true, "extraExternalSubnets": ["external"]})));
    let settings = json!({"kubeOvn": {"externalSubnet": "uplink"}});
    let wanted = r#"spec.extraExternalSubnets[0]: "external": is on no Vlan, so that nothing outside is reached by it [vpc-external-subnets]"#;
    let extra = vpc(&json!({"enableExternal": true, "extraExternalSubnets": ["external"]}));
    cluster().with(own).settings(&settings).warns(&extra, &[wanted]);
}

#[test]
fn a_route_by_policy_leads_outside_too() {
    let rule = json!({"kind": "OvnSnatRule", "name": "out", "spec": {"ovnEip": "out", "vpcSubnet": "blue-apps"}});
    let route = json!([{"action": "reroute", "match": "ip4", "nextHopIP": "198.51.100.1"}]);
    let routed = json!({"enableExternal": true, "extraExternalSubnets": ["backup"], "policyRoutes": route});
    cluster().with(vpc(&routed)).accepts(&rule);
    cluster().with(rule.clone()).accepts(&vpc(&routed));
    let bare = json!({"enableExternal": true, "extraExternalSubnets": ["backup"]});
    let wanted = r#"spec.staticRoutes: none leads to Subnet "backup", so OvnSnatRule "out" takes no traffic there [vpc-external-subnets]"#;
    cluster().with(rule.clone()).warns(&vpc(&bare), &[wanted]);
    let hidden = json!({"disclose": "none"});
    let wanted = "spec.vpcSubnet: \"blue-apps\": no route of another VPC leads to another Subnet, and Kube-OVN makes none [vpc-external-subnets]";
    cluster().with(vpc(&bare)).settings(&hidden).warns(&rule, &[wanted]);
}

#[test]
fn nodes_that_are_not_seen_are_not_evaluated() {
    let external = vpc(&json!({"enableExternal": true}));
    let verdict = cluster().verdict(&crate::rules::support::testing::create(&external));
    assert_eq!((verdict.warnings.len(), verdict.not_evaluated.len()), (0, 1));
    let wanted = r#"spec.enableExternal: "true": no Node has the label ovn.kubernetes.io/external-gw: "true", so that Kube-OVN attaches the router nowhere [vpc-external-subnets]"#;
    cluster().seeing_all().warns(&external, &[wanted]);
    let node = json!({"kind": "Node", "name": "a", "labels": {"ovn.kubernetes.io/external-gw": "true"}});
    cluster().with(node).seeing_all().accepts(&external);
}

#[test]
fn a_vpc_is_not_told_again_of_what_was_there_before() {
    let (old, new) =
        (json!({"extraExternalSubnets": ["backup"]}), json!({"extraExternalSubnets": ["backup"], "namespaces": ["a"]}));
    let verdict = cluster().verdict(&update(&vpc(&old), &vpc(&new)));
    assert!(verdict.warnings.is_empty());
}

use serde_json::{Value, json};

use crate::rules::support::testing::{Cluster, create, update};

fn cluster() -> Cluster {
    let namespace = |name: &str| json!({"kind": "Namespace", "name": name});
    Cluster::of(super::RULE.id).with(namespace("blue")).with(namespace("ovn")).with(namespace("n1"))
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": namespace}})
}

#[test]
fn a_name_that_is_anothers_port_is_refused() {
    let wanted = r#"metadata.name: Forbidden: makes "p.blue.db.blue.ovn", which is the port of a Pod of Namespace "blue" in an attached network [ovn-name-conflict]"#;
    cluster().refuses(&pod("ovn", "p.blue.db.blue"), &[wanted]);
    for (namespace, name) in
        [("n1", "p.blue.db.blue.ovn"), ("ovn", "p.x.blue.db.y.blue"), ("n1", "p.blue.db.red.ovn.a")]
    {
        assert!(!cluster().verdict(&create(&pod(namespace, name))).allowed, "{namespace} {name}");
    }
    for (namespace, name) in [
        ("ovn", "p"),
        ("ovn", "p.blue.db"),
        ("ovn", "p.red.db.red"),
        ("n1", "p.blue.db.blue"),
        ("n1", "p.blue.ovn"),
        ("n1", "p.n1.db.blue.ovn"),
        ("blue", "p.blue.db.blue.ovn"),
    ] {
        cluster().accepts(&pod(namespace, name));
    }
}

#[test]
fn the_name_of_a_virtual_machine_stands_for_that_of_its_pods() {
    let owned = |kind: &str, version: &str| {
        let owner = json!({"apiVersion": version, "kind": kind, "name": "p.blue.db.blue"});
        let metadata = json!({"name": "virt-launcher", "namespace": "ovn", "ownerReferences": [owner]});
        json!({"kind": "Pod", "metadata": metadata})
    };
    let refused = |object: Value| !cluster().verdict(&create(&object)).allowed;
    assert!(refused(owned("VirtualMachineInstance", "kubevirt.io/v1")));
    assert!(!refused(owned("VirtualMachineInstance", "example.com/v1")));
    assert!(!refused(owned("ReplicaSet", "apps/v1")));
    let generated = json!({"kind": "Pod", "metadata": {"generateName": "p.blue.db.blue-", "namespace": "ovn"}});
    let mut generated_request = create(&generated);
    generated_request.object["metadata"]["name"] = Value::Null;
    assert!(!cluster().verdict(&generated_request).allowed);
}

fn named(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"kind": kind, "name": name, "spec": spec})
}

fn in_vpc(vpc: &str, name: &str) -> Value {
    named("Subnet", name, &json!({"vpc": vpc, "cidrBlock": "10.0.0.0/24"}))
}

fn empty() -> Cluster {
    Cluster::of(super::RULE.id)
}

/// VPC prod with Subnet eu-web, VPC a that peers with b-c, VPC e with external Subnets external and wan-x.
fn networks() -> Cluster {
    empty()
        .with(in_vpc("prod", "eu-web"))
        .with(in_vpc("prod-eu", "x"))
        .with(named("Vpc", "a", &json!({"vpcPeerings": [{"remoteVpc": "b-c", "localConnectIP": "169.254.1.1/24"}]})))
        .with(named("Vpc", "e", &json!({"enableExternal": true, "extraExternalSubnets": ["wan-x"]})))
        .with(named("Vpc", "f", &json!({"extraExternalSubnets": ["wan-y"]})))
}

#[test]
fn a_router_port_of_another_pair_of_names_is_refused() {
    let wanted = |port: &str, holder: &str| {
        format!("metadata.name: Forbidden: makes router port {port:?}, which {holder} has [ovn-name-conflict]")
    };
    networks().refuses(&in_vpc("prod-eu", "web"), &[&wanted("prod-eu-web", r#"Subnet "eu-web" (VPC "prod")"#)]);
    networks().refuses(&in_vpc("a-b", "c"), &[&wanted("a-b-c", r#"VPC "a" (its peering with VPC "b-c")"#)]);
    networks().refuses(&in_vpc("e-wan", "x"), &[&wanted("e-wan-x", r#"VPC "e" (its external Subnet "wan-x")"#)]);
    for interconnected in ["logicalGateway", "u2oInterconnection"] {
        let spec = json!({"vpc": "prod-eu", "vlan": "v", "cidrBlock": "10.0.0.0/24", interconnected: true});
        assert!(!networks().verdict(&create(&named("Subnet", "web", &spec))).allowed);
    }
}

#[test]
fn a_switch_port_of_another_pair_of_names_is_refused() {
    let wanted = r#"metadata.name: Forbidden: makes switch port "x-prod-eu", which Subnet "x" (VPC "prod-eu") has [ovn-name-conflict]"#;
    networks().refuses(&in_vpc("eu", "x-prod"), &[wanted]);
    let wanted = r#"metadata.name: Forbidden: makes switch port "wan-x-e", which VPC "e" (its external Subnet "wan-x") has [ovn-name-conflict]"#;
    networks().refuses(&in_vpc("x-e", "wan"), &[wanted]);
    // A peering has no switch.
    networks().accepts(&in_vpc("c-a", "b"));
}

#[test]
fn the_peerings_and_external_subnets_of_a_vpc_make_ports_too() {
    let peering = |name: &str, remote: &str| {
        named("Vpc", name, &json!({"vpcPeerings": [{"remoteVpc": "z"}, {"remoteVpc": remote}]}))
    };
    let wanted = r#"spec.vpcPeerings[1].remoteVpc: Forbidden: makes router port "prod-eu-web", which Subnet "eu-web" (VPC "prod") has [ovn-name-conflict]"#;
    networks().refuses(&peering("prod-eu", "web"), &[wanted]);
    networks().accepts(&peering("prod-eu", "db"));
    let external = |name: &str, enabled: bool, extra: &str| {
        named("Vpc", name, &json!({"enableExternal": enabled, "extraExternalSubnets": [extra]}))
    };
    let wanted = r#"spec.extraExternalSubnets[0]: Forbidden: makes router port "prod-eu-web", which Subnet "eu-web" (VPC "prod") has [ovn-name-conflict]"#;
    networks().refuses(&external("prod-eu", true, "web"), &[wanted]);
    networks().accepts(&external("prod-eu", false, "web"));
    // The Vpc f has no external Subnets: it is not enabled.
    networks().accepts(&in_vpc("f-wan", "y"));
    let cluster = networks().with(in_vpc("a", "b-external")).with(in_vpc("external", "n"));
    let wanted = r#"spec.enableExternal: Forbidden: makes router port "a-b-external", which Subnet "b-external" (VPC "a") has [ovn-name-conflict]"#;
    cluster.refuses(&named("Vpc", "a-b", &json!({"enableExternal": true})), &[wanted]);
}

#[test]
fn names_with_hyphens_that_join_to_other_texts_are_accepted() {
    for accepted in [
        in_vpc("prod-eu", "web-eu"),
        in_vpc("prod", "eu-web"),
        in_vpc("prod-eu", "prod-eu-web"),
        in_vpc("prod", "web"),
        in_vpc("prod-us", "web"),
        in_vpc("eu-prod", "web"),
    ] {
        networks().accepts(&accepted);
    }
    // The pair prod, eu-web is not there any more, or has no port: another VPC, a plain VLAN, another provider.
    for other in
        [json!({"vpc": "us"}), json!({"vpc": "prod", "vlan": "v"}), json!({"vpc": "prod", "provider": "net.ns"})]
    {
        empty().with(named("Subnet", "eu-web", &other)).accepts(&in_vpc("prod-eu", "web"));
    }
    let plain = named("Subnet", "web", &json!({"vpc": "prod-eu", "vlan": "v", "cidrBlock": "10.0.0.0/24"}));
    networks().accepts(&plain);
}

#[test]
fn what_is_being_deleted_holds_its_names_and_what_is_gone_does_not() {
    let deleting = json!({"kind": "Subnet", "spec": {"vpc": "prod"},
        "metadata": {"name": "eu-web", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    assert!(!empty().with(deleting).verdict(&create(&in_vpc("prod-eu", "web"))).allowed);
    empty().accepts(&in_vpc("prod-eu", "web"));
}

#[test]
fn an_update_that_makes_a_port_is_refused_and_one_that_leaves_it_is_not() {
    let spec = |more: Value| {
        let mut subnet = in_vpc("prod-eu", "web");
        subnet["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        subnet
    };
    let plain = spec(json!({"vlan": "v"}));
    let on_router = spec(json!({"vlan": "v", "u2oInterconnection": true}));
    let gateway = spec(json!({"vlan": "v", "logicalGateway": true}));
    let verdict = |old: &Value, new: &Value| networks().verdict(&update(old, new));
    assert!(!verdict(&plain, &on_router).allowed);
    assert!(!verdict(&plain, &spec(json!({}))).allowed);
    assert!(verdict(&on_router, &gateway).allowed);
    assert_eq!(verdict(&on_router, &gateway).warnings.len(), 1);
    assert_eq!(verdict(&plain, &plain).warnings.len(), 0);
    let vpc = |peers: &[&str]| {
        let peerings: Vec<_> = peers.iter().map(|remote| json!({"remoteVpc": remote})).collect();
        named("Vpc", "prod-eu", &json!({"vpcPeerings": peerings}))
    };
    assert!(!verdict(&vpc(&["q"]), &vpc(&["web"])).allowed);
    assert!(verdict(&vpc(&["q", "web"]), &vpc(&["web"])).allowed, "the same value at another place of the list");
}

#[test]
fn a_refusal_is_a_403_without_names_of_others() {
    let verdict = networks().settings(&json!({"disclose": "none"})).verdict(&create(&in_vpc("prod-eu", "web")));
    assert_eq!(verdict.code, 403);
    let lines: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [r#"metadata.name: Forbidden: makes router port "prod-eu-web", which another Subnet has [ovn-name-conflict]"#]
    );
}

#[test]
fn so_many_links_are_compared_and_the_rest_is_not_judged() {
    let peerings: Vec<_> = (0..201).map(|at| json!({"remoteVpc": format!("p{at}")})).collect();
    let wanted = "spec.vpcPeerings: Forbidden: not judged: too many; only the ports of the first 200 are compared with others [ovn-name-conflict]";
    networks().refuses(&named("Vpc", "v", &json!({"vpcPeerings": peerings})), &[wanted]);
    let subnets: Vec<_> = (0..200).map(|at| format!("s{at}")).collect();
    let wanted = "spec.extraExternalSubnets: Forbidden: not judged: too many; only the ports of the first 200 are compared with others [ovn-name-conflict]";
    let spec = json!({"enableExternal": true, "extraExternalSubnets": subnets});
    networks().refuses(&named("Vpc", "v", &spec), &[wanted]);
}

#[test]
fn texts_that_are_no_names_are_compared_with_nobody() {
    for remote in ["", "-", "b--c", "b-c-", "ü-c", &"-a".repeat(1_000)] {
        networks().accepts(&named("Vpc", "a-b", &json!({"vpcPeerings": [{"remoteVpc": remote}]})));
    }
}

#[test]
fn security_groups_that_are_one_port_group_are_refused() {
    let group = |name: &str| named("SecurityGroup", name, &json!({}));
    let wanted = r#"metadata.name: Forbidden: makes port group "ovn.sg.sg.web", which SecurityGroup "sg-web" has [ovn-name-conflict]"#;
    let cluster = empty().with(group("sg-web"));
    cluster.refuses(&group("sg.web"), &[wanted]);
    for accepted in ["sg-web", "sgweb", "sg-web-1", "web"] {
        cluster.accepts(&group(accepted));
    }
}

#[test]
fn ip_pools_that_are_one_address_set_are_refused() {
    let pool = |name: &str, set: bool| named("IPPool", name, &json!({"subnet": "s", "enableAddressSet": set}));
    let wanted = |does: &str, has: &str| {
        format!(
            r#"metadata.name: Forbidden: {does} address set "db.pool", which IPPool "db-pool" {has} [ovn-name-conflict]"#
        )
    };
    let cluster = empty().with(pool("db-pool", true));
    cluster.refuses(&pool("db.pool", true), &[&wanted("makes", "has")]);
    cluster.refuses(&pool("db.pool", false), &[&wanted("removes", "has")]);
    empty().with(pool("db-pool", false)).refuses(&pool("db.pool", true), &[&wanted("makes", "removes")]);
    empty().with(pool("db-pool", false)).accepts(&pool("db.pool", false));
    cluster.accepts(&pool("db-pool", true));
    cluster.accepts(&pool("db-pool2", true));
    let without = empty().with(pool("db-pool", false));
    assert!(!without.verdict(&update(&pool("db.pool", false), &pool("db.pool", true))).allowed);
}

#[test]
fn an_ip_pool_may_not_be_called_like_the_set_of_a_security_group() {
    let pool = |name: &str, set: bool| named("IPPool", name, &json!({"subnet": "s", "enableAddressSet": set}));
    let group = named("SecurityGroup", "web-1", &json!({}));
    let cluster = empty().with(group.clone());
    let wanted = r#"metadata.name: Forbidden: makes address set "ovn.sg.web.1.associated.v4", which SecurityGroup "web-1" has [ovn-name-conflict]"#;
    cluster.refuses(&pool("ovn.sg.web-1.associated.v4", true), &[wanted]);
    let wanted = r#"metadata.name: Forbidden: removes address set "ovn.sg.web.1.associated.v6", which SecurityGroup "web-1" has [ovn-name-conflict]"#;
    cluster.refuses(&pool("ovn-sg-web-1-associated-v6", false), &[wanted]);
    for name in ["ovn.sg.web-1", "ovn.sg.web-1.associated.v5", "ovn.sg.web.associated.v4", "sg.web-1.associated.v4"] {
        cluster.accepts(&pool(name, true));
    }
    let wanted = r#"metadata.name: Forbidden: makes address set "ovn.sg.web.1.associated.v4", which IPPool "ovn.sg.web.1.associated.v4" removes [ovn-name-conflict]"#;
    empty().with(pool("ovn.sg.web.1.associated.v4", false)).refuses(&group, &[wanted]);
}

#[test]
fn subnets_of_the_default_vpc_that_are_one_port_group_are_told_of() {
    let wanted = |other: &str| {
        format!(
            "metadata.name: makes port groups that Subnet {other:?} has: Kube-OVN reads each hyphen as a dot there [ovn-name-conflict]"
        )
    };
    let cluster = empty().with(in_vpc("", "a-b-c"));
    cluster.warns(&in_vpc("", "a.b-c"), &[&wanted("a-b-c")]);
    let cluster = empty().with(in_vpc("ovn-cluster", "a-b.c"));
    cluster.warns(&in_vpc("", "a.b-c"), &[&wanted("a-b.c")]);
    cluster.warns(&in_vpc("", "a-b-c"), &[&wanted("a-b.c")]);
    cluster.accepts(&in_vpc("", "a-b.c"));
    let cluster = empty().with(in_vpc("", "a.b.c"));
    cluster.warns(&in_vpc("", "a-b-c"), &[&wanted("a.b.c")]);
    empty().with(in_vpc("", "a.b")).warns(&in_vpc("", "a-b"), &[&wanted("a.b")]);
    cluster.accepts(&in_vpc("v", "a-b-c"));
    cluster.accepts(&named("Subnet", "a-b-c", &json!({"vlan": "v", "cidrBlock": "10.0.0.0/24"})));
    empty().with(in_vpc("v", "a-b-c")).accepts(&in_vpc("", "a.b.c"));
}

#[test]
fn no_rule_is_called_like_a_load_balancer() {
    let rule = |name: &str| json!({"kind": "OvnDnatRule", "name": name});
    let wanted = |whose: &str| {
        format!(
            "metadata.name: Forbidden: is what Kube-OVN calls a load balancer of {whose}: the rule's address is added to that one, and it goes when the rule is deleted [ovn-name-conflict]",
        )
    };
    for name in ["cluster-tcp-loadbalancer", "cluster-sctp-session-loadbalancer"] {
        cluster().refuses(&rule(name), &[&wanted("the whole cluster")]);
    }
    for name in ["vpc-blue-tcp-load", "vpc-blue-udp-sess-load"] {
        cluster().refuses(&rule(name), &[&wanted(r#"VPC "blue""#)]);
    }
    for name in
        ["web", "cluster-http-loadbalancer", "cluster-tcp-loadbalancers", "vpc-tcp-load", "vpc-blue-tcp-session-load"]
    {
        cluster().accepts(&rule(name));
    }
    // The controller was told another name.
    let status = json!({"tcpLoadBalancer": "lb-of-all"});
    let told = json!({"kind": "Vpc", "name": "ovn-cluster", "status": status});
    cluster().with(told).refuses(&rule("lb-of-all"), &[&wanted("the whole cluster")]);
}

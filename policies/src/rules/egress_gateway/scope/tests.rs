use serde_json::{Value, json};

use crate::rules::support::testing::{Cluster, as_warning, create, update};

/// VPC `shared` is for a and b, with a Subnet for each and one for all; `alone` is for a, and `open` for everybody.
fn cluster() -> Cluster {
    let subnet = |name: &str, vpc: &str, cidr: &str, namespaces: &[&str]| json!({"kind": "Subnet", "name": name, "spec": {"vpc": vpc, "cidrBlock": cidr, "namespaces": namespaces}});
    let annotations = json!({"vpcguard.io/egress-namespaces": "platform"});
    let namespaces = ["a", "b", "c", "platform"].map(|name| json!({"kind": "Namespace", "name": name}));
    let cluster = Cluster::of(super::RULE.id)
        .with(json!({"kind": "Vpc", "name": "shared", "spec": {"namespaces": ["a", "b"]}, "annotations": annotations}))
        .with(json!({"kind": "Vpc", "name": "alone", "spec": {"namespaces": ["a"]}}))
        .with(json!({"kind": "Vpc", "name": "open", "spec": {}}))
        .with(subnet("for-a", "shared", "10.0.0.0/24", &["a"]))
        .with(subnet("for-b", "shared", "10.0.1.0/24,fd00:1::/64", &["b"]))
        .with(subnet("for-all", "shared", "10.0.2.0/24", &[]))
        .with(subnet("in-alone", "alone", "10.0.1.0/24", &[]))
        .with(subnet("in-open", "open", "10.0.0.0/16", &[]))
        .with(subnet("ovn-default", "", "10.16.0.0/16", &[]))
        .with(subnet("default-b", "", "10.17.0.0/16", &["b"]));
    namespaces.into_iter().fold(cluster, Cluster::with)
}

fn own() -> Cluster {
    cluster().settings(&json!({"egressGateway": {"scope": "own"}}))
}

fn gateway_in(namespace: &str, vpc: &str, fields: &Value) -> Value {
    let mut spec = json!({"vpc": vpc, "externalSubnet": "external"});
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({"kind": "VpcEgressGateway", "namespace": namespace, "spec": spec})
}

fn subnets(vpc: &str, names: &[&str]) -> Value {
    gateway_in("a", vpc, &json!({"policies": [{"snat": true, "subnets": names}]}))
}

fn blocks(vpc: &str, blocks: &[&str]) -> Value {
    gateway_in("a", vpc, &json!({"policies": [{"snat": true, "ipBlocks": blocks}]}))
}

fn selectors(vpc: &str, selectors: &Value) -> Value {
    gateway_in("a", vpc, &json!({"selectors": selectors}))
}

fn selecting(name: &str) -> Value {
    json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}})
}

fn said(field: &str, text: &str) -> String {
    format!("{field}: Forbidden: {text} [egress-gateway-scope]")
}

#[test]
fn a_subnet_that_is_not_there_may_be_anybodys() {
    let wanted = r#"spec.policies[0].subnets[1]: Not found: "next": there is no Subnet of this name: create it first, and then the gateway [egress-gateway-scope]"#;
    let next = |vpc: &str| subnets(vpc, &["for-a", "next"]);
    for cluster in [cluster(), own()] {
        cluster.seeing_all().refuses(&next("shared"), &[wanted]);
    }
    cluster().seeing_all().accepts(&next("alone"));
    cluster().accepts(&next("shared"));
    let verdict = cluster().seeing_all().verdict(&update(&next("shared"), &next("shared")));
    assert!(verdict.allowed);
}

#[test]
fn a_subnet_is_for_whom_it_selects_too() {
    let selecting = |name: &str| {
        json!({"kind": "Subnet", "name": "selecting", "spec": {"vpc": "shared", "cidrBlock": "10.0.9.0/24",
            "namespaceSelectors": [{"matchLabels": {"kubernetes.io/metadata.name": name}}]}})
    };
    let field = "spec.policies[0].subnets[0]";
    let wanted = said(field, r#"takes the traffic of Subnet "selecting", which does not list namespace "a""#);
    cluster().with(selecting("b")).refuses(&subnets("shared", &["selecting"]), &[&wanted]);
    cluster().with(selecting("a")).accepts(&subnets("shared", &["selecting"]));
    assert!(!own().with(selecting("a")).verdict(&create(&subnets("shared", &["selecting"]))).allowed);
    // A label that the tenant may have given its namespace.
    let labelled = |namespaces: &[&str]| {
        json!({"kind": "Subnet", "name": "selecting", "spec": {"vpc": "shared", "cidrBlock": "10.0.9.0/24",
            "namespaces": namespaces, "namespaceSelectors": [{"matchLabels": {"team": "a"}}]}})
    };
    let own_label = json!({"kind": "Namespace", "name": "a", "labels": {"team": "a"}});
    let verdict = |namespaces: &[&str]| {
        let cluster = cluster().with(own_label.clone()).with(labelled(namespaces));
        let verdict = cluster.verdict(&create(&subnets("shared", &["selecting"])));
        (verdict.findings.len(), verdict.warnings.len())
    };
    assert_eq!(verdict(&["b"]), (1, 0));
    assert_eq!(verdict(&[]), (0, 1));
}

#[test]
fn foreign_subnets_are_refused() {
    let field = "spec.policies[0].subnets[1]";
    let wanted = said(field, r#"takes the traffic of Subnet "for-b", which does not list namespace "a""#);
    cluster().refuses(&subnets("shared", &["for-a", "for-b"]), &[&wanted]);
    let wanted =
        said(field, r#"takes the traffic of Subnet "for-all", which lists no namespace, in VPC "shared" of several"#);
    cluster().warns(&subnets("shared", &["for-a", "for-all"]), &[&as_warning(&wanted)]);
    let wanted = said(field, r#"takes the traffic of Subnet "default-b", which does not list namespace "a""#);
    cluster().refuses(&subnets("", &["ovn-default", "default-b"]), &[&wanted]);
    assert_eq!(cluster().verdict(&create(&subnets("shared", &["for-b"]))).code, 403);
}

#[test]
fn a_subnet_of_another_vpc_is_a_list_of_addresses() {
    let wanted = said(
        "spec.policies[0].subnets[0]",
        r#"Subnet "in-alone" has addresses of Subnet "for-b" (10.0.1.0/24), which does not list namespace "a""#,
    );
    cluster().refuses(&subnets("shared", &["in-alone"]), &[&wanted]);
    cluster().accepts(&subnets("shared", &["ovn-default"]));
}

#[test]
fn addresses_of_foreign_subnets_are_refused() {
    let at = |number: usize, text: &str| said(&format!("spec.policies[0].ipBlocks[{number}]"), text);
    let foreign = r#"addresses of Subnet "for-b" (10.0.1.0/24), which does not list namespace "a""#;
    let wanted = [
        at(1, &format!(r#""10.0.1.7" has {foreign}"#)),
        at(2, &format!(r#""10.0.0.0/8" has {foreign}"#)),
        at(3, r#""fd00::/8" has addresses of Subnet "for-b" (fd00:1::/64), which does not list namespace "a""#),
        at(4, &format!(r#""10.0.0.0/255.0.0.0" is neither an address nor a prefix, so that it may have {foreign}"#)),
    ];
    let all = ["10.0.0.7", "10.0.1.7", "10.0.0.0/8", "fd00::/8", "10.0.0.0/255.0.0.0"];
    cluster().refuses(&blocks("shared", &all), &wanted.each_ref().map(String::as_str));
    let wanted = at(
        0,
        r#""10.0.2.0/25" has addresses of Subnet "for-all" (10.0.2.0/24), which lists no namespace, in VPC "shared" of several"#,
    );
    cluster().warns(&blocks("shared", &["10.0.2.0/25"]), &[&as_warning(&wanted)]);
    cluster().accepts(&blocks("shared", &["10.0.0.0/24", "10.9.0.0/16"]));
}

#[test]
fn where_nothing_is_declared_it_is_a_warning() {
    let at = |vpc: &str| {
        let text = format!(r#""192.0.2.0/24" is held by no Subnet of VPC {vpc:?}: it may be anybody's"#);
        said("spec.policies[0].ipBlocks[1]", &text)
    };
    cluster().warns(&blocks("open", &["10.0.3.0/24", "192.0.2.0/24"]), &[&as_warning(&at("open"))]);
    cluster().warns(&blocks("", &["10.16.3.0/24", "192.0.2.0/24"]), &[&as_warning(&at("ovn-cluster"))]);
    let selected = |vpc: &str| said("spec.selectors[0]", &format!(r#"selects Pods of Namespace "b" in VPC {vpc:?}"#));
    cluster().warns(
        &selectors("open", &json!([{"podSelector": {"matchLabels": {"app": "web"}}}])),
        &[&as_warning(&selected("open"))],
    );
}

#[test]
fn selectors_of_other_namespaces_are_refused() {
    let wanted = |at: usize, vpc: &str| {
        said(&format!("spec.selectors[{at}]"), &format!(r#"selects Pods of Namespace "b" in VPC {vpc:?}"#))
    };
    for foreign in
        [json!({"podSelector": {"matchLabels": {"app": "web"}}}), json!({"namespaceSelector": {}}), selecting("b")]
    {
        cluster().refuses(&selectors("shared", &json!([selecting("a"), foreign])), &[&wanted(1, "shared")]);
        cluster().refuses(&selectors("", &json!([foreign])), &[&wanted(0, "ovn-cluster")]);
    }
    // Namespace c is in no list of the VPC, so that its Pods are not there.
    cluster().accepts(&selectors("shared", &json!([selecting("a"), selecting("c")])));
    cluster().accepts(&selectors("", &json!([selecting("a")])));
}

#[test]
fn honest_gateways_pass() {
    cluster().accepts(&subnets("", &["ovn-default"]));
    cluster().accepts(&subnets("open", &["in-open"]));
    cluster().accepts(&blocks("open", &["10.0.0.0/16"]));
    cluster().accepts(&blocks("alone", &["0.0.0.0/0", "::/0"]));
    cluster().accepts(&selectors("alone", &json!([{"podSelector": {}}])));
    let everything =
        json!({"policies": [{"ipBlocks": ["0.0.0.0/0"], "subnets": ["for-b"]}], "selectors": [{"podSelector": {}}]});
    cluster().accepts(&gateway_in("platform", "shared", &everything));
    own().accepts(&gateway_in("platform", "shared", &everything));
    own().accepts(&blocks("alone", &["0.0.0.0/0"]));
    own().accepts(&gateway_in(
        "a",
        "shared",
        &json!({"policies": [{"ipBlocks": ["10.0.0.0/24"], "subnets": ["for-a"]}], "selectors": [selecting("a")]}),
    ));
}

#[test]
fn only_what_is_its_own_passes_where_the_settings_say_so() {
    let listing = |name: &str| format!(r#"takes the traffic of Subnet {name:?}, which does not list namespace "a""#);
    own().refuses(&subnets("", &["ovn-default"]), &[&said("spec.policies[0].subnets[0]", &listing("ovn-default"))]);
    own().refuses(&subnets("shared", &["for-all"]), &[&said("spec.policies[0].subnets[0]", &listing("for-all"))]);
    let anybody = r#""192.0.2.0/24" is held by no Subnet of VPC "open": it may be anybody's"#;
    own().refuses(&blocks("open", &["192.0.2.0/24"]), &[&said("spec.policies[0].ipBlocks[0]", anybody)]);
    let selects = said("spec.selectors[0]", r#"selects Pods of Namespace "c" in VPC "shared""#);
    own().refuses(&selectors("shared", &json!([selecting("c")])), &[&selects]);
}

#[test]
fn what_is_being_deleted_still_sends() {
    let subnet = json!({
        "kind": "Subnet",
        "spec": {"vpc": "shared", "cidrBlock": "10.0.9.0/24", "namespaces": ["b"]},
        "metadata": {"name": "leaving", "deletionTimestamp": "2026-01-01T00:00:00Z"},
    });
    for object in [subnets("shared", &["leaving"]), blocks("shared", &["10.0.9.9"])] {
        assert_eq!(cluster().with(subnet.clone()).verdict(&create(&object)).findings.len(), 1);
    }
}

#[test]
fn too_many_labels_count_as_all_namespaces() {
    let many = |number: usize| {
        let values: Vec<_> = (0..number).map(|value| value.to_string()).collect();
        let term = json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": values});
        selectors("shared", &json!([{"namespaceSelector": {"matchExpressions": [term]}}, selecting("a")]))
    };
    // One for each selector, condition and label beside the values.
    cluster().accepts(&many(196));
    let verdict = cluster().verdict(&create(&many(199)));
    let lines = |findings: &[crate::finding::Reported]| findings.iter().map(ToString::to_string).collect::<Vec<_>>();
    let wanted = said("spec.selectors[0]", r#"may select Pods of Namespace "b" in VPC "shared""#);
    assert_eq!(lines(&verdict.findings), [wanted]);
    let wanted = "not judged: too many; a selector beyond 200 labels and values counts as one of all";
    assert_eq!(lines(&verdict.warnings), [as_warning(&said("spec.selectors", wanted))]);
}

#[test]
fn only_the_same_in_the_same_field_and_vpc_was_wrong_before() {
    let pods = |app: &str| {
        let mut selector = selecting("b");
        selector["podSelector"] = json!({"matchLabels": {"app": app}});
        selectors("shared", &json!([selector]))
    };
    let allowed = |old: &Value, new: &Value| cluster().verdict(&update(old, new)).allowed;
    assert!(allowed(&subnets("shared", &["for-b"]), &subnets("shared", &["for-a", "for-b"])));
    assert!(allowed(&blocks("shared", &["10.0.1.0/25"]), &blocks("shared", &["10.0.0.0/24", "10.0.1.0/25"])));
    assert!(!allowed(&blocks("shared", &["10.0.1.0/25"]), &blocks("shared", &["10.0.1.0/24"])));
    assert!(!allowed(&blocks("shared", &["10.0.1.0/24"]), &subnets("shared", &["for-b"])));
    assert!(!allowed(&blocks("", &["10.0.1.0/24"]), &blocks("shared", &["10.0.1.0/24"])));
    assert!(!allowed(&pods("web"), &pods("db")));
}

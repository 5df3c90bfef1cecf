mod machines;
mod networks;
mod places;

use serde_json::{Value, json};

use super::*;
use crate::inventory::Inventory;
use crate::request::Operation;

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn namespace(name: &str, annotation: Option<&str>) -> Value {
    let annotations = annotation.map(|switches| json!({LOGICAL_SWITCH: switches}));
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": annotations}})
}

/// VPC v of namespace ns1 with Subnet net1, the default one, and a network of Multus.
fn cluster(more: &[Value]) -> Inventory {
    let mut cluster = Inventory::default();
    let objects = [
        object("Vpc", "v", json!({"namespaces": ["ns1", "lost"]})),
        object("Subnet", "net1", json!({"vpc": "v", "cidrBlock": "10.0.1.0/24", "namespaces": ["ns1"]})),
        object("Subnet", "ovn-default", json!({"cidrBlock": "10.16.0.0/16"})),
        object("Subnet", "extra", json!({"vpc": "v", "cidrBlock": "10.0.9.0/24", "provider": "nad.ns1.ovn"})),
        object("IPPool", "pool", json!({"subnet": "net1"})),
        namespace("ns1", None),
        namespace("other", None),
        namespace("lost", None),
    ];
    for object in objects.iter().chain(more) {
        cluster.apply(Kind::of(object).unwrap(), object);
    }
    cluster
}

fn pod(namespace: &str, annotations: Value) -> Value {
    let metadata = json!({"name": "web", "namespace": namespace, "annotations": annotations});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}})
}

fn explained(object: Value, more: &[Value]) -> Explanation {
    explain(&Request::of_object(object, None), &cluster(more), &Settings::default()).unwrap().unwrap()
}

/// The primary network in short: what sort, which Subnets, why.
fn primary(object: Value, more: &[Value]) -> (Network, Vec<String>, String) {
    let Primary { network, subnets, because, .. } = explained(object, more).primary;
    (network, subnets.into_iter().map(|choice| choice.name).collect(), because)
}

#[test]
fn people_read_which_subnet_why_and_what_is_said_to_it() {
    let text = explained(pod("ns1", json!({})), &[]).to_string();
    let wanted = "\
Pod \"ns1/web\"
  Subnet:   net1 (10.0.1.0/24), VPC v
  because:  Subnet \"net1\" lists namespace \"ns1\" (Kube-OVN: spec.namespaces)
  network:  eth0, provider ovn
  address:  any that is free
  injected: metadata.annotations[ovn.kubernetes.io/logical_switch]=\"net1\": Subnet \"net1\" is the only one for namespace \
\"ns1\": it lists the namespace; the Pod then names its Subnet itself
  verdict:  admitted
";
    assert_eq!(text, wanted);
    let text = explained(pod("other", json!({LOGICAL_SWITCH: "net1"})), &[]).to_string();
    assert!(text.contains("  verdict:  refused\n    error: metadata.annotations["), "{text}");
    assert!(text.ends_with("[pod-vpc-namespace]\n"), "{text}");
}

#[test]
fn nothing_is_chosen_for_a_pod_of_its_nodes_network_or_of_another_plug_in() {
    let mut on_host = pod("ns1", json!({LOGICAL_SWITCH: "net1", "k8s.v1.cni.cncf.io/networks": "nad"}));
    on_host["spec"]["hostNetwork"] = json!(true);
    let explanation = explained(on_host, &[]);
    assert_eq!((explanation.primary.network, explanation.attached.len()), (Network::Node, 0));
    let settings = Settings::parse(&json!({"kubeOvn": {"nonPrimaryCNI": true}})).unwrap();
    let request = Request::of_object(pod("ns1", json!({})), None);
    let explanation = explain(&request, &cluster(&[]), &settings).unwrap().unwrap();
    assert_eq!((explanation.primary.network, explanation.injected.len()), (Network::Other, 0));
    assert_eq!(primary(pod("ns1", json!({DEFAULT_NETWORK: "nad"})), &[]).0, Network::Other);
}

#[test]
fn the_pods_own_annotation_wins_over_its_pool_and_its_namespace() {
    let annotations = json!({LOGICAL_SWITCH: "ovn-default", IP_POOL: "pool"});
    let (network, subnets, because) = primary(pod("ns1", annotations), &[]);
    assert_eq!((network, subnets), (Network::Subnet, vec!["ovn-default".to_owned()]));
    assert_eq!(because, "the Pod's own annotation ovn.kubernetes.io/logical_switch names it");
    let (_, _, because) = primary(pod("ns1", json!({LOGICAL_SWITCH: "net1", ALLOCATED: "true"})), &[]);
    assert_eq!(because, "the Pod's annotation names it: Kube-OVN wrote it when it attached the Pod");
    let (network, subnets, because) = primary(pod("ns1", json!({IP_POOL: "pool"})), &[]);
    assert_eq!((network, subnets), (Network::Subnet, vec!["net1".to_owned()]));
    assert!(because.contains(r#"names IPPool "pool""#), "{because}");
}

#[test]
fn what_is_named_and_not_there_does_not_start() {
    for annotations in [json!({LOGICAL_SWITCH: "gone"}), json!({LOGICAL_SWITCH: "net1,net2"}), json!({IP_POOL: "gone"})]
    {
        assert_eq!(primary(pod("ns1", annotations), &[]).0, Network::Nowhere);
    }
}

#[test]
fn without_a_name_it_is_the_namespaces() {
    let two = object("Subnet", "net2", json!({"vpc": "v", "cidrBlock": "10.0.2.0/24", "namespaces": ["ns1"]}));
    let (network, subnets, because) = primary(pod("ns1", json!({})), &[two]);
    assert_eq!((network, subnets), (Network::OneOf, vec!["net1".to_owned(), "net2".to_owned()]));
    assert!(because.ends_with("takes the first with free addresses"), "{because}");
    let (network, subnets, because) = primary(pod("other", json!({})), &[]);
    assert_eq!((network, subnets), (Network::Subnet, vec!["ovn-default".to_owned()]));
    assert_eq!(because, r#"nothing is bound to namespace "other", so it gets the default Subnet"#);
    let explanation = explained(pod("lost", json!({})), &[]);
    assert!(explanation.primary.because.starts_with(r#"VPC "v" lists namespace "lost" but has no Subnet"#));
    assert_eq!(explanation.verdict.warnings[0].rule(), "pod-vpc-default");
    let by_default = object("Vpc", "v", json!({"namespaces": ["lost"], "defaultSubnet": "net1"}));
    let (_, subnets, because) = primary(pod("lost", json!({})), &[by_default]);
    assert_eq!(subnets, ["net1"]);
    assert_eq!(because, r#"VPC "v" lists namespace "lost", and Subnet "net1" is its default"#);
}

#[test]
fn an_annotation_of_the_namespace_counts_and_what_will_become_of_it_is_told() {
    let by_hand = namespace("other", Some("net1"));
    let explanation = explained(pod("other", json!({})), &[by_hand]);
    assert_eq!(explanation.primary.subnets[0].name, "net1");
    assert_eq!(explanation.notes.len(), 1);
    assert!(explanation.notes[0].starts_with(r#"Kube-OVN computes "ovn-default" now"#), "{:?}", explanation.notes);
    // What lags behind does not count where vpcguard names the Subnet.
    let lagging = explained(pod("ns1", json!({})), &[namespace("ns1", Some("ovn-default"))]);
    assert_eq!((lagging.primary.subnets[0].name.as_str(), lagging.injected.len()), ("net1", 1));
}

#[test]
fn labels_that_are_not_known_leave_it_open() {
    let selecting = object("Subnet", "s", json!({"namespaceSelectors": [{"matchLabels": {"team": "a"}}]}));
    let explanation = explained(pod("new", json!({})), &[selecting]);
    assert_eq!(explanation.primary.network, Network::Unknown);
    assert!(explanation.notes[0].starts_with(r#"there is no Namespace "new" yet"#), "{:?}", explanation.notes);
}

#[test]
fn attached_networks_lead_to_subnets_too() {
    let annotations = json!({
        "k8s.v1.cni.cncf.io/networks": "nad@eth1,ns2/foreign",
        "nad.ns1.ovn.kubernetes.io/logical_switch": "net1",
    });
    let explanation = explained(pod("ns1", annotations), &[]);
    let attached: Vec<_> = explanation
        .attached
        .iter()
        .map(|attached| format!("{} {:?} {}", attached.network, attached.interface, attached.subnets.len()))
        .collect();
    assert_eq!(attached, [r#"ns1/nad "eth1" 1"#, r#"ns2/foreign "" 0"#]);
    let explanation = explained(pod("ns1", json!({"k8s.v1.cni.cncf.io/networks": "nad"})), &[]);
    assert_eq!(explanation.attached[0].subnets[0].name, "extra");
    let explanation = explained(pod("ns1", json!({"k8s.v1.cni.cncf.io/networks": "["})), &[]);
    assert!(explanation.notes[0].contains("cannot be read"), "{:?}", explanation.notes);
}

#[test]
fn a_workload_is_explained_by_its_pod() {
    let template = json!({"metadata": {"annotations": {LOGICAL_SWITCH: "net1"}}});
    let deployment = |namespace: &str, template: &Value| {
        let metadata = json!({"name": "d", "namespace": namespace});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}})
    };
    let explanation = explained(deployment("other", &template), &[]);
    assert_eq!(explanation.object.kind, "Deployment");
    let field = explanation.verdict.findings[0].field().to_string();
    assert!(field.starts_with("spec.template.metadata.annotations["), "{field}");
    let explanation = explained(deployment("ns1", &json!({})), &[]);
    assert_eq!((explanation.injected.len(), explanation.verdict.allowed), (1, true));
    let job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "ns1"},
        "spec": {"jobTemplate": {"spec": {"template": template}}}});
    assert_eq!(primary(job, &[]).1, ["net1"]);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}});
    let request = Request::of_object(service, None);
    assert_eq!(explain(&request, &cluster(&[]), &Settings::default()), Ok(None));
}

#[test]
fn nothing_is_injected_into_a_pod_that_exists() {
    let request = Request { operation: Operation::AtRest, ..Request::of_object(pod("ns1", json!({})), None) };
    let explanation = explain(&request, &cluster(&[]), &Settings::default()).unwrap().unwrap();
    assert_eq!((explanation.injected.len(), explanation.primary.subnets[0].name.as_str()), (0, "net1"));
}

#[test]
fn programs_read_the_same() {
    let explanation = serde_json::to_value(explained(pod("ns1", json!({})), &[])).unwrap();
    let subnet = json!({"name": "net1", "cidr": "10.0.1.0/24", "vpc": "v"});
    assert_eq!(explanation["primary"]["network"], "subnet");
    assert_eq!(explanation["primary"]["subnets"], json!([subnet]));
    assert_eq!(explanation["injected"][0]["value"], "net1");
    assert_eq!(explanation["verdict"]["allowed"], true);
    assert_eq!(explanation["verdict"].get("mutatedObject"), None);
}

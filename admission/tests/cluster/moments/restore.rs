//! A backup brought back as Velero does it: Pods and Services before Subnets, and those before Vpcs, all of them with what
//! Kube-OVN had written on them.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::super::world::World;
use super::{Who, is_success};

const VELERO: &str = "system:serviceaccount:velero:velero";

/// What Velero may do, and what was there before: another tenant.
const BEFORE: &str = r"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: velero}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: velero, namespace: velero}]
---
{apiVersion: v1, kind: Namespace, metadata: {name: red}}
---
{apiVersion: kubeovn.io/v1, kind: Vpc, metadata: {name: red}, spec: {namespaces: [red]}}
---
{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: red-apps}, spec: {vpc: red, protocol: IPv4, cidrBlock: 10.0.1.0/24, gateway: 10.0.1.1}}
---
{apiVersion: kubeovn.io/v1, kind: Vip, metadata: {name: red-vip}, spec: {subnet: red-apps, namespace: red}}
";

#[test]
fn a_backup_loses_nothing() {
    let Some(world) = World::start() else { return };
    world.accepts(User::Admin, BEFORE);
    let velero = Who(&world, VELERO, &[]);
    let backup = backup();
    let lost: Vec<_> = backup
        .iter()
        .filter_map(|(collection, object)| {
            let answer = velero.sends("POST", collection, object);
            (!is_success(&answer)).then(|| format!("{collection}: {} {}", answer.status, answer.body))
        })
        .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    for (collection, object) in &backup {
        let path = format!("{collection}/{}", object["metadata"]["name"].as_str().unwrap());
        velero.passes("GET", &path, &Value::Null);
    }
    nobody_else_may(&world, &backup);
    what_is_foreign_stays_out(&world);
}

/// An ordinary user has no such leave: what a Pod names must be there.
fn nobody_else_may(world: &World, backup: &[(String, Value)]) {
    let (collection, pod) = backup.iter().find(|(_, object)| object["kind"] == "Pod").unwrap();
    let mut elsewhere = pod.clone();
    elsewhere["metadata"]["name"] = json!("elsewhere");
    for key in ["logical_switch", "logical_router"] {
        elsewhere["metadata"]["annotations"][format!("ovn.kubernetes.io/{key}")] = json!("nowhere");
    }
    let answer = world.create(User::Admin, collection, &elsewhere);
    assert!(answer.status == 422 || answer.status == 403, "{} {}", answer.status, answer.body);
}

/// A backup opens no way into what is there.
fn what_is_foreign_stays_out(world: &World) {
    let velero = Who(world, VELERO, &[]);
    for (key, value) in [("logical_switch", "red-apps"), ("logical_router", "red"), ("vip", "red-vip")] {
        let pod = pod("foreign", json!({format!("ovn.kubernetes.io/{key}"): value}));
        let answer = velero.sends("POST", "/api/v1/namespaces/blue/pods", &pod);
        assert_eq!(answer.status, 403, "{key}: {}", answer.body);
    }
    let service = service("foreign", json!({"ovn.kubernetes.io/vpc": "red"}));
    let answer = velero.sends("POST", "/api/v1/namespaces/blue/services", &service);
    assert_eq!(answer.status, 403, "{}", answer.body);
}

/// In the order of Velero's default: namespaces, Pods, `ReplicaSets`, and then by the name of the resource.
fn backup() -> Vec<(String, Value)> {
    let core = |plural: &str| format!("/api/v1/namespaces/blue/{plural}");
    let ovn = |plural: &str| format!("/apis/kubeovn.io/v1/{plural}");
    let namespace = json!({
        "ovn.kubernetes.io/cidr": "10.0.1.0/24", "ovn.kubernetes.io/exclude_ips": "10.0.1.1",
        "ovn.kubernetes.io/logical_switch": "blue-apps",
    });
    let metadata = json!({"name": "blue", "annotations": namespace});
    let mut all =
        vec![("/api/v1/namespaces".to_owned(), json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))];
    all.extend(pods().into_iter().map(|pod| (core("pods"), pod)));
    let apps = "/apis/apps/v1/namespaces/blue";
    all.push((format!("{apps}/replicasets"), workload("ReplicaSet")));
    all.push((format!("{apps}/deployments"), workload("Deployment")));
    all.push(("/apis/discovery.k8s.io/v1/namespaces/blue/endpointslices".to_owned(), slice()));
    all.push((
        ovn("ippools"),
        made("IPPool", "blue-pool", json!({"subnet": "blue-apps", "ips": ["10.0.1.100..10.0.1.110"]})),
    ));
    let config = r#"{"cniVersion": "0.3.1", "type": "kube-ovn", "provider": "db.blue.ovn"}"#;
    let network = json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": "db", "namespace": "blue"},
        "spec": {"config": config},
    });
    all.push(("/apis/k8s.cni.cncf.io/v1/namespaces/blue/network-attachment-definitions".to_owned(), network));
    all.push((
        core("services"),
        service(
            "slr-web",
            json!({
                "ovn.kubernetes.io/switch_lb_vip": "10.0.1.200", "ovn.kubernetes.io/vpc": "blue",
                "ovn.kubernetes.io/logical_router": "blue", "ovn.kubernetes.io/logical_switch": "blue-apps",
            }),
        ),
    ));
    all.push((core("services"), service("web", json!({"ovn.kubernetes.io/vpc": "blue"}))));
    let subnet = |name: &str, cidr: &str, provider: &str, namespaces: Value| {
        let gateway = cidr.replace(".0/24", ".1");
        made(
            "Subnet",
            name,
            json!({
                "vpc": "blue", "protocol": "IPv4", "cidrBlock": cidr, "gateway": gateway, "excludeIps": [gateway], "provider": provider,
                "gatewayType": "distributed", "enableLb": true, "namespaces": namespaces,
            }),
        )
    };
    all.push((ovn("subnets"), subnet("blue-apps", "10.0.1.0/24", "ovn", json!(["blue"]))));
    all.push((ovn("subnets"), subnet("blue-db", "10.0.2.0/24", "db.blue.ovn", json!([]))));
    let mut vip = made("Vip", "blue-vip", json!({"subnet": "blue-apps", "namespace": "blue", "v4ip": "10.0.1.20"}));
    vip["metadata"]["labels"] = json!({"ovn.kubernetes.io/ip_reserved": "vip.blue"});
    all.push((ovn("vips"), vip));
    let egress = json!({"vpc": "blue", "replicas": 1, "externalSubnet": "ovn-vpc-external-network", "policies": [{"snat": true, "subnets": ["blue-apps"]}]});
    let mut egress = made("VpcEgressGateway", "blue-out", egress);
    egress["metadata"]["namespace"] = json!("blue");
    all.push(("/apis/kubeovn.io/v1/namespaces/blue/vpc-egress-gateways".to_owned(), egress));
    let gateway = json!({
        "vpc": "blue", "subnet": "blue-apps", "lanIp": "10.0.1.254", "externalSubnets": ["ovn-vpc-external-network"],
        "selector": ["kubernetes.io/os: linux"],
    });
    all.push((ovn("vpc-nat-gateways"), made("VpcNatGateway", "blue-gw", gateway)));
    let routes = json!([{"cidr": "0.0.0.0/0", "nextHopIP": "10.0.1.254", "policy": "policyDst"}]);
    all.push((ovn("vpcs"), made("Vpc", "blue", json!({"namespaces": ["blue"], "staticRoutes": routes}))));
    all
}

fn made(kind: &str, name: &str, spec: Value) -> Value {
    let metadata = json!({"name": name, "finalizers": ["kubeovn.io/kube-ovn-controller"]});
    json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": metadata, "spec": spec})
}

/// What Kube-OVN writes on a Pod of one of its networks.
fn attached(provider: &str, subnet: &str, address: &str) -> Vec<(String, Value)> {
    let gateway = format!("{}.1", address.rsplit_once('.').unwrap().0);
    [
        ("allocated", "true"),
        ("cidr", &format!("{}.0/24", gateway.rsplit_once('.').unwrap().0)),
        ("gateway", &gateway),
        ("ip_address", address),
        ("logical_router", "blue"),
        ("logical_switch", subnet),
        ("mac_address", "00:00:00:4B:1B:2C"),
        ("pod_nic_type", "veth-pair"),
        ("routed", "true"),
    ]
    .map(|(key, value)| (format!("{provider}.kubernetes.io/{key}"), json!(value)))
    .into()
}

/// Pods of one network, of two, of a pool, and of a Vip.
fn pods() -> Vec<Value> {
    let with = |name: &str, address: &str, more: Vec<(String, Value)>| {
        let all = attached("ovn", "blue-apps", address).into_iter().chain(more);
        pod(name, all.collect::<serde_json::Map<_, _>>().into())
    };
    let mut second = attached("db.blue.ovn", "blue-db", "10.0.2.7");
    second.push(("k8s.v1.cni.cncf.io/networks".to_owned(), json!("blue/db")));
    vec![
        with("one", "10.0.1.10", Vec::new()),
        with("two", "10.0.1.11", second),
        with("pool", "10.0.1.100", vec![("ovn.kubernetes.io/ip_pool".to_owned(), json!("blue-pool"))]),
        with("vip", "10.0.1.20", vec![("ovn.kubernetes.io/vip".to_owned(), json!("blue-vip"))]),
    ]
}

fn pod(name: &str, annotations: Value) -> Value {
    let mut pod = super::pod("blue", name);
    pod["metadata"]["annotations"] = annotations;
    pod
}

fn service(name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "blue", "annotations": annotations},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    })
}

fn slice() -> Value {
    let target = json!({"kind": "Pod", "name": "one", "namespace": "blue"});
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-1", "namespace": "blue", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": [{"addresses": ["10.0.1.10"], "targetRef": target}], "ports": [{"port": 80}],
    })
}

fn workload(kind: &str) -> Value {
    let labels = json!({"app": "web"});
    let container = json!({"name": "c", "image": "i"});
    let annotations = json!({"ovn.kubernetes.io/logical_switch": "blue-apps"});
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web", "namespace": "blue"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}},
        },
    })
}

//! What is there before anybody tries anything: the world of the ways, as Kube-OVN leaves it, and a tenant with the rights of one.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;
use vpcguard_tests::isolation::facts;
use vpcguard_tests::kube_ovn::Resource;

use super::super::world::World;
use super::is_success;
use super::run::path;

const RBAC: &str = "rbac.authorization.k8s.io";

/// The namespaces of the tenant.
const NAMESPACES: &[&str] = &["amber", "ovn", "cobalt"];

/// See the module.
pub(super) fn lay(world: &mut World) {
    allow(world, kube_ovn());
    let machines = world.file("machines.yaml", MACHINES);
    world.plane.apply_crds(&machines).unwrap();
    let subnet = |name: &str| {
        json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name}, "spec": {
            "protocol": "IPv4", "cidrBlock": "10.16.0.0/16", "gateway": "10.16.0.1", "provider": "ovn", "vpc": "ovn-cluster",
        }})
    };
    let vpc = json!({"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "metadata": {"name": "ovn-cluster"}, "spec": {}});
    let built_in = vec![vpc, subnet("ovn-default")];
    for object in [built_in].into_iter().chain(facts::stages()).flatten() {
        make(world, object);
    }
    allow(world, tenant());
    for (kind, name) in facts::DELETED {
        let resource = Resource::named(kind).unwrap();
        let answer = world.plane.request(User::KubeOvn, "DELETE", &resource.path("", Some(name)), "{}").unwrap();
        assert!(is_success(&answer), "{}", answer.body);
    }
}

fn allow(world: &World, rights: Vec<Value>) {
    world.accepts(User::Admin, &json!({"apiVersion": "v1", "kind": "List", "items": rights}).to_string());
}

/// As Kube-OVN leaves it: it writes on a Namespace which Subnet is its own, and on a Pod which VPC.
fn make(world: &World, mut object: Value) {
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
    match object["kind"].as_str() {
        Some("Namespace") => {
            let subnet = facts::default_of(&name);
            object["metadata"]["annotations"] = json!({"ovn.kubernetes.io/logical_switch": subnet});
        }
        Some("Pod") => {
            let subnet = facts::default_of(&namespace.unwrap());
            object["metadata"]["annotations"]["ovn.kubernetes.io/logical_router"] = facts::vpc_of(subnet).into();
            object["metadata"]["annotations"]["ovn.kubernetes.io/allocated"] = "true".into();
        }
        Some(kind @ ("Subnet" | "Vpc")) if facts::DELETED.contains(&(kind, &name)) => {
            object["metadata"]["finalizers"] = json!(["kubeovn.io/kube-ovn-controller"]);
        }
        _ => {}
    }
    let created = path(&object);
    let (collection, _) = created.rsplit_once('/').unwrap();
    let answer = world.plane.request(User::KubeOvn, "POST", collection, &object.to_string()).unwrap();
    assert!(is_success(&answer), "{object}: {}", answer.body);
}

/// The right to do some things, and who has it.
fn may(role: &str, rules: &[(&str, &[&str])], namespace: Option<&str>, subject: &Value) -> [Value; 2] {
    let allowed =
        |(group, resources): &(&str, &[&str])| json!({"apiGroups": [group], "resources": resources, "verbs": ["*"]});
    let rules: Vec<Value> = rules.iter().map(allowed).collect();
    let (kind, namespace) = namespace.map_or(("ClusterRoleBinding", ""), |namespace| ("RoleBinding", namespace));
    [
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": {"name": role}, "rules": rules}),
        json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": {"name": role, "namespace": namespace},
            "subjects": [subject], "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        }),
    ]
}

/// Kube-OVN may do everything.
pub(in super::super) fn kube_ovn() -> Vec<Value> {
    let subject = json!({"kind": "ServiceAccount", "name": "ovn", "namespace": "kube-system"});
    may("kube-ovn", &[("*", &["*"])], None, &subject).into()
}

/// The tenant may write in its own namespaces what who edits may, and what some clusters add to that; and it may make namespaces.
fn tenant() -> Vec<Value> {
    let subject = json!({"apiGroup": RBAC, "kind": "User", "name": "tenant"});
    let edits: &[(&str, &[&str])] = &[
        ("", &["pods", "services", "endpoints", "replicationcontrollers"]),
        ("", &["pods/status", "services/status", "pods/binding", "bindings"]),
        ("apps", &["deployments", "statefulsets", "daemonsets", "replicasets"]),
        ("batch", &["jobs", "cronjobs"]),
        ("discovery.k8s.io", &["endpointslices"]),
        ("k8s.cni.cncf.io", &["network-attachment-definitions"]),
        ("kubeovn.io", &["vpc-egress-gateways"]),
        ("kubevirt.io", &["virtualmachines", "virtualmachineinstances"]),
    ];
    let namespaces: &[(&str, &[&str])] =
        &[("", &["namespaces", "namespaces/status", "namespaces/finalize"]), ("kubeovn.io", &["ippools"])];
    let own = NAMESPACES.iter().flat_map(|namespace| may("tenant", edits, Some(namespace), &subject));
    own.chain(may("namespaces", namespaces, None, &subject)).collect()
}

/// KubeVirt's kinds, as far as vpcguard reads them: the whole definitions are a megabyte.
pub(in super::super) const MACHINES: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: virtualmachines.kubevirt.io}
spec:
  group: kubevirt.io
  scope: Namespaced
  names: {kind: VirtualMachine, listKind: VirtualMachineList, plural: virtualmachines, singular: virtualmachine}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: virtualmachineinstances.kubevirt.io}
spec:
  group: kubevirt.io
  scope: Namespaced
  names:
    {kind: VirtualMachineInstance, listKind: VirtualMachineInstanceList, plural: virtualmachineinstances, singular: virtualmachineinstance}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
";

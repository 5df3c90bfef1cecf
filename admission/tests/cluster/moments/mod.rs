//! Moments in which something is not there yet, or not there any more: vpcguard, a VPC, everything.

mod away;
mod cold_start;
mod orders;
mod restore;

use serde_json::{Value, json};
use vpcguard_tests::control_plane::{Response, User};

use super::world::World;

/// Parts of Kubernetes, which do not run here: the test does what they would.
const NAMESPACES: &str = "system:serviceaccount:kube-system:namespace-controller";
const REPLICAS: &str = "system:serviceaccount:kube-system:replicaset-controller";
const DAEMONS: &str = "system:serviceaccount:kube-system:daemon-set-controller";
const SLICES: &str = "system:serviceaccount:kube-system:endpointslice-controller";
const SCHEDULER: &str = "system:kube-scheduler";

/// What clusters add to the roles that the API server itself makes: the right of a node, here without the node authorizer, and a
/// tenant's own.
const RIGHTS: &str = r#"
{apiVersion: v1, kind: Namespace, metadata: {name: blue}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:node"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: tenant, namespace: blue}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: tenant, namespace: blue}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: tenant}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: tenant}]
"#;

/// Somebody of these groups, or one of Kubernetes's own accounts.
struct Who<'w>(&'w World, &'static str, &'static [&'static str]);

impl Who<'_> {
    fn sends(&self, method: &str, path: &str, body: &Value) -> Response {
        self.0.plane.request_as(self.1, self.2, method, path, &body.to_string()).unwrap()
    }

    /// Sends a request that must pass.
    #[track_caller]
    fn passes(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.sends(method, path, body);
        assert!(is_success(&answer), "{}: {method} {path}: {} {}", self.1, answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}

fn is_success(answer: &Response) -> bool {
    (200..300).contains(&answer.status)
}

/// The administrator.
fn admin(world: &World) -> Who<'_> {
    Who(world, "admin", &["system:masters"])
}

fn status(world: &World, path: &str) -> u16 {
    world.plane.request(User::Admin, "GET", path, "").unwrap().status
}

fn pods(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods")
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    })
}

/// What a scheduler and a kubelet do with a Pod.
#[track_caller]
fn comes_up(world: &World, namespace: &str, name: &str) {
    let path = format!("{}/{name}", pods(namespace));
    let target = json!({"apiVersion": "v1", "kind": "Node", "name": "n1"});
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target});
    Who(world, SCHEDULER, &[]).passes("POST", &format!("{path}/binding"), &binding);
    let kubelet = Who(world, "system:node:n1", &["system:nodes"]);
    let running = json!({"phase": "Running", "podIP": "10.0.1.9", "conditions": [{"type": "Ready", "status": "True"}]});
    let stored = kubelet.passes("PATCH", &format!("{path}/status"), &json!({"status": running}));
    // And the other way of writing it.
    kubelet.passes("PUT", &format!("{path}/status"), &stored);
}

/// Ends a namespace as the namespace controller does once it is empty.
#[track_caller]
fn finalizes(world: &World, namespace: &str) {
    let path = format!("/api/v1/namespaces/{namespace}");
    let controller = Who(world, NAMESPACES, &[]);
    let mut stored = controller.passes("GET", &path, &Value::Null);
    stored["spec"]["finalizers"] = json!([]);
    controller.passes("PUT", &format!("{path}/finalize"), &stored);
    assert_eq!(status(world, &path), 404);
}

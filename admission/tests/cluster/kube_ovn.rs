//! Kube-OVN's own requests pass whatever they say, also while no replica answers.

use serde_json::{Value, json};
use vpcguard_tests::control_plane::{Response, User};

use super::client::{subnet, vpc};
use super::world::World;

const SUBNETS: &str = "/apis/kubeovn.io/v1/subnets";
const VPCS: &str = "/apis/kubeovn.io/v1/vpcs";
const FINALIZER: &str = "kubeovn.io/kube-ovn-controller";

/// What of Kube-OVN's own ClusterRole is needed here.
pub(super) const RIGHTS: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: system:ovn}
rules:
  - {apiGroups: [kubeovn.io], resources: ["*"], verbs: ["*"]}
  - {apiGroups: [""], resources: [namespaces, pods, configmaps, services], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ovn}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:ovn}
subjects: [{kind: ServiceAccount, name: ovn, namespace: kube-system}]
"#;

fn request(world: &World, user: User, method: &str, path: &str, body: &Value) -> Response {
    world.plane.request(user, method, path, &body.to_string()).unwrap()
}

#[track_caller]
fn passes(answer: &Response) {
    assert!((200..300).contains(&answer.status), "{}", answer.body);
}

/// A Subnet that breaks rules.
fn wrong(name: &str) -> Value {
    let mut wrong = subnet(name, "ovn-cluster", "10.0.0.0/16");
    wrong["spec"]["gateway"] = json!("192.168.0.1");
    wrong
}

/// How many requests any replica has answered.
fn answered(world: &World) -> u64 {
    let page = world.page(0, "/metrics");
    let counts = page.lines().filter(|line| line.starts_with("vpcguard_admission_requests_total{"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// What the controller does after an object has come: defaults, its finalizer, the status.
fn reconcile(world: &World, object: &str, defaults: &Value) {
    for (path, patch) in [
        (object.to_owned(), json!({"metadata": {"finalizers": [FINALIZER]}})),
        (format!("{object}/status"), json!({"status": {"standby": true, "v4availableIPs": 7}})),
    ] {
        passes(&request(world, User::KubeOvn, "PATCH", &path, &patch));
    }
    let stored = request(world, User::KubeOvn, "GET", object, &Value::Null);
    let mut stored: Value = serde_json::from_str(&stored.body).unwrap();
    for (field, value) in defaults.as_object().unwrap() {
        stored["spec"][field] = value.clone();
    }
    passes(&request(world, User::KubeOvn, "PUT", object, &stored));
}

/// How an object ends: a DELETE waits for the finalizer, which a merge patch of the main resource takes away.
fn remove(world: &World, user: User, object: &str) {
    passes(&request(world, user, "DELETE", object, &Value::Null));
    passes(&request(world, User::KubeOvn, "GET", object, &Value::Null));
    passes(&request(world, User::KubeOvn, "PATCH", object, &json!({"metadata": {"finalizers": null}})));
    assert_eq!(request(world, User::KubeOvn, "GET", object, &Value::Null).status, 404);
}

#[test]
fn kube_ovn_is_never_in_its_own_way() {
    let Some(mut world) = World::start() else { return };
    world.accepts(User::Admin, RIGHTS);
    an_installation_by_hand(&world);
    objects_that_break_rules(&world);

    let before = answered(&world);
    assert_ne!(before, 0);
    its_own_sequence(&world);
    // An administrator deletes the tenant's Subnet and Vpc in it, which is asked about.
    assert_eq!(answered(&world), before + 2, "the webhook was asked about Kube-OVN's requests");

    // So it works when nobody is there to be asked, with every webhook of these kinds at Fail.
    world.replicas[0].kill().unwrap();
    let unasked = world.create(User::Admin, VPCS, &vpc("unasked"));
    assert!(unasked.status == 500 && unasked.body.contains("failed calling webhook"), "{}", unasked.body);
    its_own_sequence(&world);
    what_is_to_go_waits_for_nobody(&world);
}

/// Its `cleanup.sh` takes finalizers away, then deletes; what is refused there is removed with its definition, which no
/// webhook sees. And who asks while nobody answers is not asked to wait.
fn what_is_to_go_waits_for_nobody(world: &World) {
    passes(&world.create(User::KubeOvn, SUBNETS, &subnet("join", "ovn-cluster", "100.64.0.0/16")));
    let join = format!("{SUBNETS}/join");
    passes(&request(world, User::Admin, "DELETE", &join, &Value::Null));
    assert_eq!(request(world, User::Admin, "GET", &join, &Value::Null).status, 404);
}

/// What everybody may create, for installers do: by their names, whatever is in them.
fn an_installation_by_hand(world: &World) {
    let mut odd = vpc("ovn-cluster");
    odd["spec"]["staticRoutes"] = json!([{"cidr": "x", "nextHopIP": "y"}]);
    let others = |object: &Value| {
        let mut object = object.clone();
        object["metadata"]["name"] = json!("other");
        object
    };
    assert_eq!(world.create(User::Admin, VPCS, &others(&odd)).status, 422);
    assert_eq!(world.create(User::Admin, SUBNETS, &others(&wrong("other"))).status, 422);
    passes(&world.create(User::Admin, VPCS, &odd));
    // The second overlaps the first, which Kube-OVN will say.
    let subnets = ["ovn-default", "join"];
    for name in subnets {
        passes(&world.create(User::Admin, &format!("{SUBNETS}?dryRun=All"), &wrong(name)));
        passes(&world.create(User::Admin, SUBNETS, &wrong(name)));
    }
    for name in subnets {
        is_kept_until_somebody_says_so(world, &format!("{SUBNETS}/{name}"));
    }
    is_kept_until_somebody_says_so(world, &format!("{VPCS}/ovn-cluster"));
}

/// Nobody but Kube-OVN takes away what it made for itself; but a new CIDR of join is had so.
fn is_kept_until_somebody_says_so(world: &World, object: &str) {
    // Once by its name, and once with all of its kind.
    let (collection, _) = object.rsplit_once('/').unwrap();
    for path in [object, collection] {
        let answer = request(world, User::Admin, "DELETE", path, &Value::Null);
        assert!(
            answer.status == 422 && answer.body.contains("[vpcguard builtin-protected]"),
            "{path}: {}",
            answer.body
        );
    }
    assert_eq!(request(world, User::Admin, "GET", object, &Value::Null).status, 200);
    let spoken = json!({"metadata": {"annotations": {"vpcguard.io/allow": "builtin-protected"}}});
    passes(&request(world, User::Admin, "PATCH", object, &spoken));
    passes(&request(world, User::Admin, "DELETE", object, &Value::Null));
    assert_eq!(request(world, User::Admin, "GET", object, &Value::Null).status, 404);
}

/// They were stored before vpcguard came, or while its webhooks were away, and have to be removed some day.
fn objects_that_break_rules(world: &World) {
    passes(&world.create(User::KubeOvn, VPCS, &vpc("ovn-cluster")));
    for name in ["first", "second"] {
        passes(&world.create(User::KubeOvn, SUBNETS, &wrong(name)));
        let path = format!("{SUBNETS}/{name}");
        reconcile(world, &path, &json!({"provider": "ovn"}));
        // Others who touch only metadata pass too, and the owner may not make it worse.
        passes(&request(world, User::Admin, "PATCH", &path, &json!({"metadata": {"annotations": {"a": "b"}}})));
        passes(&request(world, User::Admin, "PATCH", &path, &json!({"metadata": {"finalizers": [FINALIZER, "a/b"]}})));
        let worse = request(world, User::Admin, "PATCH", &path, &json!({"spec": {"gateway": "172.16.0.1"}}));
        assert_eq!(worse.status, 422, "{}", worse.body);
        // Nobody is asked about what is being deleted, whoever takes the finalizer away.
        passes(&request(world, User::Admin, "DELETE", &path, &Value::Null));
        passes(&request(world, User::KubeOvn, "PATCH", &path, &json!({"metadata": {"finalizers": ["a/b"]}})));
        passes(&request(world, User::Admin, "PATCH", &path, &json!({"metadata": {"finalizers": []}})));
        assert_eq!(request(world, User::Admin, "GET", &path, &Value::Null).status, 404);
    }
    passes(&request(world, User::KubeOvn, "DELETE", &format!("{VPCS}/ovn-cluster"), &Value::Null));
}

fn its_own_sequence(world: &World) {
    passes(&world.create(User::KubeOvn, VPCS, &vpc("ovn-cluster")));
    for (name, cidr) in [("ovn-default", "10.16.0.0/16"), ("join", "100.64.0.0/16")] {
        let bare = json!({
            "apiVersion": "kubeovn.io/v1", "kind": "Subnet", "metadata": {"name": name},
            "spec": {"default": name == "ovn-default", "cidrBlock": cidr},
        });
        passes(&world.create(User::KubeOvn, SUBNETS, &bare));
    }
    // And a tenant's, which is not as the rules want it.
    passes(&world.create(User::KubeOvn, VPCS, &vpc("tenant")));
    passes(&world.create(User::KubeOvn, SUBNETS, &wrong("tenant-subnet")));
    let defaults = json!({
        "gateway": "10.16.0.1", "excludeIps": ["10.16.0.1"], "protocol": "IPv4", "provider": "ovn", "vpc": "ovn-cluster",
        "gatewayType": "distributed", "enableLb": true,
    });
    let subnets = ["ovn-default", "join", "tenant-subnet"].map(|name| format!("{SUBNETS}/{name}"));
    let vpcs = ["ovn-cluster", "tenant"].map(|name| format!("{VPCS}/{name}"));
    for subnet in &subnets {
        reconcile(world, subnet, &defaults);
    }
    for vpc in &vpcs {
        reconcile(world, vpc, &json!({"staticRoutes": []}));
    }
    // What it writes on a namespace that it binds.
    let bound = json!({"metadata": {"annotations": {"ovn.kubernetes.io/logical_switch": "tenant-subnet"}}});
    passes(&request(world, User::KubeOvn, "PATCH", "/api/v1/namespaces/default", &bound));
    for object in subnets.iter().chain(&vpcs) {
        let user = if object.contains("tenant") { User::Admin } else { User::KubeOvn };
        remove(world, user, object);
    }
}

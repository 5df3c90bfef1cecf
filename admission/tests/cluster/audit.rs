//! What is stored already, as `audit`, `check --cluster` and `explain` see it.

use serde_json::{Value, json};
use vpcguard_check::{Source, parse};
use vpcguard_tests::control_plane::User;

use super::world::World;

const VPC: &str =
    "apiVersion: kubeovn.io/v1\nkind: Vpc\nmetadata: {name: v}\nspec: {namespaces: [ns1], defaultSubnet: b}\n";
const NAMESPACES: &str = "\
{apiVersion: v1, kind: Namespace, metadata: {name: ns1}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: ns2}}\n";

fn subnet(name: &str, cidr: &str, gateway: &str) -> String {
    format!(
        "apiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: {name}}}\n\
         spec: {{protocol: IPv4, vpc: v, cidrBlock: {cidr}, gateway: {gateway}}}\n"
    )
}

fn pod(namespace: &str, name: &str, annotations: Value) -> String {
    let metadata = json!({"name": name, "namespace": namespace, "annotations": annotations});
    let spec = json!({"containers": [{"name": "c", "image": "i"}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}).to_string()
}

/// A cluster in which nobody minded what was created: two Subnets overlap, and a Pod is in a foreign VPC.
fn unguarded() -> Option<World> {
    let world = World::start()?;
    for configuration in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        let args = ["delete", configuration, "--all"];
        world.plane.kubectl(User::Admin, &args, None).unwrap().success().unwrap();
    }
    for object in [VPC, NAMESPACES, &subnet("b", "10.0.4.0/24", "10.0.4.1"), &subnet("c", "10.9.0.0/24", "10.9.0.1")] {
        world.accepts(User::Admin, object);
    }
    // The API server hears of the deletion a moment later.
    world.until("the overlap is stored", |world| {
        world.apply(User::Admin, &subnet("a", "10.0.0.0/16", "10.0.0.1")).status.success()
    });
    let intruder = pod("ns2", "intruder", json!({"ovn.kubernetes.io/logical_switch": "b"}));
    world.until("the Pod is stored", |world| world.apply(User::Admin, &intruder).status.success());
    Some(world)
}

/// The exit code, standard output and standard error.
fn run(world: &World, user: User, args: &[&str]) -> (Option<i32>, String, String) {
    let output = world.vpcguard(user, args);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The denials of a report: the rule, the kind, and the name.
fn denials(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(report).unwrap();
    let denials = report["findings"].as_array().unwrap().iter().filter(|finding| finding["action"] == "deny");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    denials
        .map(|finding| {
            let object = &finding["object"];
            format!("{} {} {}", text(&finding["rule"]), text(&object["kind"]), text(&object["name"]))
        })
        .collect()
}

const WRONG: [&str; 3] =
    ["subnet-cidr-overlap Subnet a", "subnet-cidr-overlap Subnet b", "pod-vpc-namespace Pod intruder"];

#[test]
fn an_audit_finds_what_is_wrong_in_a_cluster() {
    let Some(world) = unguarded() else { return };
    let (code, out, err) = run(&world, User::Admin, &["audit", "--format", "json"]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert_eq!(denials(&out), WRONG);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["findings"][0].get("file"), None);
    assert_eq!((&report["mutations"], &report["notEvaluated"]), (&json!([]), &json!([])));
    assert_eq!((&report["summary"]["files"], &report["summary"]["denied"]), (&json!(0), &json!(3)));
    assert!(report["summary"]["objects"].as_u64().unwrap() > 8, "{report}");
    let (_, out, _) = run(&world, User::Admin, &["audit"]);
    assert!(out.contains("\n  --> Subnet \"a\"\n") && out.contains("\n  --> Pod \"ns2/intruder\"\n"), "{out}");
    let settings = json!({"rules": {"subnet-cidr-overlap": "off", "pod-vpc-namespace": "off"}}).to_string();
    let settings = world.file("audit.json", &settings);
    let (code, out, _) = run(&world, User::Admin, &["audit", "--settings", settings.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{out}");

    // Who may not read Pods is told so, and gets the rest.
    let (code, out, err) = run(&world, User::Tenant, &["audit"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.lines().count() > 8, "{err}");
    assert!(err.contains("ask for a role that may get and list subnets.kubeovn.io\n"), "{err}");
    let mut role = auditor();
    grant(&world, &role);
    world.until("the auditor may read", |world| run(world, User::Tenant, &["audit"]).0 == Some(1));
    for rule in role["rules"].as_array_mut().unwrap() {
        rule["resources"].as_array_mut().unwrap().retain(|resource| resource != "pods");
    }
    grant(&world, &role);
    world.until("the auditor may not read Pods", |world| run(world, User::Tenant, &["audit"]).0 == Some(2));
    let (_, out, err) = run(&world, User::Tenant, &["audit", "--format", "json"]);
    assert_eq!(denials(&out), WRONG[..2]);
    assert!(err.starts_with("error: cannot list Pod: ") && err.lines().count() == 1, "{err}");
}

/// The role in the manual.
fn auditor() -> Value {
    let manual = include_str!("../../../docs/audit.md");
    let (_, role) = manual.split_once("```yaml\n").unwrap();
    let (role, _) = role.split_once("```").unwrap();
    parse(&Source { name: "role".to_owned(), bytes: role.as_bytes().to_vec() }).documents.remove(0).object
}

fn grant(world: &World, role: &Value) {
    world.accepts(User::Admin, &role.to_string());
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "auditor"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"]},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": User::Tenant.name()}],
    });
    world.accepts(User::Admin, &binding.to_string());
}

#[test]
fn manifests_and_pods_are_judged_against_the_cluster() {
    let Some(world) = unguarded() else { return };
    let check = |text: &str, more: &[&str]| {
        let file = world.file("manifest.yaml", text);
        let args = [&["check", "--cluster", "--format", "json"], more, &[file.to_str().unwrap()]].concat();
        let (code, out, err) = run(&world, User::Admin, &args);
        assert_eq!(err, "");
        (code, out)
    };
    let (code, out) = check(&subnet("new", "10.9.0.0/25", "10.9.0.1"), &[]);
    assert_eq!((code, denials(&out)), (Some(1), vec!["subnet-cidr-overlap Subnet new".to_owned()]));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["notEvaluated"], json!([]));
    assert_eq!(report["findings"][0]["related"][0]["object"]["name"], "c");
    assert_eq!(report["findings"][0]["related"][0].get("file"), None);
    // What the cluster has already is updated, and what was wrong before is not a denial: of kinds that rules look up, and
    // of those that they do not.
    assert_eq!(check(&subnet("a", "10.0.0.0/16", "10.0.0.2"), &[]).0, Some(0));
    let intruder = |name: &str| pod("ns2", name, json!({"ovn.kubernetes.io/logical_switch": "b", "x": "y"}));
    assert_eq!(check(&intruder("intruder"), &[]).0, Some(0));
    assert_eq!(check(&intruder("another"), &[]).0, Some(1));
    // Of a file and the cluster, the file wins.
    let state = world.file("state.yaml", &subnet("c", "10.8.0.0/24", "10.8.0.1"));
    let (code, out) = check(&subnet("new", "10.9.0.0/25", "10.9.0.1"), &["--state", state.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{out}");

    let explain = |pod: &str| run(&world, User::Admin, &["explain", "pod", pod]);
    let (code, out, err) = explain("ns2/intruder");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("  Subnet:   b (10.0.4.0/24), VPC v\n") && out.contains("  verdict:  refused\n"), "{out}");
    let file = world.file("pod.json", &pod("ns1", "web", json!({})));
    let (_, out, _) = explain(file.to_str().unwrap());
    assert!(out.contains("because:  VPC \"v\" lists namespace \"ns1\", and Subnet \"b\" is its default\n"), "{out}");
    assert!(out.contains("  injected: ") && out.ends_with("  verdict:  admitted\n"), "{out}");
    let (code, _, err) = explain("ns2/gone");
    assert_eq!(code, Some(2));
    assert!(err.starts_with("error: there is no Pod ns2/gone in the cluster"), "{err}");
}

#[test]
fn what_was_admitted_is_clean_at_rest() {
    let Some(world) = World::start() else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/two-tenants");
    world.plane.kubectl(User::Admin, &["apply", "-f", folder], None).unwrap().success().unwrap();
    let (code, out, err) = run(&world, User::Admin, &["audit", "--fail-on", "warning"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
}

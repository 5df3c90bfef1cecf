//! What is stored already, as `audit`, `capacity`, `check --cluster` and `explain` see it.

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

    let (code, out, err) = run(&world, User::Admin, &["capacity", "--cluster", "--limit", "3"]);
    assert_eq!(code, Some(0), "{err}");
    // No webhook runs here, so its settings are not known.
    assert!(err.starts_with("note: ") && err.lines().count() == 1, "{err}");
    let (_, out) = out.split_once("VPC \"v\"\n").unwrap();
    let rows: Vec<Vec<_>> = out.lines().take(4).map(|line| line.split_whitespace().take(4).collect()).collect();
    assert_eq!(
        rows[1..],
        [
            ["a", "10.0.0.0/16", "10.0.0.1", "65534"],
            ["b", "10.0.4.0/24", "10.0.4.1", "254"],
            ["c", "10.9.0.0/24", "10.9.0.1", "254"],
        ]
    );
    assert!(out.contains("\n  free in 10.0.0.0/8: 10.1.0.0/16, 10.2.0.0/15, 10.4.0.0/14 and "), "{out}");
    let (code, out, err) = run(&world, User::Tenant, &["capacity", "--cluster"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("ask for a role that may get and list vpcs.kubeovn.io\n"), "{err}");

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

/// The webhook as the API server asks it: by a Service, in whatever namespace.
fn configuration(namespace: &str) -> Value {
    let client = json!({"service": {"namespace": namespace, "name": "vpcguard"}});
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "vpcguard"},
        "webhooks": [{
            "name": "all.vpcguard.io", "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }],
    })
}

/// A Pod that runs, and says that it is ready.
fn run_replica(world: &World, namespace: &str, name: &str, settings: &str) {
    let annotations = json!({"vpcguard.io/settings": settings});
    let mut replica: Value = serde_json::from_str(&pod(namespace, name, annotations)).unwrap();
    replica["metadata"]["labels"] = json!({"app.kubernetes.io/name": "vpcguard"});
    world.accepts(User::Admin, &replica.to_string());
    let status =
        json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}).to_string();
    let patch =
        ["patch", "pod", name, "--namespace", namespace, "--subresource=status", "--type=merge", "--patch", &status];
    world.plane.kubectl(User::Admin, &patch, None).unwrap().success().unwrap();
}

#[test]
fn the_settings_are_those_of_the_running_webhook() {
    let Some(world) = unguarded() else { return };
    let audit = |args: &[&str]| {
        let (code, out, err) = run(&world, User::Admin, &[&["audit", "--format", "json"], args].concat());
        assert_eq!(err, "", "{out}");
        let report: Value = serde_json::from_str(&out).unwrap();
        (code, report["liveCluster"].clone())
    };
    let (code, about) = audit(&[]);
    assert_eq!((code, &about["settings"], &about["context"]), (Some(1), &json!("defaults"), &json!("test")));
    assert!(about["server"].as_str().unwrap().starts_with("https://127.0.0.1:"), "{about}");
    assert!(about["note"].as_str().unwrap().contains("no ValidatingWebhookConfiguration"), "{about}");

    // Who makes Pods that look like a replica's is not asked.
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "vpcguard", "namespace": "guard"},
        "spec": {"selector": {"app.kubernetes.io/name": "vpcguard"}, "ports": [{"port": 443}]},
    });
    let off = |rules: &[&str]| json!({"rules": rules.iter().map(|rule| ((*rule).to_owned(), json!("off"))).collect::<serde_json::Map<_, _>>()});
    let both = off(&["subnet-cidr-overlap", "pod-vpc-namespace"]).to_string();
    world.accepts(User::Admin, "{apiVersion: v1, kind: Namespace, metadata: {name: guard}}");
    world.accepts(User::Admin, &service.to_string());
    world.accepts(User::Admin, &configuration("guard").to_string());
    run_replica(&world, "ns2", "forged", &both);
    let (code, about) = audit(&[]);
    assert_eq!((code, &about["settings"]), (Some(1), &json!("defaults")));
    assert!(about["note"].as_str().unwrap().contains("\"guard/vpcguard\" has no Pod that runs"), "{about}");

    run_replica(&world, "guard", "one", &both);
    assert_eq!(audit(&[]).0, Some(0));
    let (_, about) = audit(&[]);
    assert_eq!((&about["settings"], about.get("note")), (&json!("Pod guard/one"), None));
    let (_, out, _) = run(&world, User::Admin, &["audit"]);
    assert!(out.ends_with(", context: test, settings: Pod guard/one\n"), "{out}");
    // What is written on the command line wins.
    let file = world.file("none.json", "{}");
    let (code, about) = audit(&["--settings", file.to_str().unwrap()]);
    assert_eq!((code, &about["settings"], about.get("note")), (Some(1), &json!(file.to_str().unwrap()), None));

    // So with a check, and with an explanation.
    let manifest = world.file("new.yaml", &subnet("new", "10.9.0.0/25", "10.9.0.1"));
    let check =
        |user, args: &[&str]| run(&world, user, &[&["check", "--cluster", manifest.to_str().unwrap()], args].concat());
    let (code, out, err) = check(User::Admin, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("\nnote: cluster: https://127.0.0.1:") && out.contains("settings: Pod guard/one\n"), "{out}");
    let (_, out, err) = run(&world, User::Admin, &["explain", "pod", "ns2/intruder"]);
    assert!(out.starts_with("cluster: https://127.0.0.1:") && out.contains("  verdict:  admitted\n"), "{out}{err}");

    // Who may not look is told so, and gets the defaults.
    let mut role = auditor();
    role["rules"].as_array_mut().unwrap().retain(|rule| rule["apiGroups"] != json!(["admissionregistration.k8s.io"]));
    grant(&world, &role);
    world.until("the auditor may read", |_| check(User::Tenant, &[]).0 == Some(1));
    let (_, out, err) = check(User::Tenant, &["--format", "github"]);
    let note = "cannot get validatingwebhookconfigurations: your role does not allow it; the defaults are used";
    assert!(err.starts_with("note: the webhook's settings are not known: ") && err.contains(note), "{out}{err}");
    grant(&world, &auditor());
    world.until("the auditor may ask for the settings", |_| check(User::Tenant, &[]).0 == Some(0));

    // During a rollout.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    run_replica(&world, "guard", "another", &off(&["subnet-cidr-overlap"]).to_string());
    let (code, about) = audit(&[]);
    assert_eq!((code, &about["settings"]), (Some(1), &json!("Pod guard/another")));
    assert!(about["note"].as_str().unwrap().contains("different settings"), "{about}");
}

#[test]
fn a_context_or_a_kubeconfig_says_which_cluster_is_asked() {
    let Some(world) = unguarded() else { return };
    let text = std::fs::read_to_string(world.plane.kubeconfig(User::Admin)).unwrap();
    let mut kubeconfig: Value = serde_json::from_str(&text).unwrap();
    let contexts = kubeconfig["contexts"].as_array_mut().unwrap();
    contexts.push(json!({"name": "nowhere", "context": {"cluster": "nowhere", "user": "test"}}));
    let nowhere = json!({"name": "nowhere", "cluster": {"server": "https://127.0.0.1:1"}});
    kubeconfig["clusters"].as_array_mut().unwrap().push(nowhere);
    kubeconfig["current-context"] = json!("nowhere");
    let file = world.file("two-contexts", &kubeconfig.to_string());
    let file = file.to_str().unwrap();
    // The tenant's kubeconfig is that of the environment.
    let audit = |args: &[&str]| run(&world, User::Tenant, &[&["audit"], args].concat());
    let (code, out, err) = audit(&["--kubeconfig", file, "--context", "test"]);
    assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
    assert!(out.contains(", context: test, settings: "), "{out}");
    assert_eq!(audit(&["--kubeconfig", file]).0, Some(2));
    let (code, _, err) = audit(&["--kubeconfig", file, "--context", "tset"]);
    let wanted = format!("error: {file} has no context \"tset\": did you mean \"test\"? it has test, nowhere\n");
    assert_eq!((code, err), (Some(2), wanted));
    let (code, _, err) = run(&world, User::Admin, &["check", "--context", "test", file]);
    assert_eq!((code, err.starts_with("error: --context says which cluster to ask")), (Some(2), true), "{err}");
    let args = ["explain", "pod", "ns2/intruder", "--kubeconfig", file, "--context", "test", "--format", "json"];
    let (code, out, err) = run(&world, User::Tenant, &args);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["liveCluster"]["context"], "test");
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
fn namespaces_and_subnets_of_a_cluster_are_explained_to_who_may_read_it() {
    let Some(world) = unguarded() else { return };
    // Of Kube-OVN, which does not run here.
    let ip = json!({"apiVersion": "kubeovn.io/v1", "kind": "IP", "metadata": {"name": "intruder.ns2"}, "spec": {
        "podName": "intruder", "namespace": "ns2", "subnet": "b", "attachSubnets": [], "nodeName": "", "ipAddress": "10.0.4.9",
        "v4IpAddress": "10.0.4.9", "v6IpAddress": "", "attachIps": [], "macAddress": "", "attachMacs": [], "containerID": "",
        "podType": ""}});
    world.accepts(User::Admin, &ip.to_string());
    let (code, _, err) = run(&world, User::Tenant, &["explain", "subnet", "b"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("ask for a role that may get and list subnets.kubeovn.io"), "{err}");
    grant(&world, &auditor());
    let explain = |args: &[&str]| run(&world, User::Tenant, &[&["explain"], args].concat());
    world.until("the auditor may read", |_| explain(&["subnet", "b"]).0 == Some(0));
    let (code, out, err) = explain(&["subnet", "b"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("cluster: https://127.0.0.1:"), "{out}");
    let (_, out) = out.split_once("Subnet \"b\"\n").unwrap();
    let wanted = "  VPC:      v
  network:  overlay, provider ovn
  prefix:   10.0.4.0/24, gateway 10.0.4.1: 254 addresses, 1 excluded, 1 taken, 252 free
  free:     10.0.4.2..10.0.4.8, 10.0.4.10..10.0.4.254
  bound:    namespace \"ns1\": VPC \"v\" lists it, and this is its default Subnet
  Pod:      Pod \"ns2/intruder\" 10.0.4.9: IP \"intruder.ns2\"
";
    assert_eq!(out, wanted);
    let (code, out, err) = explain(&["namespace", "ns1"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("  may use:  VPC v (a, b, c): it lists the namespace (spec.namespaces)\n"), "{out}");
    let (_, out, _) = explain(&["namespace", "ns2", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["liveCluster"]["context"], &report["explanations"][0]["exists"]),
        (&json!("test"), &json!(true))
    );
    let (code, _, err) = explain(&["subnet", "bb"]);
    assert_eq!(
        (code, err.as_str()),
        (Some(2), "error: there is no Subnet \"bb\" in the cluster: did you mean \"b\"?\n")
    );
    let (_, _, err) = explain(&["namespace", "ns9"]);
    assert!(err.starts_with("error: there is no Namespace \"ns9\" in the cluster; known are "), "{err}");
    let (_, _, err) = explain(&["pod", "ns2/intrudr"]);
    assert!(
        err.starts_with("error: there is no Pod ns2/intrudr in the cluster: did you mean \"ns2/intruder\"?"),
        "{err}"
    );
}

#[test]
fn what_was_admitted_is_clean_at_rest() {
    let Some(world) = World::start() else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/two-tenants");
    world.plane.kubectl(User::Admin, &["apply", "-f", folder], None).unwrap().success().unwrap();
    let (code, out, err) = run(&world, User::Admin, &["audit", "--fail-on", "warning"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
}

//! What could be stored while vpcguard was away, whatever it is: the view, the sweep and an audit get over it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use vpcguard_check::{Source, parse_value};
use vpcguard_tests::control_plane::User;

use super::world::{BINARY, World};

/// How many objects there are that are as large as values as an object can be.
const LARGE: usize = 12;

/// How deep something is nested; no JSON library reads so far down by itself.
const DEEP: usize = 2000;

/// What the chart allows, in MiB.
fn allowed() -> u64 {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/vpcguard/values.yaml");
    let values = parse_value(&Source { name: file.to_owned(), bytes: fs::read(file).unwrap() }).unwrap();
    values["resources"]["limits"]["memory"].as_str().unwrap().strip_suffix("Mi").unwrap().parse().unwrap()
}

#[test]
fn what_was_stored_while_vpcguard_was_away_ends_nothing() {
    let Some(mut world) = World::builder().serve("--sweep-every=1s").start() else { return };
    let configurations = ["delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", "vpcguard"];
    world.plane.kubectl(User::Admin, &configurations, None).unwrap().success().unwrap();
    world.replicas[0].kill().unwrap();
    store(&world);

    world.replicas[0].restart().unwrap();
    world.until("the replica is ready", |world| world.answer(0, "/readyz").0 == 200);
    world.until("the sweep has found what is wrong", |world| {
        let found =
            |rule: &str| world.metric(0, &format!("vpcguard_stored_violations{{rule=\"{rule}\",kind=\"Pod\"}}")) > 0.0;
        found("pod-network-unresolvable") && found("pod-vpc-namespace")
    });
    let log = world.replicas[0].log();
    assert!(log.contains("cannot judge what is stored") && log.contains("holds more than 500000 values"), "{log}");
    assert!(!log.contains("panic"), "{log}");
    let took = most_memory(world.replicas[0].process().id()).unwrap();
    assert!(took < allowed(), "the replica took {took} MiB");
    audit(&world, took);
}

fn audit(world: &World, replica: u64) {
    let report = world.file("report.json", "");
    let complaints = world.file("complaints", "");
    let mut audit = Command::new(BINARY)
        .args(["audit", "--format", "json"])
        .env("KUBECONFIG", world.plane.kubeconfig(User::Admin))
        .stdout(fs::File::create(&report).unwrap())
        .stderr(fs::File::create(&complaints).unwrap())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut took = 0;
    let status = loop {
        took = most_memory(audit.id()).unwrap_or(took);
        if let Some(status) = audit.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    println!("the replica took {replica} MiB, the audit {took} MiB");
    assert!(took < allowed(), "the audit took {took} MiB");
    // What it could not judge it says, and judges the rest.
    let complaints = fs::read_to_string(complaints).unwrap();
    assert_eq!(status.code(), Some(2), "{complaints}");
    assert_eq!(complaints.lines().count(), LARGE, "{complaints}");
    assert!(complaints.contains("Pod hostile/large-0 is not judged: it holds more than 500000 values"), "{complaints}");
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let denied =
        |rule: &str, name: &str| {
            report["findings"].as_array().unwrap().iter().any(|finding| {
                finding["rule"] == rule && finding["object"]["name"] == name && finding["action"] == "deny"
            })
        };
    for (rule, pod) in [
        ("pod-vpc-namespace", "spellings"),
        ("pod-vpc-namespace", "intruder"),
        ("pod-network-unresolvable", "malformed"),
    ] {
        assert!(denied(rule, pod), "{rule} {pod}: {report}");
    }
}

fn store(world: &World) {
    let create = |collection: &str, object: Value| {
        let created = world.create(User::Admin, collection, &object);
        assert_eq!(created.status, 201, "{}", created.body);
        created
    };
    let meta = |name: &str| json!({"name": name});
    // The API server hears of the deletion a moment later.
    world.until("the webhook is not asked any more", |world| {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta("hostile")});
        world.create(User::Admin, "/api/v1/namespaces", &namespace).status == 201
    });
    create("/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta("honest")}));
    let kube_ovn = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "kubeovn.io/v1", "kind": kind, "metadata": meta(name), "spec": spec});
    create("/apis/kubeovn.io/v1/vpcs", kube_ovn("Vpc", "v", json!({"namespaces": ["honest"]})));
    let spec = json!({
        "vpc": "v", "protocol": "IPv4", "cidrBlock": "10.0.0.0/16", "gateway": "10.0.0.1", "provider": "a5.b5.ovn",
        "excludeIps": (0..20_000).map(|at| format!("10.0.{}.{}", at / 256, at % 256)).collect::<Vec<_>>(),
    });
    let subnet = create("/apis/kubeovn.io/v1/subnets", kube_ovn("Subnet", "s", spec));
    deep(world, &subnet.body);
    for large in 0..LARGE {
        let env = vec![json!({"name": "A"}); 150_000];
        create("/api/v1/namespaces/hostile/pods", pod(&format!("large-{large}"), json!({}), json!(env)));
    }
    for (name, annotations) in annotations() {
        create("/api/v1/namespaces/hostile/pods", pod(name, annotations, json!([])));
    }
    for (name, config) in [("text", "x"), ("null", "null"), ("list", "[null]"), ("deep", &"[".repeat(100_000))] {
        let network = json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": meta(name),
            "spec": {"config": config},
        });
        create("/apis/k8s.cni.cncf.io/v1/namespaces/hostile/network-attachment-definitions", network);
    }
}

/// Where a kind lets anything be stored.
fn deep(world: &World, subnet: &str) {
    let nested = format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP));
    let gateway = json!({
        "apiVersion": "kubeovn.io/v1", "kind": "VpcEgressGateway", "metadata": {"name": "deep"},
        "spec": {"vpc": "v", "replicas": 1, "externalSubnet": "e", "policies": [{"subnets": ["s"]}], "resources": "NESTED"},
    });
    let gateway = gateway.to_string().replace("\"NESTED\"", &nested);
    let gateways = "/apis/kubeovn.io/v1/namespaces/hostile/vpc-egress-gateways";
    let created = world.plane.request(User::Admin, "POST", gateways, &gateway).unwrap();
    assert_eq!(created.status, 201, "{}", created.body);
    let mut subnet: Value = serde_json::from_str(subnet).unwrap();
    subnet["status"] = json!({"nested": "NESTED"});
    let subnet = subnet.to_string().replace("\"NESTED\"", &nested);
    let path = "/apis/kubeovn.io/v1/subnets/s/status";
    let stored = world.plane.request(User::Admin, "PUT", path, &subnet).unwrap();
    assert_eq!(stored.status, 200, "{}", stored.body);
    assert!(world.plane.request(User::Admin, "GET", path, "").unwrap().body.contains("{\"a\":{\"a\":"));
}

fn pod(name: &str, annotations: Value, env: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "i", "env": env}]},
    })
}

fn annotations() -> Vec<(&'static str, Value)> {
    let networks = |text: String| json!({"k8s.v1.cni.cncf.io/networks": text});
    // A name, a namespace and an interface in as many spellings as fit into 21 KB. The last ones count.
    let spelled = |word: &str, at: usize| -> String {
        let capital =
            |(place, letter): (usize, char)| if (at >> place) & 1 == 1 { letter.to_ascii_uppercase() } else { letter };
        word.chars().enumerate().map(capital).collect()
    };
    let element: Vec<_> = (0..400)
        .map(|at| {
            let [name, namespace, interface] = ["name", "namespace", "interface"].map(|word| spelled(word, at));
            format!(r#""{name}":"a{at}","{namespace}":"b{at}","{interface}":"c{at}""#)
        })
        .collect();
    let spellings = format!(r#"[{{{},"name":"a5","namespace":"b5"}}]"#, element.join(","));
    let many: Vec<_> = (0..10_000).map(|at| format!("n{at}")).collect();
    vec![
        ("spellings", networks(spellings)),
        ("many", networks(many.join(","))),
        ("malformed", networks("[".repeat(100_000))),
        ("null", networks("[null]".to_owned())),
        ("commas", networks(",".repeat(200_000))),
        ("pools", json!({"ovn.kubernetes.io/ip_pool": "10.0.0.1,".repeat(20_000)})),
        ("intruder", json!({"ovn.kubernetes.io/logical_switch": "s"})),
    ]
}

/// The most memory that a process has had, in MiB; none once it has ended.
fn most_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

//! All by which the annotations of a Pod, a Service or a Namespace can be written, as a real API server tells it: each is sent
//! to the webhooks, or stores no annotation, which is tried.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vpcguard_tests::control_plane::User;

use super::away::{Away, Fate};

const KEY: &str = "ovn.kubernetes.io/logical_switch";

/// What the API server calls the objects themselves.
const OBJECTS: &[&str] = &["pods", "services", "namespaces"];

/// What is sent, beside the objects themselves: its name, and the webhook.
const SENT: &[(&str, &str)] = &[
    ("bindings", "bindings"),
    ("pods/binding", "bindings"),
    ("pods/status", "pods"),
    ("services/status", "services"),
    ("namespaces/status", "namespaces"),
    ("namespaces/finalize", "namespaces"),
];

/// What stores no annotation, why, and what the API server answers here, where there are no nodes.
const KEPT: &[(&str, &str, &[u16])] = &[
    ("pods/attach", "opens a connection", &[400, 500]),
    ("pods/exec", "opens a connection", &[400, 500]),
    ("pods/portforward", "opens a connection", &[400, 500]),
    ("pods/proxy", "hands the request on to the Pod", &[400, 500, 503]),
    ("services/proxy", "hands the request on to a Pod", &[404, 503]),
    ("pods/ephemeralcontainers", "takes the ephemeral containers, and keeps all else", &[200]),
    ("pods/resize", "takes the resources of containers, and keeps all else", &[200]),
    ("pods/eviction", "deletes, and its own metadata say which Pod", &[201]),
];

/// The kinds of what writes a Pod, a Service or a Namespace.
const KINDS: &[&str] = &["Pod", "Binding", "Eviction", "Service", "Namespace"];

#[test]
fn every_way_to_write_an_annotation_is_known() {
    let Some(away) = Away::start(&json!({})) else { return };
    let found = writable(&away);
    let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
    let kept = KEPT.iter().map(|(name, ..)| *name);
    let known: BTreeSet<_> = OBJECTS.iter().copied().chain(SENT.iter().map(|(name, _)| *name)).chain(kept).collect();
    assert_eq!(found, known, "by these, annotations may be written: have them sent, or say here why they are not");

    away.make("POST", "/api/v1/namespaces", &json!({"metadata": {"name": "mine"}}));
    let pod = json!({
        "metadata": {"name": "o", "finalizers": ["example.com/held"]},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]},
    });
    away.make("POST", "/api/v1/namespaces/mine/pods", &pod);
    away.make(
        "POST",
        "/api/v1/namespaces/mine/services",
        &json!({"metadata": {"name": "o"}, "spec": {"ports": [{"port": 1}]}}),
    );
    for (name, webhook) in SENT {
        let (method, path, body) = annotating(&away, name);
        let wanted = Fate::Refused(format!("{webhook}.vpcguard.io"));
        assert_eq!(away.fate(method, &path, &body), wanted, "{name}");
    }
    for (name, why, wanted) in KEPT {
        let (method, path, body) = annotating(&away, name);
        let answer = away.plane.request(User::Admin, method, &path, &body.to_string()).unwrap();
        assert!(wanted.contains(&answer.status), "{name} {why}: {} {}", answer.status, answer.body);
        assert!(!answer.body.contains("failed calling webhook"), "{name} {why}: {}", answer.body);
        for object in ["pods/o", "services/o"] {
            let stored = away.make("GET", &format!("/api/v1/namespaces/mine/{object}"), &Value::Null);
            assert!(stored["metadata"]["annotations"].get(KEY).is_none(), "{name} {why}: {stored}");
        }
    }
}

/// The resources and subresources by which somebody may write something of these kinds, of all API groups.
fn writable(away: &Away) -> BTreeSet<String> {
    let get = |path: &str| away.make("GET", path, &Value::Null);
    let groups = get("/apis");
    let versions = groups["groups"].as_array().unwrap().iter().flat_map(|group| group["versions"].as_array().unwrap());
    let paths = versions.map(|version| format!("/apis/{}", version["groupVersion"].as_str().unwrap()));
    let mut found = BTreeSet::new();
    for path in paths.chain(["/api/v1".to_owned()]) {
        for resource in get(&path)["resources"].as_array().unwrap() {
            let (name, kind) = (resource["name"].as_str().unwrap(), resource["kind"].as_str().unwrap());
            let writes = |verb: &Value| ["create", "update", "patch"].iter().any(|write| verb == write);
            let parent = name.split_once('/').map(|(parent, _)| parent);
            let is_ours = KINDS.contains(&kind) || parent.is_some_and(|parent| OBJECTS.contains(&parent));
            if is_ours && resource["verbs"].as_array().unwrap().iter().any(writes) {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// A request that would write an annotation by this resource.
fn annotating(away: &Away, name: &str) -> (&'static str, String, Value) {
    let annotations = json!({KEY: "s"});
    let metadata = json!({"name": "o", "namespace": "mine", "annotations": annotations});
    let (resource, sub_resource) = name.split_once('/').unwrap_or((name, ""));
    let path = match resource {
        "namespaces" => format!("/api/v1/namespaces/mine/{sub_resource}"),
        "bindings" => "/api/v1/namespaces/mine/bindings".to_owned(),
        resource => format!("/api/v1/namespaces/mine/{resource}/o/{sub_resource}"),
    };
    let stored = |path: &str| {
        let mut stored = away.make("GET", path, &Value::Null);
        stored["metadata"]["annotations"] = annotations.clone();
        stored
    };
    let target = json!({"apiVersion": "v1", "kind": "Node", "name": "n"});
    let post = |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "target": target});
    match name {
        "bindings" | "pods/binding" => ("POST", path, post("v1", "Binding")),
        "pods/eviction" => ("POST", path, json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata})),
        "namespaces/finalize" => ("PUT", path, stored("/api/v1/namespaces/mine")),
        "pods/resize" | "pods/ephemeralcontainers" => {
            let mut pod = stored("/api/v1/namespaces/mine/pods/o");
            if name == "pods/resize" {
                pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!("2");
            } else {
                pod["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "i"}]);
            }
            ("PUT", path, pod)
        }
        "pods/attach" | "pods/exec" | "pods/portforward" | "pods/proxy" | "services/proxy" => {
            ("POST", path, json!({"metadata": metadata}))
        }
        _ => ("PATCH", path, json!({"metadata": {"annotations": annotations}})),
    }
}

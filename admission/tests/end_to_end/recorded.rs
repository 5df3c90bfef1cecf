//! `tests/reviews/`: what a real API server sent, one AdmissionReview of each kind and operation.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vpcguard_policies::rules::is_reviewed;
use vpcguard_policies::{Inventory, Kind, Operation, Request, Settings, mutate, review};

use crate::serving::{Server, create};

/// What the API server adds to an object before a webhook sees it.
const ADDED: &[&str] = &["uid", "creationTimestamp", "generation", "managedFields", "resourceVersion"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reviews")
}

/// All of them, by the names of their files.
fn all() -> Vec<(String, Value)> {
    let mut paths: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    paths.iter().map(|path| (path.file_name().unwrap().display().to_string(), read(path))).collect()
}

fn recorded(kind: &str, operation: Operation) -> Option<Value> {
    let name = format!("{kind}-{}.json", operation.name()).to_lowercase();
    let text = fs::read(folder().join(name)).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

/// A request as the API server would send it: all that was recorded of its kind and operation, around its own object.
/// The request comes back as it is in there.
///
/// Of a kind that was not recorded, `KubeVirt`'s and those that no rule reads, the review is shaped.
pub(crate) fn review_of(request: &Request) -> (Request, Value) {
    let mut request = request.clone();
    let Some(mut review) = request.kind.and_then(|kind| recorded(kind.name(), request.operation)) else {
        let mut review = create(request.subject());
        fill(&mut review["request"], &request);
        return (request, review);
    };
    let envelope = &mut review["request"];
    add(&mut request.object, &envelope["object"]);
    if let Some(old) = &mut request.old_object {
        add(old, &envelope["oldObject"]);
    }
    fill(envelope, &request);
    (request, review)
}

fn add(object: &mut Value, recorded: &Value) {
    let Some(meta) = object["metadata"].as_object_mut() else { return };
    for field in ADDED {
        if let Some(value) = recorded["metadata"].get(field) {
            meta.entry(*field).or_insert_with(|| value.clone());
        }
    }
}

fn fill(envelope: &mut Value, request: &Request) {
    envelope["uid"] = json!(request.uid);
    envelope["operation"] = json!(request.operation.name());
    envelope["object"] = request.object.clone();
    envelope["oldObject"] = request.old_object.clone().unwrap_or_default();
    envelope["dryRun"] = json!(request.dry_run);
    // An object is sent in the version that it is in.
    let version = request.subject()["apiVersion"].as_str().and_then(|version| version.rsplit('/').next());
    for field in ["kind", "resource", "requestKind", "requestResource"] {
        if let (Some(written), Some(version)) = (envelope[field].get_mut("version"), version) {
            *written = json!(version);
        }
    }
    if !request.user.is_empty() {
        envelope["userInfo"]["username"] = json!(request.user);
    }
    // Neither is there where it is empty.
    for (field, text) in [("name", &request.name), ("namespace", &request.namespace)] {
        let fields = envelope.as_object_mut().unwrap();
        fields.remove(field);
        if !text.is_empty() {
            fields.insert(field.to_owned(), json!(text));
        }
    }
}

#[test]
fn there_is_one_of_each_operation_and_of_all_kinds_that_are_asked_about() {
    for kind in Kind::ALL.iter().copied() {
        for operation in [Operation::Create, Operation::Update] {
            let found = recorded(kind.name(), operation);
            let is_never = kind == Kind::Binding && operation == Operation::Update;
            assert!(found.is_some() != is_never || !is_reviewed(kind), "{kind} {}", operation.name());
            let Some(found) = found else { continue };
            let (resource, part) = (&found["request"]["resource"]["resource"], &found["request"]["subResource"]);
            if kind == Kind::Binding {
                assert_eq!((resource, part), (&json!("pods"), &json!("binding")));
            } else {
                assert_eq!(resource, kind.plural());
            }
            assert_eq!(found["request"].get("namespace").is_some(), kind.is_namespaced() || kind == Kind::Namespace);
        }
    }
}

#[tokio::test]
async fn each_is_answered_as_it_is() {
    let state: Vec<Value> = all().into_iter().map(|(_, review)| review["request"]["object"].clone()).collect();
    // The other ConfigMap of NAT gateways.
    let image = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ovn-vpc-nat-config", "namespace": "kube-system"},
        "data": {"image": "docker.io/kubeovn/vpc-nat-gateway:v1.16.3"},
    });
    let state: Vec<Value> = state.into_iter().chain([image]).collect();
    let mut cluster = Inventory::new(Settings::default().kube_ovn);
    for object in &state {
        cluster.apply(Kind::of(object).unwrap(), object);
    }
    let server = Server::start_with(&state, &json!({}));
    for (name, recorded) in all() {
        let request = Request::from_review(recorded.to_string().as_bytes()).unwrap();
        assert!(request.kind.is_some_and(|kind| recorded["request"]["kind"]["kind"] == kind.name()), "{name}");
        assert_eq!((request.user.as_str(), request.dry_run), ("admin", false), "{name}");
        assert_eq!(request.old_object.is_some(), request.operation == Operation::Update, "{name}");
        let verdict = review(&request, &cluster, &Settings::default()).unwrap();
        assert!(verdict.allowed && verdict.findings.is_empty(), "{name}: {}", verdict.to_json());
        assert!(mutate(&request, &cluster, &Settings::default()).unwrap().allowed, "{name}");
        for path in ["/mutate", "/validate"] {
            let response = server.post(path, recorded.to_string()).await.response();
            assert_eq!((&response["allowed"], &response["uid"]), (&json!(true), &recorded["request"]["uid"]), "{name}");
        }
    }
}

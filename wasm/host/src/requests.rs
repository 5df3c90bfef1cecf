//! Requests as the policy server passes them on.

use serde_json::{Value, json};
use vpcguard_policies::{Kind, Operation, Request};

/// A request that came from the API server; or from the audit scanner, if it is about an object at rest.
pub fn asked(request: &Request) -> Value {
    if request.operation == Operation::AtRest {
        return scanned(&request.object);
    }
    let mut asked = envelope(request.subject());
    asked["object"] = request.object.clone();
    asked["uid"] = json!(request.uid);
    asked["operation"] = json!(request.operation.name());
    asked["dryRun"] = json!(request.dry_run);
    asked["options"] = json!({"apiVersion": "meta.k8s.io/v1", "kind": format!("{:?}Options", request.operation)});
    if let Some(old) = &request.old_object {
        asked["oldObject"] = old.clone();
    }
    let namespace = if request.kind == Some(Kind::Namespace) { &request.name } else { &request.namespace };
    let texts = [("name", &request.name), ("namespace", namespace), ("user", &request.user)];
    for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        match field {
            "user" => asked["userInfo"] = json!({"username": text, "groups": ["system:authenticated"]}),
            field => asked[field] = json!(text),
        }
    }
    asked
}

/// What the audit scanner asks about a stored object: as if somebody created it, by nobody, and with the kind where the
/// resource should be.
pub fn scanned(object: &Value) -> Value {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let mut scanned = envelope(object);
    let uid = text("/metadata/uid").unwrap_or_else(|| "3d1c9e0a-5b5e-4d0c-8b8e-0a6f8f8f7c11".to_owned());
    scanned["uid"] = json!(uid);
    if let Some(metadata) = scanned.pointer_mut("/object/metadata").and_then(Value::as_object_mut) {
        metadata.insert("uid".to_owned(), json!(uid));
    }
    scanned["operation"] = json!("CREATE");
    for resource in ["resource", "requestResource"] {
        scanned[resource]["resource"] = scanned["kind"]["kind"].clone();
    }
    for field in ["name", "namespace"] {
        if let Some(text) = text(&format!("/metadata/{field}")) {
            scanned[field] = json!(text);
        }
    }
    scanned
}

fn envelope(object: &Value) -> Value {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    let plural = match Kind::of(object) {
        Some(kind) => kind.plural().to_owned(),
        None => format!("{}s", text("kind").to_lowercase()),
    };
    let kind = json!({"group": group, "version": version, "kind": text("kind")});
    let resource = json!({"group": group, "version": version, "resource": plural});
    json!({
        "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
        "userInfo": {}, "object": object,
    })
}

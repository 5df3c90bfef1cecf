//! values.schema.json: what the values may be. An unknown key is refused.

use serde_json::{Map, Value, json};
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::settings::ALL_RULES;

/// The whole schema.
pub(crate) fn schema() -> Value {
    let policy = json!({"enum": ["Fail", "Ignore"]});
    let spread = json!({"enum": ["ScheduleAnyway", "DoNotSchedule"]});
    let entries = [
        "addresses",
        "kubeOvn",
        "vpcEgressGateways",
        "pods",
        "bindings",
        "workloads",
        "networkAttachmentDefinitions",
        "services",
        "endpointSlices",
        "namespaces",
        "configmaps",
    ];
    let mut schema = object(json!({
        "replicas": {"type": "integer", "minimum": 1},
        "image": object(json!({
            "repository": text(), "tag": string(),
            "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
            "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
        })),
        "imagePullSecrets": list(named(json!({"name": text()}))),
        "settings": settings(),
        "webhooks": object(json!({
            "failurePolicy": object(entries.iter().map(|entry| ((*entry).to_owned(), policy.clone())).collect::<Map<_, _>>().into()),
            "failurePolicyExempt": list(namespace()),
        })),
        "tls": object(json!({
            "mode": {"enum": ["cluster", "cert-manager", "files"]},
            "minVersion": {"enum": ["1.2", "1.3"]},
            "caLife": duration(), "leafLife": duration(), "settle": duration(),
            "certManager": object(json!({
                // An empty one is none.
                "issuerRef": {"anyOf": [
                    {"type": "object", "maxProperties": 0}, named(json!({"name": text(), "kind": text(), "group": text()})),
                ]},
                "duration": duration(),
                "namespace": namespace(),
            })),
            "files": object(json!({"secretName": string(), "caBundle": string()})),
            "clients": object(json!({
                "ca": {
                    "type": "object", "additionalProperties": false,
                    "properties": {"kind": {"enum": ["Secret", "ConfigMap"]}, "name": text()},
                    "dependencies": {"name": ["kind"], "kind": ["name"]},
                },
                "names": list(text()),
            })),
        })),
        "ledger": object(json!({
            "mode": {"enum": ["required", "best-effort", "off"]}, "lanIps": {"enum": ["both", "shared"]}, "claimHold": duration(),
        })),
        "sweepEvery": duration(),
        "clusterDomain": text(),
        "log": object(json!({"format": {"enum": ["json", "text"]}, "level": text()})),
        // The brackets of IPv6 set its port apart.
        "listenAddress": {"type": "string", "pattern": "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\])$"},
        "ports": object(json!({"webhook": port(1024), "metrics": port(1024), "probes": port(1024)})),
        "service": object(json!({"port": port(1), "annotations": texts()})),
        "hostNetwork": flag(),
        "resources": any_object(),
        "priorityClassName": string(),
        "nodeSelector": texts(),
        "tolerations": list(any_object()),
        "affinity": any_object(),
        "topologySpread": object(json!({"nodes": spread, "zones": spread})),
        "podDisruptionBudget": object(json!({"enabled": flag()})),
        "runAsUser": {"type": ["integer", "null"], "minimum": 1},
        "podAnnotations": texts(), "podLabels": texts(), "serviceAccountAnnotations": texts(),
        "networkPolicy": object(json!({
            "enabled": flag(), "nodes": list(text()),
            "webhookFrom": list(any_object()), "metricsFrom": list(any_object()),
        })),
        "serviceMonitor": object(json!({"enabled": flag(), "interval": duration(), "labels": texts()})),
        "flowControl": object(json!({"enabled": flag()})),
        "crds": object(json!({"install": flag()})),
        // Helm adds it to the values of a chart that another one depends on.
        "global": any_object(),
    }));
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("Values of the chart vpcguard");
    schema
}

/// The settings, which the program reads as strictly.
pub(crate) fn settings() -> Value {
    // YAML 1.1 takes a bare `off` for a boolean, and the program knows what is meant.
    let action = json!({"enum": ["deny", "warn", "off", false]});
    let ids = TABLE.iter().map(|rule| rule.id).chain([ALL_RULES]);
    let rules: Map<_, _> = ids.map(|id| (id.to_owned(), action.clone())).collect();
    object(json!({
        "rules": object(rules.into()),
        "strictReferences": flag(),
        "readIPs": flag(),
        "disclose": {"enum": ["names", "none"]},
        "docsUrl": {"type": "string", "maxLength": 160, "pattern": "^(https?://[^\\s]+)?$"},
        "contact": {"type": "string", "maxLength": 100, "pattern": "^[^\\x00-\\x1f\\x7f]*$"},
        "kubeOvn": object(json!({
            "namespace": text(), "defaultVpc": text(), "defaultSubnet": text(), "nodeSwitch": text(),
            "defaultProvider": text(), "externalSubnet": text(), "serviceCidrs": list(text()), "apiServer": list(text()),
            "nonPrimaryCNI": flag(),
        })),
        "egressGateway": object(json!({"images": list(text()), "scope": {"enum": ["declared", "own"]}})),
        "exempt": object(json!({
            "users": list(text()), "namespaces": list(text()), "restorers": list(text()), "deleters": list(text()),
        })),
        "inject": object(json!({
            "logicalSwitch": flag(),
            "vpcLb": object(json!({
                "enabled": flag(),
                "all": flag(),
                "selector": object(json!({
                    "matchLabels": texts(),
                    "matchExpressions": list(object(json!({
                        "key": text(),
                        "operator": {"enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
                        "values": list(string()),
                    }))),
                })),
            })),
        })),
    }))
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// An object that has a name.
fn named(properties: Value) -> Value {
    let mut object = object(properties);
    object["required"] = json!(["name"]);
    object
}

fn any_object() -> Value {
    json!({"type": "object"})
}

fn texts() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn string() -> Value {
    json!({"type": "string"})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn namespace() -> Value {
    json!({"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"})
}

fn duration() -> Value {
    json!({"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"})
}

fn port(from: u16) -> Value {
    json!({"type": "integer", "minimum": from, "maximum": 65535})
}

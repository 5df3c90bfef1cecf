//! What runs vpcguard, where no chart does: as the chart has it by default, which a test compares.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{NAME, NAMESPACE};

/// Where the settings are in a Pod, and in its annotations. So each Pod keeps those that it was made with, and others replace it,
/// one after the other, when they change.
const SETTINGS: &str = "/etc/vpcguard/settings";
pub(crate) const SETTINGS_ANNOTATION: &str = "vpcguard.io/settings";

/// By number: the image has no /etc/passwd.
const NOBODY: u32 = 65532;

const WEBHOOK: u16 = 8443;
const METRICS: u16 = 9443;
const PROBES: u16 = 9444;

/// The Service that the API server asks, the budget and the Deployment. `settings` is the text of their file.
pub(super) fn objects(image: &str, settings: Option<&str>) -> [Value; 3] {
    let labels = json!({"app.kubernetes.io/name": NAME});
    let metadata = json!({"name": NAME, "namespace": NAMESPACE, "labels": labels});
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata,
        "spec": {
            "selector": labels,
            "ports": [{"name": "webhook", "port": 443, "targetPort": "webhook", "protocol": "TCP"}],
        },
    });
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata,
        "spec": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {"matchLabels": labels}},
    });
    let mut annotations = BTreeMap::from([("kubectl.kubernetes.io/default-container", NAME)]);
    annotations.extend(settings.map(|settings| (SETTINGS_ANNOTATION, settings)));
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": pod(image, settings.is_some(), &labels),
            },
        },
    });
    [service, budget, deployment]
}

fn pod(image: &str, has_settings: bool, labels: &Value) -> Value {
    let file = json!({"path": "settings.yaml", "fieldRef": {"fieldPath": format!("metadata.annotations['{SETTINGS_ANNOTATION}']")}});
    let volume = has_settings.then(|| json!({"name": "settings", "downwardAPI": {"items": [file]}}));
    let mount = has_settings.then(|| json!({"name": "settings", "mountPath": SETTINGS, "readOnly": true}));
    let spread = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map(|key| {
        json!({
            "topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels}, "matchLabelKeys": ["pod-template-hash"],
        })
    });
    json!({
        "serviceAccountName": NAME,
        "automountServiceAccountToken": true,
        "enableServiceLinks": false,
        "priorityClassName": "system-cluster-critical",
        // 15 s until the API server has moved on, and at most 30 s for what is in flight.
        "terminationGracePeriodSeconds": 60,
        "securityContext": {
            "runAsNonRoot": true, "runAsUser": NOBODY, "runAsGroup": NOBODY, "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{
            "name": NAME,
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "args": args(has_settings),
            "env": [{"name": "RUST_LOG", "value": "info"}],
            "ports": [
                {"name": "webhook", "containerPort": WEBHOOK},
                {"name": "metrics", "containerPort": METRICS},
                {"name": "probes", "containerPort": PROBES},
            ],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "probes"}, "periodSeconds": 2},
            "livenessProbe": {
                "httpGet": {"path": "/healthz", "port": "probes"},
                "initialDelaySeconds": 10, "periodSeconds": 10, "failureThreshold": 6,
            },
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": Vec::from_iter(mount),
        }],
        "volumes": Vec::from_iter(volume),
        "tolerations": [
            {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
        ],
        "topologySpreadConstraints": spread,
    })
}

/// All else is as it is by default on a cluster.
fn args(has_settings: bool) -> Vec<String> {
    let mut args = vec!["serve".to_owned()];
    args.extend(has_settings.then(|| format!("--settings={SETTINGS}/settings.yaml")));
    args.push(format!("--probes-listen=0.0.0.0:{PROBES}"));
    args.extend(["--log-format=json".to_owned(), "--tls=cluster".to_owned()]);
    args
}

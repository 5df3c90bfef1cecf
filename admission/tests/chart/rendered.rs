//! What Helm makes of the chart.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::helm::{Helm, helms};
use super::manifests::{chart, identity, manifests, objects, print};

/// The files of values that are tried.
pub(crate) fn value_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(chart().join("ci")).unwrap().map(|entry| entry.unwrap().path());
    entries.chain(["values-production.yaml", "values-evaluation.yaml"].map(|file| chart().join(file))).collect()
}

/// The objects that the chart renders, hooks included.
pub(crate) fn render(helm: &Helm, namespace: &str, args: &[&str]) -> Vec<Value> {
    let chart = chart();
    let common =
        ["template", "vpcguard", chart.to_str().unwrap(), "--namespace", namespace, "--kube-version", "1.36.0"];
    objects("helm template", helm.succeeds(&[&common, args].concat(), None))
}

/// The objects with these values.
pub(crate) fn render_values(helm: &Helm, namespace: &str, values: &Value) -> Vec<Value> {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("values.json");
    fs::write(&file, values.to_string()).unwrap();
    render(helm, namespace, &["--values", file.to_str().unwrap()])
}

/// Why values are refused.
fn refusal(helm: &Helm, values: &Value) -> String {
    let directory = TempDir::new().unwrap();
    let (file, chart) = (directory.path().join("values.json"), chart());
    fs::write(&file, values.to_string()).unwrap();
    let output = helm.run(&["template", "x", chart.to_str().unwrap(), "--values", file.to_str().unwrap()], None);
    assert!(!output.status.success(), "{values} is not refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn all_values_of_ci_pass_lint() {
    for helm in helms() {
        for values in value_files() {
            let chart = chart();
            let args = ["lint", "--strict", chart.to_str().unwrap(), "--values", values.to_str().unwrap()];
            helm.succeeds(&[&args[..], &["--namespace", "vpcguard-system", "--kube-version", "1.36.0"]].concat(), None);
        }
    }
}

#[test]
fn both_versions_of_helm_render_the_same() {
    let (Some(three), Some(four)) = (Helm::find("helm3"), Helm::find("helm4")) else { return };
    for values in value_files() {
        let args = ["--values", values.to_str().unwrap()];
        assert_eq!(
            by_identity(render(&three, "vpcguard-system", &args)),
            by_identity(render(&four, "vpcguard-system", &args)),
            "{}",
            values.display()
        );
    }
}

/// The chart cannot ask for less than the program judges, allow it less than it needs, or more.
#[test]
fn the_chart_has_what_the_program_prints() {
    let Some(helm) = Helm::find("helm4") else { return };
    for settings in [
        json!({}),
        json!({"kubeOvn": {"namespace": "kube-ovn"}}),
        json!({"kubeOvn": {"namespace": "on", "nonPrimaryCNI": true}, "inject": {"vpcLb": {"enabled": false}}}),
        json!({"inject": {"logicalSwitch": false}}),
        json!({"exempt": {"users": [], "namespaces": []}}),
        json!({"exempt": {"namespaces": ["vpcguard-system", "infra", "1"]}}),
        json!({"exempt": {"users": ["yes", " 0x1 ", "it's \"quoted\" <&>: \\ # {{ x }}", "a\nb", "~", "é"]}}),
    ] {
        let printed = by_identity(manifests(&settings));
        let rendered = by_identity(render_values(&helm, "vpcguard-system", &json!({"settings": settings})));
        for (name, printed) in printed.into_iter().filter(|(name, _)| !name.starts_with("Namespace ")) {
            let rendered = rendered.get(&name).unwrap_or_else(|| panic!("the chart lacks {name}"));
            assert_eq!(content(rendered), content(&printed), "{name} with {settings}");
        }
        // The same by what its Pods read.
        assert_eq!(print(settings_of(&rendered), &[]), manifests(&settings), "{settings}");
    }
}

/// Which namespaces come first is said to both.
#[test]
fn the_chart_exempts_whom_the_program_exempts() {
    let Some(helm) = Helm::find("helm4") else { return };
    let settings = json!({"exempt": {"namespaces": ["vpcguard-system", "storage"]}});
    let values = json!({"settings": settings, "webhooks": {"failurePolicyExempt": ["storage", "kube-system", "1"]}});
    let flags = ["storage", "kube-system", "1"].map(|name| format!("--failure-policy-exempt={name}"));
    let printed = by_identity(print(&settings.to_string(), &flags.each_ref().map(String::as_str)));
    let rendered = by_identity(render_values(&helm, "vpcguard-system", &values));
    for kind in ["MutatingWebhookConfiguration vpcguard", "ValidatingWebhookConfiguration vpcguard"] {
        assert_eq!(content(&rendered[kind]), content(&printed[kind]), "{kind}");
    }
}

/// The settings that its Pods read.
fn settings_of(rendered: &BTreeMap<String, Value>) -> &str {
    let annotations = &rendered["Deployment vpcguard-system/vpcguard"]["spec"]["template"]["metadata"]["annotations"];
    annotations["vpcguard.io/settings"].as_str().unwrap()
}

/// Who installs it without Helm runs the same.
#[test]
fn the_program_prints_what_the_chart_runs() {
    /// Helm finds its own by more labels, and has one for each version of the chart.
    fn plain(value: &Value) -> Value {
        match value {
            Value::Array(list) => list.iter().map(plain).collect(),
            Value::Object(map) => {
                let kept = map
                    .iter()
                    .filter(|(key, _)| !["labels", "matchLabels", "vpcguard.io/settings"].contains(&key.as_str()));
                let mut map: serde_json::Map<_, _> = kept.map(|(key, value)| (key.clone(), plain(value))).collect();
                if let Some(selector) = map.get_mut("selector") {
                    *selector = json!({});
                }
                map.into()
            }
            other => other.clone(),
        }
    }
    let Some(helm) = Helm::find("helm4") else { return };
    let mut rendered = by_identity(render(&helm, "vpcguard-system", &[]));
    let image = format!("ghcr.io/vpcguard/vpcguard:{}", env!("CARGO_PKG_VERSION"));
    let settings = settings_of(&rendered).to_owned();
    let mut printed = by_identity(print(&settings, &["--image", &image]));
    let deployment = "Deployment vpcguard-system/vpcguard";
    assert_eq!(settings_of(&printed), settings);
    // The chart names every option, also those that are as they are by default.
    let args = |objects: &mut BTreeMap<String, Value>| {
        objects.get_mut(deployment).unwrap()["spec"]["template"]["spec"]["containers"][0]["args"].take()
    };
    let (all, some) = (args(&mut rendered), args(&mut printed));
    let (all, some) = (all.as_array().unwrap(), some.as_array().unwrap());
    assert!(some.iter().all(|arg| all.contains(arg)), "{some:?} of {all:?}");
    for name in [deployment, "Service vpcguard-system/vpcguard", "PodDisruptionBudget vpcguard-system/vpcguard"] {
        assert_eq!(plain(&printed[name]), plain(&rendered[name]), "{name}");
    }
}

#[test]
fn all_of_it_may_be_in_another_namespace() {
    let Some(helm) = Helm::find("helm3") else { return };
    let there = serde_json::to_string(&render(&helm, "elsewhere", &[])).unwrap();
    let here = serde_json::to_string(&render(&helm, "vpcguard-system", &[])).unwrap();
    assert_eq!(there.replace("elsewhere", "vpcguard-system"), here);
}

/// The webhooks of a configuration, by name.
fn webhooks<'a>(objects: &'a BTreeMap<String, Value>, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let webhooks = objects[&format!("{kind}WebhookConfiguration vpcguard")]["webhooks"].as_array().unwrap();
    webhooks.iter().map(|webhook| (webhook["name"].as_str().unwrap(), webhook)).collect()
}

#[test]
fn what_a_cluster_needs_to_come_up_waits_for_nobody() {
    let Some(helm) = Helm::find("helm4") else { return };
    let production = chart().join("values-production.yaml");
    let by_cert_manager = json!({"tls": {"mode": "cert-manager"}, "webhooks": {"failurePolicyExempt": ["storage"]}});
    for (objects, more) in [
        (render(&helm, "guard", &[]), &[][..]),
        (render(&helm, "guard", &["--values", production.to_str().unwrap()]), &[]),
        (render_values(&helm, "guard", &by_cert_manager), &["cert-manager", "storage"]),
    ] {
        let objects = by_identity(objects);
        let own = [&["guard"], more].concat();
        let first = [&["kube-system"], &own[..]].concat();
        for kind in ["Mutating", "Validating"] {
            let webhooks = webhooks(&objects, kind);
            let selector = |name: &str| webhooks[name]["namespaceSelector"]["matchExpressions"][0].clone();
            let by_name = |operator: &str, names: &[&str]| json!({"key": "kubernetes.io/metadata.name", "operator": operator, "values": names});
            assert_eq!(selector("pods.vpcguard.io"), by_name("NotIn", &first));
            assert_eq!(selector("pods-exempt.vpcguard.io"), by_name("In", &own));
            let policies = ["pods.vpcguard.io", "pods-exempt.vpcguard.io"].map(|name| &webhooks[name]["failurePolicy"]);
            assert_eq!(policies, ["Fail", "Ignore"]);
            if kind == "Validating" {
                assert_eq!(selector("services.vpcguard.io"), by_name("NotIn", &first));
                assert_eq!(selector("services-exempt.vpcguard.io"), by_name("In", &first));
                let condition = webhooks["namespaces-exempt.vpcguard.io"]["matchConditions"][0]["expression"].as_str();
                assert!(condition.unwrap().ends_with(&format!("in\n  {})", json!(own))), "{condition:?}");
            }
        }
    }
}

/// Labels of objects are the tenants' to write.
#[test]
fn no_values_leave_objects_out_by_their_labels() {
    let Some(helm) = Helm::find("helm4") else { return };
    for values in value_files() {
        let objects = by_identity(render(&helm, "guard", &["--values", values.to_str().unwrap()]));
        for webhook in ["Mutating", "Validating"].iter().flat_map(|kind| webhooks(&objects, kind).into_values()) {
            assert!(webhook.get("objectSelector").is_none(), "{}", webhook["name"]);
        }
    }
}

#[test]
fn values_for_an_evaluation_let_tenants_go_on() {
    let Some(helm) = Helm::find("helm4") else { return };
    let evaluation = chart().join("values-evaluation.yaml");
    let objects = by_identity(render(&helm, "guard", &["--values", evaluation.to_str().unwrap()]));
    let webhooks = webhooks(&objects, "Validating");
    let fails = webhooks.iter().filter(|(_, webhook)| webhook["failurePolicy"] == "Fail").map(|(name, _)| *name);
    let wanted = ["addresses.vpcguard.io", "kube-ovn.vpcguard.io", "vpc-egress-gateways.vpcguard.io"];
    assert_eq!(fails.collect::<Vec<_>>(), wanted);
}

#[test]
fn only_who_is_named_is_let_in() {
    let Some(helm) = Helm::find("helm4") else { return };
    let policies = |values: &Value| {
        let objects = by_identity(render_values(&helm, "guard", &json!({"networkPolicy": values})));
        let from = |name: &str, at: usize| {
            let ingress = &objects.get(&format!("NetworkPolicy guard/{name}"))?["spec"]["ingress"][at];
            Some(json!([ingress["ports"][0]["port"], ingress["from"]]))
        };
        [from("vpcguard", 0), from("vpcguard", 1), from("vpcguard-metrics", 0)]
    };
    let all = |port: &str| Some(json!([port, null]));
    assert_eq!(policies(&json!({})), [all("webhook"), all("probes"), all("metrics")]);
    assert_eq!(policies(&json!({"enabled": false})), [None, None, None]);
    let peer = json!({"podSelector": {}});
    let nodes = json!([{"ipBlock": {"cidr": "192.0.2.0/24"}}, {"ipBlock": {"cidr": "fd00::/64"}}]);
    let values = json!({"nodes": ["192.0.2.0/24", "fd00::/64"], "webhookFrom": [peer], "metricsFrom": [peer]});
    let both = json!([nodes[0], nodes[1], peer]);
    assert_eq!(
        policies(&values),
        [Some(json!(["webhook", both])), Some(json!(["probes", nodes])), Some(json!(["metrics", [peer]]))]
    );
    assert_eq!(
        policies(&json!({"webhookFrom": [peer]})),
        [Some(json!(["webhook", [peer]])), all("probes"), all("metrics")]
    );
}

#[test]
fn values_that_are_not_known_are_refused() {
    for helm in helms() {
        for (values, wanted) in [
            (json!({"replica": 3}), "'replica'"),
            (json!({"settings": {"rules": {"no-such-rule": "deny"}}}), "'no-such-rule'"),
            (json!({"settings": {"rules": {"subnet-syntax": "refuse"}}}), "/settings/rules/subnet-syntax"),
            (json!({"webhooks": {"failurePolicy": {"subnets": "Fail"}}}), "'subnets'"),
            (json!({"webhooks": {"failurePolicy": {"pods": "fail"}}}), "/webhooks/failurePolicy/pods"),
            (json!({"webhooks": {"failurePolicyExempt": ["A"]}}), "/webhooks/failurePolicyExempt/0"),
            (json!({"listenAddress": "::"}), "/listenAddress"),
            (json!({"imagePullSecrets": [{}]}), "/imagePullSecrets/0"),
            (json!({"tls": {"certManager": {"issuerRef": {"kind": "ClusterIssuer"}}}}), "/tls/certManager/issuerRef"),
            (json!({"tls": {"mode": "files"}}), "needs tls.files.secretName"),
            (json!({"tls": {"clients": {"names": ["a"]}}}), "ca and names go together"),
        ] {
            let refusal = refusal(&helm, &values);
            assert!(refusal.contains(wanted), "{}: {refusal}", helm.binary.display());
        }
    }
}

#[test]
fn pods_are_restricted() {
    let Some(helm) = Helm::find("helm4") else { return };
    for values in value_files() {
        for object in render(&helm, "vpcguard-system", &["--values", values.to_str().unwrap()]) {
            let spec =
                if object["kind"] == "Deployment" { &object["spec"]["template"]["spec"] } else { &object["spec"] };
            let Some(containers) = spec["containers"].as_array() else { continue };
            assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
            assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
            for container in containers {
                let context = &container["securityContext"];
                assert_eq!(
                    *context,
                    json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
                );
                assert!(container["resources"]["limits"]["memory"].is_string());
            }
        }
    }
}

/// Who keeps the CA elsewhere is given no right over it, nor to write configurations.
#[test]
fn rights_over_the_ca_come_with_its_mode() {
    let Some(helm) = Helm::find("helm4") else { return };
    for (values, has) in [("default", true), ("cert-manager", false), ("files", false)] {
        let file = chart().join(format!("ci/{values}-values.yaml"));
        let objects = by_identity(render(&helm, "vpcguard-system", &["--values", file.to_str().unwrap()]));
        assert_eq!(objects.contains_key("Role vpcguard-system/vpcguard-ca"), has, "{values}");
        assert_eq!(objects.contains_key("Secret vpcguard-system/vpcguard-ca"), has, "{values}");
        let rules = objects["ClusterRole vpcguard"]["rules"].to_string();
        assert!(rules.contains("admissionregistration.k8s.io"), "{values}");
        assert_eq!(rules.contains("patch"), has, "{values}");
    }
}

/// Whoever applies what `helm template` prints would take it for the configurations.
#[test]
fn without_a_cluster_there_is_no_hook_for_an_uninstall() {
    for helm in helms() {
        let objects = render(&helm, "vpcguard-system", &[]);
        let of = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).count();
        assert_eq!((of("ValidatingWebhookConfiguration"), of("MutatingWebhookConfiguration")), (1, 1));
    }
}

fn by_identity(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let count = objects.len();
    let map: BTreeMap<_, _> = objects.into_iter().map(|object| (identity(&object), object)).collect();
    assert_eq!(map.len(), count, "two objects of one name");
    map
}

/// All but what the chart adds to metadata, and whether the account's token is mounted.
fn content(object: &Value) -> Value {
    let mut object = object.clone();
    let fields = object.as_object_mut().unwrap();
    fields.remove("metadata");
    fields.remove("automountServiceAccountToken");
    object
}

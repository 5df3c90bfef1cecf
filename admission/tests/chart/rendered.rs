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
    entries.chain([chart().join("values-production.yaml")]).collect()
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

#[test]
fn pods_are_refused_only_where_a_cluster_comes_up_without_them() {
    let Some(helm) = Helm::find("helm4") else { return };
    let production = chart().join("values-production.yaml");
    let objects = by_identity(render(&helm, "guard", &["--values", production.to_str().unwrap()]));
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        let webhooks = objects[&format!("{kind} vpcguard")]["webhooks"].as_array().unwrap();
        for webhook in webhooks
            .iter()
            .filter(|webhook| webhook["name"] == "pods.vpcguard.io" || webhook["name"] == "workloads.vpcguard.io")
        {
            assert_eq!(webhook["failurePolicy"], "Fail");
            let expression = &webhook["namespaceSelector"]["matchExpressions"][0];
            assert_eq!(expression["operator"], "NotIn");
            assert_eq!(expression["values"], json!(["kube-system", "guard"]));
        }
    }
    let pods = |settings: Value| json!({"webhooks": {"failurePolicy": {"pods": "Fail"}}, "settings": settings});
    let forgotten = refusal(&helm, &pods(json!({"exempt": {"namespaces": ["infra"]}})));
    assert!(
        forgotten.contains(r#"webhooks.failurePolicy.pods: Fail needs "kube-system" in settings.exempt.namespaces"#),
        "{forgotten}"
    );
    let moved = json!({"exempt": {"namespaces": ["kube-system"]}, "kubeOvn": {"namespace": "kube-ovn"}});
    let moved = refusal(&helm, &pods(moved));
    assert!(moved.contains(r#"needs "kube-ovn" in"#), "{moved}");
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

/// Who keeps the CA elsewhere is given no right over it.
#[test]
fn rights_over_the_ca_come_with_its_mode() {
    let Some(helm) = Helm::find("helm4") else { return };
    for (values, has) in [("default", true), ("cert-manager", false), ("files", false)] {
        let file = chart().join(format!("ci/{values}-values.yaml"));
        let objects = by_identity(render(&helm, "vpcguard-system", &["--values", file.to_str().unwrap()]));
        assert_eq!(objects.contains_key("Role vpcguard-system/vpcguard-ca"), has, "{values}");
        assert_eq!(objects.contains_key("Secret vpcguard-system/vpcguard-ca"), has, "{values}");
        let rules = objects["ClusterRole vpcguard"]["rules"].to_string();
        assert_eq!(rules.contains("admissionregistration.k8s.io"), has, "{values}");
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

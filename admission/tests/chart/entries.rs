//! The entries of the webhook configurations as templates.

use serde_json::{Value, json};

use super::templates::{EXEMPT, KUBE_OVN, NAMESPACE, marked, yaml};

/// cert-manager's injector writes the caBundle; otherwise vpcguard does, or the values have it.
pub(crate) const INJECTOR: &str = r#"  {{- if eq .Values.tls.mode "cert-manager" }}
  annotations:
    cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/vpcguard
  {{- end }}
"#;

const SERVICE: &str = r#"  clientConfig:
    service:
      name: vpcguard
      namespace: {{ .Release.Namespace | quote }}
      path: PATH
      port: {{ .Values.service.port }}
    {{- if eq .Values.tls.mode "files" }}
    caBundle: {{ .Values.tls.files.caBundle | b64enc }}
    {{- end }}
"#;

/// Injections that the settings may switch off.
const VPCS: &str = r#"dig "inject" "vpcLb" "enabled" true .Values.settings"#;
const PODS: &str = r#"and (dig "inject" "logicalSwitch" true .Values.settings) (not (dig "kubeOvn" "nonPrimaryCNI" false .Values.settings))"#;

/// The list of a configuration.
pub(crate) fn webhooks(kind: &str, webhooks: &[Value]) -> String {
    if kind == "ValidatingWebhookConfiguration" {
        return webhooks.iter().fold("webhooks:\n".to_owned(), |text, webhook| text + &entry(webhook, None));
    }
    webhooks.iter().fold("webhooks:\n".to_owned(), |text, webhook| text + &entry(webhook, condition(webhook)))
}

/// On what an injection is asked for. The entry stays all the same, as in the program.
fn condition(webhook: &Value) -> Option<&'static str> {
    match webhook["name"].as_str().unwrap() {
        "vpcs.vpcguard.io" => Some(VPCS),
        "pods.vpcguard.io" => Some(PODS),
        other => panic!("when is {other} asked for? Say it here"),
    }
}

fn entry(webhook: &Value, condition: Option<&str>) -> String {
    let mut webhook = webhook.as_object().unwrap().clone();
    let mut take = |field: &str| webhook.remove(field).unwrap_or_default();
    let (name, selector, client) = (take("name"), take("namespaceSelector"), take("clientConfig"));
    take("failurePolicy");
    let rules = json!({"rules": take("rules")});
    let name = name.as_str().unwrap();
    let path = client["service"]["path"].as_str().unwrap();
    let service = json!({"name": "vpcguard", "namespace": NAMESPACE, "path": path, "port": 443});
    assert_eq!(client, json!({"service": service}));
    let rest = fields(&Value::Object(webhook));
    let rules = match condition {
        Some(condition) => {
            format!("  {{{{- if {condition} }}}}\n{}  {{{{- else }}}}\n  rules: []\n  {{{{- end }}}}\n", fields(&rules))
        }
        None => fields(&rules),
    };
    let policy = match name {
        // What is to go never waits for anybody.
        "deletions.vpcguard.io" => "  failurePolicy: Ignore\n".to_owned(),
        _ => format!("  failurePolicy: {{{{ .Values.webhooks.failurePolicy.{} }}}}\n", value(name)),
    };
    format!("- name: {name}\n{policy}{}{}{rules}{rest}", SERVICE.replace("PATH", path), namespaces(&selector))
}

/// The fields of an object, where those of an entry stand.
fn fields(object: &Value) -> String {
    let lines: Vec<_> = marked(&yaml(object)).lines().map(|line| format!("  {line}\n")).collect();
    lines.concat()
}

/// The value that has the failurePolicy of an entry.
fn value(name: &str) -> String {
    match name.strip_suffix(".vpcguard.io").unwrap() {
        // Its review has it.
        "vpcs" => "kubeOvn".to_owned(),
        entry => {
            let mut words = entry.split('-');
            let first = words.next().unwrap_or_default().to_owned();
            words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
        }
    }
}

/// The namespaces whose objects are sent.
fn namespaces(selector: &Value) -> String {
    if selector.is_null() {
        return String::new();
    }
    let expression = &selector["matchExpressions"][0];
    assert_eq!(*selector, json!({"matchExpressions": [expression]}));
    let helper = match (expression["operator"].as_str(), &expression["values"]) {
        (Some("In"), values) if *values == json!([KUBE_OVN]) => {
            return fields(&json!({"namespaceSelector": selector}));
        }
        (Some("NotIn"), values) if *values == json!([EXEMPT]) => "vpcguard.exemptNamespaces",
        (Some("NotIn"), values) if *values == json!([EXEMPT, NAMESPACE]) => "vpcguard.exemptNamespacesAndOwn",
        _ => panic!("what values make {selector}? Say it here"),
    };
    let key = expression["key"].as_str().unwrap();
    format!(
        "  {{{{- with include \"{helper}\" . | fromJsonArray }}}}\n  namespaceSelector:\n    matchExpressions:\n    - key: {key}\n      \
         operator: NotIn\n      values:\n      {{{{- toYaml . | nindent 6 }}}}\n  {{{{- end }}}}\n"
    )
}

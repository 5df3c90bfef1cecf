//! The entries of the webhook configurations as templates.

use serde_json::{Value, json};

use super::templates::{EXEMPT, FIRST, KUBE_OVN, NAMESPACE, marked, yaml};

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

/// Lists of namespaces as the program prints them, and who makes them of the values.
const LISTS: &[(&[&str], &str)] = &[
    (&[EXEMPT, "kube-system", KUBE_OVN, NAMESPACE, FIRST], "vpcguard.exemptAndFirst"),
    (&["kube-system", KUBE_OVN, NAMESPACE, EXEMPT, FIRST], "vpcguard.firstNamespaces"),
    (&["kube-system", KUBE_OVN, NAMESPACE, FIRST], FIRST_NOT_EXEMPT),
];

/// The one that may be empty.
const FIRST_NOT_EXEMPT: &str = "vpcguard.firstNotExempt";

/// The list of a configuration.
pub(crate) fn webhooks(kind: &str, webhooks: &[Value]) -> String {
    let injects = kind == "MutatingWebhookConfiguration";
    webhooks.iter().fold("webhooks:\n".to_owned(), |text, webhook| text + &entry(webhook, injects))
}

/// On what an injection is asked for. The entry stays all the same, as in the program.
fn injection(name: &str) -> &'static str {
    match name {
        "vpcs.vpcguard.io" => VPCS,
        "pods.vpcguard.io" | "pods-exempt.vpcguard.io" => PODS,
        other => panic!("when is {other} asked for? Say it here"),
    }
}

fn entry(webhook: &Value, injects: bool) -> String {
    let mut webhook = webhook.as_object().unwrap().clone();
    let mut take = |field: &str| webhook.remove(field).unwrap_or_default();
    let (name, selector, client) = (take("name"), take("namespaceSelector"), take("clientConfig"));
    let (policy, rules) = (take("failurePolicy"), json!({"rules": take("rules")}));
    let name = name.as_str().unwrap();
    let path = client["service"]["path"].as_str().unwrap();
    let service = json!({"name": "vpcguard", "namespace": NAMESPACE, "path": path, "port": 443});
    assert_eq!(client, json!({"service": service}));
    let policy = match name.strip_suffix("-exempt.vpcguard.io") {
        // That they are not at Fail is what they are for.
        Some(_) => policy.as_str().unwrap().to_owned(),
        // What is to go never waits for anybody.
        None if name == "deletions.vpcguard.io" => policy.as_str().unwrap().to_owned(),
        None => format!("{{{{ .Values.webhooks.failurePolicy.{} }}}}", value(name)),
    };
    let (namespaces, rest) = (namespaces(&selector), fields(&Value::Object(webhook)));
    let asks = [&namespaces, &rest].iter().any(|text| text.contains(FIRST_NOT_EXEMPT));
    let asks = asks.then(|| format!("include \"{FIRST_NOT_EXEMPT}\" . | fromJsonArray"));
    let conditions: Vec<_> = injects.then(|| injection(name).to_owned()).into_iter().chain(asks).collect();
    let rules = match conditions.as_slice() {
        [] => fields(&rules),
        [one] => optional(one, &fields(&rules), "  rules: []\n"),
        [one, other] => optional(&format!("and ({one}) ({other})"), &fields(&rules), "  rules: []\n"),
        more => panic!("{more:?}"),
    };
    format!("- name: {name}\n  failurePolicy: {policy}\n{}{namespaces}{rules}{rest}", SERVICE.replace("PATH", path))
}

/// Lines that are there on a condition, and others if not.
fn optional(condition: &str, lines: &str, otherwise: &str) -> String {
    format!("  {{{{- if {condition} }}}}\n{lines}  {{{{- else }}}}\n{otherwise}  {{{{- end }}}}\n")
}

/// The fields of an object, where those of an entry stand.
fn fields(object: &Value) -> String {
    let lists = LISTS.iter().fold(yaml(object), |text, (names, helper)| {
        text.replace(&json!(names).to_string(), &format!("{{{{ include \"{helper}\" . }}}}"))
    });
    let lines: Vec<_> = marked(&lists).lines().map(|line| format!("  {line}\n")).collect();
    lines.concat()
}

/// The value that has the failurePolicy of an entry.
fn value(name: &str) -> String {
    match name.strip_suffix(".vpcguard.io").unwrap() {
        // Its review has it.
        "vpcs" => "kubeOvn".to_owned(),
        // Those of KubeVirt are workloads too, with conditions of their own.
        "virtual-machines" => "workloads".to_owned(),
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
    if expression["values"] == json!([KUBE_OVN]) {
        return fields(&json!({"namespaceSelector": selector}));
    }
    let helper = LISTS.iter().find(|(names, _)| expression["values"] == json!(names));
    let (_, helper) = helper.unwrap_or_else(|| panic!("what values make {selector}? Say it here"));
    let [key, operator] = ["key", "operator"].map(|field| expression[field].as_str().unwrap());
    let lines = format!(
        "  namespaceSelector:\n    matchExpressions:\n    - key: {key}\n      operator: {operator}\n      values: {{{{ include \"{helper}\" . }}}}\n"
    );
    if *helper == FIRST_NOT_EXEMPT {
        return format!("  {{{{- if include \"{helper}\" . | fromJsonArray }}}}\n{lines}  {{{{- end }}}}\n");
    }
    lines
}

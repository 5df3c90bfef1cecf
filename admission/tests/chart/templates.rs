//! The templates that are made from what `vpcguard manifests` prints, so that the chart asks for nothing else.
//!
//! The program runs with settings that hold marks, and where a mark comes out, the template has what the values say.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use serde_saphyr::ser_options;
use vpcguard_policies::Settings;

use super::entries;
use super::manifests::{identity, print};

pub(crate) const NAMESPACE: &str = "vpcguard-system";
pub(crate) const KUBE_OVN: &str = "KUBEOVNNAMESPACE";
pub(crate) const EXEMPT: &str = "exempt-namespace";
pub(crate) const FIRST: &str = "first-namespace";
const USER: &str = "EXEMPTUSER";
const DELETER: &str = "EXEMPTDELETER";
/// What says where a file comes from. It is not a part of what is rendered.
const HEAD: &str = "{{- /* Made by `cargo xtask chart --write` from `vpcguard manifests`. */ -}}\n";

const IF_CRDS: &str = "if .Values.crds.install";
const IF_CLUSTER: &str = r#"if eq .Values.tls.mode "cluster""#;
const IF_READ_IPS: &str = "if .Values.settings.readIPs";
const IF_FLOW: &str = "if .Values.flowControl.enabled";

/// An object's file in templates/, and on what condition it is there.
const FILES: &[(&str, &str, Option<&str>)] = &[
    ("CustomResourceDefinition addressledgers.vpcguard.io", "crds/addressledgers.yaml", Some(IF_CRDS)),
    ("CustomResourceDefinition addressindices.vpcguard.io", "crds/addressindices.yaml", Some(IF_CRDS)),
    ("ClusterRole vpcguard", "rbac/clusterrole.yaml", None),
    ("ClusterRoleBinding vpcguard", "rbac/clusterrolebinding.yaml", None),
    ("Role KUBEOVNNAMESPACE/vpcguard", "rbac/kube-ovn-role.yaml", None),
    ("RoleBinding KUBEOVNNAMESPACE/vpcguard", "rbac/kube-ovn-rolebinding.yaml", None),
    ("Role vpcguard-system/vpcguard-ca", "rbac/ca-role.yaml", Some(IF_CLUSTER)),
    ("RoleBinding vpcguard-system/vpcguard-ca", "rbac/ca-rolebinding.yaml", Some(IF_CLUSTER)),
    ("PriorityLevelConfiguration vpcguard", "flowcontrol/prioritylevelconfiguration.yaml", Some(IF_FLOW)),
    ("FlowSchema vpcguard", "flowcontrol/flowschema.yaml", Some(IF_FLOW)),
    ("MutatingWebhookConfiguration vpcguard", "webhooks/mutating.yaml", None),
    ("ValidatingWebhookConfiguration vpcguard", "webhooks/validating.yaml", None),
];

/// What the release has already, or the chart has a template of its own for.
const OWN: &[&str] = &["Namespace vpcguard-system", "ServiceAccount vpcguard-system/vpcguard"];

/// The made files of the chart, by their paths in it.
pub(crate) fn templates() -> BTreeMap<String, String> {
    let settings = json!({
        "kubeOvn": {"namespace": KUBE_OVN},
        "exempt": {"users": [USER], "namespaces": [EXEMPT], "deleters": [DELETER]},
    });
    let mut files = BTreeMap::from([("templates/_accounts.tpl".to_owned(), accounts())]);
    // Both stand among those that come first, so that the three lists of namespaces can be told apart.
    let first = ["--failure-policy-exempt", EXEMPT, "--failure-policy-exempt", FIRST];
    for object in
        print(&settings.to_string(), &first).into_iter().filter(|object| !OWN.contains(&identity(object).as_str()))
    {
        let name = identity(&object);
        let (_, path, condition) = FILES.iter().find(|(known, ..)| *known == name).unwrap_or_else(|| {
            panic!("the chart has no place for {name}, which `vpcguard manifests` prints: add it to FILES")
        });
        let text = template(object);
        let text = match condition {
            Some(condition) => format!("{HEAD}{{{{- {condition} }}}}\n{text}{{{{- end }}}}\n"),
            None => format!("{HEAD}{text}"),
        };
        files.insert(format!("templates/{path}"), text);
    }
    assert_eq!(files.len(), FILES.len() + 1, "`vpcguard manifests` no longer prints all of FILES");
    files
}

/// The accounts of Kube-OVN that pass without review, as of the program's own default.
fn accounts() -> String {
    let users = Settings::default().exempt.users;
    let names = users.iter().map(|user| user.strip_prefix("system:serviceaccount:kube-system:").unwrap());
    let names = json!(names.collect::<Vec<_>>());
    let mut text = format!("{HEAD}{{{{- define \"vpcguard.kubeOvnAccounts\" -}}}}\n{names}\n{{{{- end }}}}\n");
    let deleters = json!(Settings::default().exempt.deleters);
    write!(text, "\n{{{{- define \"vpcguard.deleters\" -}}}}\n{deleters}\n{{{{- end }}}}\n").unwrap();
    text
}

fn template(mut object: Value) -> String {
    let fields = object.as_object_mut().unwrap();
    let mut take = |field: &str| fields.remove(field).unwrap_or_default();
    let (version, kind, metadata) = (take("apiVersion"), take("kind"), take("metadata"));
    let (version, kind) = (version.as_str().unwrap(), kind.as_str().unwrap());
    let mut text =
        format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {}\n", metadata["name"].as_str().unwrap());
    if let Some(namespace) = metadata["namespace"].as_str() {
        text += &marked(&format!("  namespace: {namespace}\n"));
    }
    text += "  labels:\n    {{- include \"vpcguard.labels\" . | nindent 4 }}\n";
    match kind {
        "CustomResourceDefinition" => text += "  annotations:\n    helm.sh/resource-policy: keep\n",
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            text += entries::INJECTOR;
            return text + &entries::webhooks(kind, take("webhooks").as_array().unwrap());
        }
        "ClusterRole" => return text + &rules(take("rules").as_array().unwrap()),
        _ => {}
    }
    text + &marked(&yaml(&object))
}

/// The rules of the cluster's role. Configurations are written for the caBundle, and IPs watched where a setting says so.
fn rules(rules: &[Value]) -> String {
    let mut text = "rules:\n".to_owned();
    for rule in rules {
        let yaml = marked(&yaml(&json!([rule])));
        if rule["apiGroups"] == json!(["admissionregistration.k8s.io"]) {
            assert!(yaml.ends_with("  - get\n  - patch\n"), "something else is done to configurations: {yaml}");
            let patch = format!("{{{{- {IF_CLUSTER} }}}}\n  - patch\n{{{{- end }}}}\n");
            text += &yaml.replace("  - patch\n", &patch);
        } else if rule["resources"] == json!(["ips"]) {
            let read = |verb: &str| format!("{{{{- {IF_READ_IPS} }}}}\n  - {verb}\n{{{{- end }}}}\n");
            assert!(yaml.ends_with("  - list\n"), "more than a list of IPs is allowed by default: {yaml}");
            text += &yaml.replace("  - list\n", &format!("{}  - list\n{}", read("get"), read("watch")));
        } else {
            text += &yaml;
        }
    }
    text
}

pub(crate) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    let options = ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_fmt_writer_with_options(&mut text, value, options).unwrap();
    assert!(!text.contains("{{"), "Helm would take this for a template: {text}");
    text
}

/// Lines with what the values say in the places of marks.
pub(crate) fn marked(text: &str) -> String {
    const OWN: &str = "{{ .Release.Namespace }}";
    const WHOLE: &[(&str, &str)] = &[
        (NAMESPACE, "{{ .Release.Namespace | quote }}"),
        (KUBE_OVN, "{{ include \"vpcguard.kubeOvnNamespace\" . | quote }}"),
    ];
    let mut lines = String::new();
    for line in text.lines() {
        let indent = " ".repeat(line.len() - line.trim_start().len());
        let whole = WHOLE.iter().find_map(|(mark, value)| {
            let before = line.strip_suffix(mark)?;
            (before.ends_with(": ") || before.ends_with("- ")).then(|| format!("{before}{value}"))
        });
        let listed = [(USER, "exemptUsers"), (DELETER, "exemptDeleters")]
            .into_iter()
            .find(|(mark, _)| line.trim() == format!("\"{mark}\","));
        if let Some(line) = whole {
            lines += &line;
        } else if let Some((_, helper)) = listed {
            writeln!(lines, "{indent}{{{{- range include \"vpcguard.{helper}\" . | fromJsonArray }}}}").unwrap();
            write!(lines, "{indent}{{{{ toRawJson . }}}},\n{indent}{{{{- end }}}}").unwrap();
        } else {
            lines += &line.replace(NAMESPACE, OWN);
        }
        lines.push('\n');
    }
    for mark in [KUBE_OVN, EXEMPT, FIRST, USER, DELETER, NAMESPACE] {
        assert!(!lines.contains(mark), "{mark} stands where no template can take its place:\n{lines}");
    }
    lines
}

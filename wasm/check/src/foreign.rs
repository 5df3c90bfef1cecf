//! What of a repository is not a Kubernetes object, and is none of a check's business: kustomizations, charts and their values,
//! workflows, the configuration of tools.
//!
//! What was meant as an object and lacks something is no such thing: it is an error.

use serde_json::{Map, Value};
use vpcguard_policies::Kind;

/// What a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// An object.
    Object,
    /// An object that lacks something.
    Broken(String),
    /// An object of which this field was read as a value of this type, because it has no quotes.
    Unquoted(&'static str, &'static str),
    /// Something else.
    Foreign(&'static str),
}

/// The API groups of what is written like an object, is read by a tool, and is stored in no cluster.
const OF_TOOLS: &[&str] = &["kustomize.config.k8s.io", "kubeadm.k8s.io", "kubelet.config.k8s.io", "kind.x-k8s.io"];

/// The API group of Kube-OVN.
const KUBE_OVN: &str = "kubeovn.io";

impl Sort {
    /// What a value is that is a document, or an item of a list.
    pub(crate) fn of(value: &Value) -> Self {
        let fields = match value {
            Value::Object(fields) => fields,
            Value::Array(_) => return Self::Foreign("not a Kubernetes object: it is a list"),
            Value::String(_) => return Self::Foreign("not a Kubernetes object: it is a string"),
            Value::Number(_) => return Self::Foreign("not a Kubernetes object: it is a number"),
            Value::Bool(_) => return Self::Foreign("not a Kubernetes object: it is a boolean"),
            Value::Null => return Self::Foreign("not a Kubernetes object: it is null"),
        };
        let text = |field: &str| fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let group = api_version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
        if group.is_some_and(|group| OF_TOOLS.contains(&group)) {
            return Self::Foreign("not a Kubernetes object: it is the configuration of a tool");
        }
        let metadata = fields.get("metadata").filter(|metadata| metadata.is_object());
        let named = |field: &str| metadata.is_some_and(|metadata| metadata.get(field).is_some_and(is_text));
        let has_name = named("name") || named("generateName");
        let mut missing = Vec::new();
        missing.extend(api_version.is_none().then_some("apiVersion"));
        missing.extend(kind.is_none().then_some("kind"));
        missing.extend((!has_name).then_some("metadata.name"));
        if missing.is_empty() {
            return Self::Object;
        }
        let is_meant = match (group, kind) {
            (Some(group), Some(kind)) => is_known(group, kind) || metadata.is_some(),
            // `apiVersion: v1` begins a chart too.
            (Some(group), None) => group == KUBE_OVN || metadata.is_some(),
            (None, Some(kind)) => Kind::ALL.iter().any(|known| known.name() == kind),
            (None, None) => metadata.is_some() && fields.contains_key("spec"),
        };
        if let Some((field, kind)) = unquoted(fields).filter(|_| is_meant) {
            Self::Unquoted(field, kind)
        } else if is_meant {
            Self::Broken(format!("not a Kubernetes object: it needs {} (a string)", missing.join(", ")))
        } else {
            Self::Foreign("not a Kubernetes object: it has no apiVersion, kind and name")
        }
    }
}

/// The first of the fields that an object needs that YAML reads as something else than a text, as the name `y` or `123`.
fn unquoted(fields: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let metadata = |field: &str| fields.get("metadata")?.get(field);
    let needed = [
        ("apiVersion", fields.get("apiVersion")),
        ("kind", fields.get("kind")),
        ("metadata.name", metadata("name")),
        ("metadata.generateName", metadata("generateName")),
    ];
    needed.into_iter().find_map(|(field, value)| match value? {
        Value::Bool(_) => Some((field, "boolean")),
        Value::Number(_) => Some((field, "number")),
        _ => None,
    })
}

fn is_known(group: &str, kind: &str) -> bool {
    group == KUBE_OVN || Kind::find(group, kind).is_some()
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_other_tools_read_is_passed_over() {
        for foreign in [
            json!([]),
            json!("a: b"),
            json!({}),
            json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": {"name": "a"}}),
            json!({"apiVersion": "v2", "name": "chart", "version": "0.1.0"}),
            json!({"apiVersion": "v1", "name": "chart", "version": "0.1.0"}),
            json!({"apiVersion": "v1", "kind": "Config", "clusters": []}),
            json!({"on": {"push": null}, "jobs": {}}),
            json!({"services": {"db": {"image": "postgres"}}}),
            json!({"kind": "pipeline", "steps": []}),
            json!({"replicaCount": 1, "metadata": {"labels": {}}}),
        ] {
            assert!(matches!(Sort::of(&foreign), Sort::Foreign(_)), "{foreign}");
        }
    }

    #[test]
    fn what_was_meant_as_an_object_must_be_one() {
        for (object, missing) in [
            (json!({"apiVersion": "kubeovn.io/v1", "kind": "Subnet"}), "metadata.name"),
            (json!({"apiVersion": "kubeovn.io/v1", "kind": "SubNet", "spec": {}}), "metadata.name"),
            (json!({"apiVersion": "kubeovn.io/v1", "metadata": {"name": "a"}}), "kind"),
            (json!({"kind": "Subnet", "metadata": {"name": "a"}}), "apiVersion"),
            (json!({"kind": "Pod", "spec": {}}), "apiVersion, metadata.name"),
            (json!({"metadata": {"name": "a"}, "spec": {}}), "apiVersion, kind"),
            (json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": []}}), "metadata.name"),
            (json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {}}), "metadata.name"),
        ] {
            let wanted = format!("not a Kubernetes object: it needs {missing} (a string)");
            assert_eq!(Sort::of(&object), Sort::Broken(wanted), "{object}");
        }
        let object = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"generateName": "a-"}});
        assert_eq!(Sort::of(&object), Sort::Object);
    }
}

//! The objects of a cluster, as the policy server holds them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use vpcguard_policies::Kind;

/// By version and kind, then by namespace and name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    kinds: BTreeMap<(String, String), BTreeMap<(String, String), Value>>,
}

impl Store {
    /// Takes objects in; of two with the same name the later one stays.
    pub(crate) fn of(objects: impl IntoIterator<Item = Value>) -> Self {
        let mut store = Self::default();
        objects.into_iter().for_each(|object| store.put(object));
        store
    }

    pub(crate) fn put(&mut self, mut object: Value) {
        let text =
            |object: &Value, path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        // An API server shows an object in the version that it is asked for.
        let known = Kind::of(&object);
        if let (Some(kind), Some(fields)) = (known, object.as_object_mut()) {
            fields.insert("apiVersion".to_owned(), json!(kind.api_version()));
        }
        let kind = (text(&object, "/apiVersion"), text(&object, "/kind"));
        let mut namespace = text(&object, "/metadata/namespace");
        if !known.is_some_and(Kind::is_namespaced) {
            namespace.clear();
        }
        let name = text(&object, "/metadata/name");
        self.kinds.entry(kind).or_default().insert((namespace, name), object);
    }

    pub(crate) fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        let kind = self.kinds.get(&(api_version.to_owned(), kind.to_owned()))?;
        kind.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All of a kind, or those of a namespace.
    pub(crate) fn list(&self, api_version: &str, kind: &str, namespace: Option<&str>) -> Vec<&Value> {
        let kind = self.kinds.get(&(api_version.to_owned(), kind.to_owned()));
        let all = kind.into_iter().flatten();
        all.filter(|((found, _), _)| namespace.is_none_or(|wanted| wanted == found)).map(|(_, object)| object).collect()
    }

    /// All objects.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.kinds.values().flat_map(BTreeMap::values)
    }
}

/// An object as a list of the policy server has it: without what only `kubectl` and the API server need, and with the
/// empty remains of it.
pub(crate) fn lightened(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.insert("managedFields".to_owned(), json!([]));
        let annotations = meta.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    object
}

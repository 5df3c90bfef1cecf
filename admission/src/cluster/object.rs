//! An object as the API server sends it, of whatever kind.

use std::cell::Cell;

use serde::de::DeserializeSeed;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use vpcguard_policies::Kind;

use super::shallow::Shallow;
use crate::ledger::ResourceVersion;

/// Annotations that rules read in other objects begin so.
const READ: [&str; 2] = ["ovn.kubernetes.io/", "vpcguard.io/"];

/// An object of any kind.
#[derive(Clone, Debug)]
pub(crate) struct RawObject(pub(crate) Value);

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
        Shallow::counting(&Cell::new(usize::MAX)).deserialize(object).map(Self)
    }
}

impl RawObject {
    pub(crate) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// `<namespace>/<name>`, or the name alone.
    pub(super) fn full_name(&self) -> String {
        match (self.namespace(), self.name()) {
            ("", name) => name.to_owned(),
            (namespace, name) => format!("{namespace}/{name}"),
        }
    }

    pub(crate) fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    pub(crate) fn generation(&self) -> i64 {
        self.0.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default()
    }

    /// Its resourceVersion; zero, which is older than any, where that is not a number.
    pub(crate) fn version(&self) -> ResourceVersion {
        ResourceVersion::parse(self.text("/metadata/resourceVersion")).unwrap_or_default()
    }

    /// With what lists leave out in each item, and without what nobody reads and makes half of its size.
    pub(crate) fn whole(self, kind: Kind) -> Value {
        let mut object = self.0;
        if let Some(fields) = object.as_object_mut() {
            fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
            fields.entry("kind").or_insert_with(|| kind.name().into());
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        object
    }

    /// Without what no rule reads in an object other than the one under review: most of its size is there.
    pub(super) fn stripped(mut self) -> Self {
        if let Some(metadata) = self.0.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.retain(|key, _| READ.iter().any(|prefix| key.starts_with(prefix)));
            }
        }
        self
    }

    fn text(&self, path: &str) -> &str {
        self.0.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_of_lists_become_whole_objects() {
        let item = json!({"metadata": {"name": "a", "managedFields": [1]}});
        let wanted = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}});
        assert_eq!(RawObject(item).whole(Kind::Deployment), wanted);
    }

    #[test]
    fn what_no_rule_reads_is_not_kept() {
        let object = RawObject(json!({"metadata": {
            "name": "a", "uid": "u", "generation": 3, "resourceVersion": "42", "managedFields": [1],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "vpcguard.io/allow": "x"},
        }}));
        assert_eq!(
            (object.name(), object.uid(), object.generation(), object.version()),
            ("a", "u", 3, ResourceVersion(42))
        );
        let stripped = object.stripped().0;
        assert_eq!(stripped["metadata"]["annotations"], json!({"vpcguard.io/allow": "x"}));
        assert_eq!(stripped["metadata"].get("managedFields"), None);
    }
}

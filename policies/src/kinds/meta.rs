//! The metadata of an object.

use std::collections::BTreeMap;

use crate::json::Reader;
use crate::net::list_items;

/// The annotation by which an administrator switches rules off for one object.
pub const ALLOW: &str = "vpcguard.io/allow";

/// The annotation in which kubectl keeps what was written, also what the API server has dropped since.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The part of an object's metadata that rules read.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// The name; empty while the API server has yet to make one up.
    pub name: String,
    /// The beginning of the name that the API server makes up.
    pub generate_name: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
    /// Whether the object is being deleted.
    pub deleting: bool,
}

/// What tells an object from others of its kind: its name, after its namespace if it has one.
pub fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

impl Meta {
    pub(crate) fn read(object: &Reader) -> Self {
        let meta = object.at("metadata");
        Self {
            name: meta.at("name").string(),
            generate_name: meta.at("generateName").string(),
            namespace: meta.at("namespace").string(),
            labels: meta.at("labels").string_map(),
            annotations: meta.at("annotations").string_map(),
            deleting: meta.at("deletionTimestamp").is_present(),
        }
    }

    /// An annotation's value; none where it is absent.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// Whether the object's own annotation switches a rule off.
    pub fn allows(&self, rule: &str) -> bool {
        self.annotation(ALLOW).is_some_and(|rules| list_items(rules).any(|listed| listed == rule))
    }

    /// The name as a user knows it: with a star where the API server will fill in the rest.
    pub fn display_name(&self) -> String {
        if self.name.is_empty() && !self.generate_name.is_empty() {
            format!("{}*", self.generate_name)
        } else {
            self.name.clone()
        }
    }
}

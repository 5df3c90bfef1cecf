//! What kinds are called, and the names of their objects.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::KUBE_OVN_GROUP;
use super::table::for_each_kind;

/// Whether objects of a kind are in namespaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Cluster,
    Namespaced,
}

/// What a kind is called: API group, version, kind and plural, and where its objects are.
struct Names(&'static str, &'static str, &'static str, &'static str, Scope);

macro_rules! kinds {
    ($($variant:ident($type:ident) {
        $($(#[$doc:meta])* $kind:ident: $group:literal $version:literal $name:literal $plural:literal $scope:ident;)+
    })+) => {
        /// The kinds that rules know. Objects of any other kind are admitted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($($(#[$doc])* $kind,)+)+
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[$($(Kind::$kind,)+)+];

            const fn names(self) -> &'static Names {
                match self {
                    $($(Kind::$kind => &Names($group, $version, $name, $plural, Scope::$scope),)+)+
                }
            }
        }
    };
}

for_each_kind!(kinds);

impl Kind {
    /// The kind of this API group and name, in whatever version.
    pub fn find(group: &str, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name && kind.group() == group)
    }

    /// The kind of a whole object, by its `apiVersion` and `kind`.
    pub fn of(object: &Value) -> Option<Self> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        Self::find(group, object.get("kind")?.as_str()?)
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        self.names().0
    }

    /// The version that Kubernetes and Kube-OVN serve.
    pub fn version(self) -> &'static str {
        self.names().1
    }

    /// The name: `Subnet`.
    pub fn name(self) -> &'static str {
        self.names().2
    }

    /// The resource, as URLs and RBAC have it: `vpc-nat-gateways`.
    pub fn plural(self) -> &'static str {
        self.names().3
    }

    /// Whether objects of this kind are in namespaces.
    pub fn is_namespaced(self) -> bool {
        self.names().4 == Scope::Namespaced
    }

    /// Whether objects of this kind are written by administrators, who may except them from rules by an annotation.
    pub fn may_be_excepted(self) -> bool {
        self.group() == KUBE_OVN_GROUP && !self.is_namespaced()
    }

    /// Whether objects of this kind are kept, so that they can be listed. A Binding is done and gone.
    pub fn is_stored(self) -> bool {
        self != Kind::Binding
    }

    /// `kubeovn.io/v1`, or `v1` for the core group.
    pub fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => [group, "/", self.version()].concat(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `kubeovn.io/v1`.
    pub api_version: String,
    /// `Subnet`.
    pub kind: String,
    /// The namespace; none for cluster-scoped kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectRef {
    /// A cluster-scoped object.
    pub fn new(kind: Kind, name: &str) -> Self {
        let name = a_name(name).to_owned();
        Self { api_version: kind.api_version(), kind: kind.name().to_owned(), namespace: None, name }
    }

    /// An object in a namespace.
    pub fn namespaced(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { namespace: Some(a_name(namespace).to_owned()), ..Self::new(kind, name) }
    }
}

/// How long the name of an object may be, in bytes.
pub const LONGEST_NAME: usize = 253;

/// Whether an API server has the kinds of an API group without a definition, and holds their fields to their types.
pub fn is_built_in(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// The resources of kinds by API group, in the order of the kinds, as roles name them.
pub fn by_group(kinds: impl Iterator<Item = Kind>) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(_, Vec<_>)> = Vec::new();
    for kind in kinds {
        match groups.iter_mut().find(|(group, _)| *group == kind.group()) {
            Some((_, plurals)) => plurals.push(kind.plural()),
            None => groups.push((kind.group(), vec![kind.plural()])),
        }
    }
    groups
}

/// Whether an object can have this name: a subdomain, as RFC 1123 has it.
pub fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.split('.').all(is_label)
}

/// Whether a text is a part of a name between its dots, however long.
pub fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A text that may be a name. Of a longer one only so much is kept that it is none: a thousand findings may speak of it.
fn a_name(text: &str) -> &str {
    text.char_indices().nth(LONGEST_NAME + 1).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_subdomain() {
        for name in ["a", "a-b.c", "0"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(254);
        for name in ["", "a/b", "..", "A", "a_b", "-a", "a.", "ä", "a b", &long] {
            assert!(!is_name(name), "{name}");
        }
    }
}

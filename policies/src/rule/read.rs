//! Which fields a rule reads, so that an UPDATE that leaves them alone need not be judged again.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::kinds::Kind;

/// A field, or a group of annotations, that a rule reads. Those of a Pod are found in every workload's template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// A field of the object, and all within it: `spec.cidrBlock`.
    Field(&'static str),
    /// An annotation of the object.
    Annotation(&'static str),
    /// The annotations of the object whose keys end so.
    AnnotationsEnding(&'static str),
    /// A label of the object.
    Label(&'static str),
    /// All labels of the object.
    Labels,
    /// A field of the Pod: `spec.hostNetwork`.
    PodField(&'static str),
    /// An annotation of the Pod.
    PodAnnotation(&'static str),
    /// The annotations of the Pod whose keys end so.
    PodAnnotationsEnding(&'static str),
    /// The annotations of the Pod whose keys hold this, with the name of an interface behind it.
    PodAnnotationsHolding(&'static str),
    /// The networks of a virtual machine.
    MachineNetworks,
}

impl Read {
    /// Whether two versions of an object differ in it.
    pub(crate) fn differs(self, kind: Kind, new: &Value, old: &Value) -> bool {
        match self {
            Read::Field(path) => get(new, path) != get(old, path),
            Read::Annotation(key) => entry(new, "annotations", key) != entry(old, "annotations", key),
            Read::Label(key) => entry(new, "labels", key) != entry(old, "labels", key),
            Read::Labels => get(new, "metadata.labels") != get(old, "metadata.labels"),
            Read::PodField(path) => get(pod(kind, new), path) != get(pod(kind, old), path),
            Read::PodAnnotation(key) => {
                entry(pod(kind, new), "annotations", key) != entry(pod(kind, old), "annotations", key)
            }
            Read::AnnotationsEnding(suffix) => annotations_ending(new, suffix).ne(annotations_ending(old, suffix)),
            Read::PodAnnotationsEnding(suffix) => {
                let ending = |object| annotations_ending(pod(kind, object), suffix);
                ending(new).ne(ending(old))
            }
            Read::PodAnnotationsHolding(part) => {
                let holding = |object| annotations(pod(kind, object), move |key| key.contains(part));
                holding(new).ne(holding(old))
            }
            Read::MachineNetworks => get(pod(kind, new), "spec.networks") != get(pod(kind, old), "spec.networks"),
        }
    }

    /// The read as a text, for documents: `metadata.annotations[ovn.kubernetes.io/vpc_lb]`.
    pub fn describe(self) -> Cow<'static, str> {
        match self {
            Read::Field(path) | Read::PodField(path) => Cow::Borrowed(path),
            Read::Annotation(key) | Read::PodAnnotation(key) => Cow::Owned(format!("metadata.annotations[{key}]")),
            Read::Label(key) => Cow::Owned(format!("metadata.labels[{key}]")),
            Read::Labels => Cow::Borrowed("metadata.labels"),
            Read::AnnotationsEnding(suffix) | Read::PodAnnotationsEnding(suffix) => {
                Cow::Owned(format!("metadata.annotations[*{suffix}]"))
            }
            Read::PodAnnotationsHolding(part) => Cow::Owned(format!("metadata.annotations[*{part}*]")),
            Read::MachineNetworks => Cow::Borrowed("spec.networks"),
        }
    }
}

/// A field, where null is the same as none.
fn get<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(object, |value, field| value.get(field)).filter(|value| !value.is_null())
}

fn entry<'v>(object: &'v Value, map: &str, key: &str) -> Option<&'v Value> {
    object.get("metadata")?.get(map)?.get(key)
}

fn pod(kind: Kind, object: &Value) -> &Value {
    match kind.pod_path() {
        "" => object,
        path => get(object, path).unwrap_or(&Value::Null),
    }
}

fn annotations_ending<'v>(object: &'v Value, suffix: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    annotations(object, move |key| key.ends_with(suffix))
}

fn annotations(object: &Value, is_read: impl Fn(&str) -> bool) -> impl Iterator<Item = (&String, &Value)> {
    let annotations = get(object, "metadata.annotations").and_then(Value::as_object);
    annotations.into_iter().flat_map(Map::iter).filter(move |(key, _)| is_read(key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_read_makes_a_difference() {
        let old =
            json!({"metadata": {"annotations": {"a": "1", "x.io/b": "1"}, "labels": {"l": "1"}}, "spec": {"c": [1]}});
        let differing = |new: Value| {
            let all = [
                Read::Field("spec.c"),
                Read::Annotation("a"),
                Read::Label("l"),
                Read::Labels,
                Read::PodAnnotationsEnding(".io/b"),
                Read::PodAnnotationsHolding(".io/"),
            ];
            all.into_iter().filter(|read| read.differs(Kind::Pod, &new, &old)).collect::<Vec<_>>()
        };
        let with = |pointer: &str, value: Value| {
            let mut new = old.clone();
            *new.pointer_mut(pointer).unwrap() = value;
            new
        };
        assert!(differing(old.clone()).is_empty());
        assert_eq!(differing(with("/spec/c", json!([2]))), [Read::Field("spec.c")]);
        assert_eq!(differing(with("/metadata/annotations/a", json!("2"))), [Read::Annotation("a")]);
        let suffix = [Read::PodAnnotationsEnding(".io/b"), Read::PodAnnotationsHolding(".io/")];
        assert_eq!(differing(with("/metadata/annotations/x.io~1b", json!("2"))), suffix);
        assert_eq!(differing(with("/metadata/labels/l", json!("2"))), [Read::Label("l"), Read::Labels]);
    }

    #[test]
    fn the_annotations_of_what_makes_no_pod_are_its_own() {
        let service = |switch: &str| json!({"metadata": {"annotations": {"x.io/switch": switch}}});
        let read = Read::AnnotationsEnding(".io/switch");
        assert!(read.differs(Kind::Service, &service("a"), &service("b")));
        assert!(read.differs(Kind::Service, &service("a"), &json!({"metadata": {}})));
        assert!(!read.differs(Kind::Service, &service("a"), &service("a")));
        assert!(!Read::AnnotationsEnding(".io/other").differs(Kind::Service, &service("a"), &service("b")));
    }

    #[test]
    fn a_null_field_is_no_field() {
        assert!(!Read::Field("spec.vlan").differs(
            Kind::Subnet,
            &json!({"spec": {"vlan": null}}),
            &json!({"spec": {}})
        ));
    }

    #[test]
    fn the_pod_of_a_workload_is_its_template() {
        let of = |switch: &str| json!({"spec": {"template": {"metadata": {"annotations": {"s": switch}}}}});
        assert!(Read::PodAnnotation("s").differs(Kind::Deployment, &of("a"), &of("b")));
        assert!(!Read::PodAnnotation("s").differs(Kind::Deployment, &of("a"), &of("a")));
    }
}

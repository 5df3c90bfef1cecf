//! Injects what is absent and can only mean one thing.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::field::FieldPath;
use crate::finding::{Injection, Verdict};
use crate::inventory::{Answer, ClusterView, ViewError};
use crate::request::{Attributes, Operation, Request, TypedObject, is_exempt};
use crate::rule::{Annotation, InjectContext};
use crate::rules::INJECTIONS;
use crate::settings::Settings;

/// The object with what is to be injected; nothing where there is nothing to inject.
///
/// # Errors
///
/// A read of the cluster that failed.
pub fn mutate(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    let injects = |attributes: &Attributes<'_>| INJECTIONS.iter().any(|rule| rule.kind == attributes.kind);
    let Some(attributes) = request.attributes().filter(injects) else { return Ok(Verdict::admitted()) };
    let new = TypedObject::read(attributes.kind, Cow::Borrowed(&request.object), &settings.kube_ovn);
    if is_exempt(&attributes, &new.object, settings) {
        return Ok(Verdict::admitted());
    }
    let (injected, mutated_object) = injected(&attributes, &new, cluster, settings)?;
    Ok(Verdict { injected, mutated_object, ..Verdict::admitted() })
}

/// What is to be injected into an object that is not exempt, and the object with it.
pub(crate) fn injected(
    attributes: &Attributes<'_>,
    new: &TypedObject<'_>,
    cluster: &dyn ClusterView,
    settings: &Settings,
) -> Answer<(Vec<Injection>, Option<Value>)> {
    let (mut injected, mut mutated_object) = (Vec::new(), None);
    // A new object is not being deleted, whatever it says: the API server takes that out after it has attributes.
    let is_open = match attributes.operation {
        Operation::Create => true,
        Operation::Update => !new.object.meta().deleting,
        Operation::AtRest | Operation::Delete | Operation::Connect => false,
    };
    if !is_open {
        return Ok((injected, None));
    }
    let context = InjectContext {
        cluster,
        settings,
        operation: attributes.operation,
        namespace: attributes.namespace_of(&new.object),
    };
    for rule in INJECTIONS.iter().filter(|rule| rule.kind == attributes.kind) {
        let Some(Annotation { key, value, because }) = (rule.inject)(&new.object, &context)? else { continue };
        let mutated = mutated_object.get_or_insert_with(|| new.json.clone().into_owned());
        if annotate(mutated, key, &value) {
            let field = FieldPath::annotation(key);
            injected.push(Injection { rule: rule.id, field, value, because });
        }
    }
    let mutated_object = mutated_object.filter(|_| !injected.is_empty());
    Ok((injected, mutated_object))
}

/// Sets an annotation; not in an object whose metadata are of the wrong type.
fn annotate(object: &mut Value, key: &str, value: &str) -> bool {
    let annotations = object.get_mut("metadata").and_then(Value::as_object_mut).and_then(|metadata| {
        let annotations = metadata.entry("annotations").or_insert(Value::Null);
        if annotations.is_null() {
            *annotations = Value::Object(Map::new());
        }
        annotations.as_object_mut()
    });
    annotations.map(|annotations| annotations.insert(key.to_owned(), value.into())).is_some()
}

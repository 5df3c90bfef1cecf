//! Injects what is absent and can only mean one thing.

use serde_json::{Map, Value};

use crate::field::FieldPath;
use crate::kinds::Object;
use crate::request::{Operation, Request};
use crate::review::is_exempt;
use crate::rules::INJECTIONS;
use crate::settings::Settings;
use crate::verdict::{Injection, Verdict};
use crate::view::{Answer, ClusterView, ViewError};

/// What an injecting rule has at hand.
pub(crate) struct Injecting<'a> {
    pub(crate) cluster: &'a dyn ClusterView,
    pub(crate) settings: &'a Settings,
    pub(crate) operation: Operation,
    pub(crate) namespace: &'a str,
}

/// An annotation that a rule injects, and why.
pub(crate) struct Annotation {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) because: String,
}

pub(crate) type Inject = fn(&Object, &Injecting<'_>) -> Answer<Option<Annotation>>;

/// The object with what is to be injected; nothing where there is nothing to inject.
///
/// # Errors
///
/// A read of the cluster that failed.
pub fn mutate(request: &Request, cluster: &dyn ClusterView, settings: &Settings) -> Result<Verdict, ViewError> {
    let nothing = Ok(Verdict::admitted());
    let Some(kind) = request.kind else { return nothing };
    if !matches!(request.operation, Operation::Create | Operation::Update) {
        return nothing;
    }
    let rules: Vec<_> = INJECTIONS.iter().filter(|rule| rule.kind == kind).collect();
    if rules.is_empty() {
        return nothing;
    }
    let (object, _) = Object::read(kind, &request.object, &settings.kube_ovn);
    if object.meta().deleting || is_exempt(request, kind, &object, settings) {
        return nothing;
    }
    let at_hand =
        Injecting { cluster, settings, operation: request.operation, namespace: request.namespace_of(&object) };
    let mut verdict = Verdict::admitted();
    for rule in rules {
        let Some(Annotation { key, value, because }) = (rule.inject)(&object, &at_hand)? else { continue };
        let mutated = verdict.mutated_object.get_or_insert_with(|| request.object.clone());
        if annotate(mutated, key, &value) {
            let field = FieldPath::annotation(key);
            verdict.injected.push(Injection { rule: rule.id, field, value, because });
        }
    }
    if verdict.injected.is_empty() {
        verdict.mutated_object = None;
    }
    Ok(verdict)
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

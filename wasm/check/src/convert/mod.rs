//! A `VpcNatGateway` of Kube-OVN v1.7 to v1.9, which had its addresses and rules inside, as the objects that these are since
//! v1.10, when Kube-OVN's definition lost the fields.

mod named;
mod objects;
mod old;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};
use vpcguard_policies::Kind;
use vpcguard_policies::field::FieldPath;
use vpcguard_policies::kinds::{FIELDS_INSIDE, LAST_APPLIED};

use crate::document::Document;
use old::Old;

pub(crate) use named::notes;

/// An object of today.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The object.
    pub object: Value,
    /// What of it has another meaning than before, or had to be made up, a line each.
    pub comments: Vec<String>,
}

/// Why an old gateway has no objects of today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// Where the fault is.
    pub field: FieldPath,
    /// What it is.
    pub detail: String,
    /// Whether the field is that of the text in the annotation of kubectl, and not of the object itself.
    pub is_last_applied: bool,
}

impl ConvertError {
    /// Where in a manifest the fault is written.
    pub fn place(&self) -> FieldPath {
        if self.is_last_applied { FieldPath::annotation(LAST_APPLIED) } else { self.field.clone() }
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_last_applied {
            write!(f, "in annotation {LAST_APPLIED}, ")?;
        }
        write!(f, "{}: {}", self.field, self.detail)
    }
}

impl std::error::Error for ConvertError {}

/// The old fields of an object.
enum Source {
    /// Its own.
    Spec,
    /// What kubectl was given, of which the API server has dropped them.
    LastApplied(Value),
}

impl Source {
    fn of(object: &Value) -> Option<Self> {
        if Kind::of(object) != Some(Kind::VpcNatGateway) {
            return None;
        }
        if old_fields(object).next().is_some() {
            return Some(Self::Spec);
        }
        let text = object.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?;
        // Most have none of these words, and the text may be long.
        if !FIELDS_INSIDE.iter().any(|field| text.contains(field)) {
            return None;
        }
        let applied: Value = serde_json::from_str(text).ok()?;
        let is_old = old_fields(&applied).any(|field| !is_empty(&applied, field));
        is_old.then_some(Self::LastApplied(applied))
    }
}

/// Which of the old fields an object has.
fn old_fields(object: &Value) -> impl Iterator<Item = &'static str> {
    let spec = object.get("spec").and_then(Value::as_object);
    FIELDS_INSIDE.into_iter().filter(move |field| spec.is_some_and(|spec| spec.contains_key(*field)))
}

fn is_empty(object: &Value, field: &str) -> bool {
    match object.get("spec").and_then(|spec| spec.get(field)) {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// The objects of today that mean what an old gateway did, itself first; none if the object is no old gateway.
///
/// Names are made of that of the gateway and of what told an address or rule from others, so that they are the same each
/// time, and no two objects have one.
///
/// # Errors
///
/// All that cannot be converted.
pub fn convert(object: &Value) -> Option<Result<Vec<Converted>, Vec<ConvertError>>> {
    let source = Source::of(object)?;
    let (read, is_last_applied) = match &source {
        Source::Spec => (object, false),
        Source::LastApplied(applied) => (applied, true),
    };
    let mut errors = Vec::new();
    let name = objects::name(object).map_err(|error| errors.push(error)).ok();
    let old = Old::read(read).map_err(|wrong| {
        errors.extend(wrong.into_iter().map(|error| ConvertError { is_last_applied, ..error }));
    });
    let converted = name.zip(old.ok()).map(|(name, old)| objects::of(name, gateway(object), &old, is_last_applied));
    Some(converted.filter(|_| errors.is_empty()).ok_or(errors))
}

/// What an API server fills in, so that it is nobody's wish.
const FILLED_IN: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The gateway without what is moved out of it, and without what is no part of a manifest.
fn gateway(object: &Value) -> Value {
    let mut gateway = object.clone();
    if let Some(spec) = gateway.get_mut("spec").and_then(Value::as_object_mut) {
        for field in FIELDS_INSIDE {
            spec.remove(field);
        }
    }
    let Some(fields) = gateway.as_object_mut() else { return gateway };
    fields.remove("status");
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in FILLED_IN {
            metadata.remove(field);
        }
        drop_last_applied(metadata);
    }
    gateway
}

fn drop_last_applied(metadata: &mut Map<String, Value>) {
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    annotations.remove(LAST_APPLIED);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

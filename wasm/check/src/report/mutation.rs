//! What would be injected into an object, as a patch.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use vpcguard_policies::field::{FieldPath, Step};
use vpcguard_policies::{Injection, ObjectRef};

use super::Location;
use crate::document::Document;

/// What one rule would inject into one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// The rule, and what it injects why.
    pub injection: Injection,
    /// The object.
    pub object: ObjectRef,
    /// Where the field was read, or where it would stand, if the object was in a file.
    pub place: Option<Location>,
    /// The change as an RFC 6902 patch, to be applied after those before it.
    pub patch: json_patch::Patch,
}

impl Mutation {
    /// What each rule injects, one after the other.
    pub(crate) fn all(subject: &ObjectRef, document: &Document, injections: &[Injection]) -> Vec<Self> {
        if injections.is_empty() {
            return Vec::new();
        }
        let mut before = with_fields(&document.object, injections.iter().map(|injection| &injection.field));
        let mutate = |injection: &Injection| {
            let mut after = before.clone();
            set(&mut after, &injection.field, &injection.value);
            let patch = json_patch::diff(&before, &after);
            before = after;
            let place = document.place(&injection.field);
            Self { injection: injection.clone(), object: subject.clone(), place, patch }
        };
        injections.iter().map(mutate).collect()
    }
}

impl Serialize for Mutation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Mutation", 3)?;
        out.serialize_field("rule", self.injection.rule)?;
        out.serialize_field("object", &self.object)?;
        out.serialize_field("patch", &self.patch)?;
        out.end()
    }
}

/// An object that has of another only these fields, and what is around them: all that their patches depend on.
fn with_fields<'a>(object: &Value, fields: impl Iterator<Item = &'a FieldPath>) -> Value {
    let mut part = Value::Object(Map::new());
    for field in fields {
        let (mut from, mut to) = (object, &mut part);
        for key in keys(field) {
            let (Some(value), Some(fields)) = (from.get(key), to.as_object_mut()) else { break };
            let around = if value.is_object() { Value::Object(Map::new()) } else { value.clone() };
            (from, to) = (value, fields.entry(key).or_insert(around));
        }
    }
    part
}

/// Sets a field, making the maps around it where there are none.
fn set(object: &mut Value, field: &FieldPath, value: &str) {
    let mut slot = object;
    for key in keys(field) {
        if slot.is_null() {
            *slot = Value::Object(Map::new());
        }
        let Some(fields) = slot.as_object_mut() else { return };
        slot = fields.entry(key).or_insert(Value::Null);
    }
    *slot = value.into();
}

/// The keys on the way to a field. Nothing is injected into lists.
fn keys(field: &FieldPath) -> impl Iterator<Item = &str> {
    field.steps().iter().map_while(|step| match step {
        Step::Field(name) => Some(name.as_ref()),
        Step::Key(key) => Some(key.as_ref()),
        Step::Index(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_is_that_of_the_whole_object() {
        let annotation = FieldPath::annotation("a/b");
        for object in [
            json!({"metadata": {"name": "a", "annotations": {"c": "d"}}, "spec": {"size": 5}}),
            json!({"metadata": {"name": "a", "annotations": {"a/b": "old"}}}),
            json!({"metadata": {"annotations": null}}),
            json!({"metadata": {"annotations": "none"}}),
            json!({"spec": {}}),
        ] {
            let patch = |before: &Value| {
                let mut after = before.clone();
                set(&mut after, &annotation, "new");
                json_patch::diff(before, &after)
            };
            let part = with_fields(&object, [&annotation].into_iter());
            assert_eq!(patch(&part), patch(&object), "{object}");
            assert!(part.get("spec").is_none());
        }
    }
}

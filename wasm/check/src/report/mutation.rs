//! What would be injected into an object, as a patch.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use vpcguard_policies::field::{FieldPath, Step};
use vpcguard_policies::{Injection, ObjectRef};

use super::Place;
use crate::document::Document;

/// What one rule would inject into one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// The rule, and what it injects why.
    pub injection: Injection,
    /// The object.
    pub object: ObjectRef,
    /// Where the field was read, or where it would stand, if the object was in a file.
    pub place: Option<Place>,
    /// The change as an RFC 6902 patch, to be applied after those before it.
    pub patch: json_patch::Patch,
}

impl Mutation {
    /// What each rule injects, one after the other.
    pub(crate) fn all(subject: &ObjectRef, document: &Document, injections: &[Injection]) -> Vec<Self> {
        if injections.is_empty() {
            return Vec::new();
        }
        let mut before = document.object.clone();
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

/// Sets a field, making the maps around it where there are none.
fn set(object: &mut Value, field: &FieldPath, value: &str) {
    let mut slot = object;
    for step in field.steps() {
        let key = match step {
            Step::Field(name) => name.as_ref(),
            Step::Key(key) => key,
            Step::Index(_) => return,
        };
        if slot.is_null() {
            *slot = Value::Object(Map::new());
        }
        let Some(fields) = slot.as_object_mut() else { return };
        slot = fields.entry(key).or_insert(Value::Null);
    }
    *slot = value.into();
}

//! Objects and requests, read once.

use std::borrow::Cow;

use serde_json::Value;

use crate::field::FieldPath;
use crate::json::TypeError;
use crate::kinds::{Kind, KubeOvn, Object};
use crate::request::{Attributes, Operation, Request};

/// A version of an object, as JSON and as rules read it. It is read once, however often it is judged and kept.
#[derive(Clone, Debug)]
pub struct TypedObject<'a> {
    pub(crate) json: Cow<'a, Value>,
    pub(crate) object: Object,
    pub(crate) type_errors: Vec<TypeError>,
}

impl<'a> TypedObject<'a> {
    /// Reads an object of a known kind.
    pub fn read(kind: Kind, json: Cow<'a, Value>, kube_ovn: &KubeOvn) -> Self {
        let (object, type_errors) = Object::read(kind, &json, kube_ovn);
        Self { json, object, type_errors }
    }

    /// The object as JSON.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The object, as rules read it.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Whether a field, or something that it lies in, has the wrong type.
    pub(crate) fn is_mistyped(&self, field: &FieldPath) -> bool {
        let known = |prefix| self.type_errors.binary_search_by(|error| error.field.steps().cmp(prefix)).is_ok();
        !self.type_errors.is_empty() && field.prefixes().any(known)
    }
}

/// A request whose objects were read: it may be judged several times, and make a claim.
#[derive(Clone, Debug)]
pub struct TypedRequest<'a> {
    pub(crate) attributes: Attributes<'a>,
    /// The object that it is about.
    pub(crate) object: TypedObject<'a>,
    /// What the object replaces, in an UPDATE.
    pub(crate) old: Option<TypedObject<'a>>,
}

impl<'a> TypedRequest<'a> {
    /// Reads a request; none for a kind that no rule reads.
    pub fn read(request: &'a Request, kube_ovn: &KubeOvn) -> Option<Self> {
        let attributes = request.attributes()?;
        let read = |json| TypedObject::read(attributes.kind, Cow::Borrowed(json), kube_ovn);
        let old = request.old_object.as_ref().filter(|_| attributes.operation == Operation::Update);
        Some(Self { attributes, object: read(request.subject()), old: old.map(read) })
    }
}

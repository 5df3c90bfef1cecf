//! The objects of a folder under the names by which they are told apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use vpcguard_policies::{Asked, Kind, ObjectRef, Operation, Settings, Version};

use crate::document::Document;

/// Names objects.
#[derive(Default)]
pub(super) struct Names {
    generated: BTreeMap<ObjectRef, usize>,
}

/// The name of an object of a kind that rules know.
pub(super) struct Name {
    kind: Kind,
    /// An object whose name the cluster is to generate gets one that no other has.
    pub(super) object: ObjectRef,
    is_generated: bool,
}

impl Names {
    /// Names an object; none if no rule knows its kind.
    pub(super) fn name(&mut self, document: &Document) -> Option<Name> {
        let kind = Kind::of(&document.object)?;
        let mut object = subject(kind, document);
        let name = document.object.get("metadata").and_then(|metadata| metadata.get("name"));
        let is_generated = name.and_then(Value::as_str).is_none_or(str::is_empty);
        if is_generated {
            let count = self.generated.entry(object.clone()).or_default();
            *count += 1;
            if *count > 1 {
                object.name = format!("{} ({count})", object.name);
            }
        }
        Some(Name { kind, object, is_generated })
    }
}

/// An object as reports name it.
fn subject(kind: Kind, document: &Document) -> ObjectRef {
    Asked::of_object(kind, &document.object, Operation::Create).object_ref(&document.object)
}

/// An object of a kind that rules know.
pub(super) struct Object<'a> {
    pub(super) name: &'a Name,
    /// Which of all lives it is a part of.
    pub(super) life: usize,
    pub(super) document: &'a Document,
    pub(super) version: Version<'a>,
    /// The version under the name that it has here, where that is another.
    renamed: Option<Version<'a>>,
}

impl<'a> Object<'a> {
    pub(super) fn read(document: &'a Document, name: &'a Name, life: usize, settings: &Settings) -> Self {
        let read = |json| Version::read(name.kind, json, &settings.kube_ovn);
        let renamed = name.is_generated.then(|| read(Cow::Owned(name.given_to(document.object.clone()))));
        Self { name, life, document, version: read(Cow::Borrowed(&document.object)), renamed }
    }

    /// The version as the inventory has it.
    pub(super) fn kept(&self) -> &Version<'a> {
        self.renamed.as_ref().unwrap_or(&self.version)
    }

    /// The same, after something was injected.
    pub(super) fn kept_as(&self, mutated: Value, settings: &Settings) -> Version<'a> {
        let mutated = if self.name.is_generated { self.name.given_to(mutated) } else { mutated };
        Version::read(self.name.kind, Cow::Owned(mutated), &settings.kube_ovn)
    }

    /// What `kubectl apply` would ask about it.
    pub(super) fn asked(&self, operation: Operation) -> Asked<'a> {
        Asked::of_object(self.name.kind, &self.document.object, operation)
    }

    /// The object as reports name it.
    pub(super) fn subject(&self) -> ObjectRef {
        subject(self.name.kind, self.document)
    }
}

impl Name {
    fn given_to(&self, mut object: Value) -> Value {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), self.object.name.clone().into());
        }
        object
    }
}

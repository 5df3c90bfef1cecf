//! The objects of a folder under the names by which they are told apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use vpcguard_policies::{Attributes, Kind, ObjectRef, Operation, Settings, TypedObject};

use crate::document::Document;

/// Reads objects, and names them.
pub(super) struct ManifestReader<'a> {
    settings: &'a Settings,
    generated: BTreeMap<ObjectRef, usize>,
}

/// An object of a kind that rules know.
pub(super) struct Manifest<'a> {
    /// Its name here; an object whose name the cluster is to generate gets one that no other has.
    pub(super) name: ObjectRef,
    pub(super) document: &'a Document,
    pub(super) version: TypedObject<'a>,
    /// The version under the name that it has here, where the cluster is to generate one.
    renamed: Option<TypedObject<'a>>,
    /// What `kubectl apply` would ask, if there were none of this name.
    asked: Attributes<'a>,
}

impl<'a> ManifestReader<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings, generated: BTreeMap::new() }
    }

    /// Reads an object; none if no rule knows its kind.
    pub(super) fn read(&mut self, document: &'a Document) -> Option<Manifest<'a>> {
        let json = &document.object;
        let kind = Kind::of(json)?;
        let asked = Attributes::of_object(kind, json, Operation::Create);
        let mut name = asked.object_ref(json);
        let version = TypedObject::read(kind, Cow::Borrowed(json), &self.settings.kube_ovn);
        let renamed = version.object().meta().name.is_empty().then(|| {
            self.make_unique(&mut name);
            TypedObject::read(kind, Cow::Owned(renamed(json.clone(), &name)), &self.settings.kube_ovn)
        });
        Some(Manifest { name, document, version, renamed, asked })
    }

    fn make_unique(&mut self, name: &mut ObjectRef) {
        let count = self.generated.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            name.name = format!("{} ({count})", name.name);
        }
    }
}

fn renamed(mut object: Value, name: &ObjectRef) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), name.name.clone().into());
    }
    object
}

impl<'a> Manifest<'a> {
    /// Its kind.
    pub(super) fn kind(&self) -> Kind {
        self.asked.kind
    }

    /// The version as the inventory has it.
    pub(super) fn kept(&self) -> &TypedObject<'a> {
        self.renamed.as_ref().unwrap_or(&self.version)
    }

    /// The same, after something was injected.
    pub(super) fn kept_as(&self, mutated: TypedObject<'a>, settings: &Settings) -> TypedObject<'a> {
        if self.renamed.is_none() {
            return mutated;
        }
        let json = renamed(mutated.json().clone(), &self.name);
        TypedObject::read(self.asked.kind, Cow::Owned(json), &settings.kube_ovn)
    }

    /// What `kubectl apply` would ask about it.
    pub(super) fn asked(&self, is_new: bool) -> Attributes<'a> {
        let operation = if is_new { Operation::Create } else { Operation::Update };
        Attributes { operation, ..self.asked }
    }

    /// Whether the cluster is to generate its name, so that no other is this object.
    pub(super) fn is_generated(&self) -> bool {
        self.renamed.is_some()
    }

    /// The object as reports name it.
    pub(super) fn subject(&self) -> ObjectRef {
        self.asked.object_ref(&self.document.object)
    }
}

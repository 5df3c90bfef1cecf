//! The lives of the objects of a folder: each may have several versions in it.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use vpcguard_policies::{ObjectRef, Version};

use super::object::Object;
use crate::document::Document;

/// An object, from version to version.
#[derive(Default)]
pub(super) struct Life<'a> {
    /// The last admitted version.
    pub(super) admitted: Option<Cow<'a, Version<'a>>>,
    /// The document with the version that the inventory has.
    pub(super) shown: Option<&'a Document>,
    /// The versions that are to be reviewed still.
    pub(super) waiting: VecDeque<&'a Object<'a>>,
    /// The rules by which a version was denied.
    pub(super) denied_by: Vec<&'static str>,
}

/// Which life an object has, by what tells it from others; names come first, for they differ most.
#[derive(Default)]
pub(super) struct Lives<'a>(BTreeMap<(&'a str, Option<&'a str>, &'a str, &'a str), usize>);

impl<'a> Lives<'a> {
    /// The number of an object's life, which begins where there is none yet.
    pub(super) fn begin(&mut self, object: &'a ObjectRef) -> usize {
        let next = self.0.len();
        *self.0.entry(key(object)).or_insert(next)
    }

    pub(super) fn find(&self, object: &ObjectRef) -> Option<usize> {
        self.0.get(&key(object)).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn key(object: &ObjectRef) -> (&str, Option<&str>, &str, &str) {
    let ObjectRef { api_version, kind, namespace, name } = object;
    (name, namespace.as_deref(), kind, api_version)
}

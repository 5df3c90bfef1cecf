//! The histories of the objects of a folder, for each may have several versions in it.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use vpcguard_policies::{ObjectRef, TypedObject};

use super::object::Manifest;
use crate::document::Document;

/// An object, from version to version.
#[derive(Default)]
pub(super) struct History<'a> {
    /// The last admitted version.
    pub(super) admitted: Option<Cow<'a, TypedObject<'a>>>,
    /// Whether that was one of the folder, and not of the state.
    pub(super) is_reviewed: bool,
    /// The document with the version that the inventory has.
    pub(super) visible: Option<&'a Document>,
    /// The versions that are to be reviewed still.
    pub(super) waiting: VecDeque<&'a Manifest<'a>>,
    /// The rules by which a version was denied.
    pub(super) denied_by: Vec<&'static str>,
}

/// All histories, by number.
#[derive(Default)]
pub(super) struct Histories<'a> {
    histories: Vec<History<'a>>,
    /// With the name first, for names differ most.
    numbers: BTreeMap<(&'a str, &'a ObjectRef), usize>,
}

impl<'a> Histories<'a> {
    /// The number of an object's life, which begins where there is none yet.
    pub(super) fn begin(&mut self, object: &'a ObjectRef) -> usize {
        let next = self.histories.len();
        let number = *self.numbers.entry((&object.name, object)).or_insert(next);
        if number == next {
            self.histories.push(History::default());
        }
        number
    }

    pub(super) fn get(&self, number: usize) -> Option<&History<'a>> {
        self.histories.get(number)
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut History<'a>> {
        self.histories.get_mut(number)
    }

    pub(super) fn of(&self, object: &ObjectRef) -> Option<&History<'a>> {
        self.histories.get(*self.numbers.get(&(object.name.as_str(), object))?)
    }
}

//! The names of objects, grouped by a word that they have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::kinds::Kind;

/// The indexes of all kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(BTreeMap<(Kind, &'static str), Index>);

type Index = BTreeMap<Arc<str>, BTreeSet<Arc<str>>>;

impl Groups {
    pub(super) fn add(&mut self, kind: Kind, index: &'static str, word: &str, member: &Arc<str>) {
        let index = self.0.entry((kind, index)).or_default();
        index.entry(word.into()).or_default().insert(Arc::clone(member));
    }

    pub(super) fn remove(&mut self, kind: Kind, index: &'static str, word: &str, member: &str) {
        let Some(index) = self.0.get_mut(&(kind, index)) else { return };
        let Some(members) = index.get_mut(word) else { return };
        members.remove(member);
        if members.is_empty() {
            index.remove(word);
        }
    }

    pub(super) fn members(&self, kind: Kind, index: &'static str, word: &str) -> impl Iterator<Item = &Arc<str>> {
        self.0.get(&(kind, index)).and_then(|index| index.get(word)).into_iter().flatten()
    }
}

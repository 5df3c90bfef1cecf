//! Names, grouped by a word that they have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which objects name a VPC, a namespace or a provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(BTreeMap<Arc<str>, BTreeSet<Arc<str>>>);

impl Groups {
    pub(super) fn add(&mut self, group: &str, member: &Arc<str>) {
        self.0.entry(group.into()).or_default().insert(Arc::clone(member));
    }

    pub(super) fn remove(&mut self, group: &str, member: &str) {
        let Some(members) = self.0.get_mut(group) else { return };
        members.remove(member);
        if members.is_empty() {
            self.0.remove(group);
        }
    }

    pub(super) fn members(&self, group: &str) -> impl Iterator<Item = &Arc<str>> {
        self.0.get(group).into_iter().flatten()
    }
}

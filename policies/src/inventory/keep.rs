//! Objects come, change their standing and go, and the indexes with them.

use std::sync::Arc;

use super::Inventory;
use super::table::{Kept, Stage};
use crate::kinds::{Kind, Object, Subnet, key};

impl Inventory {
    pub(super) fn keep(&mut self, object: &Object, stage: Stage) {
        let Some(kind) = object.looked_up_as() else { return };
        let meta = object.meta();
        // Kubernetes ignores a namespace in a cluster-scoped object.
        let namespace = if kind.is_namespaced() { meta.namespace.as_str() } else { "" };
        let key: Arc<str> = key(namespace, &meta.name).into();
        let before = self.tables.entry(kind).or_default().insert(&key, Kept { object: object.clone(), stage });
        match before {
            Some(before) if before.object.is(object) => self.release_prefixes(&before),
            before => {
                self.take_addresses(object, before.as_ref().map(|before| &before.object));
                if let Some(before) = before {
                    self.forget(kind, &key, &before);
                }
                object.index(&mut |index, word| self.groups.add(kind, index, word, &key));
            }
        }
        if let (Object::Subnet(subnet), Stage::Stored) = (object, stage) {
            self.hold_prefixes(subnet, &key);
        }
    }

    pub(super) fn remove_key(&mut self, kind: Kind, key: &str) {
        if let Some(kept) = self.tables.get_mut(&kind).and_then(|table| table.remove(key)) {
            self.forget(kind, key, &kept);
            self.give_back_addresses(&kept.object);
        }
    }

    fn forget(&mut self, kind: Kind, key: &str, kept: &Kept) {
        self.release_prefixes(kept);
        kept.object.index(&mut |index, word| self.groups.remove(kind, index, word, key));
    }

    fn hold_prefixes(&mut self, subnet: &Subnet, name: &Arc<str>) {
        let Some(shard) = subnet.shard() else { return };
        let prefixes = self.shards.entry(shard).or_default();
        for cidr in &subnet.cidrs {
            prefixes.insert(cidr.network(), name);
        }
    }

    /// A Subnet that was only planned holds none.
    fn release_prefixes(&mut self, kept: &Kept) {
        let (Object::Subnet(subnet), Stage::Stored) = (&kept.object, kept.stage) else { return };
        let Some(shard) = subnet.shard() else { return };
        let Some(prefixes) = self.shards.get_mut(&shard) else { return };
        for cidr in &subnet.cidrs {
            prefixes.remove(cidr.network(), &subnet.meta.name);
        }
        if prefixes.is_empty() {
            self.shards.remove(&shard);
        }
    }
}

//! A namespace, with the Subnets that Kube-OVN bound it to.

use super::Meta;
use super::pod::LOGICAL_SWITCH;
use crate::json::Reader;
use crate::net::list_items;

/// The label of every namespace with its own name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A Namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// The metadata.
    pub meta: Meta,
}

impl Namespace {
    pub(crate) fn read(object: &Reader) -> Self {
        let mut meta = Meta::read(object);
        // The API server gives every namespace this label; a manifest need not have it.
        meta.labels.entry(NAME_LABEL.to_owned()).or_insert_with(|| meta.name.clone());
        Self { meta }
    }

    /// The Subnets in its own annotation, which Kube-OVN computes.
    pub fn logical_switches(&self) -> impl Iterator<Item = &str> {
        list_items(self.meta.annotation(LOGICAL_SWITCH).unwrap_or_default())
    }
}

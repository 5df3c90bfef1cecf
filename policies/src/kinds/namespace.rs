//! A namespace, with the Subnets that Kube-OVN bound it to.

use super::Meta;
use super::pod::LOGICAL_SWITCH;
use crate::json::Reader;
use crate::net::list_items;

/// A Namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// The metadata.
    pub meta: Meta,
}

impl Namespace {
    pub(crate) fn read(object: &Reader) -> Self {
        Self { meta: Meta::read(object) }
    }

    /// The Subnets in its own annotation, which Kube-OVN computes.
    pub fn logical_switches(&self) -> impl Iterator<Item = &str> {
        list_items(self.meta.annotation(LOGICAL_SWITCH).unwrap_or_default())
    }
}

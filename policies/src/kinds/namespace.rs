//! A namespace, with the Subnets that Kube-OVN bound it to.

use super::pod::LOGICAL_SWITCH;
use super::{Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;
use crate::net::list_items;

/// The label of every namespace with its own name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A Namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// The metadata.
    pub meta: Meta,
}

impl Resource for Namespace {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[]);

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        let mut meta = Meta::read(object);
        // The API server gives every namespace this label; a manifest need not have it.
        meta.labels.entry(NAME_LABEL.to_owned()).or_insert_with(|| meta.name.clone());
        Self { meta }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Namespace {
    /// The Subnets in its own annotation, which Kube-OVN computes.
    pub fn logical_switches(&self) -> impl Iterator<Item = &str> {
        list_items(self.meta.annotation(LOGICAL_SWITCH).unwrap_or_default())
    }

    /// Whether one of them has no name, beside others or a comma: Kube-OVN then finds none for a Pod of the namespace.
    pub fn has_nameless_switch(&self) -> bool {
        let list = self.meta.annotation(LOGICAL_SWITCH).unwrap_or_default();
        list.contains(',') && list.split(',').any(|name| name.trim().is_empty())
    }
}

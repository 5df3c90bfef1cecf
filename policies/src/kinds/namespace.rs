//! A namespace, with the Subnets that Kube-OVN bound it to.

use super::pod::{IP_POOL, LOGICAL_SWITCH};
use super::{Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;
use crate::net::list_items;

/// The label of every namespace with its own name.
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A Namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// The metadata.
    pub meta: Meta,
}

impl Resource for Namespace {
    const PARTS: &'static [&'static str] = &[];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[]);

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self::of_meta(Meta::read(object))
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Namespace {
    /// The API server gives every namespace a label with its name; a manifest need not have it.
    fn of_meta(mut meta: Meta) -> Self {
        meta.labels.entry(NAME_LABEL.to_owned()).or_insert_with(|| meta.name.clone());
        Self { meta }
    }

    /// One of which nothing is known but its name.
    pub fn called(name: &str) -> Self {
        Self::of_meta(Meta { name: name.to_owned(), ..Meta::default() })
    }

    /// The Subnets in its own annotation, which Kube-OVN computes.
    pub fn logical_switches(&self) -> impl Iterator<Item = &str> {
        list_items(self.meta.annotation(LOGICAL_SWITCH).unwrap_or_default())
    }

    /// The IPPools in its annotation, which Kube-OVN writes by those that list it.
    pub fn ip_pools(&self) -> impl Iterator<Item = &str> {
        list_items(self.meta.annotation(IP_POOL).unwrap_or_default())
    }

    /// The entries of the annotation with its Subnets, with whatever is around the names. An empty annotation is as none.
    pub fn written_switches(&self) -> impl Iterator<Item = &str> {
        let list = self.meta.annotation(LOGICAL_SWITCH).unwrap_or_default();
        list.split(',').filter(move |_| !list.is_empty())
    }
}

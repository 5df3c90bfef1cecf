//! What puts a Pod on a node: its annotations become the Pod's.

use super::{Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// A `Binding`, called as the Pod that it is about.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// The metadata.
    pub meta: Meta,
}

impl Resource for Binding {
    const PARTS: &'static [&'static str] = &[];

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object) }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

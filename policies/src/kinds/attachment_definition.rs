//! A network that Multus can attach.

use super::{Found, Kind, Meta, Resource};
use crate::json::Reader;
use crate::kinds::KubeOvn;

/// A NetworkAttachmentDefinition.
#[derive(Clone, Debug, Default)]
pub struct AttachmentDefinition {
    /// The metadata.
    pub meta: Meta,
    /// The configuration of the plug-in, as JSON; empty where a file on each node has it.
    pub config: String,
}

impl Resource for AttachmentDefinition {
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&["spec.config"]);
    const FOUND: Found = Found::ByName;

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object), config: object.at("spec").at("config").string() }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

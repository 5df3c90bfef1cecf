//! A network that Multus can attach.

use super::Meta;
use crate::json::Reader;

/// A NetworkAttachmentDefinition.
#[derive(Clone, Debug, Default)]
pub struct AttachmentDefinition {
    /// The metadata.
    pub meta: Meta,
    /// The configuration of the plug-in, as JSON; empty where a file on each node has it.
    pub config: String,
}

impl AttachmentDefinition {
    pub(crate) fn read(object: &Reader) -> Self {
        Self { meta: Meta::read(object), config: object.at("spec").at("config").string() }
    }
}

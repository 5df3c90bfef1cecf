//! A network that Multus can attach; only whether it exists matters.

use super::Meta;
use crate::json::Reader;

/// A NetworkAttachmentDefinition.
#[derive(Clone, Debug, Default)]
pub struct AttachmentDefinition {
    /// The metadata.
    pub meta: Meta,
}

impl AttachmentDefinition {
    pub(crate) fn read(object: &Reader) -> Self {
        Self { meta: Meta::read(object) }
    }
}

//! Rules about NetworkAttachmentDefinitions.

pub mod provider;

//! Plays the Kubewarden policy server for the guests: its engine, its host capabilities and its answers.
//!
//! A [`Guest`] is a policy's module in the engine that the policy server has. It sees a [`Cluster`], which is what a test
//! says it is, with all that a policy server does to lists, and all that can go wrong. What a guest may ask for is read
//! from its own [`Metadata`], so a test that passes shows that the metadata is enough.

#![expect(clippy::indexing_slicing, reason = "objects are built in place, as in tests")]

mod calls;
mod cluster;
mod fault;
mod grants;
mod guest;
mod indexes;
mod mask;
mod metadata;
mod policies;
mod reply;
mod requests;
pub mod sample;
mod store;

pub use calls::{Call, Exchange};
pub use cluster::Cluster;
pub use fault::Fault;
pub use guest::{CallError, Guest, LoadError, PAGE};
pub use indexes::{INDEX_KIND, INDEX_VERSION, indexes};
pub use metadata::{Metadata, MetadataError, SECTION};
pub use policies::{BuiltError, Policies};
pub use reply::{Reply, SettingsReply};
pub use requests::{asked, scanned};

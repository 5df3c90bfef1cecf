//! Rules about networks of the nodes.

pub mod conflict;
pub mod syntax;

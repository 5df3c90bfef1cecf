//! Rules about egress gateways.

pub mod image;
pub mod scope;
pub mod syntax;
pub mod vpc_namespace;

//! Rules about IPPools.

pub mod syntax;
pub mod vpc_namespaces;

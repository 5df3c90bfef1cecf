//! Rules about IPPools.

pub mod vpc_namespaces;

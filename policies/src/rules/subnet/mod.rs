//! Rules about Subnets.

pub mod vpc_namespaces;

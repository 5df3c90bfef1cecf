//! Rules about Subnets.

pub mod cidr_overlap;
pub mod vpc_namespaces;

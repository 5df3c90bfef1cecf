//! Rules about egress gateways.

pub mod vpc_namespace;

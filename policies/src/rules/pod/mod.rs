//! Rules about Pods, and the templates of the workloads that make them.

pub mod address_syntax;
pub mod attachment;
pub mod inject_logical_switch;
pub mod ip_pool_namespace;
pub mod logical_switch_name;
pub mod network_state;
pub mod network_unresolvable;
pub mod vpc_default;
pub mod vpc_namespace;

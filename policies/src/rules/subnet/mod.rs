//! Rules about Subnets.

pub mod acl_syntax;
pub mod builtin_protected;
pub mod cidr_overlap;
pub mod cidr_reserved;
pub mod cidr_routed_overlap;
mod free;
pub mod hygiene;
pub mod in_use;
pub mod joins_waiting;
pub mod policy_routing_table;
pub mod syntax;
pub mod vlan_shared;
pub mod vpc_immutable;
pub mod vpc_namespaces;
pub mod vpc_unrestricted;

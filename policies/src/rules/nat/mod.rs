//! NAT rules and their addresses, of NAT gateways and by OVN.

pub mod eip_in_use;
pub mod rule_conflict;
pub mod rule_reference;
pub mod rule_syntax;

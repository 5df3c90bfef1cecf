//! Rules about NAT gateways.

pub mod lan_ip_in_subnet;
pub mod lan_ip_unique;

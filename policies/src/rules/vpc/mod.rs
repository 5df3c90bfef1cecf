//! Rules about Vpcs.

pub mod static_route_lan_ip;
pub mod static_route_next_hop;

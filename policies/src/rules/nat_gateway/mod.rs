//! Rules about NAT gateways.

pub mod config;
pub mod default_route;
mod free;
pub mod immutable;
pub mod lan_ip_in_subnet;
pub mod lan_ip_unique;
pub mod selector;
pub mod subnet_in_vpc;
pub mod syntax;

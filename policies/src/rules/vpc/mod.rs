//! Rules about Vpcs.

pub mod default_subnet;
pub mod external_subnets;
pub mod in_use;
pub mod inject_vpc_lb;
pub mod lb_prerequisites;
pub mod lb_value;
pub mod namespace_shared;
pub mod namespaces_in_use;
pub mod peering;
pub mod policy_route_match;
pub mod policy_route_next_hop;
pub mod policy_route_priority;
pub mod policy_route_syntax;
pub mod static_route_duplicate;
pub mod static_route_lan_ip;
pub mod static_route_next_hop;
pub mod static_route_syntax;
pub mod subnet_name;

//! Rules about load balancers of a VPC.

mod backends;
pub mod syntax;
pub mod vip;

//! Rules about security groups.

pub mod syntax;

//! Rules about SecurityGroups.

pub mod syntax;

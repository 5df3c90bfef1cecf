//! Rules about Services.

pub mod vpc_binding;

//! Rules about Namespaces.

pub mod vpc_binding;

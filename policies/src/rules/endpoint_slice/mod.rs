//! Rules about EndpointSlices.

pub mod syntax;
pub mod vpc_binding;

//! Rules about limits of what passes through an address or a gateway.

pub mod syntax;

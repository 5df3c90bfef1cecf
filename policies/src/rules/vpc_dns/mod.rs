//! Rules about name servers inside VPCs.

pub mod active;

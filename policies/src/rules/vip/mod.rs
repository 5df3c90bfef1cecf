//! Rules about addresses that Kube-OVN keeps for somebody.

pub mod syntax;

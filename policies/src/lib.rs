//! The rules of vpcguard: admission policies for Kube-OVN virtual networks.

pub mod net;
